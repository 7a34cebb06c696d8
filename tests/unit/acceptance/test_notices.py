"""What became of a mail counts once, for the acta that is out now, and ends the fallout it had."""

import pytest

from shared.contracts.acceptance import AcceptanceClockVoided, ExpiryCallRecorded, RecordExpiryCall, ResendActa
from shared.contracts.common import FalloutRaised, FalloutResolved
from tests.builders import PARENT, SUBORDER
from tests.unit.acceptance.acceptance_site import OM, Site, local
from tests.unit.acceptance.test_acta import bounced, failed


def call(site: Site) -> RecordExpiryCall:
    return RecordExpiryCall(aggregate=SUBORDER, person=f"{PARENT}:firmante", at=site.now, outcome="Avisado")


@pytest.mark.criterion("14.3")
def test_only_the_acta_that_is_owed_now_starts_the_clock_and_only_once() -> None:
    site = Site().tested().rendered().when(failed("acta/1/1", "TOO_LATE_TO_SEND"), at=local("2026-11-27 18:00")).rendered()
    assert site.sent("acta/1/1").names() == []
    assert site.when(failed("acta/1/1", "REFUSED_BY_SERVER")).names() == []
    assert site.sent("acta/1/2").names() == ["AcceptanceClockStarted"]
    assert site.sent("acta/1/2").names() == []
    assert site.when(failed("acta/1/2", "REFUSED_BY_SERVER")).names() == []


@pytest.mark.criterion("14.3", "X.4")
def test_a_kit_that_is_too_late_owes_no_fresh_acta() -> None:
    site = Site().acta_out().signs().when(failed("kit", "TOO_LATE_TO_SEND"))
    assert site.names() == ["FalloutRaised"]
    raised = site.of(FalloutRaised)[0]
    assert (raised.fallout_id, raised.fallout_class, raised.queue) == (f"{SUBORDER}/kit", "TOO_LATE_TO_SEND", "OM")


@pytest.mark.criterion("X.4", "X.11")
@pytest.mark.parametrize("purpose", ["data/1", "training/1", "dismissal/1", "redated/2", "expiry-first/1"])
def test_a_mail_of_any_kind_that_goes_out_after_all_ends_its_fallout(purpose: str) -> None:
    site = Site().acta_out().when(failed(purpose, "RETRIES_EXHAUSTED"))
    assert site.names() == ["FalloutRaised"]
    assert site.sent(purpose).names() == ["FalloutResolved"]
    assert site.of(FalloutResolved)[0].fallout_id == f"{SUBORDER}/{purpose}"
    assert site.sent(purpose).names() == []


@pytest.mark.criterion("14.2", "X.4")
def test_an_older_acta_that_goes_out_late_ends_its_own_fallout_alone() -> None:
    site = Site().tested().rendered().when(failed("acta/1/1", "RETRIES_EXHAUSTED")).when(ResendActa(aggregate=SUBORDER), OM)
    site.rendered().when(failed("acta/1/2", "RETRIES_EXHAUSTED"))
    assert len(site.state.fallouts) == 2
    assert site.sent("acta/1/1").names() == ["FalloutResolved"]
    assert list(site.state.fallouts) == [f"{SUBORDER}/acta/1/2"]
    other = Site().acta_out().when(failed("kit", "ADDRESS_MISSING")).when(failed("data/1", "ADDRESS_MISSING"))
    assert other.sent("data/1").of(FalloutResolved)[0].fallout_id == f"{SUBORDER}/data/1"


@pytest.mark.criterion("14.6")
def test_a_signed_acta_has_no_notice_of_expiry_and_no_call() -> None:
    site = Site().acta_out().signs()
    assert site.sent("expiry/1", cc=("EC", "GI")).names() == []
    assert site.when(call(site), OM).of(ExpiryCallRecorded) == []


@pytest.mark.criterion("14.6", "D10")
def test_the_call_keeps_what_came_of_it_and_gives_no_second_notice() -> None:
    site = Site().choosing(acceptance__expiry_notice="CALL_REQUIRED").expired()
    assert site.sent("expiry/1", cc=("EC", "GI")).names() == ["FactKept"]
    site.choosing(acceptance__expiry_notice="ONE_MAIL").sent("expiry/1", cc=("EC", "GI"))
    assert site.names() == ["AcceptanceExpiryNotified"]
    assert site.when(call(site), OM).names() == ["ExpiryCallRecorded"]
    recorded = site.of(ExpiryCallRecorded)[0]
    assert (recorded.person, recorded.outcome, recorded.at) == (f"{PARENT}:firmante", "Avisado", site.now)


@pytest.mark.criterion("14.4")
def test_a_reminder_fails_or_is_sent_once() -> None:
    site = Site().acta_out().until(local("2026-11-29 16:30")).when(failed("reminder/1/1/2", "REFUSED_BY_SERVER"))
    assert site.names() == ["AcceptanceReminderFailed"]
    assert site.when(failed("reminder/1/1/2", "REFUSED_BY_SERVER")).names() == []
    assert site.when(failed("reminder/1/1/9", "REFUSED_BY_SERVER")).names() == []
    assert site.sent("reminder/1/1/2").names() == ["AcceptanceReminderSent"], "a person retried it"
    assert site.sent("reminder/1/1/2").names() == []
    assert site.when(failed("reminder/1/1/2", "REFUSED_BY_SERVER")).names() == []


@pytest.mark.criterion("14.3")
@pytest.mark.parametrize(
    ("at", "made"),
    [
        ("2026-12-07 16:29", ["AcceptanceClockVoided"]),
        ("2026-12-07 16:30", ["FalloutRaised"]),  # the deadline's own instant is no longer before it
    ],
)
def test_a_bounce_voids_the_clock_strictly_before_the_deadline(at: str, made: list[str]) -> None:
    site = Site().acta_out().when(bounced("acta/1/1"), at=local(at))
    assert site.names() == made


@pytest.mark.criterion("14.3", "14.7")
def test_a_bounce_of_another_mail_or_of_a_signed_acta_is_nothing_and_under_review_a_fallout() -> None:
    assert Site().acta_out().when(bounced("reminder/1/1/2")).names() == []
    assert Site().acta_out().signs().when(bounced("acta/1/1")).names() == []
    reviewed = Site().acta_out().rejects().when(bounced("acta/1/1"))
    assert reviewed.names() == ["FalloutRaised"]
    raised = reviewed.of(FalloutRaised)[0]
    assert (raised.fallout_class, raised.step, raised.detail) == ("5.1.1", "acta/1/1", "El correo del acta fue devuelto: 5.1.1.")
    void = Site().acta_out().when(bounced("acta/1/1")).of(AcceptanceClockVoided)[0]
    assert (void.notification_id, void.code) == ("n", "5.1.1")

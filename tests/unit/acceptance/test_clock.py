from datetime import timedelta

import pytest

from services.acceptance.domain.dossier import lines
from services.acceptance.domain.proving import problems
from shared.contracts.acceptance import (
    AcceptanceExpired,
    AcceptanceExpiryNotified,
    AcceptanceReminderFailed,
    AcceptanceReminderRequested,
    ActaPrepared,
    RecordExpiryCall,
)
from shared.contracts.base import DeadlineReached
from shared.contracts.common import NotificationRequested
from shared.contracts.intake import OrderHeld, OrderResumed
from tests.builders import PARENT, SUBORDER
from tests.unit.acceptance.acceptance_site import OM, SENT, Site, local
from tests.unit.acceptance.test_acta import bounced, failed


@pytest.mark.criterion("14.3")
def test_the_clock_starts_when_the_mail_system_took_the_acta_and_the_later_deadline_holds() -> None:
    site = Site().tested(at=SENT).rendered().sent("acta/1/1", SENT + timedelta(minutes=40))
    assert site.names() == ["AcceptanceClockStarted"]
    assert site.state.clock.deadline == local("2026-12-07 17:10")
    assert site.state.stage == "OPEN"


@pytest.mark.criterion("14.4")
@pytest.mark.parametrize(
    ("sent", "reminders"),
    [
        ("2026-12-18 10:00", ["2026-12-20 10:00", "2026-12-22 10:00", "2026-12-24 10:00", "2026-12-26 10:00"]),
        ("2026-11-27 16:30", ["2026-11-29 16:30", "2026-12-01 16:30", "2026-12-03 16:30", "2026-12-05 16:30"]),
        ("2026-09-16 11:00", ["2026-09-18 11:00", "2026-09-20 11:00", "2026-09-22 11:00", "2026-09-24 11:00"]),
    ],
)
def test_reminders_go_out_on_days_two_four_six_and_eight(sent: str, reminders: list[str]) -> None:
    site = Site().acta_out(local(sent))
    assert [one.at for one in site.state.clock.slots] == [local(one) for one in reminders]


@pytest.mark.criterion("14.4")
def test_each_slot_is_used_once_and_the_mail_system_proves_it() -> None:
    site = Site().acta_out().until(local("2026-11-29 16:30"))
    assert site.names() == ["AcceptanceReminderRequested", "NotificationRequested"]
    mail = site.of(NotificationRequested)[-1]
    assert (mail.template, mail.purpose, mail.not_after) == ("RECORDATORIO_ACTA", "reminder/1/1/2", local("2026-12-07 16:30"))
    assert (mail.values["plazo"], mail.attachments) == ("07/12/2026 16:30 (hora de Bolivia)", (site.state.acta.doc,))
    assert site.until(local("2026-11-30 16:30")).names() == []
    assert site.sent("reminder/1/1/2").names() == ["AcceptanceReminderSent"]
    assert site.sent("reminder/1/1/2").names() == []


@pytest.mark.criterion("14.4")
def test_slots_missed_while_down_join_into_one_mail() -> None:
    site = Site().acta_out()
    site.now = local("2026-12-04 08:00")
    site.until(local("2026-12-04 08:00"))
    assert [one.slots for one in site.of(AcceptanceReminderRequested)] == [(2, 4, 6)]


@pytest.mark.criterion("14.4", "14.5")
def test_down_until_after_the_deadline_no_reminder_goes_out_and_the_expiry_still_does() -> None:
    site = Site().acta_out()
    site.now = local("2026-12-09 08:00")
    site.until(local("2026-12-09 08:00"))
    assert site.of(AcceptanceReminderRequested) == []
    assert site.of(AcceptanceReminderFailed)[0].slots == (2, 4, 6, 8)
    assert len(site.of(AcceptanceExpired)) == 1


@pytest.mark.criterion("14.4")
def test_a_reminder_that_fails_is_noted_in_the_dossier() -> None:
    site = Site().acta_out().until(local("2026-11-29 16:30")).when(failed("reminder/1/1/2", "REFUSED_BY_SERVER"))
    assert site.names() == ["AcceptanceReminderFailed"]
    site.until(local("2026-12-07 16:30"))
    assert site.of(AcceptanceExpired)[0].evidence.reminders[0].outcome == "REFUSED_BY_SERVER"


@pytest.mark.criterion("14.4", "14.5")
def test_silence_is_reminded_four_times_and_expires_at_the_very_instant_once() -> None:
    site = Site().acta_out().until(local("2026-12-07 16:30") - timedelta(seconds=1))
    assert (len(site.of(AcceptanceReminderRequested)), site.of(AcceptanceExpired)) == (4, [])
    site.until(local("2026-12-07 16:30"))
    assert site.names() == ["AcceptanceExpired", "NotificationRequested"]
    assert site.until(local("2026-12-20 16:30")).names() == []
    assert site.state.stage == "EXPIRED"


@pytest.mark.criterion("14.6")
def test_the_notice_of_expiry_requires_both_copies_and_completes_the_evidence() -> None:
    site = Site().expired()
    notice = site.of(NotificationRequested)[-1]
    assert (notice.template, notice.all_cc_required) == ("ACEPTACION_VENCIDA", True)
    assert [(one.role, one.ref) for one in notice.cc] == [("EC", "ec-1"), ("GI", "gi-1")]
    assert [one.ref for one in notice.to] == [f"{PARENT}:firmante", f"{PARENT}:administrativo"]
    assert notice.attachments == (site.state.acta.doc,)
    assert "se da por aceptado" in notice.values["consecuencia"]
    assert "facturación" in notice.values["consecuencia"]
    assert (notice.values["plazo"], notice.values["enviada_el"]) == ("07/12/2026 16:30 (hora de Bolivia)", "27/11/2026 16:30")
    site.sent("expiry/1", cc=("EC", "GI"))
    assert site.names() == ["AcceptanceExpiryNotified"]
    told = site.of(AcceptanceExpiryNotified)[0]
    assert (told.notification_id, told.cc) == (f"acceptance/{SUBORDER}/expiry/1", ("EC", "GI"))
    assert told.proof is not None
    assert site.sent("expiry/1", cc=("EC", "GI")).names() == []


@pytest.mark.criterion("D10", "14.6")
def test_of_two_mails_the_one_with_both_copies_is_the_notice_that_billing_waits_for() -> None:
    site = Site().choosing(acceptance__expiry_notice="TWO_MAILS").expired()
    first, notice = site.of(NotificationRequested)[-2:]
    assert [one.role for one in first.to] == [one.role for one in notice.to] == ["CLIENTE", "CLIENTE"]
    assert (first.template, notice.template) == ("ACEPTACION_VENCIDA", "ACEPTACION_VENCIDA")
    assert (first.cc, [one.role for one in notice.cc], notice.all_cc_required) == ((), ["EC", "GI"], True)
    assert site.sent("expiry-first/1").names() == []
    site.sent("expiry/1", cc=("EC", "GI"))
    assert site.names() == ["AcceptanceExpiryNotified"]
    assert problems(b"".join(line + b"\n" for line in lines(site.facts))) == ()


@pytest.mark.criterion("D10", "14.6")
@pytest.mark.parametrize("call_first", [True, False])
def test_a_required_call_holds_the_notice_until_both_were_given_in_any_order(call_first: bool) -> None:
    site = Site().choosing(acceptance__expiry_notice="CALL_REQUIRED").expired()
    call = RecordExpiryCall(aggregate=SUBORDER, person=f"{PARENT}:firmante", at=site.now, outcome="Avisado")
    if call_first:
        assert site.when(call, OM).names() == ["ExpiryCallRecorded"]
        assert site.sent("expiry/1", cc=("EC", "GI")).names() == ["AcceptanceExpiryNotified"]
    else:
        assert site.sent("expiry/1", cc=("EC", "GI")).names() == ["FactKept"]
        assert site.sent("expiry/1", cc=("EC", "GI")).names() == []
        assert any("RecordExpiryCall" in one.cleared_by for one in site.decider.waiting(site.state))
        assert site.when(call, OM).names() == ["ExpiryCallRecorded", "AcceptanceExpiryNotified"]
    told = site.of(AcceptanceExpiryNotified)
    assert len(told) == 1
    assert told[0].dossier_sha256 == site.state.dossier


@pytest.mark.criterion("14.6")
def test_a_missing_copy_address_is_a_fallout_that_ends_with_the_notice() -> None:
    site = Site().expired().when(failed("expiry/1", "CC_ADDRESS_MISSING"))
    assert site.names() == ["FalloutRaised"]
    assert site.sent("expiry/1", cc=("EC", "GI")).names() == ["AcceptanceExpiryNotified", "FalloutResolved"]


@pytest.mark.criterion("14.6")
def test_the_call_is_a_task_of_the_owner_and_is_recorded_once() -> None:
    site = Site().expired()
    assert any("RecordExpiryCall" in one.cleared_by for one in site.decider.waiting(site.state))
    call = RecordExpiryCall(aggregate=SUBORDER, person=f"{PARENT}:firmante", at=site.now, outcome="Avisado")
    assert site.when(call, OM).names() == ["ExpiryCallRecorded"]
    assert site.when(call, OM).names() == []


@pytest.mark.criterion("14.4", "14.5")
@pytest.mark.parametrize("name", ["reminder", "expiry"])
@pytest.mark.parametrize(
    "site",
    [
        Site().acta_out(),  # too early
        Site().acta_out().signs(),
        Site().acta_out().rejects(),
        Site().acta_out().when(bounced("acta/1/1")),
        Site().expired(),
    ],
)
def test_a_deadline_that_comes_when_it_no_longer_or_not_yet_holds_changes_nothing(site: Site, name: str) -> None:
    after = local("2027-01-30 16:30") if site.state.stage != "OPEN" else site.now
    assert site.when(DeadlineReached(name=name, due=after), at=after).names() == []


@pytest.mark.criterion("14.4", "D3")
def test_a_reminder_that_moves_to_the_day_of_the_deadline_is_not_sent() -> None:
    site = Site().choosing(acceptance__days=9, acceptance__on_day_off="SHIFT").acta_out()  # the 8th day is a Saturday
    assert (site.state.clock.deadline, [one.slot for one in site.state.clock.slots]) == (local("2026-12-07 16:30"), [2, 4, 6])


@pytest.mark.criterion("X.1")
def test_a_hold_stops_the_clock_and_it_goes_on_with_exactly_what_was_left() -> None:
    site = Site().acta_out().until(local("2026-11-30 16:30"))
    site.when(OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Obra"))
    site.until(local("2026-12-20 16:30"))
    assert site.names() == []
    site.when(OrderResumed(parent=PARENT, suborders=(SUBORDER,), reason="Lista"))
    assert site.state.clock.deadline == local("2026-12-27 16:30")
    assert next(one.at for one in site.state.clock.open_slots) == local("2026-12-21 16:30")


@pytest.mark.criterion("X.1")
def test_tests_that_pass_during_a_hold_make_their_acta_after_it() -> None:
    site = Site().when(OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Obra")).tested()
    assert site.of(ActaPrepared) == []
    site.when(OrderResumed(parent=PARENT, suborders=(SUBORDER,), reason="Lista"), at=local("2026-12-01 09:00"))
    assert site.of(ActaPrepared)[0].printed_deadline == local("2026-12-11 09:00")

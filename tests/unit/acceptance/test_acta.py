from datetime import date
from typing import Any

import pytest

from shared.contracts.acceptance import ActaPrepared, RecordActaRendered, ResendActa
from shared.contracts.common import NotificationRequested, RecordEffectFailed
from shared.contracts.notifications import NotificationBounced, NotificationFailed
from shared.contracts.shapes import AskedBy
from tests.builders import PARENT, SUBORDER, card, doc, passed_tests, released, terms
from tests.given import actor
from tests.unit.acceptance.acceptance_site import OM, SENT, SYSTEM, Site, local


class Chosen:
    """The shipped policy with some values chosen otherwise."""

    def __init__(self, shipped: Any, values: dict[str, Any]) -> None:
        self.shipped, self.values = shipped, values

    def value(self, name: str, on: date) -> Any:
        return self.values.get(name, self.shipped.value(name, on))

    def version(self, name: str, on: date) -> str:
        return str(self.shipped.version(name, on))


def failed(purpose: str, code: str) -> NotificationFailed:
    asked = AskedBy(service="acceptance", aggregate=SUBORDER)
    return NotificationFailed(parent=PARENT, notification_id="n", purpose=purpose, asked_by=asked, code=code)


def bounced(purpose: str) -> NotificationBounced:
    asked = AskedBy(service="acceptance", aggregate=SUBORDER)
    return NotificationBounced(parent=PARENT, notification_id="n", purpose=purpose, asked_by=asked, code="5.1.1")


@pytest.mark.criterion("14.1", "14.2")
def test_passed_tests_make_an_acta_that_prints_the_tenth_day_at_the_same_local_time() -> None:
    site = Site().tested()
    assert site.names() == ["FactKept", "ActaPrepared"]
    acta = site.of(ActaPrepared)[0]
    assert (acta.series, acta.revision, acta.printed_deadline) == (1, 1, local("2026-12-07 16:30"))
    assert acta.calendar.id == "BO-S"


@pytest.mark.criterion("14.1")
def test_whichever_of_release_and_tests_comes_first_the_acta_is_the_same() -> None:
    late = Site().when(passed_tests()).when(released())
    assert late.state.acta == Site().tested().state.acta


@pytest.mark.criterion("14.1")
def test_an_acta_that_is_prepared_wants_its_file_until_it_is_there() -> None:
    site = Site().tested()
    (wanted,) = site.decider.effects(site.state)
    assert (wanted.kind, wanted.key) == ("RenderActa", "acta/1/1")
    assert wanted.args["content"]["plazo"] == "07/12/2026 16:30"
    assert "facturación" in wanted.args["content"]["consecuencia"]
    assert site.decider.effects(site.rendered().state) == ()


@pytest.mark.criterion("14.1", "14.2")
def test_the_rendered_acta_is_mailed_with_the_absolute_deadline_and_its_consequence() -> None:
    site = Site().tested().rendered()
    assert site.names() == ["AcceptanceRequested", "NotificationRequested"]
    mail = site.of(NotificationRequested)[0]
    assert (mail.template, mail.purpose) == ("ACTA_ENTREGA", "acta/1/1")
    assert mail.values["plazo"] == "07/12/2026 16:30 (hora de Bolivia)"
    assert "comenzará su facturación" in mail.values["consecuencia"]
    assert [one.ref for one in mail.to] == [f"{PARENT}:firmante"]
    assert mail.not_after == local("2026-11-27 17:30")


@pytest.mark.criterion("14.1")
def test_an_acta_rendered_twice_or_for_an_older_revision_is_late() -> None:
    site = Site().tested().rendered().rendered()
    assert site.names() == []
    stale = RecordActaRendered(aggregate=SUBORDER, revision=9, acta=doc("ACTA_ENTREGA"))
    assert site.when(stale, SYSTEM).names() == []


@pytest.mark.criterion("14.3")
def test_a_mail_that_could_not_leave_within_the_hour_owes_a_fresh_acta() -> None:
    site = Site().tested().rendered().when(failed("acta/1/1", "TOO_LATE_TO_SEND"), at=local("2026-11-27 18:00"))
    assert site.names() == ["FactKept", "ActaPrepared"]
    assert site.state.acta.revision == 2
    assert site.state.acta.printed_deadline == local("2026-12-07 18:00")


@pytest.mark.criterion("14.2", "14.3")
def test_a_mail_without_the_deadline_text_starts_no_clock_and_is_a_fallout_until_a_fresh_one_goes_out() -> None:
    site = Site().tested().rendered().when(failed("acta/1/1", "DEADLINE_TEXT_MISSING"))
    assert site.names() == ["FalloutRaised"]
    assert site.decider.waiting(site.state)[0].cleared_by == ("ResendActa",)
    site.when(ResendActa(aggregate=SUBORDER), OM).rendered().sent("acta/1/2")
    assert site.names() == ["AcceptanceClockStarted", "FalloutResolved"]
    assert site.state.fallouts == {}


@pytest.mark.criterion("14.3")
def test_a_bounce_before_the_deadline_voids_the_clock_until_the_acta_is_sent_again() -> None:
    site = Site().acta_out().when(bounced("acta/1/1"), at=local("2026-11-28 09:00"))
    assert site.names() == ["AcceptanceClockVoided"]
    assert site.decider.deadlines(site.state, site.calendar) == {}
    site.when(ResendActa(aggregate=SUBORDER), OM).rendered().sent("acta/1/2", local("2026-11-29 10:00"))
    assert site.state.clock.deadline == local("2026-12-09 10:00")


@pytest.mark.criterion("14.3")
def test_a_bounce_after_the_expiry_is_a_fallout() -> None:
    assert Site().expired().when(bounced("acta/1/1")).names() == ["FalloutRaised"]


@pytest.mark.criterion("14.1")
def test_only_the_owner_resends_and_only_while_sending() -> None:
    site = Site().acta_out().when(ResendActa(aggregate=SUBORDER), OM)
    assert site.refusal is not None
    assert site.refusal.code == "WRONG_STAGE"
    site = Site().tested().when(ResendActa(aggregate=SUBORDER), actor("OM", "om-2"))
    assert site.refusal is not None
    assert site.refusal.code == "NOT_OWNER"


@pytest.mark.criterion("14.1", "X.4")
def test_an_acta_that_could_not_be_rendered_is_a_task_until_it_is() -> None:
    site = Site().tested()
    for attempt in range(1, 9):
        site.when(RecordEffectFailed(aggregate=SUBORDER, key="acta/1/1", attempt=attempt, code="TypstError"), SYSTEM)
    assert site.names() == ["EffectDeferred", "FalloutRaised"]
    assert site.rendered().names() == ["FalloutResolved", "AcceptanceRequested", "NotificationRequested"]


@pytest.mark.criterion("14.3", "D3")
@pytest.mark.parametrize(
    ("policy", "deadline"),
    [
        ({"acceptance.ends": "END_OF_DAY"}, "2026-12-07 23:59:59"),
        ({"acceptance.days": 8}, "2026-12-05 16:30"),  # a Saturday, and it stays there
        ({"acceptance.days": 8, "acceptance.on_day_off": "SHIFT"}, "2026-12-07 16:30"),
    ],
)
def test_the_operator_may_read_the_term_otherwise(policy: dict[str, Any], deadline: str) -> None:
    site = Site()
    site.policy = Chosen(site.policy, policy)
    assert site.tested(at=SENT).of(ActaPrepared)[0].printed_deadline == local(deadline)


@pytest.mark.criterion("14.3")
def test_the_contracts_own_term_goes_before_the_operators() -> None:
    own = card(terms=terms(acceptance={"n": 10, "unit": "BUSINESS"}))
    site = Site().when(released(own), at=SENT).when(passed_tests())
    assert site.state.acta.printed_deadline == local("2026-12-11 16:30")

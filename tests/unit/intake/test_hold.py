"""Hold, resume, cancel and give up suborders: all clocks of a held one stand still."""

from datetime import timedelta

import pytest

from shared.contracts.common import ActivationsSlaBreached, JeopardyCleared, NotificationRequested, TaskEscalated
from shared.contracts.intake import (
    AssignTeam,
    CancelSuborder,
    FailSuborder,
    HoldOrder,
    OrderHeld,
    OrderResumed,
    PresentHld,
    ResumeOrder,
    SuborderCancelled,
    SuborderFailed,
)
from tests.builders import OTHER, PARENT, SUBORDER, doc
from tests.given import MONDAY as NOW
from tests.unit.intake.desk import OWNER, RIVAL, SUPERVISOR, Desk

DAY = timedelta(days=1)


def hold(*suborders: str, reason: str = "Obra en el edificio", **more: object) -> HoldOrder:
    return HoldOrder.model_validate({"aggregate": PARENT, "suborders": suborders or (SUBORDER,), "reason": reason} | more)


def resume(*suborders: str, reason: str = "Terminó la obra") -> ResumeOrder:
    return ResumeOrder(aggregate=PARENT, suborders=suborders or (SUBORDER,), reason=reason)


def cancel(suborder: str, reason: str = "El cliente desiste") -> CancelSuborder:
    return CancelSuborder(aggregate=PARENT, suborder=suborder, reason=reason)


def fail(suborder: str, reason: str = "Sin factibilidad") -> FailSuborder:
    return FailSuborder(aggregate=PARENT, suborder=suborder, reason=reason)


@pytest.mark.criterion("X.1")
def test_a_hold_has_a_reason_and_a_review_date_thirty_days_ahead_unless_told() -> None:
    desk = Desk().planned()
    assert desk.when(hold(reason=" "), OWNER).code() == "REASON_REQUIRED"
    assert desk.when(hold("8015g00000NgC01AAF"), OWNER).code() == "INVALID_FIELDS"
    assert desk.when(hold(review_at=NOW), OWNER).code() == "INVALID_FIELDS"
    (held,) = desk.when(hold(), OWNER).of(OrderHeld)
    assert (held.at, held.review_at) == (NOW, NOW + 30 * DAY)
    assert desk.when(hold(), OWNER).code() == "ALREADY_HELD"
    assert desk.when(resume(OTHER), OWNER).code() == "NOT_HELD"
    assert "OM ResumeOrder" in desk.waits()


@pytest.mark.criterion("X.1", "3.5")
def test_clocks_of_a_held_suborder_stand_still_and_go_on_with_exactly_what_was_left() -> None:
    desk = Desk().planned().when(hold(SUBORDER, OTHER), OWNER, at=NOW + timedelta(hours=10))
    assert desk.until(NOW + 20 * DAY).last == []
    desk.when(resume(SUBORDER, OTHER), OWNER)
    due = NOW + 20 * DAY + timedelta(hours=14)  # ten of the 24 hours were gone
    assert {one.due for one in desk.state.requests.values()} == {due}
    assert desk.until(due).of(ActivationsSlaBreached) == []
    assert len(desk.until(due + timedelta(seconds=1)).of(ActivationsSlaBreached)) == 6
    assert desk.of(OrderResumed)[0].at == NOW + 20 * DAY


@pytest.mark.criterion("X.1", "3.5")
def test_the_other_suborders_go_on() -> None:
    desk = Desk().planned().when(hold(), OWNER).until(NOW + 2 * DAY)
    assert {one.suborder for one in desk.of(ActivationsSlaBreached)} == {OTHER}


@pytest.mark.criterion("X.1")
def test_answers_from_outside_are_taken_during_a_hold_and_acted_on_afterwards() -> None:
    desk = Desk().planned().offered().chosen().staffed().when(hold(), OWNER).created().with_ticket()
    assert desk.cards() == {}
    assert set(desk.when(resume(), OWNER).cards()) == {SUBORDER}


@pytest.mark.criterion("X.1")
def test_peoples_commands_on_a_held_suborder_rest() -> None:
    desk = Desk().planned().offered().when(hold(), OWNER)
    assert desk.chosen().code() == "ON_HOLD"
    assert desk.when(AssignTeam(aggregate=PARENT, suborders=(SUBORDER,), roles={}), OWNER).code() == "ON_HOLD"
    shown = PresentHld(aggregate=PARENT, suborders=(SUBORDER,), document=doc("HLD"), at=NOW, presented_to=())
    assert desk.when(shown, OWNER).code() == "ON_HOLD"


@pytest.mark.criterion("X.1")
def test_a_hold_past_its_review_date_is_escalated_and_then_weekly() -> None:
    desk = Desk().delivered().when(hold(review_at=NOW + DAY), OWNER)
    told = [one for one in desk.until(NOW + 16 * DAY).of(TaskEscalated) if one.key == f"{SUBORDER}/ResumeOrder"]
    assert [one.level for one in told] == [1, 2, 3]
    assert sum(one.purpose.startswith(f"escalation/{SUBORDER}/Res") for one in desk.of(NotificationRequested)) == 3
    desk.when(resume(), OWNER)
    assert len([one for one in desk.until(NOW + 60 * DAY).of(TaskEscalated) if "ResumeOrder" in one.key]) == 3


@pytest.mark.criterion("X.1", "18.1")
def test_a_completion_that_crosses_a_hold_ends_the_hold() -> None:
    desk = Desk().delivered().accepted().when(hold(), OWNER).completed()
    assert desk.state.subs[SUBORDER].held is None
    desk.accepted(OTHER).completed(OTHER)
    assert desk.state.stage == "COMPLETED"
    assert desk.until(NOW + 60 * DAY).of(TaskEscalated) == []


@pytest.mark.criterion("X.3")
def test_a_suborder_is_cancelled_before_its_release_and_nobody_waits_for_its_answers() -> None:
    desk = Desk().planned().until(NOW + timedelta(hours=20))
    assert desk.when(cancel(OTHER, " "), OWNER).code() == "REASON_REQUIRED"
    assert desk.when(cancel(OTHER), RIVAL).code() == "NOT_OWNER"
    assert [one.reason for one in desk.when(cancel(OTHER), OWNER).of(SuborderCancelled)] == ["El cliente desiste"]
    assert {one.suborder for one in desk.of(JeopardyCleared)} == {OTHER}
    assert desk.when(cancel(OTHER), OWNER).last == [], "a second cancellation is a no-op"
    assert desk.when(cancel("8015g00000NgC01AAF"), OWNER).code() == "INVALID_FIELDS"
    assert {one.suborder for one in desk.until(NOW + 3 * DAY).of(ActivationsSlaBreached)} == {SUBORDER}


@pytest.mark.criterion("X.3")
def test_after_its_release_a_suborder_is_not_cancelled_but_given_up_by_a_supervisor_until_it_is_accepted() -> None:
    desk = Desk().delivered()
    assert desk.when(cancel(SUBORDER), OWNER).code() == "ALREADY_RELEASED"
    assert desk.when(fail(SUBORDER), OWNER).code() == "ROLE_NOT_ALLOWED"
    assert desk.when(fail(SUBORDER, " "), SUPERVISOR).code() == "REASON_REQUIRED"
    desk.until(NOW + timedelta(hours=20))  # Activaciones was warned about the account
    assert len(desk.when(fail(SUBORDER), SUPERVISOR).of(SuborderFailed)) == 1
    assert [one.name for one in desk.of(JeopardyCleared)] == [f"activaciones/{SUBORDER}/billing_account"]
    assert desk.when(fail(SUBORDER), SUPERVISOR).last == []
    assert desk.accepted(OTHER).when(fail(OTHER), SUPERVISOR).code() == "PAST_ACCEPTANCE"


@pytest.mark.criterion("X.3")
def test_what_was_not_released_is_not_given_up() -> None:
    desk = Desk().planned().released()
    assert desk.when(fail(OTHER), SUPERVISOR).code() == "WRONG_STAGE"

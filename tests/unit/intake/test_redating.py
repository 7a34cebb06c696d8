"""A decree moves intake's clocks in working time both ways: Activaciones' hours and the dates of the plan (X.9, 5.5)."""

from datetime import datetime, timedelta

import pytest

from shared.contracts.common import (
    ActivationsRequested,
    ActivationsResponded,
    ActivationsSlaBreached,
    ClockRedated,
    JeopardyRaised,
)
from shared.contracts.intake import (
    FailSuborder,
    FulfilmentPlanned,
    HoldOrder,
    ResumeOrder,
)
from shared.contracts.shapes import Step
from tests.builders import OTHER, PARENT, SUBORDER, sale
from tests.decrees import change, decided_by, decreed
from tests.given import MONDAY as NOW
from tests.unit.intake.desk import OWNER, SUPERVISOR, Desk

SERVICE = f"{SUBORDER}/service_creation"
DAY = timedelta(days=1)


def asked(unit: str = "BUSINESS_HOURS") -> Desk:
    """Asked on a Monday at ten: 24 hours at work are over on Wednesday at 14:00, 18 of them on Tuesday at 18:00."""
    return Desk().choosing(activations__answer_within=unit).planned()


def moved(desk: Desk) -> ClockRedated:
    found: list[ClockRedated] = [one for one in desk.of(ClockRedated) if one.clock == SERVICE]
    assert len(found) == 1
    return found[0]


def dates(desk: Desk) -> dict[str, datetime]:
    return {one.key: one.due for one in desk.decider.waiting(desk.state) if one.due}


@pytest.mark.criterion("X.9", "3.5", "D5")
@pytest.mark.parametrize(
    ("unit", "date", "working", "warned_by", "due_by"),
    [
        ("BUSINESS_HOURS", "2026-12-01", False, DAY, DAY),  # a day off before both
        ("BUSINESS_HOURS", "2026-12-02", False, timedelta(), DAY),  # the warning was due before it
        ("NEXT_BUSINESS_DAY", "2026-12-01", False, DAY * 0.75, DAY),
    ],
)
def test_a_day_off_gives_activaciones_a_later_end(
    unit: str, date: str, working: bool, warned_by: timedelta, due_by: timedelta
) -> None:
    desk = asked(unit)
    (request,) = [one for one in desk.of(ActivationsRequested) if one.request_id == SERVICE]
    one = moved(decreed(desk, date, working=working))
    assert (one.before, one.after) == (request.due, request.due + due_by)
    assert one.warn_at == request.warn_at + warned_by
    assert one.calendar.version == 2
    assert set(dates(desk).values()) == {one.after}
    assert desk.until(one.after).of(ActivationsSlaBreached) == []
    assert desk.until(one.after + timedelta(seconds=1)).of(ActivationsSlaBreached)


@pytest.mark.criterion("X.9", "3.5")
def test_a_working_day_gives_an_earlier_end_at_once_since_the_clock_is_ours() -> None:
    desk = Desk(empty=True).choosing(activations__answer_within="BUSINESS_HOURS").when(sale(), at=NOW - 3 * DAY)
    before = dates(desk.planned())  # on a Friday: until Tuesday at 14:00
    decreed(desk, "2026-11-28", working=True)
    assert {key: due - dates(desk)[key] for key, due in before.items()} == dict.fromkeys(before, DAY)


@pytest.mark.criterion("X.9", "3.5")
def test_a_clock_in_hours_does_not_move() -> None:
    desk = asked("CLOCK_HOURS")
    before = dates(desk)
    assert decreed(desk, "2026-12-01", working=False).of(ClockRedated) == []
    assert dates(desk) == before


@pytest.mark.criterion("X.9", "3.5")
def test_clocks_that_ended_stay_as_they_were_decided() -> None:
    desk = asked().created().until(NOW + 3 * DAY)
    assert desk.of(ActivationsSlaBreached)
    assert decreed(desk, "2026-12-01", working=False).of(ClockRedated) == []
    desk.answered(f"{SUBORDER}/billing_account", account="BBD-1")
    assert desk.of(ActivationsResponded)[-1].late


@pytest.mark.criterion("X.9", "X.1")
def test_the_clock_of_a_held_suborder_is_told_when_it_goes_on_with_what_was_left() -> None:
    desk = asked()
    due = dates(desk)[f"{SUBORDER}/AnswerActivationsRequest/service_creation"]
    desk.when(HoldOrder(aggregate=PARENT, suborders=(SUBORDER,), reason="Obra"), OWNER)
    decreed(desk, "2026-12-01", working=False)
    assert {one.clock for one in desk.of(ClockRedated)} & {SERVICE} == set()
    desk.when(ResumeOrder(aggregate=PARENT, suborders=(SUBORDER,), reason="Lista"), OWNER, at=NOW + DAY / 2)
    assert (moved(desk).before, moved(desk).after) == (due + DAY / 2, due + DAY * 1.5)


@pytest.mark.criterion("X.9", "3.5")
def test_an_answer_is_judged_by_the_calendar_in_force_though_the_clock_was_not_looked_at_yet() -> None:
    desk = decided_by(asked(), change("2026-12-01", working=False))
    desk.now = NOW + 3 * DAY - timedelta(hours=4)
    assert desk.until(desk.now).of(ActivationsSlaBreached) == []
    assert not desk.created().of(ActivationsResponded)[-1].late


def plan(desk: Desk, suborder: str = SUBORDER) -> dict[str, Step]:
    return {one.step: one for one in desk.of(FulfilmentPlanned)[-1].steps if one.suborder == suborder}


@pytest.mark.criterion("X.9", "3.8")
def test_the_plan_is_dated_anew_later_and_earlier_and_keeps_what_should_be_done_by_now() -> None:
    desk = Desk().planned()
    first = plan(desk)
    desk.until(first["quotes"].due)
    assert decreed(desk, "2026-12-01", working=False).names() == []  # the day is over
    decreed(desk, "2026-12-02", working=False)
    later = plan(desk)
    assert desk.of(FulfilmentPlanned)[-1].plan_version == 2
    assert desk.of(FulfilmentPlanned)[-1].calendar.version == 3
    assert later["quotes"] == first["quotes"]
    assert all(later[step].due > one.due for step, one in first.items() if step != "quotes")
    decreed(desk, "2026-12-02", working=True)
    assert plan(desk) == first
    assert decreed(desk, "2026-12-02", working=True).names() == []


@pytest.mark.criterion("X.9", "3.8")
def test_a_suborder_that_ended_keeps_its_plan() -> None:
    desk = Desk().planned().released(SUBORDER, OTHER)
    desk.when(FailSuborder(aggregate=PARENT, suborder=OTHER, reason="El cliente desiste"), SUPERVISOR)
    before = plan(desk, OTHER)
    decreed(desk, "2026-12-02", working=False)
    assert plan(desk)["service_creation"].due > NOW
    assert plan(desk, OTHER) == before


@pytest.mark.criterion("X.9", "X.1")
def test_the_review_of_a_hold_counts_calendar_days_and_stays() -> None:
    desk = Desk().planned()
    desk.when(HoldOrder(aggregate=PARENT, suborders=(SUBORDER, OTHER), reason="Obra"), OWNER)
    before = desk.decider.deadlines(desk.state, desk.calendar)["hold_review"]
    decreed(desk, "2026-12-02", working=False)
    assert desk.decider.deadlines(desk.state, desk.calendar)["hold_review"] == before == NOW + 30 * DAY


@pytest.mark.criterion("X.9", "3.5")
def test_the_warning_waits_for_the_hours_that_count() -> None:
    desk = decreed(asked(), "2026-12-01", working=False)
    assert desk.until(NOW + timedelta(hours=32)).of(JeopardyRaised) == []  # 18:00 of the day that no longer counts
    assert desk.until(NOW + DAY + timedelta(hours=32)).of(JeopardyRaised)

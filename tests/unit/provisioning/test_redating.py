"""A decree moves provisioning's clocks in working time both ways: a reservation, Activaciones' hours (X.9, 5.5)."""

from datetime import datetime, timedelta

import pytest

from shared.contracts.common import ActivationsSlaBreached, ClockRedated
from shared.contracts.intake import OrderHeld, OrderResumed
from shared.contracts.provisioning import EquipmentReleased, LogicalConfigurationCompleted, LogicalConfigurationRequested
from tests.builders import PARENT, SUBORDER
from tests.decrees import change, decided_by, decreed
from tests.given import MONDAY as NOW
from tests.unit.provisioning.delivery import Delivery

DAY = timedelta(days=1)
UNTIL = NOW + 21 * DAY
"""The fifteenth business day after a Monday."""
RESERVATION = f"{SUBORDER}/reservation"


def reserved() -> Delivery:
    return Delivery().networked().configured().stocked()


@pytest.mark.criterion("X.9", "7.2")
@pytest.mark.parametrize(
    ("date", "working", "after"),
    [
        ("2026-12-08", False, UNTIL + DAY),
        ("2026-12-05", True, UNTIL - 3 * DAY),  # a Saturday at work: the fifteenth day is a Friday
        ("2026-12-21", False, UNTIL + DAY),  # its last day
    ],
)
def test_a_reservation_moves_later_and_earlier(date: str, working: bool, after: datetime) -> None:
    delivery = decreed(reserved(), date, working=working)
    (one,) = delivery.of(ClockRedated)
    assert (one.clock, one.before, one.after, one.calendar.version) == (RESERVATION, UNTIL, after, 2)
    assert delivery.decider.deadlines(delivery.state, delivery.calendar) == {"reservation_end": after}
    assert delivery.until(one.after - timedelta(seconds=1)).of(EquipmentReleased) == []
    assert [one.why for one in delivery.until(one.after).of(EquipmentReleased)] == ["EXPIRED"]


@pytest.mark.criterion("X.9", "7.2", "X.1")
def test_a_reservation_on_hold_is_looked_at_when_it_goes_on_with_exactly_what_was_left() -> None:
    delivery = reserved().when(OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Obra"))
    assert decreed(delivery, "2026-12-08", working=False).of(ClockRedated) == []
    delivery.when(OrderResumed(parent=PARENT, suborders=(SUBORDER,), reason="Lista"), at=NOW + 2 * DAY)
    assert [(one.before, one.after) for one in delivery.of(ClockRedated)] == [(UNTIL + 2 * DAY, UNTIL + 3 * DAY)]


@pytest.mark.criterion("X.9", "7.2")
@pytest.mark.parametrize(
    ("date", "working", "after"), [("2026-12-08", False, UNTIL + DAY), ("2026-12-05", True, UNTIL - 3 * DAY)]
)
def test_a_reservation_nobody_looked_at_since_the_decree_ends_by_the_calendar_in_force(
    date: str, working: bool, after: datetime
) -> None:
    delivery = decided_by(reserved(), change(date, working=working)).until(after - timedelta(seconds=1))
    assert delivery.of(EquipmentReleased) == []
    assert delivery.until(after).of(EquipmentReleased)


@pytest.mark.criterion("X.9", "7.2")
def test_equipment_that_was_installed_has_no_clock_to_move() -> None:
    assert decreed(reserved().visited(), "2026-12-08", working=False).of(ClockRedated) == []


@pytest.mark.criterion("X.9", "3.5", "6.1", "D5")
def test_the_hours_of_a_logical_configuration_move_and_its_answer_is_judged_by_them() -> None:
    delivery = Delivery().choosing(activations__answer_within="BUSINESS_HOURS").networked()
    (asked,) = delivery.of(LogicalConfigurationRequested)
    decreed(delivery, "2026-12-01", working=False)
    assert [(one.clock, one.before, one.after) for one in delivery.of(ClockRedated)] == [
        (asked.request_id, asked.due, asked.due + DAY)
    ]
    assert {one.due for one in delivery.decider.waiting(delivery.state)} == {asked.due + DAY}
    assert delivery.until(asked.due + DAY).of(ActivationsSlaBreached) == []
    assert [one.late for one in delivery.configured().of(LogicalConfigurationCompleted)] == [False]

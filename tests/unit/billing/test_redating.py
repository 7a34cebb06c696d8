"""A decree moves the hours that Activaciones has for an alta, both ways (X.9, 5.5)."""

from datetime import timedelta

import pytest

from shared.contracts.common import ActivationsResponded, ActivationsSlaBreached, ClockRedated
from shared.contracts.intake import AnswerActivationsRequest, OrderHeld, OrderResumed
from tests.builders import PARENT, SUBORDER
from tests.decrees import decreed
from tests.given import MONDAY
from tests.unit.billing.billing_group import ACTIVACIONES, Group, ready, signed

DAY = timedelta(days=1)
REQUEST = f"{SUBORDER}/1"


def asked() -> Group:
    """Asked on a Monday: until the next working day."""
    return ready().choosing(activations__answer_within="NEXT_BUSINESS_DAY").when(signed())


@pytest.mark.criterion("X.9", "3.5", "15.6", "D5")
def test_an_alta_is_due_a_day_later_when_the_day_does_not_count_and_earlier_when_it_does_again() -> None:
    group, due = asked(), MONDAY + DAY
    decreed(group, "2026-12-01", working=False)
    assert [(one.clock, one.before, one.after) for one in group.of(ClockRedated)] == [(REQUEST, due, due + DAY)]
    assert [one.due for one in group.decider.waiting(group.state)] == [due + DAY]
    assert group.until(due + timedelta(seconds=1)).of(ActivationsSlaBreached) == []
    decreed(group, "2026-12-01", working=True)
    assert group.of(ClockRedated)[-1].after == due
    assert len(group.until(group.now).of(ActivationsSlaBreached)) == 1


@pytest.mark.criterion("X.9", "X.1", "15.6")
def test_a_held_group_is_looked_at_when_it_goes_on_and_a_hold_makes_no_answer_late() -> None:
    group = asked().when(OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Obra"))
    assert decreed(group, "2026-12-01", working=False).of(ClockRedated) == []
    takes_up = AnswerActivationsRequest(aggregate=SUBORDER, request_id=REQUEST)
    group.when(takes_up, ACTIVACIONES, at=MONDAY + 9 * DAY)
    assert [one.late for one in group.of(ActivationsResponded)] == [False]
    group.when(OrderResumed(parent=PARENT, suborders=(SUBORDER,), reason="Lista"))
    assert [one.after for one in group.of(ClockRedated)] == [MONDAY + 11 * DAY]

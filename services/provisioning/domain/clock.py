"""What time does: Activaciones' 24 hours and the end of a reservation."""

from datetime import datetime

from services.provisioning.domain.state import State
from shared.calendar.calendar import Calendar
from shared.common import answers
from shared.common.mails import escalation
from shared.common.time_limits import Limits, recounted, used
from shared.contracts.base import DeadlineReached, Fact
from shared.contracts.common import ClockRedated, TaskEscalated
from shared.decider import Decision, Refused, World


def deadlines(state: State, calendar: Calendar) -> dict[str, datetime]:
    """Warning, breach and `reservation_end`, as the state stands (3.5, 7.2)."""
    until = reserved_until(state, calendar)
    return answers.answer_deadlines(state, calendar) | ({"reservation_end": until} if until else {})


def reserved_until(state: State, calendar: Calendar) -> datetime | None:
    """The end of the reservation by this calendar, whether or not anybody was told yet (7.2, X.9)."""
    until = state.reserved_until
    return recounted(Limits(until), state.reserved_for, calendar).due if until else None


def redated(state: State, calendar: Calendar) -> list[Fact]:
    """What a newer calendar changes of the clocks as they were told, earlier or later (5.5)."""
    told, until = state.reserved_until, reserved_until(state, calendar)
    moved = answers.redated(state, calendar)
    if told is None or until is None or told == until:
        return moved
    return [*moved, ClockRedated(clock=reservation(state), before=told, after=until, calendar=used(calendar))]


def reservation(state: State) -> str:
    """The name of its clock."""
    return f"{state.suborder}/reservation"


def breach(state: State, reached: DeadlineReached, world: World) -> Decision:
    """Past due without an answer: one breach, one escalation, and its mail (3.5)."""
    decided = answers.breach(state, reached, world)
    card = state.card
    if isinstance(decided, Refused) or card is None:
        return decided
    return [*decided, *(escalation("provisioning", state, card, one) for one in decided if isinstance(one, TaskEscalated))]

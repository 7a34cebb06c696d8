"""What time does: Activaciones' 24 hours and the end of a reservation."""

from datetime import datetime

from services.provisioning.domain.state import State
from shared.calendar.calendar import Calendar
from shared.common import answers
from shared.common.mails import escalation
from shared.contracts.base import DeadlineReached
from shared.contracts.common import TaskEscalated
from shared.decider import Decision, Refused, World


def deadlines(state: State, calendar: Calendar) -> dict[str, datetime]:
    """Warning, breach and `reservation_end`, as the state stands (3.5, 7.2)."""
    ending = {"reservation_end": state.reserved_until} if state.reserved_until else {}
    return answers.answer_deadlines(state) | ending


def breach(state: State, reached: DeadlineReached, world: World) -> Decision:
    """Past due without an answer: one breach, one escalation, and its mail (3.5)."""
    decided = answers.breach(state, reached, world)
    card = state.card
    if isinstance(decided, Refused) or card is None:
        return decided
    return [*decided, *(escalation("provisioning", state, card, one) for one in decided if isinstance(one, TaskEscalated))]

"""What time does: Activaciones' 24 hours and the end of a reservation."""

from datetime import datetime

from services.provisioning.domain.state import State
from shared.calendar.calendar import Calendar
from shared.common.answers import answer_deadlines


def deadlines(state: State, calendar: Calendar) -> dict[str, datetime]:
    """Warning, breach and `reservation_end`, as the state stands."""
    ending = {"reservation_end": state.reserved_until} if state.reserved_until and "VISIT" not in state.done else {}
    return answer_deadlines(state) | ending

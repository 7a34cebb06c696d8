"""What time does to an order: nobody claims it, Activaciones is late, a hold is to be reviewed."""

from datetime import datetime

from services.intake.domain.claim import unclaimed_at
from services.intake.domain.hold import review_dates
from services.intake.domain.state import State
from shared.calendar.calendar import Calendar
from shared.common.answers import answer_deadlines


def deadlines(state: State, calendar: Calendar) -> dict[str, datetime]:
    """The deadlines of an order as it stands."""
    found = {"unclaimed": unclaimed_at(state, calendar), "hold_review": min(review_dates(state), default=None)}
    return answer_deadlines(state) | {name: at for name, at in found.items() if at is not None}

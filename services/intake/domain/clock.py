"""What time does to an order: nobody claims it, Activaciones is late, a hold is to be reviewed."""

from datetime import datetime

from services.intake.domain import plan
from services.intake.domain.claim import unclaimed_at
from services.intake.domain.escalation import with_mails
from services.intake.domain.hold import review_dates
from services.intake.domain.requests import redated, running
from services.intake.domain.state import FINAL, State
from shared.calendar.calendar import Calendar
from shared.common import answers
from shared.common.time_limits import calendar_of
from shared.contracts.acceptance import CalendarAmended
from shared.contracts.base import DeadlineReached
from shared.decider import Decision, Refused, World


def deadlines(state: State, calendar: Calendar) -> dict[str, datetime]:
    """The deadlines of an order as it stands; those of a held suborder stand still (X.1)."""
    found = {"unclaimed": unclaimed_at(state, calendar), "hold_review": min(review_dates(state), default=None)}
    found["assembly_due"] = state.assembly_due if state.stage not in FINAL else None
    return answers.answer_deadlines(running(state), calendar) | {name: at for name, at in found.items() if at is not None}


def amended(state: State, fact: CalendarAmended, world: World) -> Decision:
    """Clocks that run and the dates of the plan are told anew; a hold's review counts calendar days and stays (X.9)."""
    calendar = calendar_of(fact, world)
    return [*redated(state, calendar), *plan.redated(state, calendar, world.now)]


def warn(state: State, reached: DeadlineReached, world: World) -> Decision:
    """Three quarters of the 24 hours are gone (3.5)."""
    return answers.warn(running(state), reached, world)


def breach(state: State, reached: DeadlineReached, world: World) -> Decision:
    """Past due without an answer: one breach, one escalation, one mail (3.5)."""
    found = answers.breach(running(state), reached, world)
    return found if isinstance(found, Refused) else with_mails(state, found)

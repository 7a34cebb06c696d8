"""Dates in working time: counted from an instant by a calendar, and counted anew when a decree amends it (X.9, 5.5)."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from shared.calendar.calendar import Calendar
from shared.calendar.decrees import NATIONAL
from shared.contracts.acceptance import CalendarAmended
from shared.contracts.base import Fact
from shared.contracts.shapes import CalendarUse, TimeLimit
from shared.decider import Decision, World

NO_TIME: Final = timedelta()


class Limits(NamedTuple):
    """Until when something is in time, and when the jeopardy of it missing is told."""

    due: datetime
    warn_at: datetime | None = None


def used(calendar: Calendar) -> CalendarUse:
    """The national calendar as it is: internal limits go by it, whatever the site (5.2)."""
    return CalendarUse(id=NATIONAL, version=calendar.version)


def counted(limit: TimeLimit, calendar: Calendar) -> Limits:
    """Where the limit ends by this calendar; the warning comes after its share of the hours, or of the whole."""
    since, share = limit.since, float(limit.warn_share or 0)
    if limit.unit == "BUSINESS_DAYS":
        due = calendar.add_days(since, limit.n, "BUSINESS")
    else:
        due = calendar.answer_due(since, limit.unit, limit.n)
    if not share:
        return Limits(due)
    if limit.unit == "BUSINESS_HOURS":
        return Limits(due, calendar.add_business_hours(since, limit.n * share))
    return Limits(due, since + (due - since) * share)


def recounted(at: Limits, limit: TimeLimit | None, calendar: Calendar) -> Limits:
    """The same limits by a newer calendar: they keep what pauses added, and move as the limit itself does, both ways.

    A date without a limit is no date in working time, and stays.
    """
    if limit is None or limit.calendar.version >= calendar.version:
        return at
    then, now = (counted(limit, one) for one in (calendar.as_of(limit.calendar.version), calendar))
    warn_by = now.warn_at - then.warn_at if now.warn_at and then.warn_at else NO_TIME
    return Limits(at.due + (now.due - then.due), at.warn_at and at.warn_at + warn_by)


def by_version(limit: TimeLimit | None, calendar: CalendarUse) -> TimeLimit | None:
    """The limit, counted by that version from now on."""
    return limit and limit.model_copy(update={"calendar": calendar})


def calendar_of(fact: CalendarAmended, world: World) -> Calendar:
    """The calendars with that amendment, whether or not this process decides by them already."""
    newer = world.calendar.version < fact.version
    return world.calendar.amended(fact.changes, fact.version) if newer else world.calendar


def looks_again(redated: Callable[[Any, Calendar], Sequence[Fact]]) -> Callable[[Any, CalendarAmended, World], Decision]:
    """What an amended calendar does to clocks that run: told anew; those that stand still are told when they go on (X.1)."""

    def decide(state: Any, fact: CalendarAmended, world: World) -> Decision:
        return [] if state.held or state.stopped else redated(state, calendar_of(fact, world))

    return decide

"""When the customer's term ends and when it reminds, by the operator's reading of ten days (D3, 5.2)."""

from datetime import UTC, datetime, time

from shared.calendar.calendar import LA_PAZ, local_day
from shared.contracts.acceptance import ClockPolicy
from shared.decider import World


def day_of(start: datetime, n: int, term: ClockPolicy, department: str, world: World) -> datetime:
    """The n-th day at the same local time; on a day off it stays there, or moves to the next working day."""
    at = world.calendar.add_days(start, n, term.unit, department)
    shifts = world.policy.value("acceptance.on_day_off", local_day(world.now)) == "SHIFT"
    if not shifts or world.calendar.is_working(local_day(at), department):
        return at
    return world.calendar.add_days(at, 1, "BUSINESS", department)


def ends_at(start: datetime, term: ClockPolicy, department: str, world: World) -> datetime:
    """The end of the term: the same local time on its last day, or the end of that day."""
    last = day_of(start, term.n, term, department, world)
    if world.policy.value("acceptance.ends", local_day(world.now)) == "SAME_TIME":
        return last
    return datetime.combine(local_day(last), time(23, 59, 59), LA_PAZ).astimezone(UTC)

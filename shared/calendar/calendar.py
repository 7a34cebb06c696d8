"""Business calendars of Bolivia: the national one and nine departmental ones, under one version (`domain.md` 5)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from shared.calendar import seed
from shared.calendar.decrees import CALENDARS, NATIONAL, Change, Decree, load_decrees, spoken_days

__all__ = ["LA_PAZ", "AnswerUnit", "Calendar", "Decree", "Unit", "local_day", "start_of"]

LA_PAZ: Final = ZoneInfo("America/La_Paz")
OPENS, CLOSES = time(8, 30), time(18, 30)
SATURDAY: Final = 5
ONE_DAY: Final = timedelta(days=1)
Unit: TypeAlias = Literal["CALENDAR", "BUSINESS"]
AnswerUnit: TypeAlias = Literal["CLOCK_HOURS", "BUSINESS_HOURS", "NEXT_BUSINESS_DAY"]


@dataclass(frozen=True)
class Calendar:
    """All calendars under one version. Days are local, instants are UTC; a decree always goes before the package.

    A department's calendar is the national one with the department's own days; None asks the national one.
    `saturdays` names the calendars whose working week includes Saturday (D15). `before` is the version that was amended.
    """

    version: int
    decrees: tuple[Decree, ...]
    saturdays: frozenset[str] = frozenset()
    before: "Calendar | None" = field(default=None, repr=False, compare=False)
    _spoken: Mapping[tuple[str, date], Decree | None] = field(init=False, repr=False, compare=False)
    # A year once computed is kept; the value is the same whoever computes it, so nobody can tell
    _years: dict[tuple[str | None, int], Mapping[date, str]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_spoken", spoken_days(self.decrees))

    @classmethod
    def bolivia(cls) -> "Calendar":
        """The calendars as shipped."""
        return _shipped()

    def amended(self, changes: Iterable[Change | Decree], version: int | None = None) -> "Calendar":
        """The next version, where these changes go before all that was said of their days (X.9)."""
        return Calendar(version or self.version + 1, (*self.decrees, *map(Decree.of, changes)), self.saturdays, self)

    def as_of(self, version: int) -> "Calendar":
        """The calendars as they were in that version: what was decided by it is computed again by it."""
        found = self
        while found.version > version and found.before is not None:
            found = found.before
        return found

    def with_saturdays(self, calendars: Iterable[str]) -> "Calendar":
        """The same where these calendars (`BO`, `BO-S`, ...) work on Saturdays (D15). Raises ValueError for an unknown one."""
        named = frozenset(calendars)
        if not named <= frozenset(CALENDARS):
            raise ValueError(f"no calendar {', '.join(sorted(named - frozenset(CALENDARS)))}")
        return self if named == self.saturdays else Calendar(self.version, self.decrees, named)

    def is_working(self, day: date, department: str | None = None) -> bool:
        """Whether people work that day. Raises ValueError for an unknown department."""
        return day not in self._off(department, day.year)

    def why_not(self, day: date, department: str | None = None) -> str | None:
        """Why it is no working day, in Spanish; None when it is one."""
        return self._off(department, day.year).get(day)

    def add_days(self, start: datetime, n: int, unit: Unit, department: str | None = None) -> datetime:
        """The n-th day, or working day, after the day of `start`, at the same local time (5.2)."""
        local = start.astimezone(LA_PAZ)
        day = local.date()
        if unit == "CALENDAR":
            day += timedelta(days=n)
        else:
            for _ in range(n):
                day = self._next_working(day, department)
        return datetime.combine(day, local.timetz()).astimezone(UTC)

    def ends_at(self, start: datetime, unit: Unit, *, days: int = 0, hours: float = 0, department: str | None = None) -> datetime:
        """The end of a term of days and then hours; the hours run all day, or those of working days."""
        day = self.add_days(start, days, unit, department)
        return self.add_business_hours(day, hours, department) if unit == "BUSINESS" and hours else day + timedelta(hours=hours)

    def skipped(
        self, start: datetime, unit: Unit, *, days: int = 0, hours: float = 0, department: str | None = None
    ) -> tuple[tuple[date, str], ...]:
        """The days on the way of such a term that did not count, each with its reason; calendar days all count.

        Days are counted from the day after the start, hours from the start: its own day counts only for them.
        """
        if unit == "CALENDAR":
            return ()
        first, last = local_day(start), local_day(self.ends_at(start, unit, days=days, hours=hours, department=department))
        why = ((day, self.why_not(day, department)) for day in _days(first + ONE_DAY if days else first, last))
        return tuple((day, reason) for day, reason in why if reason is not None)

    def add_business_hours(self, start: datetime, hours: float, department: str | None = None) -> datetime:
        """The instant when so many hours of working days, 08:30 to 18:30, have passed since `start`."""
        local, left = start.astimezone(LA_PAZ), timedelta(hours=hours)
        while True:
            day = local.date()
            begin, closes = max(local, _at(day, OPENS)), _at(day, CLOSES)
            if begin < closes and self.is_working(day, department):
                if begin + left <= closes:
                    return (begin + left).astimezone(UTC)
                left -= closes - begin
            local = _at(self._next_working(day, department), OPENS)

    def answer_due(self, start: datetime, unit: AnswerUnit, hours: int = 24) -> datetime:
        """The last instant at which an answer is in time (D5), by the national calendar; `hours` is for the hour units."""
        match unit:
            case "BUSINESS_HOURS":
                return self.add_business_hours(start, hours)
            case "NEXT_BUSINESS_DAY":
                return self.add_days(start, 1, "BUSINESS")
            case "CLOCK_HOURS":
                return start.astimezone(UTC) + timedelta(hours=hours)

    def _next_working(self, day: date, department: str | None) -> date:
        day += ONE_DAY
        while not self.is_working(day, department):
            day += ONE_DAY
        return day

    def _off(self, department: str | None, year: int) -> Mapping[date, str]:
        found = self._years.get((department, year))
        if found is None:
            found = self._years[department, year] = self._days_off(department, year)
        return found

    def _days_off(self, department: str | None, year: int) -> Mapping[date, str]:
        name = f"{NATIONAL}-{department}" if department else NATIONAL
        if name not in CALENDARS:
            raise ValueError(f"no department {department}")
        days = _days(date(year, 1, 1), date(year, 12, 31))
        free = SATURDAY + (name in self.saturdays)
        off = {day: "sábado" if day.weekday() == SATURDAY else "domingo" for day in days if day.weekday() >= free}
        own = {NATIONAL: seed.national(year)} | ({name: seed.departmental(year, department)} if department else {})
        for calendar, seeded in own.items():
            off |= {day: why for day, why in seeded.items() if (calendar, day) not in self._spoken}
        rows = [row for row in self._spoken.values() if row and row.date.year == year and row.calendar in own]
        worked = {row.date for row in rows if row.working}
        closed = {row.date: f"{row.name} ({row.source})" for row in rows if not row.working}
        return {day: why for day, why in off.items() if day not in worked} | closed


def local_day(instant: datetime) -> date:
    """The day in La Paz."""
    return instant.astimezone(LA_PAZ).date()


def start_of(day: date) -> datetime:
    """The first instant of a local day, in UTC."""
    return _at(day, time()).astimezone(UTC)


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, LA_PAZ)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=count) for count in range((last - first).days + 1))


@cache
def _shipped() -> Calendar:
    return Calendar(1, load_decrees())

"""Business calendars of Bolivia: national and nine departmental ones, the decree table before the holidays package (5.3)."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

import holidays
import yaml

LA_PAZ: Final = ZoneInfo("America/La_Paz")
OPENS, CLOSES = dt.time(8, 30), dt.time(18, 30)
NATIONAL: Final = "BO"
Unit = Literal["CALENDAR", "BUSINESS"]
SATURDAY: Final = 5
SUNDAY: Final = 6


@dataclass(frozen=True, slots=True)
class Decree:
    """A day that a decree makes a working day or a day off, for the nation (`BO`) or a department (`BO-L`)."""

    date: dt.date
    calendar: str
    working: bool
    name: str
    source: str


@cache
def _seed(year: int, department: str | None) -> dict[dt.date, str]:
    """The package's days: only where no decree speaks; a Sunday's day off moves to Monday (DS 5019)."""
    known = holidays.country_holidays("BO", subdiv=department, years=year, language="es")
    days: dict[dt.date, str] = {}
    for day, name in known.items():
        moved = day + dt.timedelta(days=1) if day.weekday() == SUNDAY and day.month != 1 else day
        days[moved] = name
    return days


@dataclass(frozen=True)
class Calendar:
    """All calendars under one version. Days are local, instants are UTC."""

    version: int
    decrees: tuple[Decree, ...]

    @classmethod
    def bolivia(cls) -> "Calendar":
        """The calendars as shipped."""
        return _shipped()

    def amended(self, decrees: Iterable[Decree]) -> "Calendar":
        """The next version, where these decrees win."""
        new = tuple(decrees)
        keys = {(decree.date, decree.calendar) for decree in new}
        kept = tuple(decree for decree in self.decrees if (decree.date, decree.calendar) not in keys)
        return Calendar(self.version + 1, kept + new)

    def why_not(self, day: dt.date, department: str | None = None) -> str | None:
        """Why it is no working day in Spanish, or None when it is one."""
        if day.weekday() >= SATURDAY:
            return "sábado" if day.weekday() == SATURDAY else "domingo"
        for name in (f"{NATIONAL}-{department}", NATIONAL) if department else (NATIONAL,):
            for decree in self.decrees:
                if decree.date == day and decree.calendar == name:
                    return None if decree.working else f"{decree.name} ({decree.source})"
        return _seed(day.year, department).get(day)

    def is_working(self, day: dt.date, department: str | None = None) -> bool:
        """Whether people work that day."""
        return self.why_not(day, department) is None

    def add_days(self, start: dt.datetime, n: int, unit: Unit, department: str | None = None) -> dt.datetime:
        """The n-th day after the day of `start` at the same local time (5.2)."""
        local = start.astimezone(LA_PAZ)
        day, left = local.date(), n
        while left > 0:
            day += dt.timedelta(days=1)
            left -= 1 if unit == "CALENDAR" or self.is_working(day, department) else 0
        return dt.datetime.combine(day, local.timetz()).astimezone(dt.UTC)

    def skipped(self, start: dt.datetime, n: int, unit: Unit, department: str | None = None) -> tuple[tuple[dt.date, str], ...]:
        """The days that did not count, each with its reason."""
        end = self.add_days(start, n, unit, department).astimezone(LA_PAZ).date()
        day, found = start.astimezone(LA_PAZ).date(), []
        while unit == "BUSINESS" and day < end:
            day += dt.timedelta(days=1)
            why = self.why_not(day, department)
            if why:
                found.append((day, why))
        return tuple(found)

    def add_business_hours(self, start: dt.datetime, hours: float, department: str | None = None) -> dt.datetime:
        """The instant when that many hours of working days (08:30 to 18:30) have passed."""
        local, left = start.astimezone(LA_PAZ), dt.timedelta(hours=hours)
        while True:
            opens = dt.datetime.combine(local.date(), OPENS, LA_PAZ)
            closes = dt.datetime.combine(local.date(), CLOSES, LA_PAZ)
            begin = max(local, opens)
            if self.is_working(local.date(), department) and begin < closes:
                if begin + left <= closes:
                    return (begin + left).astimezone(dt.UTC)
                left -= closes - begin
            local = dt.datetime.combine(local.date() + dt.timedelta(days=1), OPENS, LA_PAZ)

    def answer_due(self, start: dt.datetime, unit: str, hours: int = 24) -> dt.datetime:
        """When an answer is due by the policy value D5."""
        if unit == "BUSINESS_HOURS":
            return self.add_business_hours(start, hours)
        if unit == "NEXT_BUSINESS_DAY":
            return self.add_days(start, 1, "BUSINESS")
        return start + dt.timedelta(hours=hours)


def local_day(instant: dt.datetime) -> dt.date:
    """The day in La Paz."""
    return instant.astimezone(LA_PAZ).date()


def start_of(day: dt.date) -> dt.datetime:
    """The first instant of a local day, in UTC."""
    return dt.datetime.combine(day, dt.time(), LA_PAZ).astimezone(dt.UTC)


@cache
def _shipped() -> Calendar:
    rows = yaml.safe_load((Path(__file__).parent / "decrees.yaml").read_text(encoding="utf-8"))
    decrees = tuple(Decree(r["date"], r["calendar"], r["working"], r["name"], r["source"]) for r in rows)
    return Calendar(1, decrees)

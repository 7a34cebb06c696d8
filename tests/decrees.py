"""Decrees that change a working day, and what a service under test learns of them."""

from typing import TypeVar

from shared.contracts.acceptance import CalendarAmended, DayChange
from tests.given import Given, day

G = TypeVar("G", bound=Given)


def change(date: str, *, working: bool, calendar: str = "BO", decree: str = "DS 9999") -> DayChange:
    return DayChange(calendar=calendar, date=day(date), working=working, decree=decree, published=day("2026-11-28"))


def amended(*changes: DayChange) -> CalendarAmended:
    return CalendarAmended(version=2, changes=changes)


def decided_by(given: G, *changes: DayChange) -> G:
    """From now on the world has the amended calendar, as after a service adopted it."""
    given.calendar = given.calendar.amended(changes)
    return given


def decreed(given: G, date: str, *, working: bool) -> G:
    """The service adopted the decree, and this aggregate was looked at."""
    one = change(date, working=working)
    decided_by(given, one)
    return given.when(CalendarAmended(version=given.calendar.version, changes=(one,)))

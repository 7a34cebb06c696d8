"""The days off that the `holidays` package knows: a first guess for years no decree has spoken about yet (5.3)."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from typing import Final

import holidays
import holidays.countries  # takes 0.4 s, which is too long inside the first decision

DEPARTMENTS: Final = ("H", "L", "C", "O", "P", "T", "S", "B", "N")
"""ISO 3166-2:BO letters."""
_SUNDAY: Final = 6
_DIGNITY: Final = (10, 17)  # the package lists 17 October, which is no day off in any year


def national(year: int) -> Mapping[date, str]:
    """The days off of the whole country."""
    return _days(year, None)


def departmental(year: int, department: str) -> Mapping[date, str]:
    """The days off that the department has beside the national ones."""
    shared = national(year)
    return {day: name for day, name in _days(year, department).items() if day not in shared}


@cache
def _days(year: int, department: str | None) -> Mapping[date, str]:
    # observed=False: the package moves some Sundays and forgets the departmental ones, so the rule stands here once
    known = holidays.country_holidays("BO", subdiv=department, years=year, observed=False, language="es")
    days = {day: name for day, name in sorted(known.items()) if (day.month, day.day) != _DIGNITY}
    for day, name in list(days.items()):
        if day.weekday() == _SUNDAY:
            monday = day + timedelta(days=1)
            days.setdefault(monday, f"{name}, trasladado del domingo (DS 5019)")
    return days

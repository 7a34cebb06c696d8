"""Which days are off: 2026 by decree, later years by the package and the Sunday rule (`domain.md` 5.3)."""

from datetime import date, timedelta

import pytest

from shared.calendar.calendar import Calendar
from shared.calendar.seed import DEPARTMENTS

CALENDAR = Calendar.bolivia()
WEEKEND = 5
NATIONAL_2026 = [
    *("01-01", "01-02", "01-23", "02-16", "02-17", "04-03", "05-01"),
    *("06-04", "06-05", "06-22", "08-06", "08-07", "11-02", "12-25"),
]
OWN_2026 = {
    "T": "04-15",
    "H": "05-25",
    "L": "07-16",
    "C": "09-14",
    "S": "09-24",
    "N": "10-12",  # the 11th is a Sunday
    "P": "11-10",
    "B": "11-18",
    "O": "02-13",  # Friday of Carnaval
}
# 1 May and 25 December are Saturdays
NATIONAL_2027 = ["01-01", "01-22", "02-08", "02-09", "03-26", "05-27", "06-21", "08-06", "11-02"]


def weekdays_off(year: int, department: str | None) -> list[str]:
    days = (date(year, 1, 1) + timedelta(days=count) for count in range(366))
    off = (day for day in days if day.year == year and day.weekday() < WEEKEND and not CALENDAR.is_working(day, department))
    return [f"{day:%m-%d}" for day in off]


def test_the_national_calendar_of_2026_is_off_on_exactly_these_weekdays() -> None:
    assert weekdays_off(2026, None) == NATIONAL_2026


@pytest.mark.parametrize("department", DEPARTMENTS)
def test_a_department_is_off_on_the_national_days_and_its_own(department: str) -> None:
    assert weekdays_off(2026, department) == sorted([*NATIONAL_2026, OWN_2026[department]])


def test_for_2027_no_decree_is_known_and_the_package_stands() -> None:
    assert weekdays_off(2027, None) == NATIONAL_2027


@pytest.mark.parametrize(
    ("day", "department", "working", "why"),
    [
        ("2026-01-22", None, True, "moved to Friday by DS 5521"),
        ("2026-02-10", "O", True, "civic day, unconfirmed"),
        ("2026-03-19", None, True, "half day, not applied"),
        ("2026-05-27", None, True, "half day, not applied"),
        ("2026-02-13", None, True, "a short day of the public sector alone"),
        ("2028-10-17", None, True, "a Tuesday that the package believes off"),
        ("2026-10-11", "N", False, "a Sunday, moved to Monday"),
        ("2026-06-21", None, False, "a Sunday, moved to Monday"),
        ("2028-08-07", None, False, "Independence on a Sunday moves to Monday"),
        ("2028-04-17", "T", True, "Tarija on Saturday the 15th does not move"),
        ("2029-04-16", "T", False, "Tarija on Sunday the 15th does"),
        ("2029-04-16", "S", True, "but in Tarija alone"),
        ("2034-01-02", None, False, "New Year on a Sunday moves to Monday"),
        ("2026-11-28", "S", False, "a Saturday"),
    ],
)
def test_a_day_is_worked_or_not_for_a_reason(day: str, department: str | None, working: bool, why: str) -> None:
    assert CALENDAR.is_working(date.fromisoformat(day), department) is working, why


@pytest.mark.parametrize(
    ("day", "department", "why"),
    [
        ("2026-11-28", None, "sábado"),
        ("2026-11-29", None, "domingo"),
        ("2026-01-23", None, "Día del Estado Plurinacional (DS 5521)"),
        ("2026-09-24", "S", "Aniversario de Santa Cruz (ley departamental)"),
        ("2026-09-24", "L", None),
        ("2028-08-07", None, "Día de la Independencia de Bolivia, trasladado del domingo (DS 5019)"),
        ("2026-11-30", None, None),
    ],
)
def test_the_reason_of_a_day_off_is_told_in_spanish(day: str, department: str | None, why: str | None) -> None:
    assert CALENDAR.why_not(date.fromisoformat(day), department) == why


@pytest.mark.parametrize("department", ["X", "BO-S", "Santa Cruz"])
def test_a_department_that_does_not_exist_is_never_taken_for_the_nation(department: str) -> None:
    with pytest.raises(ValueError, match="no department"):
        CALENDAR.is_working(date(2026, 11, 30), department)


def test_a_working_week_with_saturday_is_set_per_calendar() -> None:
    with_saturday = Calendar(1, CALENDAR.decrees, frozenset({"BO-S"}))
    saturday, sunday = date(2026, 11, 28), date(2026, 11, 29)
    assert with_saturday.is_working(saturday, "S")
    assert not with_saturday.is_working(saturday)
    assert not with_saturday.is_working(sunday, "S")
    assert with_saturday.is_working(date(2026, 10, 17), "S")  # no day off, whatever the package says

"""The calendar beside an oracle that walks day by day, ten years and every department."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache

import holidays
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.calendar.calendar import LA_PAZ, Calendar
from shared.calendar.decrees import load_decrees
from shared.calendar.seed import DEPARTMENTS
from shared.contracts.acceptance import DayChange

CALENDAR = Calendar.bolivia()
DECREES = load_decrees()
YEARS = range(2026, 2036)
ONE_DAY = timedelta(days=1)
PLACES = st.sampled_from([None, *DEPARTMENTS])
STARTS = st.datetimes(datetime(2026, 1, 1), datetime(2035, 11, 1))  # noqa: DTZ001 - a wall clock in La Paz


@cache
def package(department: str | None) -> dict[date, str]:
    return dict(holidays.country_holidays("BO", subdiv=department, years=YEARS, observed=False).items())


@cache
def works(day: date, department: str | None) -> bool:
    """As 5.3 reads aloud, one day at a time."""
    mine = {"BO", f"BO-{department}"}
    rows = [one for one in DECREES if one.calendar in mine and one.date == day]
    if rows:
        return all(row.working for row in rows)
    if day.weekday() >= 5:
        return False
    moved = any(one.calendar in mine and one.replaces == day for one in DECREES)
    sunday = day - ONE_DAY
    after_sunday = day.weekday() == 0 and sunday in package(department) and (sunday.month, sunday.day) != (10, 17)
    off = day in package(department) and (day.month, day.day) != (10, 17)
    return moved or not (off or after_sunday)


def test_every_day_of_ten_years_is_worked_or_not_as_the_oracle_says_in_every_department() -> None:
    first, last = date(YEARS[0], 1, 1), date(YEARS[-1], 12, 31)
    days = [first + timedelta(days=count) for count in range((last - first).days + 1)]
    for department in (None, *DEPARTMENTS):
        wrong = [day for day in days if CALENDAR.is_working(day, department) != works(day, department)]
        assert wrong == [], department


@settings(max_examples=50)
@given(STARTS, st.integers(1, 40), PLACES)
def test_the_nth_working_day_is_the_one_the_oracle_counts(start: datetime, n: int, department: str | None) -> None:
    day, left = start.date(), n
    while left:
        day += ONE_DAY
        left -= works(day, department)
    found = CALENDAR.add_days(start.replace(tzinfo=LA_PAZ).astimezone(UTC), n, "BUSINESS", department)
    assert found.astimezone(LA_PAZ).replace(tzinfo=None) == datetime.combine(day, start.time())


@settings(max_examples=50)
@given(STARTS, st.integers(1, 40), PLACES)
def test_counted_and_skipped_days_make_up_the_whole_way(start: datetime, n: int, department: str | None) -> None:
    sent = start.replace(tzinfo=LA_PAZ).astimezone(UTC)
    skipped = CALENDAR.skipped(sent, "BUSINESS", days=n, department=department)
    way = CALENDAR.add_days(sent, n, "BUSINESS", department) - sent
    assert way.days == n + len(skipped)
    assert all(CALENDAR.why_not(day, department) == why and not works(day, department) for day, why in skipped)


@settings(max_examples=50)
@given(STARTS, st.integers(1, 30 * 60), PLACES)
def test_business_hours_pass_only_while_the_oracle_sees_somebody_work(
    start: datetime, minutes: int, department: str | None
) -> None:
    at = start.replace(second=0, microsecond=0)
    due = CALENDAR.add_business_hours(at.replace(tzinfo=LA_PAZ).astimezone(UTC), minutes / 60, department)
    end, passed, day = due.astimezone(LA_PAZ).replace(tzinfo=None), timedelta(), at.date()
    while day <= end.date():
        if works(day, department):
            opens, closes = datetime.combine(day, time(8, 30)), datetime.combine(day, time(18, 30))
            passed += max(timedelta(), min(end, closes) - max(at, opens))
        day += ONE_DAY
    assert abs(passed - timedelta(minutes=minutes)) < timedelta(milliseconds=1)
    assert works(end.date(), department)


@settings(max_examples=50)
@given(STARTS, st.integers(0, 40), PLACES)
def test_more_days_never_end_earlier(start: datetime, n: int, department: str | None) -> None:
    sent = start.replace(tzinfo=LA_PAZ).astimezone(UTC)
    assert CALENDAR.add_days(sent, n, "BUSINESS", department) < CALENDAR.add_days(sent, n + 1, "BUSINESS", department)
    assert CALENDAR.add_days(sent, n, "CALENDAR", department) <= CALENDAR.add_days(sent, n, "BUSINESS", department)


@settings(max_examples=50)
@given(STARTS, st.integers(1, 25), PLACES, st.dictionaries(st.integers(0, 60), st.booleans(), max_size=12))
def test_after_any_decrees_the_oracle_counts_by_them_and_the_calendar_before_them_by_itself(
    start: datetime, n: int, department: str | None, said: dict[int, bool]
) -> None:
    changes = {start.date() + timedelta(days=offset): working for offset, working in said.items()}
    told = [DayChange(calendar="BO", date=at, working=to, decree="DS 9999", published=start.date()) for at, to in changes.items()]
    amended, sent = CALENDAR.amended(told), start.replace(tzinfo=LA_PAZ).astimezone(UTC)

    def decreed(day: date) -> bool:
        own = [row.working for row in DECREES if row.date == day and row.calendar == f"BO-{department}"]
        return all([*own, changes[day]]) if day in changes else works(day, department)

    for calendar, counts in ((amended, decreed), (amended.as_of(1), lambda day: works(day, department))):
        day, left = start.date(), n
        while left:
            day += ONE_DAY
            left -= counts(day)
        found = calendar.ends_at(sent, "BUSINESS", days=n, department=department)
        assert found.astimezone(LA_PAZ).replace(tzinfo=None) == datetime.combine(day, start.time())


@settings(max_examples=50)
@given(STARTS, st.integers(0, 10), st.integers(0, 100), PLACES)
def test_a_term_of_days_and_hours_is_the_days_and_then_the_hours(
    start: datetime, days: int, hours: int, place: str | None
) -> None:
    sent = start.replace(tzinfo=LA_PAZ).astimezone(UTC)
    assert CALENDAR.ends_at(sent, "CALENDAR", days=days, hours=hours, department=place) == sent + timedelta(
        days=days, hours=hours
    )
    end = CALENDAR.ends_at(sent, "BUSINESS", days=days, hours=hours, department=place)
    by_days = CALENDAR.add_days(sent, days, "BUSINESS", place)
    assert end == (CALENDAR.add_business_hours(by_days, hours, place) if hours else by_days)
    off = {day for day, _ in CALENDAR.skipped(sent, "BUSINESS", days=days, hours=hours, department=place)}
    way = [
        start.date() + timedelta(days=count)
        for count in range(bool(days), (end.astimezone(LA_PAZ).date() - start.date()).days + 1)
    ]
    assert off == {day for day in way if not works(day, place)}

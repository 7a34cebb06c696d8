"""Deadlines: the worked examples of `domain.md` 5.4, to the minute."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.calendar.calendar import LA_PAZ, AnswerUnit, Calendar, local_day, start_of

CALENDAR = Calendar.bolivia()


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LA_PAZ).astimezone(UTC)


SENT = [
    ("2026-12-18 10:00", None, "2026-12-28 10:00", "2027-01-05 10:00", "12-20 12-22 12-24 12-26"),
    ("2026-11-27 16:30", None, "2026-12-07 16:30", "2026-12-11 16:30", "11-29 12-01 12-03 12-05"),
    ("2026-09-16 11:00", "S", "2026-09-26 11:00", "2026-10-01 11:00", "09-18 09-20 09-22 09-24"),
]


@pytest.mark.criterion("14.3")
@pytest.mark.parametrize(("sent", "department", "calendar", "business", "reminders"), SENT)
def test_ten_days_end_at_the_same_local_time(
    sent: str, department: str | None, calendar: str, business: str, reminders: str
) -> None:
    assert CALENDAR.add_days(local(sent), 10, "CALENDAR", department) == local(calendar)
    assert CALENDAR.add_days(local(sent), 10, "BUSINESS", department) == local(business)


@pytest.mark.criterion("14.4")
@pytest.mark.parametrize(("sent", "department", "calendar", "business", "reminders"), SENT)
def test_reminders_fall_on_days_2_4_6_and_8_even_where_nobody_works(
    sent: str, department: str | None, calendar: str, business: str, reminders: str
) -> None:
    found = [CALENDAR.add_days(local(sent), day, "CALENDAR", department) for day in (2, 4, 6, 8)]
    assert [f"{one.astimezone(LA_PAZ):%m-%d %H:%M}" for one in found] == [f"{day} {sent[11:]}" for day in reminders.split()]


@pytest.mark.criterion("3.5")
@pytest.mark.parametrize(
    ("asked", "unit", "due"),
    [
        ("2026-11-27 17:00", "CLOCK_HOURS", "2026-11-28 17:00"),
        ("2026-11-27 17:00", "NEXT_BUSINESS_DAY", "2026-11-30 17:00"),
        ("2026-11-27 17:00", "BUSINESS_HOURS", "2026-12-02 11:00"),
        ("2026-12-24 18:00", "NEXT_BUSINESS_DAY", "2026-12-28 18:00"),  # over Christmas and the weekend
        ("2026-11-28 09:00", "NEXT_BUSINESS_DAY", "2026-11-30 09:00"),  # asked on a Saturday
    ],
)
def test_an_answer_of_activaciones_is_due_by_the_policy(asked: str, unit: AnswerUnit, due: str) -> None:
    assert CALENDAR.answer_due(local(asked), unit) == local(due)


@pytest.mark.criterion("1.8")
@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-30 08:30", 4, "2026-11-30 12:30"),
        ("2026-11-30 03:00", 4, "2026-11-30 12:30"),  # before opening
        ("2026-11-30 14:30", 4, "2026-11-30 18:30"),  # exactly until closing
        ("2026-11-30 14:31", 4, "2026-12-01 08:31"),  # a minute over night
        ("2026-11-27 18:30", 4, "2026-11-30 12:30"),  # at closing on Friday
        ("2026-11-28 12:00", 4, "2026-11-30 12:30"),  # on a Saturday
        ("2026-12-31 17:30", 4, "2027-01-04 11:30"),  # over New Year
        ("2026-11-30 08:30", 0.5, "2026-11-30 09:00"),
    ],
)
def test_business_hours_run_from_half_past_eight_to_half_past_six(start: str, hours: float, end: str) -> None:
    assert CALENDAR.add_business_hours(local(start), hours) == local(end)


def test_business_hours_know_the_days_off_of_a_department() -> None:
    assert CALENDAR.add_business_hours(local("2026-09-23 17:30"), 2, "S") == local("2026-09-25 09:30")
    assert CALENDAR.add_business_hours(local("2026-09-23 17:30"), 2) == local("2026-09-24 09:30")


def test_the_days_that_did_not_count_are_told_with_their_reason() -> None:
    skipped = CALENDAR.skipped(local("2026-12-18 10:00"), "BUSINESS", days=10)
    assert [day.day for day, _ in skipped] == [19, 20, 25, 26, 27, 1, 2, 3]
    assert dict(skipped)[date(2026, 12, 25)] == "Navidad (DS 2750)"
    assert CALENDAR.skipped(local("2026-12-18 10:00"), "CALENDAR", days=10) == ()


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 11, 30, 3, 59, 59, tzinfo=UTC), date(2026, 11, 29)),  # a second before midnight in La Paz
        (datetime(2026, 11, 30, 4, 0, tzinfo=UTC), date(2026, 11, 30)),
    ],
)
def test_a_day_is_a_local_day(instant: datetime, day: date) -> None:
    assert local_day(instant) == day


def test_a_local_day_starts_at_four_in_utc_all_year() -> None:
    assert {start_of(date(2026, month, 1)).hour for month in range(1, 13)} == {4}
    assert start_of(date(2026, 11, 30)) - timedelta(seconds=1) < local("2026-11-30 00:00") <= start_of(date(2026, 11, 30))

"""A decree changes days: the next version says so, the old one stays as it was (X.9)."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from shared.calendar.calendar import Calendar, Decree
from shared.calendar.decrees import DecreeError, load_decrees
from shared.contracts.acceptance import DayChange

CALENDAR = Calendar.bolivia()
BRIDGE = date(2027, 8, 9)


def change(day: date, calendar: str = "BO", *, working: bool = False) -> DayChange:
    return DayChange(calendar=calendar, date=day, working=working, decree="DS 9999", published=date(2027, 7, 30))


@pytest.mark.criterion("X.9")
def test_an_amendment_is_the_next_version_and_leaves_the_old_one_alone() -> None:
    amended = CALENDAR.amended([change(BRIDGE)])
    assert (CALENDAR.version, amended.version) == (1, 2)
    assert (CALENDAR.is_working(BRIDGE), amended.is_working(BRIDGE)) == (True, False)
    assert amended.why_not(BRIDGE) == "Feriado por decreto (DS 9999)"


@pytest.mark.criterion("X.9")
def test_a_decree_of_a_department_is_off_there_alone() -> None:
    amended = CALENDAR.amended([change(BRIDGE, "BO-S")])
    assert [amended.is_working(BRIDGE, place) for place in ("S", "L", None)] == [False, True, True]


@pytest.mark.criterion("X.9")
@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2027, 1, 22), "a holiday of the package"),
        (date(2026, 8, 7), "a day off of an earlier decree"),
        (date(2027, 8, 14), "a Saturday to make up for a bridge"),
    ],
)
def test_a_decree_that_makes_a_day_work_goes_before_all_that_was_said_of_it(day: date, why: str) -> None:
    amended = CALENDAR.amended([change(day, working=True)])
    assert not CALENDAR.is_working(day)
    assert amended.is_working(day), why
    assert amended.is_working(day, "S")


@pytest.mark.criterion("X.9")
def test_the_last_of_several_decrees_on_one_day_holds() -> None:
    twice = CALENDAR.amended([change(BRIDGE)]).amended([change(BRIDGE, working=True)])
    assert (twice.version, twice.is_working(BRIDGE)) == (3, True)


@pytest.mark.criterion("X.9")
def test_a_moved_day_off_frees_the_day_it_came_from() -> None:
    moved = Decree(date(2027, 6, 25), "BO", working=False, name="Año Nuevo Aymara", source="DS 9999", replaces=date(2027, 6, 21))
    amended = CALENDAR.amended([moved])
    assert (amended.is_working(date(2027, 6, 21)), amended.is_working(date(2027, 6, 25))) == (True, False)


@pytest.mark.criterion("X.9")
def test_an_extra_day_off_moves_a_deadline_in_business_days_and_none_in_calendar_days() -> None:
    sent = datetime(2027, 8, 5, 14, tzinfo=UTC)
    amended = CALENDAR.amended([change(BRIDGE)])
    assert CALENDAR.add_days(sent, 2, "BUSINESS") == datetime(2027, 8, 10, 14, tzinfo=UTC)
    assert amended.add_days(sent, 2, "BUSINESS") == datetime(2027, 8, 11, 14, tzinfo=UTC)
    assert amended.add_days(sent, 2, "CALENDAR") == CALENDAR.add_days(sent, 2, "CALENDAR")


def test_calendars_with_the_same_decrees_are_equal_whatever_was_asked_of_them() -> None:
    asked, fresh = Calendar(1, CALENDAR.decrees), Calendar(1, CALENDAR.decrees)
    asked.is_working(BRIDGE, "S")
    assert asked == fresh
    assert hash(asked) == hash(fresh)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("{date: 2026-08-07, calendar: BO-X, working: false, name: a, source: b}", "No se conoce el calendario BO-X"),
        ("{date: pronto, calendar: BO, working: false, name: a, source: b}", "pronto no es una fecha"),
        ("{date: 2026-08-07, calendar: BO, working: quizás, name: a, source: b}", "working es true o false"),
        ("{date: 2026-08-07, calendar: BO, working: false, name: a}", "source"),
    ],
)
def test_a_bad_row_of_the_decree_table_is_told_with_its_number(tmp_path: Path, row: str, sentence: str) -> None:
    path = tmp_path / "decrees.yaml"
    path.write_text(f"- {{date: 2026-08-06, calendar: BO, working: false, name: a, source: b}}\n- {row}\n", encoding="utf-8")
    with pytest.raises(DecreeError, match=rf"decrees\.yaml, fila 2: .*{sentence}"):
        load_decrees(path)


def test_every_shipped_row_has_a_name_and_a_source() -> None:
    assert all(row.name and row.source for row in load_decrees())


@pytest.mark.criterion("X.9")
def test_what_was_decided_by_an_earlier_version_can_be_computed_again() -> None:
    second = CALENDAR.amended([change(BRIDGE)])
    third = second.amended([change(date(2027, 9, 1))], 7)
    assert [third.as_of(version).version for version in (1, 2, 6, 7, 9)] == [1, 2, 2, 7, 7]
    assert third.as_of(1).is_working(BRIDGE)
    assert third.as_of(2) == second

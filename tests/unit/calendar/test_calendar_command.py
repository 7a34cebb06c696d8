"""`o2c calendar deadline`: the worked examples of the procedure, and why each day did not count."""

import json
import subprocess
import sys
from typing import Any

import pytest
from typer.testing import CliRunner

from o2c.commands.calendar import app

RUN = CliRunner()


def asked(*words: str) -> dict[str, Any]:
    result = RUN.invoke(app, ["deadline", *words, "--json"])
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.output)
    return told


@pytest.mark.criterion("14.3", "3.5")
@pytest.mark.parametrize(
    ("start", "words", "end"),
    [
        ("2026-12-18T10:00", "--days 10 --kind calendar", "2026-12-28T10:00"),
        ("2026-12-18T10:00", "--days 10 --kind business", "2027-01-05T10:00"),
        ("2026-11-27T16:30", "--days 10 --kind calendar", "2026-12-07T16:30"),
        ("2026-11-27T16:30", "--days 10 --kind business", "2026-12-11T16:30"),
        ("2026-09-16T11:00", "--days 10 --kind calendar --department S", "2026-09-26T11:00"),
        ("2026-09-16T11:00", "--days 10 --kind business --department S", "2026-10-01T11:00"),
        ("2026-09-16T11:00", "--days 10 --kind business --department L", "2026-09-30T11:00"),  # no day off in La Paz
        ("2026-12-18T10:00", "--days 2", "2026-12-20T10:00"),  # a reminder, on a Sunday all the same
        ("2026-12-18T10:00", "--days 8", "2026-12-26T10:00"),
        ("2026-11-27T17:00", "--hours 24", "2026-11-28T17:00"),  # Activaciones: CLOCK_HOURS
        ("2026-11-27T17:00", "--days 1 --kind business", "2026-11-30T17:00"),  # NEXT_BUSINESS_DAY
        ("2026-11-27T17:00", "--hours 24 --kind business", "2026-12-02T11:00"),  # BUSINESS_HOURS
        ("2026-11-27T17:00", "--days 1 --hours 2 --kind business", "2026-12-01T09:00"),  # Monday 17:00, then 2 h
        ("2026-11-27T20:30:00+00:00", "--days 10", "2026-12-07T16:30"),  # an instant with its zone
    ],
)
def test_a_term_ends_where_the_worked_examples_say(start: str, words: str, end: str) -> None:
    assert asked("--from", start, *words.split())["deadline"] == f"{end}:00-04:00"


def test_every_day_that_did_not_count_is_told_with_its_reason() -> None:
    told = asked("--from", "2026-09-16T11:00", "--days", "10", "--kind", "business", "--department", "s")
    assert {one["date"]: one["reason"] for one in told["skipped"]} == {
        "2026-09-19": "sábado",
        "2026-09-20": "domingo",
        "2026-09-24": "Aniversario de Santa Cruz (ley departamental)",
        "2026-09-26": "sábado",
        "2026-09-27": "domingo",
    }
    assert told["calendar"] == {"id": "BO-S", "version": 1}
    assert told["deadline_utc"] == "2026-10-01T15:00:00Z"


def test_hours_asked_on_a_day_off_tell_that_day_too() -> None:
    told = asked("--from", "2026-11-28T09:00", "--hours", "4", "--kind", "business")
    assert [one["date"] for one in told["skipped"]] == ["2026-11-28", "2026-11-29"]
    assert asked("--from", "2026-11-28T09:00", "--days", "4")["skipped"] == []


def test_a_person_reads_the_deadline_and_the_reasons_in_spanish() -> None:
    words = ["--from", "2026-12-18T10:00", "--days", "10", "--kind", "business"]
    lines = RUN.invoke(app, ["deadline", *words]).output.splitlines()
    assert lines[0] == "mar 05/01/2027 10:00 (hora de Bolivia)"
    assert "  no cuenta vie 25/12/2026: Navidad (DS 2750)" in lines


@pytest.mark.parametrize(
    "words",
    [
        "--from pronto --days 10",
        "--from 2026-09-16T11:00",  # no term
        "--from 2026-09-16T11:00 --days 10 --department X",
        "--from 2026-09-16T11:00 --days -1",
        "--from 2026-09-16T11:00 --days 10 --kind lunar",
    ],
)
def test_what_makes_no_term_is_refused(words: str) -> None:
    assert RUN.invoke(app, ["deadline", *words.split()]).exit_code == 2


def test_the_holidays_are_loaded_only_when_a_deadline_is_asked_for() -> None:
    seen = "import sys, o2c.commands.calendar; sys.exit('holidays' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", seen], check=False).returncode == 0

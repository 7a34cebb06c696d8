"""The decree table: days that a decree or law makes a day off or a working day, with its source (5.3)."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import yaml

from shared.calendar.seed import DEPARTMENTS

NATIONAL: Final = "BO"
CALENDARS: Final = frozenset({NATIONAL, *(f"{NATIONAL}-{letter}" for letter in DEPARTMENTS)})
SHIPPED: Final = Path(__file__).parent / "decrees.yaml"


class DecreeError(Exception):
    """A row of the decree table that may not be used; a Spanish sentence names file and row."""


class Change(Protocol):
    """A changed day as `CalendarAmended` tells it: calendar, day, working or not, the decree and when it was published."""

    @property
    def calendar(self) -> str:
        """`BO`, or `BO-S` of a department."""
        ...

    @property
    def date(self) -> dt.date:
        """The day."""
        ...

    @property
    def working(self) -> bool:
        """Whether people work that day."""
        ...

    @property
    def decree(self) -> str:
        """Its source."""
        ...

    @property
    def published(self) -> dt.date:
        """When it became known."""
        ...


@dataclass(frozen=True, slots=True)
class Decree:
    """A row: in this calendar this day is off, or is worked; the day it replaces is an ordinary day again."""

    date: dt.date
    calendar: str
    working: bool
    name: str
    source: str
    published: dt.date | None = None
    replaces: dt.date | None = None

    def __post_init__(self) -> None:
        if self.calendar not in CALENDARS:
            raise DecreeError(f"No se conoce el calendario {self.calendar}; se conocen {', '.join(sorted(CALENDARS))}.")

    @classmethod
    def of(cls, change: "Change | Decree") -> "Decree":
        """The row that a published change adds."""
        if isinstance(change, Decree):
            return change
        name = "Día hábil por decreto" if change.working else "Feriado por decreto"
        return cls(change.date, change.calendar, change.working, name, change.decree, change.published)


def spoken_days(decrees: Iterable[Decree]) -> Mapping[tuple[str, dt.date], Decree | None]:
    """Per calendar and day the last row that speaks of it; None where a row moved the day off elsewhere."""
    spoken: dict[tuple[str, dt.date], Decree | None] = {}
    for decree in decrees:
        if decree.replaces is not None:
            spoken[decree.calendar, decree.replaces] = None
        spoken[decree.calendar, decree.date] = decree
    return spoken


def load_decrees(path: Path = SHIPPED) -> tuple[Decree, ...]:
    """The rows of a decree table. Raises DecreeError naming file and row."""
    rows: list[Any] = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    return tuple(_row(path.name, number, row) for number, row in enumerate(rows, 1))


def _row(file: str, number: int, row: Any) -> Decree:
    try:
        decree = Decree(**row)
    except (TypeError, DecreeError) as error:
        raise DecreeError(f"{file}, fila {number}: {error}") from error
    days: tuple[Any, ...] = (decree.date, decree.published, decree.replaces)  # as YAML has them
    for day in days:
        if day is not None and type(day) is not dt.date:
            raise DecreeError(f"{file}, fila {number}: {day} no es una fecha como 2026-08-07.")
    if row["working"] not in (True, False):
        raise DecreeError(f"{file}, fila {number}: working es true o false, no {row['working']}.")
    return decree

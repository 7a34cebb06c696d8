"""Decision tables: which row decides a case, why, and in which version. Frozen once loaded."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

ANY: Final = frozenset({"any"})


class RuleError(Exception):
    """A table that may not be used; the sentence names file, line and what to mend."""


@dataclass(frozen=True, slots=True)
class Row:
    """The row that decided: its id, the table's version, and what follows."""

    row: str
    version: str
    when: Mapping[str, frozenset[str]]
    then: Mapping[str, Any]

    def matches(self, given: Mapping[str, str]) -> bool:
        """Whether every cell holds; a cell that is absent holds always."""
        return all(given.get(name) in values for name, values in self.when.items())

    def text(self, name: str) -> str:
        """An output as text."""
        return str(self.then[name])

    def flag(self, name: str) -> bool:
        """An output as yes or no."""
        return bool(self.then.get(name, False))

    def texts(self, name: str) -> tuple[str, ...]:
        """An output as a list of texts."""
        value = self.then.get(name, ())
        return tuple(map(str, value)) if isinstance(value, list | tuple) else (str(value),)


@dataclass(frozen=True, slots=True)
class Version:
    """The rows in force from a day on."""

    valid_from: dt.date
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One decision table with all its versions, newest last."""

    name: str
    question: str
    inputs: Mapping[str, tuple[str, ...]]
    versions: tuple[Version, ...]

    def on(self, day: dt.date) -> Version:
        """The version in force on that day. Raises RuleError when there is none."""
        found = [version for version in self.versions if version.valid_from <= day]
        if not found:
            raise RuleError(f"{self.name}: no hay versión vigente el {day.isoformat()}")
        return found[-1]

    def decide(self, day: dt.date, **given: str) -> Row | None:
        """The one row that holds for the case, None for a gap: never a default."""
        return next((row for row in self.on(day).rows if row.matches(given)), None)

    def rows(self, day: dt.date, **given: str) -> tuple[Row, ...]:
        """All rows that hold, for tables that list (`hit: all`)."""
        return tuple(row for row in self.on(day).rows if row.matches(given))

    def explain(self, day: dt.date, **given: str) -> Iterator[tuple[str, str]]:
        """Row by row: that it decides, or the first cell that does not hold (`o2c rules explain`)."""
        for row in self.on(day).rows:
            failing = [name for name, values in row.when.items() if given.get(name) not in values]
            if not failing:
                yield row.row, "decide"
            else:
                wanted = ", ".join(sorted(row.when[failing[0]]))
                yield row.row, f"no: {failing[0]} es {given.get(failing[0], '—')}, la fila pide {wanted}"

    def gaps(self, day: dt.date) -> Iterator[dict[str, str]]:
        """Cases of declared values that no row decides: they lead to a fallout, never to a guess."""
        closed = {name: values for name, values in self.inputs.items() if values}
        for combination in product(*closed.values()):
            given = dict(zip(closed, combination, strict=True))
            if self.decide(day, **given) is None:
                yield given


@dataclass(frozen=True, slots=True)
class Tables:
    """All tables of a service by name."""

    tables: Mapping[str, Table]

    def __getitem__(self, name: str) -> Table:
        """The table of this name."""
        return self.tables[name]

    def __iter__(self) -> Iterator[str]:
        """Names of all tables."""
        return iter(self.tables)

    def version(self, name: str, day: dt.date) -> str:
        """The version of a table in force on a day, as stored in facts."""
        return self.tables[name].on(day).valid_from.isoformat()


@dataclass(frozen=True, slots=True)
class Policy:
    """Named policy values with effective dates (`domain.md` section 3)."""

    values: Mapping[str, tuple[tuple[dt.date, Any], ...]]

    def value(self, name: str, day: dt.date) -> Any:
        """The value in force on a day. Raises RuleError when there is none."""
        found = [value for since, value in self.values.get(name, ()) if since <= day]
        if not found:
            raise RuleError(f"política {name}: no hay valor vigente el {day.isoformat()}")
        return found[-1]

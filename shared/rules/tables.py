"""Decision tables: which row decides a case, why, and in which version. Frozen once loaded."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import product
from typing import Any, Literal, TypeAlias

from shared.rules.cells import Cell, Numbers, Value, Words, points
from shared.rules.error import RuleError
from shared.rules.policy import Policy

__all__ = ["Explanation", "Given", "Input", "Policy", "Row", "RuleError", "Table", "Tables", "Verdict", "Version"]

Given: TypeAlias = str | bool | int | Decimal | None
"""A value as the caller has it; None is unknown, and an unknown value decides nothing."""


@dataclass(frozen=True, slots=True)
class Input:
    """A column that is asked: one of `values`, any text when there are none, or a number.

    `within` names the wider word of a narrower one: a row for the wider decides where no row names the narrower.
    """

    name: str
    values: tuple[str, ...] = ()
    number: bool = False
    within: Mapping[str, str] = field(default_factory=dict)

    def value(self, given: Given) -> Value | None:
        """The value to compare; None when it is not known here, so that no row holds. Flags are yes and no."""
        if self.number:
            try:
                return None if given is None or isinstance(given, bool) else Decimal(given)
            except InvalidOperation:
                return None
        if given is None:
            return None
        word = str(given) if not isinstance(given, bool) else "yes" if given else "no"
        return None if self.values and word not in self.values else word


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its id, the version it stands in, when it holds, and what follows."""

    row: str
    version: str
    when: Mapping[str, Cell] = field(hash=False)
    then: Mapping[str, Any] = field(hash=False)

    def holds(self, known: Mapping[str, Value | None]) -> bool:
        """Whether every cell holds for what is known; an absent cell holds for every known value."""
        return all(self.when[name].holds(value) if name in self.when else value is not None for name, value in known.items())

    def text(self, name: str) -> str:
        """An output as text."""
        return str(self.then[name])

    def texts(self, name: str) -> tuple[str, ...]:
        """An output as texts; a single one is a list of one, an absent one is empty."""
        value = self.then.get(name, ())
        return tuple(map(str, value)) if isinstance(value, tuple) else (str(value),)

    def flag(self, name: str) -> bool:
        """An output as yes or no; an absent optional one is no."""
        return bool(self.then.get(name, False))

    def number(self, name: str) -> Decimal:
        """An output as exact number."""
        return Decimal(self.then[name])

    def entries(self, name: str) -> tuple[dict[str, Any], ...]:
        """An output that is a list of small records, such as equipment."""
        return tuple(dict(one) for one in self.then.get(name, ()))


@dataclass(frozen=True, slots=True)
class Version:
    """The rows in force from a day on; `index` finds the few that can hold by the word of the first input."""

    valid_from: date
    rows: tuple[Row, ...]
    index: Mapping[str, tuple[Row, ...]] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a row decides, or the first reason why not."""

    row: str
    decides: bool
    because: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision told row by row (`o2c rules explain`)."""

    table: str
    question: str
    version: str
    rows: tuple[Row, ...]
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One decision table with all its versions, newest last; `unique` gives at most one row, `all` gives a list."""

    name: str
    question: str
    hit: Literal["unique", "all"]
    inputs: Mapping[str, Input]
    versions: tuple[Version, ...]
    file: str = ""

    def on(self, day: date) -> Version:
        """The newest version that is in force on that day. Raises RuleError when there is none."""
        for version in reversed(self.versions):
            if version.valid_from <= day:
                return version
        raise RuleError(f"La tabla {self.name} no tiene versión vigente el {day:%d/%m/%Y}.", self.file, "RULE_NOT_IN_FORCE")

    def decide(self, day: date, /, **given: Given) -> Row | None:
        """The one row for the case, None for a gap: never a default. Raises RuleError unless every input is given."""
        if self.hit != "unique":
            raise RuleError(f"La tabla {self.name} da varias filas; pídalas todas.", self.file)
        if missing := self.inputs.keys() - given.keys():
            raise RuleError(f"La tabla {self.name} pide también {', '.join(sorted(missing))}.", self.file)
        return next(iter(self._holding(self.on(day), self.known(given))), None)

    def rows(self, day: date, /, **given: Given) -> tuple[Row, ...]:
        """All rows that hold, in file order; what is not given is left open."""
        return tuple(self._holding(self.on(day), self.known(given)))

    def row(self, day: date, row: str) -> Row | None:
        """The row of this id."""
        return next((one for one in self.on(day).rows if one.row == row), None)

    def known(self, given: Mapping[str, Given]) -> dict[str, Value | None]:
        """The values to compare. Raises RuleError for an input the table does not have."""
        if unknown := given.keys() - self.inputs.keys():
            raise RuleError(f"La tabla {self.name} no tiene la entrada {', '.join(sorted(unknown))}.", self.file)
        return {name: self.inputs[name].value(one) for name, one in given.items()}

    def _holding(self, version: Version, known: Mapping[str, Value | None]) -> Iterator[Row]:
        wider = self._wider(known)
        if wider == known:
            return self._named(version, known)
        narrow = tuple(self._named(version, known))
        return iter(narrow) if narrow else self._named(version, wider)

    def _wider(self, known: Mapping[str, Value | None]) -> dict[str, Value | None]:
        return {name: self.inputs[name].within.get(str(value), value) for name, value in known.items()}

    def _named(self, version: Version, known: Mapping[str, Value | None]) -> Iterator[Row]:
        first = known.get(next(iter(self.inputs)))
        rows = version.index.get(first, version.rows) if isinstance(first, str) else version.rows
        return (row for row in rows if row.holds(known))

    def explain(self, day: date, /, **given: Given) -> Explanation:
        """Which rows decide, and for each other one the first cell that does not hold."""
        version, known = self.on(day), self.known(given)
        held = tuple(self._holding(version, known))
        if not any(row.holds(known) for row in held):
            known = self._wider(known)
        verdicts = tuple(self._verdict(row, known, given) for row in version.rows)
        return Explanation(self.name, self.question, version.valid_from.isoformat(), held, verdicts)

    @staticmethod
    def _verdict(row: Row, known: Mapping[str, Value | None], given: Mapping[str, Given]) -> Verdict:
        for name, value in known.items():
            if value is None:
                return Verdict(row.row, decides=False, because=f"{name} no conoce el valor {given[name]}")
            if name in row.when and not row.when[name].holds(value):
                return Verdict(row.row, decides=False, because=f"{name} es {value}; la fila pide {row.when[name]}")
        return Verdict(row.row, decides=True, because="decide")

    def words(self, day: date, name: str) -> frozenset[str]:
        """The words that the rows of a day name in an input, every declared one where a row leaves it open."""
        cells = [row.when.get(name) for row in self.on(day).rows]
        found = {word for cell in cells if isinstance(cell, Words) for word in cell.values}
        return frozenset(found) | (frozenset(self.inputs[name].values) if None in cells else frozenset())

    def gaps(self, day: date, /, **values: Iterable[str]) -> tuple[Mapping[str, Value], ...]:
        """Every case that no row decides; `line=[...]` asks for other values than the declared ones.

        An input of free text is asked with the words the rows name, a number with one value for each stretch
        between the ends that the rows name. Any other word is a gap by nature.
        """
        version = self.on(day)
        asked = {name: tuple(values.get(name, ())) or self._samples(one, version) for name, one in self.inputs.items()}
        cases = (dict(zip(asked, combination, strict=True)) for combination in product(*asked.values()))
        return tuple(case for case in cases if not any(self._holding(version, self.known(case))))

    @staticmethod
    def _samples(one: Input, version: Version) -> tuple[Value, ...]:
        cells = [row.when[one.name] for row in version.rows if one.name in row.when]
        if one.number:
            return points(end for cell in cells if isinstance(cell, Numbers) for end in cell.bounds())
        named = {word for cell in cells if isinstance(cell, Words) for word in cell.values}
        # a narrower word lacks a row only where its wider one does
        return tuple(word for word in one.values if word not in one.within) or tuple(sorted(named))


@dataclass(frozen=True, slots=True, eq=False)
class Tables(Mapping[str, Table]):
    """All tables of a service by name."""

    tables: Mapping[str, Table]

    def __getitem__(self, name: str) -> Table:
        return self.tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)

    def version(self, name: str, day: date) -> str:
        """The version of a table in force on a day, as facts store it. Raises RuleError when there is none."""
        return self.tables[name].on(day).valid_from.isoformat()

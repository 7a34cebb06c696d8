"""A folder of rules looked at as a whole: which tables, in which versions, with which gaps, and everything wrong with it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from shared.rules.error import RuleError
from shared.rules.load import TYPES, load, load_labels, load_policy
from shared.rules.marked import read
from shared.rules.tables import Table

POLICY: Final = "policy.yaml"
LABELS: Final = "labels.yaml"


@dataclass(frozen=True, slots=True)
class Wrong:
    """What may not be used: the code is stable, `where` is file:line below the folder's name."""

    folder: str
    where: str
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Folder:
    """The rules of one service: its tables that can be used, and what is wrong with the rest."""

    name: str
    tables: tuple[Table, ...]
    wrong: tuple[Wrong, ...]


def inspect(name: str, folder: Path) -> Folder:
    """Reads every file of the folder; an error in one says nothing about the others."""
    tables, wrong = dict[str, Table](), list[Wrong]()
    for path in sorted(folder.glob("*.yaml")):
        try:
            table = _read(path)
        except RuleError as error:
            wrong.append(Wrong(name, error.where or path.name, error.code, error.sentence))
            continue
        if table is not None and table.name in tables:
            twice = f"La tabla {table.name} ya está en {tables[table.name].file}."
            wrong.append(Wrong(name, f"{path.name}:1", "RULE_INVALID", twice))
        elif table is not None:
            tables[table.name] = table
    return Folder(name, tuple(tables.values()), tuple(wrong))


def _read(path: Path) -> Table | None:
    if path.name == POLICY:
        load_policy(path)
    elif path.name == LABELS:
        load_labels(path)
    elif path.name != TYPES:
        marked = read(path)
        return load(path) if isinstance(marked.value, Mapping) and "table" in marked.value else None
    return None


def in_force(folder: Folder, day: date) -> Folder:
    """The folder as it decides on a day: a table without a version in force decides nothing, which is an error."""
    tables, wrong = list[Table](), list(folder.wrong)
    for table in folder.tables:
        try:
            table.on(day)
        except RuleError as error:
            wrong.append(Wrong(folder.name, error.where, error.code, error.sentence))
        else:
            tables.append(table)
    return Folder(folder.name, tuple(tables), tuple(wrong))


def without_row(tables: Iterable[Table], day: date, column: str, words: Iterable[str]) -> Iterator[tuple[Table, str]]:
    """Every table that asks for the column, with each word that no row of it decides: a new line shows here."""
    for table in tables:
        if column in table.inputs:
            yield from ((table, word) for word in sorted(words) if word not in table.words(day, column))

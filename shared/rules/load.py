"""Reads decision tables from YAML and refuses what is unclear: overlaps, unknown values, failing cases, with file and line."""

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from shared.rules.tables import ANY, Policy, Row, RuleError, Table, Tables, Version


class _Lines(yaml.SafeLoader):
    """A loader that notes the line of each mapping under `__line__`."""


def _mapping(loader: _Lines, node: yaml.MappingNode) -> dict[str, Any]:
    found: dict[str, Any] = loader.construct_mapping(node, deep=True)
    found["__line__"] = node.start_mark.line + 1
    return found


_Lines.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load_dir(folders: Iterable[Path]) -> Tables:
    """All tables of these folders; a file without `table` is something else and is passed over."""
    tables: dict[str, Table] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.yaml")):
            raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_Lines)  # noqa: S506 - a SafeLoader
            if isinstance(raw, dict) and "table" in raw:
                table = read_table(path, raw)
                tables[table.name] = table
    return Tables(tables)


def read_table(path: Path, raw: Mapping[str, Any]) -> Table:
    """One table, checked. Raises RuleError naming file, line and problem."""
    inputs = {name: tuple(map(str, values or ())) for name, values in raw["inputs"].items() if name != "__line__"}
    versions = tuple(
        sorted((_version(path, raw, inputs, one) for one in raw["versions"]), key=lambda version: version.valid_from)
    )
    table = Table(raw["table"], raw.get("question", ""), inputs, versions)
    _check_cases(path, raw, table)
    return table


def _version(path: Path, raw: Mapping[str, Any], inputs: Mapping[str, tuple[str, ...]], one: Mapping[str, Any]) -> Version:
    since = one["valid_from"]
    if not isinstance(since, dt.date):
        raise RuleError(f"{path.name}:{one['__line__']}: valid_from debe ser una fecha")
    rows: list[Row] = []
    lines: dict[str, int] = {}
    for entry in one["rows"]:
        row = _row(path, inputs, entry, since.isoformat())
        if row.row in lines:
            raise RuleError(f"{path.name}:{entry['__line__']}: la fila {row.row} está repetida")
        lines[row.row] = entry["__line__"]
        rows.append(row)
    if raw.get("hit", "unique") == "unique":
        _check_overlaps(path, rows, lines)
    return Version(since, tuple(rows))


def _row(path: Path, inputs: Mapping[str, tuple[str, ...]], entry: Mapping[str, Any], version: str) -> Row:
    when: dict[str, frozenset[str]] = {}
    for name, cell in (entry.get("when") or {}).items():
        if name == "__line__":
            continue
        if name not in inputs:
            raise RuleError(f"{path.name}:{entry['__line__']}: la fila {entry['row']} usa la entrada desconocida {name}")
        values = frozenset(map(str, cell if isinstance(cell, list) else [cell]))
        unknown = values - set(inputs[name]) - ANY
        if inputs[name] and unknown:
            raise RuleError(f"{path.name}:{entry['__line__']}: {name} no conoce el valor {', '.join(sorted(unknown))}")
        if values != ANY:
            when[name] = values
    return Row(str(entry["row"]), version, when, _plain(entry.get("then") or {}))


def _check_overlaps(path: Path, rows: list[Row], lines: Mapping[str, int]) -> None:
    for index, first in enumerate(rows):
        for second in rows[index + 1 :]:
            shared = set(first.when) & set(second.when)
            if all(first.when[name] & second.when[name] for name in shared):
                where = f"{path.name}:{lines[second.row]}"
                raise RuleError(f"RULE_OVERLAP {where}: las filas {first.row} y {second.row} deciden un mismo caso")


def _check_cases(path: Path, raw: Mapping[str, Any], table: Table) -> None:
    for version in raw["versions"]:
        for case in version.get("cases") or ():
            given = {name: str(value) for name, value in case["given"].items() if name != "__line__"}
            found = table.decide(version["valid_from"], **given)
            if (found.row if found else None) != case["expect"]:
                decided = found.row if found else "ninguna"
                raise RuleError(f"{path.name}:{case['__line__']}: el caso espera {case['expect']} y decide {decided}")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items() if name != "__line__"}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def load_policy(path: Path) -> Policy:
    """Policy values: per name a list of {from, value}, or one value in force since 2026-09-01."""
    raw = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    start = dt.date(2026, 9, 1)
    values: dict[str, tuple[tuple[dt.date, Any], ...]] = {}
    for name, entry in (raw or {}).items():
        dated = isinstance(entry, list) and all(isinstance(one, dict) and "from" in one for one in entry)
        values[name] = tuple((one["from"], one["value"]) for one in entry) if dated else ((start, entry),)
    return Policy(values)


def load_labels(path: Path) -> dict[str, dict[str, str]]:
    """Per kind the value behind each label, compared without case, accents and separators."""
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {
        kind: {plain(alias): value for value, aliases in values.items() for alias in (value, *(aliases or ()))}
        for kind, values in raw.items()
    }


_FROM, _TO = "áéíóúüñÁÉÍÓÚÜÑ", "aeiouunAEIOUUN"
_ACCENTS = str.maketrans(_FROM, _TO)


def plain(label: str) -> str:
    """A label without case, accents, and with space, `_`, `-`, `/` alike."""
    text = label.translate(_ACCENTS).casefold()
    return " ".join("".join(" " if one in "_-/" else one for one in text).split())

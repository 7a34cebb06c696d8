"""The only place that reads rule files: decision tables, policy values and labels, checked with file and line."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from shared.rules.error import RuleError
from shared.rules.labels import Labels, plain
from shared.rules.marked import Marked, read
from shared.rules.outputs import Types
from shared.rules.policy import OTHERS, Policy
from shared.rules.reading import read_day, read_table, read_types
from shared.rules.tables import Table, Tables

TYPES: Final = "types.yaml"
LIMITS: Final = frozenset({"one_of", "by"})
"""What a value may be, and by which kinds: where one of these is said, the value itself stands under `value`."""
COMMON_POLICY: Final = Path(__file__).parent / "policy.yaml"
"""Values that hold for every service."""


def load(path: Path) -> Table:
    """One table, with the types that `types.yaml` beside it names. Raises RuleError naming file and line."""
    return read_table(read(path), _types(path.parent))


def load_dir(dirs: Iterable[Path]) -> Tables:
    """All tables of these folders; a file without `table` is something else and is passed over."""
    tables: dict[str, Table] = {}
    for folder in dirs:
        types = _types(folder)
        for path in sorted(folder.glob("*.yaml")):
            marked = read(path)
            if not isinstance(marked.value, Mapping) or "table" not in marked.value:
                continue
            table = read_table(marked, types)
            if table.name in tables:
                raise marked.wrong(f"La tabla {table.name} ya está en {tables[table.name].file}.")
            tables[table.name] = table
    return Tables(MappingProxyType(tables))


def load_policy(*paths: Path) -> Policy:
    """Policy values of these files, a later one before an earlier; a file that is not there has none.

    `valid_from` stands once for all plain values. A value with its alternatives is {one_of, value}; one that changes is
    {one_of?, versions: [{valid_from, value}]}. One that names its kinds, {by: [kind, ...], ...}, may be a value for all of
    them, or {kind: value, others: value}. Raises RuleError naming file and line.
    """
    values: dict[str, tuple[tuple[date, Any], ...]] = {}
    for path in paths:
        entries = dict(read(path).mapping()) if path.exists() else {}
        since = read_day(entries.pop("valid_from")) if "valid_from" in entries else None
        values |= {name: _policy(name, one, since) for name, one in entries.items()}
    return Policy(MappingProxyType(values))


def _policy(name: str, marked: Marked, since: date | None) -> tuple[tuple[date, Any], ...]:
    fields = marked.value if isinstance(marked.value, Mapping) else {}
    dated = [one.fields(["valid_from", "value"]) for one in fields["versions"].entries()] if "versions" in fields else []
    values = {read_day(one["valid_from"]): one["value"] for one in dated}
    if len(values) < len(dated):
        raise fields["versions"].wrong(f"{name} tiene dos valores desde un mismo día.")
    if not values:
        if since is None:
            raise marked.wrong(f"{name} no dice desde cuándo vale: falta valid_from en el archivo.")
        values = {since: fields["value"] if LIMITS & set(fields) else marked}
    if LIMITS & set(fields):
        marked.fields([], [*LIMITS, "value", "versions"])
    allowed = fields["one_of"].plain() if "one_of" in fields else None
    for value in (one for by_day in values.values() for one in _by_kind(by_day, fields.get("by"))):
        if allowed is not None and value.plain() not in allowed:
            raise value.wrong(f"{name} no puede ser {value.plain()}; puede ser {', '.join(map(str, allowed))}.")
    return tuple((day, values[day].plain()) for day in sorted(values))


def _by_kind(value: Marked, kinds: Marked | None) -> Iterable[Marked]:
    """The value of each kind, none of them unknown or left out; the one value where it is the same for all."""
    if kinds is None or not isinstance(value.value, Mapping):
        return (value,)
    known = kinds.plain()
    return value.fields([] if set(known) <= set(value.value) else [OTHERS], [*known, OTHERS]).values()


def load_labels(path: Path) -> Labels:
    """Labels as {kind: {value: [aliases]}}; a value is its own label. Raises RuleError for a label with two values."""
    kinds: dict[str, Mapping[str, str]] = {}
    for kind, values in read(path).mapping().items():
        found: dict[str, str] = {}
        for value, aliases in values.mapping().items():
            for label in (value, *(one.text() for one in aliases.entries())):
                other = found.setdefault(plain(label), value)
                if other != value:
                    raise aliases.wrong(f"{label} quiere decir {other} y también {value}.")
        kinds[kind] = MappingProxyType(found)
    return Labels(MappingProxyType(kinds))


def _types(folder: Path) -> Types:
    path = folder / TYPES
    return read_types(read(path)) if path.exists() else {}


__all__ = ["COMMON_POLICY", "Labels", "RuleError", "load", "load_dir", "load_labels", "load_policy", "plain"]

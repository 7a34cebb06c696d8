"""From marked YAML to a checked table: types, rows, overlaps, cases."""

from collections.abc import Mapping
from datetime import date
from itertools import combinations
from types import MappingProxyType
from typing import Final, Literal

from shared.rules.cells import Cell, Numbers, Words, parse_range, shared
from shared.rules.error import RuleError
from shared.rules.marked import Marked
from shared.rules.outputs import FLAG, Output, Types, read_output
from shared.rules.tables import Input, Row, Table, Version

ANY: Final = "any"


def read_types(marked: Marked) -> Types:
    """Named lists of values that the tables of one folder share (`types.yaml`)."""
    named = marked.fields(["types"])["types"].mapping()
    return {name: tuple(one.text() for one in values.entries()) for name, values in named.items()}


def read_table(marked: Marked, types: Types) -> Table:
    """One table, checked whole. Raises RuleError naming file, line and what to mend."""
    fields = marked.fields(["table", "question", "inputs", "outputs", "versions"], ["hit"])
    hit: Literal["unique", "all"] = "unique"
    if "hit" in fields and (named := fields["hit"].text()) != hit:
        if named != "all":
            raise fields["hit"].wrong(f"hit es unique o all, no {named}.")
        hit = "all"
    inputs = {name: _input(name, one, types) for name, one in fields["inputs"].mapping().items()}
    if not inputs:
        raise fields["inputs"].wrong("Una tabla necesita al menos una entrada.")
    outputs = {name: read_output(one, types) for name, one in fields["outputs"].mapping().items()}
    versions: dict[date, Version] = {}
    for one in fields["versions"].entries():
        version = _version(one, inputs, outputs, hit)
        if version.valid_from in versions:
            raise one.wrong(f"Ya hay una versión vigente desde el {version.valid_from:%d/%m/%Y}.")
        versions[version.valid_from] = version
    in_order = tuple(versions[day] for day in sorted(versions))
    file = marked.where.partition(":")[0]
    table = Table(fields["table"].text(), fields["question"].text(), hit, MappingProxyType(inputs), in_order, file)
    for one in fields["versions"].entries():
        _check_cases(table, one)
    return table


def read_day(marked: Marked) -> date:
    """An effective date. Raises RuleError for anything else."""
    if type(marked.value) is not date:  # a datetime is a date too, and a moment is no effective date
        raise marked.wrong("Aquí va una fecha, como 2026-09-01.")
    return marked.value


def _input(name: str, marked: Marked, types: Types) -> Input:
    if isinstance(marked.value, Mapping):
        within = {one.text(): wide for wide, narrow in marked.value.items() for one in narrow.entries()}
        return Input(name, (*marked.value, *within), within=MappingProxyType(within))
    if isinstance(marked.value, tuple):
        return Input(name, tuple(one.text() for one in marked.value))
    match marked.text():
        case "text":
            return Input(name)
        case "flag":
            return Input(name, FLAG)
        case "number":
            return Input(name, number=True)
        case named if named in types:
            return Input(name, types[named])
        case unknown:
            raise marked.wrong(f"No se conoce el tipo {unknown}; se conocen {', '.join(('text', 'flag', 'number', *types))}.")


def _version(marked: Marked, inputs: Mapping[str, Input], outputs: Mapping[str, Output], hit: str) -> Version:
    fields = marked.fields(["valid_from", "rows"], ["cases"])
    since = read_day(fields["valid_from"])
    rows: dict[str, tuple[Row, Marked]] = {}
    for entry in fields["rows"].entries():
        row = _row(entry, inputs, outputs, since.isoformat())
        if row.row in rows:
            raise entry.wrong(f"La fila {row.row} está repetida; la primera está en {rows[row.row][1].where}.")
        rows[row.row] = (row, entry)
    if hit == "unique":
        _check_overlaps(rows, inputs)
    in_order = tuple(row for row, _ in rows.values())
    return Version(since, in_order, _index(in_order, next(iter(inputs))))


def _index(rows: tuple[Row, ...], first: str) -> Mapping[str, tuple[Row, ...]]:
    cells = [row.when.get(first) for row in rows]
    words = {word for cell in cells if isinstance(cell, Words) for word in cell.values}
    return {word: tuple(row for row, cell in zip(rows, cells, strict=True) if cell is None or cell.holds(word)) for word in words}


def _row(marked: Marked, inputs: Mapping[str, Input], outputs: Mapping[str, Output], version: str) -> Row:
    fields = marked.fields(["row", "then"], ["when"])
    name = fields["row"].text()
    when: dict[str, Cell] = {}
    for one, cell in (fields["when"].mapping() if "when" in fields else {}).items():
        if one not in inputs:
            raise cell.wrong(f"La fila {name} usa la entrada desconocida {one}; la tabla tiene {', '.join(inputs)}.")
        if cell.value != ANY:
            when[one] = _numbers(cell) if inputs[one].number else _words(cell, inputs[one])
    then = fields["then"].fields([one for one, output in outputs.items() if not output.optional], outputs)
    known = {one: outputs[one].read(cell) for one, cell in then.items()}
    return Row(name, version, MappingProxyType(when), MappingProxyType(known))


def _words(marked: Marked, one: Input) -> Words:
    but = isinstance(marked.value, Mapping)
    cell = marked.fields(["not"])["not"] if but else marked
    if but and not one.values:
        raise marked.wrong(f"`not` necesita una entrada con valores declarados, y {one.name} es texto libre.")
    words = {entry.text(): entry for entry in cell.entries()}
    for word, entry in words.items():
        if one.values and word not in one.values:
            raise entry.wrong(f"{one.name} no conoce el valor {word}; conoce {', '.join(one.values)}.")
    chosen = frozenset(one.values) - one.within.keys() - words.keys() if but else frozenset(words)
    if not chosen:
        raise marked.wrong(f"La celda {one.name} no deja ningún valor.")
    return Words(chosen)


def _numbers(marked: Marked) -> Numbers:
    ranges = []
    for entry in marked.entries():
        found = parse_range(entry.text())
        if found is None:
            raise entry.wrong(f"{entry.text()} no es una comparación como <= 20000.00 o > 20000.00 <= 100000.00.")
        ranges.append(found)
    return Numbers(" o ".join(entry.text() for entry in marked.entries()), tuple(ranges))


def _check_overlaps(rows: Mapping[str, tuple[Row, Marked]], inputs: Mapping[str, Input]) -> None:
    for (first, _), (second, entry) in combinations(rows.values(), 2):
        case = {name: shared(first.when.get(name), second.when.get(name)) for name in inputs}
        if all(value is not None for value in case.values()):
            told = ", ".join(f"{name} {value}" for name, value in case.items())
            raise entry.wrong(f"Las filas {first.row} y {second.row} deciden el mismo caso: {told}.", "RULE_OVERLAP")


def _check_cases(table: Table, version: Marked) -> None:
    fields = version.mapping()
    for case in fields["cases"].entries() if "cases" in fields else ():
        parts = case.fields(["given", "expect"])
        try:
            given = {name: one.plain() for name, one in parts["given"].mapping().items()}
            rows = table.rows(read_day(fields["valid_from"]), **given)
        except RuleError as error:
            raise case.wrong(error.sentence) from error
        if missing := (table.inputs.keys() - given.keys() if table.hit == "unique" else ()):
            raise case.wrong(f"El caso no dice {', '.join(sorted(missing))}.")
        found = [row.row for row in rows]
        expected = [one.text() for one in parts["expect"].entries() if one.value is not None]
        if found != expected:
            raise case.wrong(f"El caso espera {_told(expected)} y decide {_told(found)}.", "RULE_CASE")


def _told(rows: list[str]) -> str:
    return ", ".join(rows) or "ninguna fila"

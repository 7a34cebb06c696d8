"""The acceptance criteria and the tests that prove them: read from docs/criteria.yaml, the test files and the last report."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import yaml

ROOT: Final = Path(__file__).parents[1]
TABLE: Final = ROOT / "docs" / "criteria.yaml"
PAGE: Final = ROOT / "docs" / "criteria.md"
WORST: Final = ("failed", "skipped", "passed")
"""A test with many cases is told by the worst of them."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One test function: its file below the repository, its name, and the criteria it carries."""

    file: str
    name: str
    ids: tuple[str, ...]

    @property
    def claim(self) -> str:
        """The name as the sentence it is."""
        return self.name.removeprefix("test_").replace("_", " ")


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion: what it says, the tests that carry it, and why it is open if it is."""

    id: str
    says: str
    chapter: str
    owner: str
    tests: tuple[Proof, ...]
    open: str | None = None


@dataclass(frozen=True, slots=True)
class Criteria:
    """All of them in the order of the table, and what is wrong with table or tests, in Spanish."""

    all: tuple[Criterion, ...]
    problems: tuple[str, ...]


def read(table: Path = TABLE, root: Path = ROOT) -> Criteria:
    """Table and tests as they stand; every disagreement is a problem."""
    written = yaml.safe_load(table.read_text(encoding="utf-8"))
    tests = [test for path in sorted((root / "tests").rglob("*.py")) for test in proofs(path, root)]
    reasons: Mapping[str, str] = written["open"] or {}
    found = tuple(
        Criterion(
            id=one,
            says=says,
            chapter=chapter["chapter"],
            owner=chapter["owner"],
            tests=tuple(test for test in tests if one in test.ids),
            open=reasons.get(one),
        )
        for chapter in written["criteria"]
        for one, says in chapter["ids"].items()
    )
    return Criteria(found, tuple(_problems(found, reasons, tests)))


def _problems(found: tuple[Criterion, ...], reasons: Mapping[str, str], tests: list[Proof]) -> Iterator[str]:
    ids = [one.id for one in found]
    yield from (f"El criterio {twice} está dos veces en la tabla." for twice in sorted({i for i in ids if ids.count(i) > 1}))
    yield from (f"{reason} está abierto y no está en la tabla." for reason in reasons if reason not in ids)
    for test in tests:
        if not test.name:
            yield f"{test.file} marca un criterio fuera de una función de prueba."
        for unknown in sorted(set(test.ids) - set(ids)):
            yield f"{test.file}::{test.name} lleva el criterio desconocido {unknown}."
    for one in found:
        if not one.tests and one.open is None:
            yield f"Ninguna prueba lleva el criterio {one.id}: {one.says}"
        if one.tests and one.open is not None:
            yield f"{one.id} ya tiene pruebas: sáquelo de la lista de abiertos."


def proofs(path: Path, root: Path) -> Iterator[Proof]:
    """The test functions of a file that carry criteria; a marker elsewhere gives a test without a name."""
    tree, file = ast.parse(path.read_text(encoding="utf-8")), str(path.relative_to(root))
    inside = set[ast.Call]()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            calls = [call for decorator in node.decorator_list for call in _markers(decorator)]
            inside.update(calls)
            if calls:
                yield Proof(file, node.name, tuple(one for call in calls for one in _ids(call)))
    yield from (Proof(file, "", _ids(call)) for call in _markers(tree) if call not in inside)


def _markers(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "criterion":
            yield node


def _ids(call: ast.Call) -> tuple[str, ...]:
    return tuple(str(argument.value) if isinstance(argument, ast.Constant) else ast.unparse(argument) for argument in call.args)


def results(report: Path) -> Mapping[tuple[str, str], str]:
    """What the JUnit report of the last run says of each test (file, name); empty where there is none."""
    found = dict[tuple[str, str], str]()
    if not report.exists():
        return found
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - our own report
        key = (case.attrib["classname"].replace(".", "/") + ".py", case.attrib["name"].partition("[")[0])
        tags = {child.tag for child in case}
        result = "failed" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passed"
        found[key] = min(found.get(key, result), result, key=WORST.index)
    return found


def result(one: Criterion, last: Mapping[tuple[str, str], str]) -> str:
    """`open`, `failed`, `passed` when every test of it did, else `not run` (some did not)."""
    if one.open is not None:
        return "open"
    told = {last.get((test.file, test.name), "not run") for test in one.tests}
    return "failed" if "failed" in told else "passed" if told == {"passed"} else "not run"


def page(criteria: Criteria) -> str:
    """docs/criteria.md."""
    proven = [one for one in criteria.all if one.open is None]
    tests = {(test.file, test.name) for one in criteria.all for test in one.tests}
    lines = [
        "# Acceptance criteria",
        "",
        "Generated by `make criteria` from [criteria.yaml](criteria.yaml) and the markers of the tests.",
        "`make check` fails when a criterion has no test, a test carries an unknown one, or this page is stale.",
        f"{len(criteria.all)} criteria: {len(proven)} proven by {len(tests)} tests, {len(criteria.all) - len(proven)} open.",
    ]
    chapter = ""
    for one in criteria.all:
        if one.chapter != chapter:
            chapter = one.chapter
            lines += ["", f"## {chapter}" + (f" ({one.owner})" if one.owner != "all" else "")]
        lines += ["", f"**{one.id}** {one.says}" + (f" *Open: {one.open}*" if one.open else ""), ""]
        lines += [f"- {test.claim} ([{Path(test.file).stem}](../{test.file}))" for test in one.tests]
    return "\n".join(lines).replace("\n\n\n", "\n\n").rstrip() + "\n"

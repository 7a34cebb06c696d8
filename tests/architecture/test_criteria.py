"""The gate of the criteria: each has a test or says why not, no test carries another, the page is up to date."""

from pathlib import Path

import pytest

from o2c.criteria import PAGE, page, read, result, results

TABLE = """
criteria:
  - chapter: 1 Recibir
    owner: intake
    ids: {"1.1": Segments, "1.2": Sites}
open: {%s}
"""


def problems(root: Path, test: str, open_: str = "") -> tuple[str, ...]:
    (root / "tests").mkdir()
    (root / "tests" / "test_it.py").write_text(test, encoding="utf-8")
    (root / "table.yaml").write_text(TABLE % open_, encoding="utf-8")
    return read(root / "table.yaml", root).problems


def test_every_criterion_has_a_test_or_says_why_it_is_open_and_no_test_carries_an_unknown_one() -> None:
    assert read().problems == ()


def test_the_page_is_what_table_and_tests_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(read()), "run make criteria"


@pytest.mark.parametrize(
    ("test", "open_", "told"),
    [
        ("@m.criterion('1.1', '1.2')\ndef test_a(): ...", "", ()),
        ("@m.criterion('1.1')\nasync def test_a(): ...", "'1.2': later", ()),
        ("@m.criterion('1.1')\ndef test_a(): ...", "", ("Ninguna prueba lleva el criterio 1.2: Sites",)),
        (
            "@m.criterion('1.1', '1.2', '9.9')\ndef test_a(): ...",
            "",
            ("tests/test_it.py::test_a lleva el criterio desconocido 9.9.",),
        ),
        (
            "@m.criterion('1.1', '1.2')\ndef test_a(): ...",
            "'1.2': later",
            ("1.2 ya tiene pruebas: sáquelo de la lista de abiertos.",),
        ),
        ("@m.criterion('1.1', '1.2')\ndef test_a(): ...", "'7': later", ("7 está abierto y no está en la tabla.",)),
        (
            "mark = m.criterion('1.1', '1.2')\n",  # no test function: nobody sees what it proves
            "",
            ("tests/test_it.py marca un criterio fuera de una función de prueba.",),
        ),
    ],
)
def test_what_the_gate_refuses(tmp_path: Path, test: str, open_: str, told: tuple[str, ...]) -> None:
    assert problems(tmp_path, test, open_) == told


def test_a_criterion_is_told_by_the_worst_of_its_cases_in_the_last_run(tmp_path: Path) -> None:
    problems(tmp_path, "@m.criterion('1.1')\ndef test_a(): ...\n@m.criterion('1.2')\ndef test_b(): ...\n")
    report = tmp_path / "tests.xml"
    report.write_text(
        '<testsuites><testsuite><testcase classname="tests.test_it" name="test_a[x]"/>'
        '<testcase classname="tests.test_it" name="test_a[y]"><failure/></testcase></testsuite></testsuites>',
        encoding="utf-8",
    )
    found = {one.id: result(one, results(report)) for one in read(tmp_path / "table.yaml", tmp_path).all}
    assert found == {"1.1": "failed", "1.2": "not run"}

"""Every sentence that a person may be answered with is filled by whoever gives it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from shared.contracts.refusals import REFUSALS

ROOT = Path(__file__).parents[2]
BY_ANOTHER_NAME = {"refused", "_refused"}


def given() -> Iterator[tuple[str, str, set[str]]]:
    """Place, code and named details of every refusal in the code."""
    for path in (*ROOT.glob("services/**/*.py"), *ROOT.glob("shared/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BY_ANOTHER_NAME:
                code = node.args[0] if node.args else None
                if isinstance(code, ast.Constant):
                    where = f"{path.relative_to(ROOT)}:{node.lineno}"
                    yield where, str(code.value), {one.arg for one in node.keywords if one.arg}


def test_a_refusal_gives_all_that_its_sentence_names() -> None:
    found = list(given())
    assert len(found) > 100
    for where, code, details in found:
        named = {name for _, name, _, _ in Formatter().parse(REFUSALS[code].sentence) if name}
        assert named <= details, f"{where}: {code} lacks {named - details}"

"""The page of contracts shows every message, with fields and an example that its own schema accepts."""

import json
import re
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from o2c.cli import app
from o2c.contracts.page.fields import Field, example, fields
from o2c.contracts.released import FOLDER
from o2c.contracts.tmf import kinds
from shared.contracts.base import type_name
from shared.contracts.catalogue import COMMANDS, FACTS

TEXT = (FOLDER / "index.html").read_text(encoding="utf-8")
SCHEMAS = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/commands/*/*.schema.json"))


def test_every_message_stands_on_the_page_once() -> None:
    wanted = [
        type_name(service, kind) for table in (FACTS, COMMANDS) for service, all_ in table.items() for kind in all_.values()
    ]
    wanted += [f"o2c.tmf622.{kind}.v5" for kind in kinds(5)]
    assert sorted(re.findall(r"<p>Tipo <code>([^<]+)</code>", TEXT)) == sorted(wanted)


def test_the_page_needs_nothing_from_elsewhere() -> None:
    assert not re.findall(r"<script|<link(?! rel=\"icon\" href=\"data:)|@import|url\(|(?:src|href)=\"(?:https?:)?//", TEXT)
    assert all((FOLDER / path).is_file() for path in set(re.findall(r'href="([^"#][^"]*\.json)"', TEXT)))


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_example_of_a_command_is_what_its_schema_says(name: str) -> None:
    schema = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    assert list(Draft202012Validator(schema).iter_errors(example(schema))) == []


def test_nested_fields_stand_under_their_path_with_their_kind() -> None:
    schema = json.loads((FOLDER / "billing/BillingRequested/v1.0.schema.json").read_text(encoding="utf-8"))
    found = {one.path: one for one in fields(schema)}
    assert found["suborders[].items[].quantity"] == Field("suborders[].items[].quantity", "entero", required=True, description="")
    assert found["suborders"].kind == "lista de objeto"
    assert found["basis[].basis"].kind == "uno de: SIGNED, EXPIRED"
    assert found["phase.trigger.on"].required
    assert found["due"].kind == "instante (RFC 3339)"


def test_a_page_that_is_not_what_the_contracts_say_fails_the_check(tmp_path: Path) -> None:
    copied = tmp_path / "contracts"
    shutil.copytree(FOLDER, copied)
    (copied / "index.html").write_text(TEXT.replace("BillingRequested", "BillingGuessed"), encoding="utf-8")
    done = CliRunner().invoke(app, ["contracts", "generate", "--check", "--folder", str(copied)])
    assert done.exit_code == 1
    assert "difiere: docs/contracts/index.html" in done.stdout

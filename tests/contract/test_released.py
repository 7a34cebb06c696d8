"""What is released stays: its files never change, today's models may follow it, and today's code reads its messages."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner, Result

from o2c.cli import app
from o2c.contracts.golden import files
from o2c.contracts.released import FOLDER, LIST, Released, digest_of, plan, to_text
from shared.contracts.base import to_json
from shared.contracts.catalogue import fact_type

GOLDEN = sorted(name for name in Released().hashes if name.startswith("golden/"))


def contracts(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["contracts", *words, "--folder", str(folder)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what is published, to break."""
    copied = tmp_path / "contracts"
    shutil.copytree(FOLDER, copied)
    return copied


def as_if_released(folder: Path, name: str, change: Callable[[Any], object]) -> None:
    """Makes it seem that another schema was released than today's model gives."""
    path = folder / name
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    before = digest_of(path)
    path.write_text(to_text(content), encoding="utf-8")
    listed = folder / LIST
    listed.write_text(listed.read_text().replace(before, digest_of(path)))


def test_the_models_are_what_is_released() -> None:
    now = plan(Released())
    assert (dict(now.drafts), dict(now.broken)) == ({}, {})
    assert list(Released().touched()) == []


def test_a_released_file_that_changed_or_went_fails_the_check(folder: Path) -> None:
    (folder / "billing/BillingRequested/v1.0.schema.json").write_text("{}")
    (folder / GOLDEN[0]).unlink()
    done = contracts(folder, "generate", "--check")
    assert done.exit_code == 1
    assert "billing/BillingRequested/v1.0.schema.json: se publicó y cambió" in done.stdout
    assert f"{GOLDEN[0]}: se publicó y ya no está" in done.stdout


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (
            "billing/BillingRequested/v1.0.schema.json",
            lambda schema: schema["properties"].update(zone={"type": "string"}),  # the model lost a field
            "$.zone [FIELD_REMOVED] el campo ya no existe; rompe a quien lee el hecho",
        ),
        (
            "billing/commands/ConfirmBillingActivation/v1.0.schema.json",
            lambda schema: schema["required"].remove("request_id"),  # the model made a field obligatory
            "$.request_id [REQUIRED_ADDED] el campo pasó a ser obligatorio; rompe a quien envía el comando",
        ),
    ],
)
def test_a_model_that_breaks_what_is_released_fails_the_check_and_is_not_generated(
    folder: Path, name: str, change: Callable[[Any], object], said: str
) -> None:
    as_if_released(folder, name, change)
    for words in (["generate", "--check"], ["generate"], ["release"]):
        done = contracts(folder, *words)
        assert done.exit_code == 1
    assert said in contracts(folder, "generate", "--check").stdout
    assert not (folder / name).with_name("v1.1.schema.json").exists()


def test_a_message_that_no_model_stands_for_any_more_fails_the_check(folder: Path) -> None:
    (folder / "billing/BillingGuessed").mkdir()
    (folder / "billing/BillingGuessed/v1.0.schema.json").write_text("{}")
    with (folder / LIST).open("a") as listed:
        listed.write(
            f"{digest_of(folder / 'billing/BillingGuessed/v1.0.schema.json')}  billing/BillingGuessed/v1.0.schema.json\n"
        )
    assert "[MESSAGE_REMOVED]" in contracts(folder, "generate", "--check").stdout


def test_an_optional_addition_becomes_the_next_minor_once_it_is_released(folder: Path) -> None:
    name = "billing/BillingRequested/v1.0.schema.json"
    as_if_released(folder, name, lambda schema: schema["properties"].pop("opportunity_code"))  # the model got an optional field
    frozen = (folder / name).read_bytes()
    assert contracts(folder, "generate", "--check").exit_code == 1
    assert contracts(folder, "generate").exit_code == 0
    done = contracts(folder, "generate", "--check")
    assert (done.exit_code, "o2c contracts release" in done.stdout) == (1, True)
    assert contracts(folder, "release").exit_code == 0
    assert contracts(folder, "generate", "--check").exit_code == 0
    assert (folder / name).read_bytes() == frozen
    newer = json.loads((folder / name).with_name("v1.1.schema.json").read_text(encoding="utf-8"))
    assert newer["$id"] == "urn:o2c:schema:billing:BillingRequested:1.1"
    assert "golden/billing/BillingRequested/v1.1/sample.json" in Released(folder).hashes
    assert "v1.1.schema.json" in (folder / "billing.asyncapi.json").read_text(encoding="utf-8")


def test_every_released_version_of_a_fact_has_a_golden_message() -> None:
    versions = {
        f"golden/{folder}/v{one}" for folder, all_ in Released().versions.items() if "commands" not in folder for one in all_
    }
    assert {str(Path(name).parent) for name in GOLDEN} == versions
    assert files(FOLDER) == set(GOLDEN)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_golden_message_keeps_its_schema_and_is_read_by_todays_code(name: str) -> None:
    message = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    _, service, kind, version, _ = name.split("/")
    schema = json.loads((FOLDER / service / kind / f"{version}.schema.json").read_text(encoding="utf-8"))
    assert (
        list(Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).iter_errors(message["value"])) == []
    )
    found = fact_type(message["headers"]["ce_type"])
    assert found is not None
    fact = found[1].model_validate(message["value"])
    said = json.loads(to_json(fact))
    assert {field: said.get(field) for field in message["value"]} == message["value"]  # nothing it says is lost today

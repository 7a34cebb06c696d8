"""What may follow a released schema: a table of changes, as a reader of facts and as a writer of commands sees them."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from o2c.cli import app
from o2c.contracts.compatibility import breaks
from o2c.contracts.released import FOLDER

OLD: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9]+$", "maxLength": 10},
        "basis": {"enum": ["SIGNED", "EXPIRED"], "type": "string"},
        "amount": {"$ref": "#/$defs/Money"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "days": {"type": "integer", "minimum": 1, "default": 10},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Money"}},
        "values": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["id", "basis", "amount"],
    "$defs": {
        "Money": {
            "type": "object",
            "title": "Money",
            "properties": {"amount": {"type": "string"}, "currency": {"type": "string"}},
            "required": ["amount"],
        }
    },
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The old schema with one place set, or taken out where the value is `...`."""
    new = copy.deepcopy(OLD)
    *steps, last = path.split("/")
    place: Any = new
    for step in steps:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return new


NO, FACT, COMMAND, BOTH = "", "fact", "command", "fact command"


@pytest.mark.parametrize(
    ("path", "value", "where", "kind", "for_whom"),
    [
        ("properties/city", {"type": "string"}, "", "", NO),  # an optional addition breaks nobody
        ("properties/id/description", "el número", "", "", NO),
        ("properties/note", ..., "$.note", "FIELD_REMOVED", BOTH),
        ("properties/id/type", "integer", "$.id", "TYPE_REMOVED", BOTH),
        ("required", ["id", "basis", "amount", "days"], "$.days", "REQUIRED_ADDED", BOTH),  # history has none
        ("required", ["id", "basis"], "$.amount", "REQUIRED_REMOVED", FACT),  # its reader counts on it; its writer may omit it
        ("properties/basis/enum", ["SIGNED"], "$.basis", "ENUM_VALUE_REMOVED", BOTH),
        ("properties/basis/enum", ["SIGNED", "EXPIRED", "AGREED"], "$.basis", "ENUM_VALUE_ADDED", FACT),
        ("properties/basis/enum", ..., "$.basis", "ENUM_OPENED", FACT),
        ("properties/id/enum", ["1"], "$.id", "ENUM_CLOSED", BOTH),
        ("properties/id/maxLength", 9, "$.id", "CONSTRAINT_CHANGED", BOTH),
        ("properties/id/maxLength", 11, "$.id", "CONSTRAINT_CHANGED", FACT),
        ("properties/id/maxLength", ..., "$.id", "CONSTRAINT_CHANGED", FACT),
        ("properties/id/minLength", 1, "$.id", "CONSTRAINT_CHANGED", BOTH),
        ("properties/days/minimum", 0, "$.days", "CONSTRAINT_CHANGED", FACT),
        ("properties/days/default", 5, "$.days", "DEFAULT_CHANGED", BOTH),
        ("properties/id/pattern", "^[0-9]*$", "$.id", "CONSTRAINT_CHANGED", BOTH),  # nobody can judge patterns
        ("properties/note/anyOf", [{"type": "string"}], "$.note", "TYPE_REMOVED", BOTH),
        ("properties/id/type", ["string", "integer"], "$.id", "TYPE_ADDED", FACT),
        ("$defs/Money/properties/amount/type", "number", "$.lines[].amount", "TYPE_REMOVED", BOTH),
        ("properties/values/additionalProperties", {"type": "integer"}, "$.values.*", "TYPE_REMOVED", BOTH),
        ("properties/values/additionalProperties", False, "$.values.*", "CONTENT_CHANGED", BOTH),
        ("properties/lines/prefixItems", [], "$.lines", "CONSTRAINT_CHANGED", BOTH),  # unknown here, so never passed over
    ],
)
def test_a_change_breaks_those_who_rely_on_what_it_takes_away(
    path: str, value: Any, where: str, kind: str, for_whom: str
) -> None:
    new = changed(path, value)
    assert [one for one in breaks(OLD, new, "fact") if "fact" in for_whom] == breaks(OLD, new, "fact")
    for role in ("fact", "command"):
        found = {(one.path, one.kind) for one in breaks(OLD, new, role)}
        assert ((where, kind) in found) == (role in for_whom.split()), (role, found)
        assert bool(found) == (role in for_whom.split()), (role, found)


def test_a_model_that_only_got_another_name_breaks_nobody() -> None:
    new = json.loads(json.dumps(OLD).replace("Money", "Price"))
    assert breaks(OLD, new, "fact") == []


def test_a_schema_that_refers_to_itself_is_compared_once() -> None:
    tree = {"$ref": "#/$defs/N", "$defs": {"N": {"type": "object", "properties": {"next": {"$ref": "#/$defs/N"}}}}}
    assert breaks(tree, copy.deepcopy(tree), "fact") == []


def released_with(tmp_path: Path, name: str, change: Any) -> Path:
    """A copy of one released schema, changed."""
    content = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    change(content)
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


REQUEST = "billing/BillingRequested/v1.0.schema.json"


def test_diff_says_in_spanish_what_breaks_and_where(tmp_path: Path) -> None:
    new = released_with(tmp_path, REQUEST, lambda schema: schema["properties"].pop("phase"))
    done = CliRunner().invoke(app, ["contracts", "diff", str(FOLDER / REQUEST), str(new)])
    assert done.exit_code == 1
    assert "$.phase [FIELD_REMOVED] el campo ya no existe; rompe a quien lee el hecho" in done.stdout
    done = CliRunner().invoke(app, ["contracts", "diff", "--json", str(FOLDER / REQUEST), str(new)])
    assert [one["path"] for one in json.loads(done.stdout)["breaks"]] == ["$.phase"]


def test_diff_of_folders_takes_the_newest_of_each_message_and_misses_what_is_gone(tmp_path: Path) -> None:
    released_with(tmp_path, REQUEST, lambda schema: schema["properties"].update(more={"type": "string"}))
    done = CliRunner().invoke(app, ["contracts", "diff", str(tmp_path), str(FOLDER)])
    assert (done.exit_code, "$.more [FIELD_REMOVED]" in done.stdout) == (1, True)
    done = CliRunner().invoke(app, ["contracts", "diff", str(FOLDER / "billing"), str(tmp_path / "billing")])
    assert (done.exit_code, "MESSAGE_REMOVED" in done.stdout) == (1, True)
    one = str(FOLDER / "billing" / "BillingRequested")
    assert "Compatible: 1" in CliRunner().invoke(app, ["contracts", "diff", one, one]).stdout
    assert CliRunner().invoke(app, ["contracts", "diff", str(tmp_path / "nothing"), one]).exit_code == 2

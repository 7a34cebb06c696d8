"""The AsyncAPI documents hang together: every reference leads somewhere, every operation to its channel, examples are true."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from o2c.contracts.released import FOLDER
from o2c.contracts.salesforce import FOLDER as SAMPLES
from o2c.contracts.salesforce import SHAPES
from o2c.local import topics_of
from services.intake.app import SERVICE as INTAKE
from shared.settings import Settings

DOCUMENTS = sorted(path.name for path in FOLDER.glob("*asyncapi.json"))
WHOLE = "asyncapi.json"
OUTBOUND = "15_tmf_event_in_cloudevent_for_billing"
"""The habit of a partner, for what we send."""


@cache
def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def references(node: Any) -> Iterator[str]:
    """Every reference but those within a payload that is an example."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for name, one in node.items():
            if name != "examples":
                yield from references(one)
    elif isinstance(node, list):
        for one in node:
            yield from references(one)


def followed(document: Any, reference: str) -> Any:
    """What a reference leads to. Raises KeyError or FileNotFoundError."""
    if not reference.startswith("#"):
        return read(FOLDER / reference)
    found = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/")]
    return found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_reference_leads_somewhere_and_titles_have_no_spaces(name: str) -> None:
    document = read(FOLDER / name)
    assert document["asyncapi"] == "3.0.0"
    assert " " not in document["info"]["title"]
    found = set(references(document))
    assert found
    for one in found:
        assert followed(document, one) is not None


def test_the_whole_has_every_topic_once_and_says_who_reads_which_message() -> None:
    whole = read(FOLDER / WHOLE)
    assert set(whole["channels"]) == {one.name for one in topics_of(Settings())} - {"o2c.contacts.v1"}
    assert all(channel["x-retention-days"] for channel in whole["channels"].values())
    for name, one in whole["operations"].items():
        address = one["channel"]["$ref"].removeprefix("#/channels/")
        assert name.endswith(f"-{one['action']}-{address}")
        assert all(message["$ref"].startswith(f"#/channels/{address}/messages/") for message in one["messages"])
    heard = whole["operations"]["billing-receive-o2c.acceptance.v1"]["messages"]
    assert {"$ref": "#/channels/o2c.acceptance.v1/messages/AcceptanceExpiryNotified"} in heard
    assert len(heard) < len(whole["channels"]["o2c.acceptance.v1"]["messages"])


def test_every_fact_has_an_example_that_its_own_schema_accepts() -> None:
    whole, seen = read(FOLDER / WHOLE), 0
    for address, channel in whole["channels"].items():
        for message in channel["messages"].values():
            payload = message.get("payload", {})
            assert "examples" in message or ".commands." in address or "$ref" in message, message
            for one in message.get("examples", ()) if "$ref" in payload else ():
                seen += 1
                assert list(Draft202012Validator(followed(whole, payload["$ref"])).iter_errors(one["payload"])) == []
    assert seen > 100


def test_what_comes_from_salesforce_is_told_on_each_of_its_topics_with_every_sample_once() -> None:
    document = read(FOLDER / "salesforce.asyncapi.json")
    assert set(document["channels"]) == set(INTAKE.edges(Settings()))
    assert all(len(channel["messages"]) == len(SHAPES) for channel in document["channels"].values())
    told = [one["name"] for message in document["components"]["messages"].values() for one in message["examples"]]
    assert sorted(told) == sorted(path.stem for path in SAMPLES.glob("*.json") if path.stem != OUTBOUND)
    assert all(message["summary"] for message in document["components"]["messages"].values())

"""What is published is what the contracts say: every fact of a whole lifecycle against its committed schema."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from o2c.play.cast import Cast
from shared.contracts.base import to_json
from shared.contracts.catalogue import COMMANDS, FACTS
from shared.messaging.envelope import headers_of
from tests.lifecycle.town import Told, Town

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "shared" / "contracts" / "samples" / "salesforce"
PERSONAL = ("Ana Quispe", "ana.quispe@example.com", "+59170000001", "Av. 16 de Julio", "1020304050", "ejecutiva@example.com")


@pytest.fixture(scope="module")
def told() -> list[Told]:
    """Every fact of the bank's order, the silent site included."""
    town = Town(now=datetime(2026, 11, 24, 14, 3, 21, tzinfo=UTC), cast=Cast(silent=frozenset({"8015g00000AbC03AAF"})))
    town.salesforce(json.loads((SAMPLES / "01_platform_event_schemaless.json").read_text())["value"])
    town.live(14)
    return town.log


def schema(service: str, name: str) -> Any:
    return json.loads((ROOT / "docs" / "contracts" / service / name / "v1.0.schema.json").read_text(encoding="utf-8"))


def test_every_published_fact_is_what_its_schema_says(told: list[Told]) -> None:
    checked: dict[tuple[str, str], Draft202012Validator] = {}
    for one in told:
        key = (one.service, type(one.fact).__name__)
        validator = checked.setdefault(key, Draft202012Validator(schema(*key)))
        problems = [
            f"{'.'.join(map(str, found.path))}: {found.validator}"
            for found in validator.iter_errors(json.loads(to_json(one.fact)))
        ]
        assert problems == [], (key, problems)
    assert len(checked) > 60


def test_every_published_fact_reads_back_as_it_was(told: list[Told]) -> None:
    for one in told:
        assert type(one.fact).model_validate_json(to_json(one.fact)) == one.fact


def test_no_fact_carries_personal_data(told: list[Told]) -> None:
    for one in told:
        body = to_json(one.fact).decode()
        assert not [word for word in PERSONAL if word in body], one.id


def messages() -> Iterator[tuple[str, type]]:
    for table in (FACTS, COMMANDS):
        for service, kinds in table.items():
            yield from ((service, kind) for kind in kinds.values())


def test_every_message_says_what_it_promises() -> None:
    assert [f"{service}.{kind.__name__}" for service, kind in messages() if not (kind.__doc__ or "").strip()] == []


def test_the_headers_of_a_stored_fact_are_always_the_same_bytes() -> None:
    at = datetime(2026, 12, 1, 12, tzinfo=UTC)
    headers = [
        headers_of(
            "intake", "8015g00000AbC01AAF", 3, "OrderClaimed", at, "http/1", "om-1", "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
        )
    ]
    headers.append(
        headers_of(
            "intake", "8015g00000AbC01AAF", 3, "OrderClaimed", at, "http/1", "om-1", "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
        )
    )
    assert headers[0] == headers[1]
    pairs = dict(headers[0])
    assert pairs["ce_id"] == b"intake/8015g00000AbC01AAF/3"
    assert pairs["ce_type"] == b"o2c.intake.OrderClaimed.v1"
    assert pairs["ce_time"] == b"2026-12-01T12:00:00Z"

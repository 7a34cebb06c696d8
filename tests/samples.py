"""Salesforce samples as a connector would write them, and the decoder set up for the development organisation."""

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.intake.domain.salesforce.decode import decode
from services.intake.domain.salesforce.mapping import OrgMapping
from services.intake.domain.salesforce.reader import Labels
from services.intake.domain.salesforce.results import Decoded, Submitted
from shared.rules.load import load_labels

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "shared/contracts/samples/salesforce"
RULES = ROOT / "services/intake/rules"
BANK, SHOP, TWELVE_SITES = "00", "16", "17"
"""The three graphs: a bank with two sites, a shop of segment NEGOCIO, a bank with twelve sites and phases."""


@cache
def _text(number: str) -> str:
    return next(FOLDER.glob(f"{number}_*.json")).read_text(encoding="utf-8")


def sample(number: str) -> Any:
    """A fresh copy of a sample."""
    return json.loads(_text(number))


@cache
def organisation() -> tuple[OrgMapping, Labels]:
    mapping = OrgMapping.model_validate(yaml.safe_load((RULES / "salesforce/bo-dev.yaml").read_text(encoding="utf-8")))
    return mapping, mapping.with_labels(load_labels(RULES / "labels.yaml"))


def received(value: Any, headers: dict[str, str] | None = None, key: bytes | None = None) -> Decoded:
    """What the decoder makes of a value: bytes as they are, anything else as JSON."""
    raw = value if isinstance(value, bytes) or value is None else json.dumps(value, ensure_ascii=False).encode()
    return decode(raw, key, headers or {}, *organisation())


def came(number: str) -> Decoded:
    """What the decoder makes of a sample file of one message."""
    told = sample(number)
    key = told["key"]
    raw = None if key is None else key.encode() if isinstance(key, str) else json.dumps(key).encode()
    return received(told["value"], told["headers"], raw)


def order(graph: Any) -> Submitted:
    """A graph that is an order, whether or not it is acceptable."""
    found = received(graph)
    assert isinstance(found, Submitted), found
    return found


def event(graph: Any, **fields: Any) -> dict[str, Any]:
    """A platform event around a graph; a field given as None is left out."""
    made = deepcopy(sample("01")["value"]) | {"Payload__c": json.dumps(graph, ensure_ascii=False)} | fields
    return {name: one for name, one in made.items() if one is not None}

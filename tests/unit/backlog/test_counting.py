"""Committed facts are counted by type, and those of the business by what tells them apart; names and money never count."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from o2c.contracts.golden import SAMPLES
from shared.contracts.catalogue import FACTS
from shared.messaging.counting import Counts, count_facts
from shared.messaging.resources import Resources
from shared.metrics import COUNTERS
from tests.lifecycle.town import services

COUNTS = {fact: told for service in services().values() for fact, told in service.counts.items()}


@dataclass
class Counting:
    """What a process counts with."""

    counts: Counts
    counters: Counter[tuple[str, str]] = field(default_factory=Counter)
    count = Resources.count
    count_all = Resources.count_all


def counted(*facts: tuple[str, Any]) -> Counter[tuple[str, str]]:
    found = Counting(COUNTS)
    count_facts(cast("Resources", found), facts)
    return found.counters


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_each_counted_fact_is_one_that_a_service_publishes_and_fills_the_labels_of_its_counter(name: str) -> None:
    (service,) = (one for one, kinds in FACTS.items() if name in kinds)
    text = (SAMPLES / service / f"{name}.json").read_text(encoding="utf-8")
    found = counted((name, text))
    assert found == counted((name, json.loads(text)))
    labels = [label for counter, label in found if counter == COUNTS[name][0]]
    assert labels
    assert all(len(label.split(":")) == len(COUNTERS[COUNTS[name][0]].labels) for label in labels)
    assert found["facts", name] == 1


def test_reasons_are_counted_each_and_without_what_they_name() -> None:
    found = counted(("BillingBlocked", {"missing": ["ATTACHMENT_MISSING:CONTRATO_FIRMADO", "APPROVER_MISMATCH"]}))
    assert {label for name, label in found if name == "billing_blocked"} == {"ATTACHMENT_MISSING", "APPROVER_MISMATCH"}


def test_from_the_third_attempt_on_they_are_one() -> None:
    found = counted(*[("CustomerTestsFailed", {"attempt": number}) for number in (1, 2, 3, 7)])
    assert found["test_runs", "CUSTOMER:FAILED:3+"] == 2

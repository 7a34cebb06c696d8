"""The demo on real Kafka and Postgres, and what its services told of it: traces and metrics."""

from pathlib import Path

import httpx2
import pytest
from rich.console import Console

from o2c.commands import demo
from o2c.commands.trazas import SALESFORCE, retraced
from o2c.stack.up import Stack, traces_file
from o2c.trazas.store import Search, Store
from shared.contracts.catalogue import SERVICES
from tests.alarms import firing
from tests.exposition import exported, samples

OF_FAULTS = {
    f"o2c_{name}_total" for name in ("dead_letters", "db_retries", "relay_restarts", "ack_failures", "pruned", "billing_blocked")
}
"""Counters that a healthy run of two minutes never moves."""
OF_OTHERS = {"o2c_sequence_missing", "o2c_verify_mismatches", "o2c_fallouts_open", "o2c_fallout_age_seconds"}
"""Told by `o2c watch`, or while a step cannot go on."""
pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]


async def test_every_bill_of_the_demo_is_walked_back_to_salesforce_and_nothing_alarms(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = Path(".o2c/test-demo")
    monkeypatch.setattr(demo, "FOLDER", folder)
    texts: dict[str, str] = {}
    confirmed = demo.confirmed

    async def scraped_first(stack: Stack) -> dict[str, int]:
        async with httpx2.AsyncClient(timeout=10) as client:
            for name in SERVICES:
                texts[name] = (await client.get(f"{stack.url(name)}/metrics")).text
        return await confirmed(stack)

    monkeypatch.setattr(demo, "confirmed", scraped_first)
    assert await demo.play(None, Console(quiet=True))
    assert retraced(folder) == (4, 4)
    everything_is_shown_and_nothing_alarms(texts)
    store = Store(traces_file(folder))
    try:
        chains = store.search(Search(q="00012345", limit=1000))
        spans = [one for chain in chains for one in (store.trace(chain["trace"]) or {"spans": []})["spans"]]
    finally:
        store.close()
    assert {one["service"] for one in spans} == {
        f"o2c-{name}" for name in ("intake", "provisioning", "testing", "acceptance", "billing", "notifications")
    }
    known = {one["span"] for one in spans}
    assert [one["name"] for one in spans if one["parent"] and one["parent"] not in known] == []
    begun = [one["name"] for one in spans if not one["parent"] and not one["causes"]]
    assert set(begun) <= {SALESFORCE}, "whatever else begins a trace links to what led there"
    assert [end for one in spans for end in one["causes"] if "name" not in end] == [], "no link leads to a span that nobody sent"


def everything_is_shown_and_nothing_alarms(texts: dict[str, str]) -> None:
    seen = {one.name for text in texts.values() for one in samples(text)}
    assert exported().keys() - seen - OF_FAULTS - OF_OTHERS == set()
    assert firing(texts) == set()
    leaders = [one.value for text in texts.values() for one in samples(text) if one.name == "o2c_relay_leader"]
    assert leaders == [1.0] * len(SERVICES)
    lags = [one.labels["topic"] for one in samples(texts["billing"]) if one.name == "o2c_consumer_lag"]
    assert set(lags) >= {"o2c.intake.v1", "o2c.acceptance.v1"}

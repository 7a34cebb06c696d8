"""The demo on real Kafka and Postgres, and the traces that its services exported."""

from pathlib import Path

import pytest
from rich.console import Console

from o2c.commands import demo
from o2c.commands.trazas import SALESFORCE, retraced
from o2c.stack.up import traces_file
from o2c.trazas.store import Search, Store

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]


async def test_every_bill_of_the_demo_is_walked_back_to_the_message_of_salesforce(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(".o2c/test-demo")
    monkeypatch.setattr(demo, "FOLDER", folder)
    assert await demo.play(None, Console(quiet=True))
    assert retraced(folder) == (4, 4)
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

"""How spans are kept: found by the numbers people know, followed both ways, forgotten oldest first."""

from dataclasses import replace
from typing import Any

import pytest

from o2c.trazas.jaeger import as_jaeger
from o2c.trazas.otlp import Tramo
from o2c.trazas.store import Search, Store
from o2c.trazas.words import MILESTONES, told
from shared.contracts.catalogue import FACTS

ORDER, SITE, NUMBER = "8015g00000AbC01AAF", "8015g00000AbC02AAF", "00012345"
MILLI = 1_000_000


def tramo(trace: int, span: int, at_ms: int = 0, **more: Any) -> Tramo:
    base = Tramo(
        f"{trace:032x}", f"{span:016x}", "", "o2c-intake", "process x", "CONSUMER", at_ms * MILLI, (at_ms + 5) * MILLI, False
    )
    return replace(base, **more)


def create(trace: int, span: int, parent: int, fact: str, at_ms: int = 1) -> Tramo:
    made = {"o2c.fact.types": [fact]}
    return tramo(trace, span, at_ms, parent=f"{parent:016x}", name="create o2c.intake.v1", kind="PRODUCER", attributes=made)


def kept(*spans: Tramo, capacity: int = 100) -> Store:
    store = Store(":memory:", capacity)
    store.add(spans)
    return store


def chains(store: Store, **wanted: Any) -> list[int]:
    return [int(one["trace"], 16) for one in store.search(Search(**wanted))]


def test_an_order_is_found_by_its_number_also_where_a_chain_knows_only_its_id() -> None:
    store = kept(
        tramo(1, 1, attributes={"o2c.order.id": ORDER}),
        tramo(2, 1, 9, attributes={"o2c.order.id": ORDER, "o2c.order.number": NUMBER}),
        tramo(3, 1, attributes={"o2c.order.id": "8015g00000Other0AAF"}),
    )
    assert chains(store, q=NUMBER) == [2, 1]
    assert chains(store, q=ORDER) == [2, 1]
    assert chains(store, q=f"{1:032x}") == [1]
    assert chains(store, q="00012") == []


def test_a_site_is_found_by_its_code() -> None:
    store = kept(
        tramo(1, 1, attributes={"o2c.suborder.id": SITE}),
        tramo(2, 1, attributes={"o2c.suborder.id": SITE, "o2c.site.code": "LPZ-001", "o2c.order.id": ORDER}),
        tramo(3, 1, attributes={"o2c.suborder.id": "other", "o2c.order.id": ORDER}),
    )
    assert sorted(chains(store, q="LPZ-001")) == [1, 2]


def test_batches_that_serve_many_orders_are_shown_only_when_asked_for() -> None:
    store = kept(tramo(1, 1, attributes={"o2c.order.id": ORDER}), tramo(2, 1, name="send o2c.intake.v1"))
    assert chains(store) == [1]
    assert sorted(chains(store, technical=True)) == [1, 2]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"service": "o2c-billing"}, [2]),
        ({"name": "POST"}, [2]),
        ({"name": "orderreceived"}, [1]),
        ({"errors": True}, [2]),
        ({"min_ns": 6 * MILLI}, [1]),
        ({"since_ns": 50 * MILLI}, [2]),
        ({"until_ns": 50 * MILLI}, [1]),
        ({"limit": 1}, [2]),
    ],
)
def test_chains_are_narrowed_by_what_they_are(wanted: dict[str, Any], found: list[int]) -> None:
    mine = {"o2c.order.id": ORDER}
    store = kept(
        tramo(1, 1, attributes=mine),
        create(1, 2, 1, "OrderReceived", at_ms=4),
        tramo(2, 1, 90, attributes=mine, service="o2c-billing", name="POST /v1/commands/ClaimOrder", error=True),
    )
    assert chains(store, **wanted) == found


def test_a_chain_says_in_words_what_it_did() -> None:
    store = kept(
        tramo(1, 1, attributes={"o2c.order.id": ORDER}),
        create(1, 2, 1, "OrderReceived", 1),
        create(1, 3, 1, "WaitingChanged", 2),
        create(1, 4, 1, "TeamAssigned", 3),
    )
    (found,) = store.search(Search())
    assert found["did"] == ["Orden recibida", "1 hecho más"]
    assert (found["spans"], found["errors"], found["services"]) == (4, 0, ["o2c-intake"])


def test_links_are_followed_both_ways_and_say_what_is_at_their_far_end() -> None:
    store = kept(tramo(1, 1, name="process a"), tramo(2, 1, 90, name="deadline expiry", links=[(f"{1:032x}", f"{1:016x}")]))
    before, after = store.trace(f"{1:032x}"), store.trace(f"{2:032x}")
    assert before is not None
    assert after is not None
    assert [end["name"] for end in before["spans"][0]["follows"]] == ["deadline expiry"]
    assert [end["name"] for end in after["spans"][0]["causes"]] == ["process a"]


def test_the_far_end_of_a_link_may_be_forgotten() -> None:
    found = kept(tramo(2, 1, links=[(f"{1:032x}", f"{1:016x}")])).trace(f"{2:032x}")
    assert found is not None
    assert found["spans"][0]["causes"] == [{"trace": f"{1:032x}", "span": f"{1:016x}"}]


def test_what_led_to_a_span_is_walked_over_parents_and_links() -> None:
    store = kept(
        tramo(1, 1, 0, name="process salesforce.orders"),
        create(1, 2, 1, "OrderReceived", 1),
        tramo(2, 1, 9, name="deadline claim", links=[(f"{1:032x}", f"{2:016x}")]),
        create(2, 2, 1, "TaskEscalated", 10),
        tramo(3, 1, 0, name="somebody else's"),
    )
    ((trace, span),) = store.making("TaskEscalated")
    assert store.past(trace, span) == [
        "process salesforce.orders",
        "create o2c.intake.v1",
        "deadline claim",
        "create o2c.intake.v1",
    ]


def test_a_span_sent_twice_is_kept_once() -> None:
    store = kept(tramo(1, 1))
    store.add([tramo(1, 1)])
    assert store.count() == 1


def test_over_the_bound_the_oldest_traces_go_whole() -> None:
    mine = {"o2c.order.id": ORDER}
    store = kept(*(tramo(number, span, number * 10, attributes=mine) for number in range(1, 11) for span in (1, 2)), capacity=10)
    assert store.count() <= 10
    left = chains(store)
    assert left == sorted(left, reverse=True)
    assert left[0] == 10
    assert store.trace(f"{1:032x}") is None
    assert all(one["spans"] == 2 for one in store.search(Search()))


def test_every_milestone_is_a_published_fact() -> None:
    published = {name for service in FACTS.values() for name in service}
    assert set(MILESTONES) <= published


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ([], []),
        (["WaitingChanged"], ["Anotado para después"]),
        (["TeamAssigned", "HoldApplied"], ["2 hechos de trámite"]),
        (["OrderReceived", "OrderReceived"], ["Orden recibida"]),
    ],
)
def test_what_a_chain_did_is_told_shortly(facts: list[str], words: list[str]) -> None:
    assert told(facts) == words


def test_a_trace_is_downloaded_as_jaeger_reads_it() -> None:
    told_all = {"o2c.order.id": ORDER, "n": 3, "yes": True, "o2c.fact.types": ["A", "B"]}
    event = {"name": "exception", "at_ns": 2_000_000, "attributes": {"exception.type": "ValueError"}}
    store = kept(
        tramo(1, 1, 1, error=True, attributes=told_all, events=[event], resource={"service.name": "o2c-intake"}),
        tramo(1, 2, 2, parent=f"{1:016x}", service="o2c-billing", links=[(f"{9:032x}", f"{9:016x}")]),
    )
    found = store.trace(f"{1:032x}")
    assert found is not None
    (data,) = as_jaeger(found)["data"]
    first, second = data["spans"]
    assert (first["startTime"], first["duration"]) == (1000, 5000)
    assert {"key": "n", "type": "int64", "value": 3} in first["tags"]
    assert {"key": "yes", "type": "bool", "value": True} in first["tags"]
    assert {"key": "o2c.fact.types", "type": "string", "value": "A, B"} in first["tags"]
    assert {"key": "error", "type": "bool", "value": True} in first["tags"]
    assert first["logs"][0]["timestamp"] == 2000
    assert [(one["refType"], int(one["spanID"], 16)) for one in second["references"]] == [("CHILD_OF", 1), ("FOLLOWS_FROM", 9)]
    assert {process["serviceName"] for process in data["processes"].values()} == {"o2c-intake", "o2c-billing"}
    assert data["processes"][second["processID"]]["serviceName"] == "o2c-billing"

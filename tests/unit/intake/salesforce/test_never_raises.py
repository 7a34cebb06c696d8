"""Whatever arrives is answered: random bytes, and the samples with anything changed anywhere."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.domain.salesforce.results import (
    Announcement,
    Cancelled,
    Changes,
    DocumentsAdded,
    Nothing,
    Part,
    Resync,
    Submitted,
    Undecodable,
)
from tests.samples import BANK, SHOP, TWELVE_SITES, event, order, received, sample

ANSWERS = (Submitted, DocumentsAdded, Cancelled, Changes, Resync, Announcement, Part, Nothing, Undecodable)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30)
    | st.sampled_from(["8015g00000AbC01AAF", "1e999999", "\x00", "5.200,00", "a" * 300, 10**13, -1, 0]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value: container and key."""
    found: list[tuple[Any, Any]] = []
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in entries:
        found += [(value, key), *places(one)]
    return found


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_random_bytes_are_answered(value: bytes) -> None:
    assert isinstance(received(value), ANSWERS)


@settings(max_examples=30, deadline=None)
@given(
    JSON,
    st.dictionaries(st.sampled_from(["content-type", "ce_specversion", "ce_id", "ce_type", "ce_source"]), st.text(max_size=20)),
)
def test_random_json_is_answered(value: Any, headers: dict[str, str]) -> None:
    assert isinstance(received(json.dumps(value).encode(), headers), ANSWERS)


@settings(max_examples=25, deadline=None)
@given(st.data())
@pytest.mark.parametrize("number", [BANK, SHOP, TWELVE_SITES])
def test_a_sample_changed_anywhere_is_answered(number: str, data: st.DataObject) -> None:
    graph = sample(number)
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(places(graph)))
        if data.draw(st.booleans()):
            container[key] = data.draw(JSON)
        else:
            del container[key]
    assert isinstance(received(json.dumps(graph).encode()), ANSWERS)
    action = data.draw(st.sampled_from(["SUBMITTED", "DOCUMENTS_ADDED", "CANCELLED"]))
    assert isinstance(received(json.dumps(event(graph, Action__c=action)).encode()), ANSWERS)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_an_event_changed_anywhere_is_answered(data: st.DataObject) -> None:
    body = sample("02")["value"]
    container, key = data.draw(st.sampled_from(places(body)))
    container[key] = data.draw(JSON)
    assert isinstance(received(json.dumps(body).encode()), ANSWERS)


@settings(max_examples=20, deadline=None)
@given(st.data())
@pytest.mark.parametrize("number", ["04", "06", "09", "11", "12", "13", "21", "23"])
def test_a_record_or_part_changed_anywhere_is_answered(number: str, data: st.DataObject) -> None:
    message = sample(number)
    found = places({"value": message["value"], "headers": message["headers"]})
    container, key = data.draw(st.sampled_from(found))
    container[key] = data.draw(JSON)
    headers = {name: value for name, value in message["headers"].items() if isinstance(value, str)}
    assert isinstance(received(json.dumps(message["value"]).encode(), headers), ANSWERS)


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_short_and_long_ids_give_the_same_order(data: st.DataObject) -> None:
    graph = sample(TWELVE_SITES)
    for container, key in places(graph):
        one = container[key]
        if isinstance(one, str) and len(one) == 18 and one.isalnum() and one.endswith(("AAF", "AAK", "AA0")):
            container[key] = data.draw(st.sampled_from([one, one[:15], one.upper(), one.lower()]))
    changed, plain = order(graph), order(sample(TWELVE_SITES))
    assert changed.message == plain.message
    assert changed.contacts == plain.contacts

"""An order that comes as loose records, in whatever shapes and order, is the order that comes whole (1.3 to 1.6)."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.domain.salesforce.results import Announcement, Changes, Nothing, Part, Resync, Submitted, Undecodable
from shared.contracts.salesforce import SalesforceOrderSubmitted, SalesforcePiecesArrived
from tests.feeds import ACTIVATED, SHAPES, WRAPPERS, Change, Sent, Shelf, cdc, comet, dumped, header_of, records, rewritten
from tests.samples import BANK, TWELVE_SITES, came, event, order, received, sample

PARENT, SUBORDER, OTHER = "8015g00000AbC01AAF", "8015g00000AbC02AAF", "8015g00000AbC03AAF"


def complete(shelf: Shelf) -> SalesforceOrderSubmitted:
    """The last word on the order, which must be whole."""
    last = shelf.made[-1].message
    if isinstance(last, SalesforceOrderSubmitted):
        return last
    assert isinstance(last, SalesforcePiecesArrived)
    assert last.complete, last.missing
    assert last.order is not None
    return last.order


def whole(number: str) -> SalesforceOrderSubmitted:
    return order(sample(number)).message


def graph_of(number: str) -> Any:
    """A graph with what loose records can tell: no site groups, phases, team or documents."""
    graph = sample(number)
    for name in ("SiteGroups", "BillingPhases", "Team", "Contacts", "Exceptions", "Profitability", "Version__c"):
        graph["order"].pop(name, None)
    for line in (line for one in graph["suborders"] for line in one["items"]):
        line.pop("Equipment", None)
    return graph | {"documents": []}


@pytest.mark.criterion("1.2", "1.3")
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_one_order_through_every_shape_shuffled_and_repeated_is_always_the_same_order(data: st.DataObject) -> None:
    rng = Random(data.draw(st.integers(0, 2**32)))
    sent = []
    for one in records(sample(BANK)):
        shape, wrapper = rng.choice(list(SHAPES.values())), rng.choice(list(WRAPPERS.values()))
        written = Change(one.entity, one.id, one.kind, rewritten(one.fields, rng.randrange), one.changed, one.at_ms, one.commit)
        sent += [wrapper(shape(written))] * rng.choice([1, 1, 2])
    rng.shuffle(sent)
    shelf = Shelf()
    for message in sent:
        shelf.comes(message)
    assert complete(shelf).content_sha256 == whole(BANK).content_sha256


@pytest.mark.criterion("1.2")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_each_shape_alone_brings_the_order(shape: str, wrapper: str) -> None:
    shelf = Shelf()
    for one in records(graph_of(TWELVE_SITES)):
        shelf.comes(WRAPPERS[wrapper](SHAPES[shape](one)))
    assert complete(shelf).content_sha256 == order(graph_of(TWELVE_SITES)).message.content_sha256
    assert sum(bool(getattr(one.message, "complete", False)) for one in shelf.made) == 1, "the last piece alone completes it"


@pytest.mark.criterion("1.2", "1.3")
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_one_order_whole_in_every_envelope_is_the_same(data: st.DataObject) -> None:
    rng = Random(data.draw(st.integers(0, 2**32)))
    graph = rewritten(sample(BANK), rng.randrange)
    flat = event(graph, **{name: rng.choice([2, 2.0, "2"]) for name in ("SubOrderCount__c",)})
    bare = {name: one for name, one in flat.items() if not name.startswith("_")}
    camel = {"CamelSalesforceChannel": "/event/B2B_Order_Event__e", "CamelSalesforceReplayId": "5"}
    forms = [
        Sent(dumped(graph)),
        Sent(dumped(flat)),
        Sent(dumped({"schema": None, "payload": flat})),
        Sent(dumped({"schema": "x", "payload": bare, "event": {"replayId": 5}})),
        Sent(dumped(bare), None, camel),
        Sent(dumped(bare), None, {f"CamelHeader.{name}": value for name, value in camel.items()}),
    ]
    shelf = Shelf()
    shelf.comes(rng.choice(list(WRAPPERS.values()))(rng.choice(forms)))
    assert complete(shelf).content_sha256 == whole(BANK).content_sha256


def parts(graph: Any, count: int, **fields: Any) -> list[Sent]:
    """A large order dealt out: every part repeats the order, documents travel in the first."""
    dealt = [graph["suborders"][at::count] for at in range(count)]
    told = []
    for at, suborders in enumerate(dealt):
        part = graph | {"suborders": suborders, "documents": graph["documents"] if at == 0 else []}
        whole_counts = {"SubOrderCount__c": len(graph["suborders"]), "ItemCount__c": None, "OrderNumber__c": None}
        named = {"OrderId__c": graph["order"]["Id"], "EventUuid": f"part-{at}", "PartNumber__c": at + 1, "PartCount__c": count}
        told.append(Sent(dumped(event(part, **(whole_counts | named | fields)))))
    return told


@pytest.mark.criterion("1.2", "1.3")
@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_parts_in_any_order_are_joined_to_the_order_that_comes_whole(rng: Random) -> None:
    told = parts(sample(TWELVE_SITES), 5) + parts(sample(TWELVE_SITES), 5)[:2]
    rng.shuffle(told)
    shelf = Shelf()
    for one in told:
        shelf.comes(one)
    found, expected = complete(shelf), whole(TWELVE_SITES)
    assert found.content_sha256 == expected.content_sha256
    assert found.documents == expected.documents
    assert found.violations == ()


def test_three_hundred_sites_in_five_parts_are_joined() -> None:
    graph = sample(TWELVE_SITES)
    graph["order"] = {name: one for name, one in graph["order"].items() if name not in {"SiteGroups", "TotalAmount"}}
    first = graph["suborders"][0]
    graph["suborders"] = [
        first
        | {"Id": f"8015g00000S{at:04d}", "OrderNumber": f"{at:08d}", "Site": first["Site"] | {"Code": f"S-{at}"}}
        | {"items": [line | {"Id": f"8025g0000S{at:03d}{n:02d}"} for n, line in enumerate(first["items"][:2])]}
        for at in range(300)
    ]
    told = parts(graph, 5, PayloadEncoding__c=None)
    for one in told:
        body = json.loads(one.value or b"")
        assert len(body["Payload__c"]) < 131_072
    shelf = Shelf()
    for one in reversed(told):
        shelf.comes(one)
    content = complete(shelf).content
    assert content is not None
    assert len(content.suborders) == 300


@pytest.mark.criterion("X.11")
def test_a_part_keeps_nobody_and_hands_the_contacts_on() -> None:
    (first, *_) = parts(sample(TWELVE_SITES), 5)
    found = received(first.value)
    assert isinstance(found, Part)
    kept = json.dumps(found.graph, ensure_ascii=False)
    assert found.contacts
    for record in found.contacts:
        for secret in (record.email, record.phone, record.street, record.nit, record.name if record.kind != "customer" else None):
            assert not secret or f'"{secret}"' not in kept, record.kind


def test_parts_that_disagree_on_a_suborder_are_never_joined() -> None:
    graph = sample(BANK)
    one = event(graph, PartNumber__c=1, PartCount__c=2, EventUuid="a", ItemCount__c=None)
    graph["suborders"][1]["OrderNumber"] = "00099999"
    other = event(graph, PartNumber__c=2, PartCount__c=2, EventUuid="b", ItemCount__c=None)
    shelf = Shelf()
    shelf.comes(Sent(dumped(one)))
    (told,) = shelf.comes(Sent(dumped(other)))
    assert isinstance(told.message, SalesforcePiecesArrived)
    assert (told.message.complete, "misma suborden" in told.message.missing[0]) == (False, True)


@pytest.mark.parametrize(
    "fields", [{"PartCount__c": 2}, {"PartNumber__c": 3, "PartCount__c": 2}, {"PartNumber__c": 0, "PartCount__c": 2}]
)
def test_a_part_that_is_none_is_a_dead_letter(fields: dict[str, Any]) -> None:
    found = received(event(sample(BANK), **fields))
    assert isinstance(found, Undecodable)
    assert found.reason == "part_invalid"


def change(kind: str, **more: Any) -> dict[str, Any]:
    """A CDC event of the bank's parent order."""
    header = header_of(Change("Order", PARENT, kind, {}, at_ms=ACTIVATED + 1), **more.pop("header", {}))
    return {"Id": PARENT, "ChangeEventHeader": header, "_ObjectType": "OrderChangeEvent", **more}


def values(found: Any) -> dict[str, Any]:
    assert isinstance(found, Changes), found
    return dict(found.records[0].values)


@pytest.mark.criterion("1.3")
def test_null_in_an_update_changes_nothing_unless_the_header_names_the_field() -> None:
    assert values(came("06")) == {"Status": "Activated", "StatusCode": "Activated"}
    named = change("UPDATE", PoNumber=None, header={"changedFields": ["PoNumber"]})
    assert values(received(named)) == {"PoNumber": None}
    nulled = change("UPDATE", PoNumber=None, header={"nulledFields": ["PoNumber"]})
    assert values(received(nulled)) == {"PoNumber": None}
    compound = change("UPDATE", ShippingCity=None, ShippingState="La Paz", header={"changedFields": ["ShippingAddress"]})
    assert values(received(compound)) == {"ShippingState": "La Paz", "ShippingCity": None}
    dotted = change("UPDATE", ShippingCity=None, header={"changedFields": ["ShippingAddress.City"]})
    assert values(received(dotted)) == {"ShippingCity": None}


def test_only_changed_fields_travel_in_cometd_so_a_null_clears() -> None:
    body = change("UPDATE", PoNumber=None)
    assert values(received({"schema": "x", "payload": body, "event": {"replayId": 1}})) == {"PoNumber": None}


def test_the_string_keyed_connector_clears_by_its_header() -> None:
    assert values(came("11")) == {"Status": "Activated", "StatusCode": "Activated", "PoNumber": None}


@pytest.mark.parametrize(
    ("header", "fields", "stale"),
    [
        ({"diffFields": ["Segment__c"], "changedFields": ["Segment__c"]}, {"Segment__c": "--- a\n+++ b"}, True),
        ({"diffFields": ["Description"]}, {"Description": "--- a"}, False),  # nobody maps it
        ({"nulledFields": ["0x800000"]}, {}, True),
        ({"nulledFields": ["0x0"]}, {}, False),
        ({"changedFields": ["0x400800", "4-0x04"]}, {"PoNumber": "OC-2"}, False),
    ],
)
def test_a_value_that_did_not_travel_makes_the_record_stale(header: Any, fields: Any, stale: bool) -> None:
    found = received(change("UPDATE", header=header, **fields))
    assert isinstance(found, Changes)
    assert found.records[0].stale is stale
    assert "Segment__c" not in found.records[0].values


def test_one_event_may_change_several_records() -> None:
    found = came("07")
    assert isinstance(found, Changes)
    assert [(one.id, dict(one.values)) for one in found.records] == [
        (SUBORDER, {"Status": "Activated"}),
        (OTHER, {"Status": "Activated"}),
    ]


@pytest.mark.parametrize("ids", [["801*"], ["000000000000000AAA"], []])
def test_a_gap_of_all_or_unknown_records_asks_for_a_resynchronisation(ids: list[str]) -> None:
    body = change("GAP_UPDATE", header={"recordIds": ids})
    del body["Id"]
    assert isinstance(received(body), Resync)
    assert isinstance(received(change("GAP_OVERFLOW")), Resync)


def test_an_announcement_brings_counts_and_no_content() -> None:
    binary, structured = came("13"), came("14")
    assert isinstance(binary, Announcement)
    assert binary == structured
    assert (binary.parent, binary.number, binary.suborders, binary.items) == (PARENT, "00012345", 2, None)
    bare = received(event(None, Payload__c=None))
    assert isinstance(bare, Announcement)
    assert (bare.suborders, bare.items) == (2, 4)


@pytest.mark.parametrize(
    ("value", "headers", "key", "expected"),
    [
        ({"Id": PARENT, "_ObjectType": "Account", "_EventType": "created"}, {}, None, "entity_not_mapped"),
        (None, {}, PARENT.encode(), "tombstone"),
    ],
)
def test_what_the_mapping_does_not_name_is_nothing(value: Any, headers: Any, key: Any, expected: str) -> None:
    assert received(value, headers, key) == Nothing(expected)


@pytest.mark.parametrize(
    ("value", "headers", "reason"),
    [
        (change("MERGE"), {}, "action_unknown"),
        ({"_ObjectType": "Order", "_EventType": "created"}, {}, "record_id_missing"),
        ({"Id": "8015", "_ObjectType": "Order", "_EventType": "created"}, {}, "record_id_invalid"),
        ({"Id": PARENT, "_ObjectType": "Order", "_EventType": "R1-FSrKj5"}, {}, "action_unknown"),
        ({"Id": PARENT, "Status": ["x"], "_ObjectType": "Order", "_EventType": "created"}, {}, "field_type"),
        ({"Id": PARENT, "Status": "\x00", "_ObjectType": "Order", "_EventType": "created"}, {}, "field_type"),
        ({"Id": PARENT}, {"sf.change.type": "merged"}, "action_unknown"),
        ({"Status": "x"}, {"CamelSalesforceChannel": "/data/OrderChangeEvent"}, "action_unknown"),
    ],
)
def test_a_record_that_cannot_be_read_says_why(value: Any, headers: Any, reason: str) -> None:
    found = received(value, headers)
    assert isinstance(found, Undecodable)
    assert found.reason == reason


def test_a_record_without_id_is_kept_under_its_number_until_one_with_both_comes() -> None:
    channel = {"CamelSalesforceChannel": "/data/OrderChangeEvent", "CamelSalesforceChangeType": "UPDATE"}
    nameless = Sent(
        dumped({"OrderNumber": "00012345", "Status": "Activated", "LastModifiedDate": "2026-11-24T14:05:02Z"}), None, channel
    )
    told = [nameless, *map(cdc, records(sample(BANK))[:-1])]
    for order_of in (told, told[::-1]):
        shelf = Shelf()
        for one in order_of:
            shelf.comes(one)
        assert complete(shelf).content_sha256 == whole(BANK).content_sha256
        assert not [place for place in shelf.pieces if place[1].startswith("number:")]


def test_a_street_goes_to_the_contacts_and_never_takes_the_place_of_a_dated_contact() -> None:
    found = came("04")
    assert isinstance(found, Changes)
    (street,) = found.contacts
    assert (street.ref, street.street) == (f"{SUBORDER}:sede", "Av. 16 de Julio 1490")
    assert street.updated_at is not None
    assert street.updated_at.year == 1970
    assert "16 de Julio" not in str(found.records)


@pytest.mark.criterion("1.2")
def test_what_is_missing_is_named() -> None:
    shelf = Shelf()
    every = records(sample(BANK))
    for one in every:
        if one.id not in {OTHER, "8025g00000It002AAB"} and one.fields.get("OrderId") != OTHER:
            shelf.comes(cdc(one))
    last = shelf.made[-1].message
    assert isinstance(last, SalesforcePiecesArrived)
    assert (last.running, last.complete, last.missing) == (True, False, ("llegaron 1 de 2 subórdenes y 1 de 4 ítems",))


def test_a_gap_blocks_completion_until_a_whole_row_comes() -> None:
    every = records(sample(BANK))
    row = next(one for one in every if one.id == SUBORDER)
    gap = Change("Order", SUBORDER, "GAP_UPDATE", {}, at_ms=ACTIVATED + 5)
    for before in (True, False):
        shelf = Shelf()
        for one in ([cdc(gap)] if before else []) + list(map(cdc, every)) + ([] if before else [cdc(gap)]):
            shelf.comes(one)
        last = shelf.made[-1].message
        assert isinstance(last, SalesforcePiecesArrived)
        assert (last.complete, last.stale) == (False, (SUBORDER,))
        shelf.comes(SHAPES["push_topic"](Change("Order", SUBORDER, "UPDATE", row.fields, at_ms=ACTIVATED + 9)))
        assert complete(shelf).content_sha256 == whole(BANK).content_sha256


def test_activation_is_what_the_later_of_label_and_category_says() -> None:
    every = records(sample(BANK))[:-1]
    head = every[0].fields
    later = Change("Order", PARENT, "UPDATE", head | {"Status": "En revisión"}, ("Status",), ACTIVATED + 1, 3)
    shelf = Shelf()
    for one in [*every, Change("Order", PARENT, "UPDATE", head | {"StatusCode": "Activated"}, ("StatusCode",), ACTIVATED, 2)]:
        shelf.comes(comet(one))
    assert complete(shelf)
    shelf.comes(comet(later))
    last = shelf.made[-1].message
    assert isinstance(last, SalesforcePiecesArrived)
    assert last.running is False


def test_a_suborder_whose_create_has_not_come_is_no_order_of_its_own() -> None:
    shelf = Shelf()
    early = Change("Order", SUBORDER, "UPDATE", {"Status": "Activated"}, ("Status",), ACTIVATED, 2)
    assert shelf.comes(cdc(early)) == []


def test_a_whole_order_does_not_wait_for_pieces() -> None:
    assert isinstance(received(event(sample(BANK), PartNumber__c=1, PartCount__c=1)), Submitted)

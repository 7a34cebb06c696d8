"""Every shape that is read leads to the same order; every one that is not says why."""

import base64
import gzip
import json
from typing import Any

import pytest

from services.intake.domain.salesforce.results import Cancelled, DocumentsAdded, Nothing, Submitted, Undecodable
from tests.samples import BANK, SHOP, TWELVE_SITES, event, order, received, sample

CE = {"ce_specversion": "1.0", "ce_id": "evt-7", "ce_source": "/salesforce", "ce_type": "sf.order.v1"}
DEEP = b"[" * 70 + b"]" * 70
DEEPEST = b"[" * 100_000 + b"]" * 100_000


def same_order(value: Any, headers: dict[str, str] | None = None) -> bool:
    found, whole = received(value, headers), order(sample(BANK))
    return isinstance(found, Submitted) and found.message.content == whole.message.content


@pytest.mark.criterion("1.2", "1.3")
@pytest.mark.parametrize(
    "value",
    [
        sample("01")["value"],
        sample("02")["value"],
        sample(BANK),
        json.dumps(sample(BANK)),  # JSON text inside a JSON text
        b"\xef\xbb\xbf" + json.dumps(sample(BANK)).encode(),  # byte-order mark
        b"\x00\x00\x00\x00\x07" + json.dumps(sample(BANK)).encode(),  # schema registry framing
        event(None, Payload__c=sample(BANK)),  # payload already an object
        event(
            None,
            PayloadEncoding__c="gzip+base64",
            Payload__c=base64.b64encode(gzip.compress(json.dumps(sample(BANK)).encode())).decode(),
        ),
    ],
)
def test_every_shape_gives_the_same_order(value: Any) -> None:
    assert same_order(value)


def test_a_cloud_event_keeps_its_own_identity_in_both_modes() -> None:
    structured = {"specversion": "1.0", "id": "evt-7", "source": "/salesforce", "type": "sf.order.v1", "data": sample(BANK)}
    for value, headers in [
        (sample(BANK), CE),
        (sample("01")["value"], CE),
        (structured, {"Content-Type": "application/cloudevents+json"}),
        (structured, {}),
    ]:
        found = received(value, headers)
        assert isinstance(found, Submitted)
        assert (found.identity.source, found.identity.id) == ("/salesforce", "evt-7")
        assert same_order(value, headers)


@pytest.mark.criterion("1.3")
def test_the_inbox_identity_is_the_senders_own_and_survives_redelivery() -> None:
    found = received(sample("01")["value"])
    assert isinstance(found, Submitted)
    assert (found.identity.source, found.identity.id) == ("sf/bo-dev/B2B_Order_Event__e", "5f1d7b1e-2f0e-4c3f-9a57-1f7b1c0a9f10")
    replayed = received(event(sample(BANK), EventUuid=None))
    assert isinstance(replayed, Submitted)
    assert replayed.identity.id == "/event/B2B_Order_Event__e/2956549"
    plain, reordered = order(sample(BANK)), order(dict(reversed(sample(BANK).items())))
    assert plain.identity == reordered.identity
    assert plain.identity.source == "sf/bo-dev/graph"


@pytest.mark.parametrize("value", [None, b"", {"schema": None, "payload": None}])
def test_a_tombstone_is_nothing(value: Any) -> None:
    assert received(value) == Nothing("tombstone")


def test_an_event_that_the_mapping_does_not_name_is_nothing() -> None:
    assert received({"_ObjectType": "Other_Event__e", "Payload__c": "?"}) == Nothing("event_not_mapped")


@pytest.mark.criterion("X.2")
def test_a_cancellation_needs_no_content() -> None:
    found = received(event(None, Action__c="CANCELLED", Payload__c=None))
    assert isinstance(found, Cancelled)
    assert found.message.parent == "8015g00000AbC01AAF"


def test_an_amendment_is_an_order_with_its_version() -> None:
    found = received(event(sample(BANK), Action__c="AMENDED", Version__c=3.0))
    assert isinstance(found, Submitted)
    assert (found.message.version, found.message.content and found.message.content.version) == (3, 3)


@pytest.mark.criterion("2.1", "2.8")
def test_documents_may_follow_their_order() -> None:
    graph = {"order": {"Id": "8015g00000AbC01"}, "documents": sample(TWELVE_SITES)["documents"][:2]}
    found = received(event(graph, Action__c="DOCUMENTS_ADDED"))
    assert isinstance(found, DocumentsAdded)
    assert [one.doc.kind for one in found.message.documents] == ["CONTRATO_FIRMADO", "RELEVAMIENTO_PREVENTA"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"\xff\xfe{}", "not_utf8"),
        (b'{"a": "\\ud800"}', "not_utf8"),
        (b"hello", "not_json"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not_json"),
        (DEEP, "too_deep"),
        (DEEPEST, "too_deep"),
        (b"Struct{Id=801}", "java_text"),
        (b"{Id=8015g00000AbC01AAF, Status=Activated}", "java_text"),
        (b"\x00\x00\x00\x00\x07\x02\xc3\x28\xff", "avro_or_protobuf"),
        (b"\x00\x00\x00\x00\x07\x02abc", "avro_or_protobuf"),
        (b" " * (9 << 20), "too_large"),
        ({}, "unknown_shape"),
        ([], "unknown_shape"),
        ({"schema": 1, "payload": [1]}, "unknown_shape"),
        ({"event": {"replayId": 1}, "payload": {"Name": "x"}}, "unknown_shape"),
        ({"event": {"replayId": 1}, "payload": []}, "unknown_shape"),
        (event(sample(BANK), Action__c="DELETED"), "action_unknown"),
        (event(sample(BANK), Action__c=None), "action_unknown"),
        (event(None, Payload__c="no es json"), "payload_not_json"),
        (event(None, Payload__c="[1]"), "payload_not_json"),
        (event(None, Payload__c=json.dumps(sample(BANK))[:900]), "payload_truncated"),
        (event(None, Payload__c="x", PayloadEncoding__c="gzip+base64"), "payload_not_json"),
        (event(None, Payload__c=None, Action__c="DOCUMENTS_ADDED"), "unknown_shape"),
        (event(None, Payload__c=" " * 131_073), "too_large"),
        (event(sample(BANK), PartCount__c=3), "part_invalid"),
        (event(sample(SHOP)), "order_id_conflict"),
        (event(sample(BANK), OrderNumber__c="00099999"), "order_id_conflict"),
        (event(sample(BANK), OrderId__c="8015g00000AbC01AAX"), "record_id_invalid"),
        (event(None, Action__c="CANCELLED", Payload__c=None, OrderId__c=None), "record_id_missing"),
        (sample(BANK) | {"order": {}}, "record_id_missing"),
        (sample(BANK) | {"order": {"Id": "801"}}, "record_id_invalid"),
        (sample(BANK) | {"schemaVersion": "2"}, "schema_version_unknown"),
        (event({"order": {"Id": "8015g00000AbC01AAF"}, "documents": [{}]}, Action__c="DOCUMENTS_ADDED"), "field_type"),
        (event({"order": {"Id": "8015g00000AbC01AAF"}}, Action__c="DOCUMENTS_ADDED"), "field_type"),
    ],
)
def test_what_cannot_be_used_says_why(value: Any, reason: str) -> None:
    found = received(value)
    assert isinstance(found, Undecodable)
    assert found.reason == reason
    assert found.hint


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (CE | {"ce_type": "o2c.intake.OrderReceived.v1"}, "own_event"),
        (CE | {"ce_id": ""}, "cloudevent_invalid"),
        (CE | {"ce_specversion": "0.3"}, "cloudevent_invalid"),
        ({"content-type": "application/cloudevents-batch+json"}, "cloudevent_invalid"),
    ],
)
def test_a_faulty_envelope_says_why(headers: dict[str, str], reason: str) -> None:
    found = received(sample(BANK), headers)
    assert isinstance(found, Undecodable)
    assert found.reason == reason


def test_the_names_of_unknown_fields_are_shown_but_never_their_values() -> None:
    found = received({"NombreCliente": "Ana Quispe"})
    assert isinstance(found, Undecodable)
    assert "NombreCliente" in found.hint
    assert "Quispe" not in repr(found)

"""One order as loose Salesforce records, in every shape a connector may give them, and the shelf that joins them again."""

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, Final

from services.intake.adapters.edge import as_inbound
from services.intake.adapters.pieces import made
from services.intake.domain.assembly.assemble import FROM_ITEMS, FROM_ORDER, FROM_SITE, up
from services.intake.domain.assembly.pieces import Piece, Place, kept
from services.intake.domain.salesforce.decode import decode
from services.intake.domain.salesforce.mapping import OrgMapping
from shared.messaging.inbound import Fragment, Inbound
from tests.samples import organisation

CREATED: Final = 1795529001000
ACTIVATED: Final = 1795529102000


@dataclass(frozen=True)
class Sent:
    """A message of a connector."""

    value: bytes | None
    key: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """A change of one record, before any shape: every field of the record, those that changed, and when."""

    entity: str
    id: str
    kind: str
    fields: dict[str, Any]
    changed: tuple[str, ...] = ()
    at_ms: int = CREATED
    commit: int = 1

    @property
    def told(self) -> dict[str, Any]:
        """What travels where only changes do."""
        return {name: self.fields[name] for name in self.changed} if self.kind == "UPDATE" else dict(self.fields)


def records(graph: Any, org: OrgMapping | None = None) -> list[Change]:
    """The creates of all records of a graph as drafts, then the activation of its parent."""
    org = org or organisation()[0]

    def named(source: Mapping[str, Any], paths: Mapping[str, str], fields: Any) -> dict[str, Any]:
        return {getattr(fields, meaning)[0]: source.get(path) for meaning, path in paths.items()}

    head = graph["order"]
    parent: dict[str, Any] = named(head, FROM_ORDER, org.order) | {"ParentOrder__c": None, "OwnerId": head["Owner"]["Id"]}
    parent |= {"SubOrderCount__c": len(graph["suborders"]), "ItemCount__c": sum(len(one["items"]) for one in graph["suborders"])}
    made = [Change("Order", head["Id"], "CREATE", parent | {"Status": "Draft", "StatusCode": "Draft"})]
    for one in graph["suborders"]:
        fields = {"OrderNumber": one["OrderNumber"], "ParentOrder__c": head["Id"], "ShippingStreet": one["Site"].get("Street")}
        made.append(Change("Order", one["Id"], "CREATE", named(one["Site"], FROM_SITE, org.order) | fields))
        for line in one["items"]:
            lines = named(line, FROM_ITEMS, org.item) | {"OrderId": one["Id"]}
            made.append(Change("OrderItem", line["Id"], "CREATE", lines))
    active = parent | {"Status": "Activated", "StatusCode": "Activated", "LastModifiedDate": ACTIVATED}
    changed = ("Status", "StatusCode", "LastModifiedDate")
    return [*made, Change("Order", head["Id"], "UPDATE", active, changed, ACTIVATED, 2)]


def dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def id_key(change: Change) -> bytes:
    """The key of Connect: a struct with the id, enveloped."""
    return dumped({"schema": {}, "payload": {"Id": change.id}})


def header_of(change: Change, **more: Any) -> dict[str, Any]:
    return {
        "entityName": change.entity,
        "recordIds": [change.id],
        "changeType": change.kind,
        "changedFields": list(change.changed),
        "transactionKey": f"tx-{change.at_ms}",
        "sequenceNumber": 1,
        "commitTimestamp": change.at_ms,
        "commitNumber": change.commit,
        **more,
    }


def cdc(change: Change) -> Sent:
    """All fields present; in an update what did not change is null."""
    fields = dict.fromkeys(change.fields) | change.told
    body = {"Id": change.id, "ReplayId": "1", "ChangeEventHeader": header_of(change), **fields}
    return Sent(
        dumped(body | {"_ObjectType": f"{change.entity}ChangeEvent", "_EventType": "R1-FSrKj5SMSf"}), dumped({"Id": change.id})
    )


def enveloped_cdc(change: Change) -> Sent:
    bare = cdc(change)
    return Sent(
        dumped({"schema": {"type": "struct"}, "payload": json.loads(bare.value or b"")}),
        dumped({"schema": {}, "payload": {"Id": change.id}}),
    )


def comet(change: Change) -> Sent:
    """CometD: changed fields only, ISO dates, no id but in the header."""
    fields = {name: iso(name, value) for name, value in change.told.items()}
    return Sent(
        dumped({"schema": "IeRuaY6c", "payload": {"ChangeEventHeader": header_of(change), **fields}, "event": {"replayId": 6}})
    )


def iso(name: str, value: Any) -> Any:
    if name.endswith("Date") and isinstance(value, int):
        moment = datetime.fromtimestamp(value / 1000, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value


def push_topic(change: Change) -> Sent:
    """A whole row with a compound address."""
    address = {part: change.fields.get(f"Shipping{part}") for part in ("Street", "City", "State", "Country")}
    row = {name: value for name, value in change.fields.items() if not name.startswith("Shipping")}
    row |= {"Id": change.id, "SystemModstamp": change.at_ms, "ShippingAddress": address}
    verb = {"CREATE": "created", "UPDATE": "updated"}[change.kind]
    return Sent(dumped(row | {"_ObjectType": change.entity, "_EventType": verb}), id_key(change))


def string_keyed(change: Change) -> Sent:
    headers = {
        "sf.change.type": {"CREATE": "created", "UPDATE": "updated"}[change.kind],
        "sf.entity": change.entity,
        "sf.commit.timestamp": str(change.at_ms),
        "sf.commit.number": str(change.commit),
        "sf.transaction.key": f"tx-{change.at_ms}",
        "sf.changed.fields": ",".join(change.changed),
        "sf.nulled.fields": "",
    }
    return Sent(dumped({"Id": change.id, **change.told, "_ObjectType": change.entity}), change.id.encode(), headers)


def camel(change: Change) -> Sent:
    headers = {
        "CamelSalesforceReplayId": "7",
        "CamelSalesforceChangeType": change.kind,
        "CamelSalesforceChannel": f"/data/{change.entity}ChangeEvent",
        "CamelSalesforceRecordIds": json.dumps([change.id]),
        "CamelSalesforceTransactionKey": f"tx-{change.at_ms}",
        "CamelSalesforceSequenceNumber": "1",
        "CamelSalesforceCommitTimestamp": str(change.at_ms),
        "CamelSalesforceCommitNumber": str(change.commit),
    }
    return Sent(dumped({name: iso(name, value) for name, value in change.told.items()}), None, headers)


def old_camel(change: Change) -> Sent:
    told = camel(change)
    return Sent(told.value, told.key, {f"CamelHeader.{name}": value for name, value in told.headers.items()})


def bitmaps(change: Change) -> Sent:
    """The Pub/Sub API: what changed is a bitmap of a schema that does not travel; values that are there apply."""
    told = cdc(change)
    body = json.loads(told.value or b"")
    body["ChangeEventHeader"]["changedFields"] = ["0x400800", "4-0x04"] if change.changed else []
    return Sent(dumped(body), told.key)


SHAPES: Final[dict[str, Callable[[Change], Sent]]] = {
    one.__name__: one for one in (cdc, enveloped_cdc, comet, push_topic, string_keyed, camel, old_camel, bitmaps)
}


def framed(sent: Sent) -> Sent:
    """The five bytes of a schema registry around value and key."""
    frame = b"\x00\x00\x00\x00\x2a"
    key = sent.key if sent.key is None or not sent.key.startswith(b"{") else frame + sent.key
    return Sent(frame + (sent.value or b""), key, sent.headers)


def in_text(sent: Sent) -> Sent:
    """JSON text inside a JSON text."""
    return Sent(dumped((sent.value or b"").decode()), sent.key, sent.headers)


def attributes(sent: Sent) -> dict[str, str]:
    return {"specversion": "1.0", "id": sha256(sent.value or b"").hexdigest(), "source": "/salesforce", "type": "sf.record.v1"}


def binary(sent: Sent) -> Sent:
    """A CloudEvent in Kafka's binary mode."""
    return Sent(sent.value, sent.key, {**sent.headers, **{f"ce_{name}": value for name, value in attributes(sent).items()}})


def structured(sent: Sent) -> Sent:
    event = attributes(sent) | {"data": json.loads(sent.value or b"")}
    return Sent(dumped(event), sent.key, {**sent.headers, "content-type": "application/cloudevents+json; charset=UTF-8"})


WRAPPERS: Final[dict[str, Callable[[Sent], Sent]]] = {
    "bare": lambda sent: sent,
    **{one.__name__: one for one in (framed, in_text, binary, structured)},
}


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield value, key
        yield from places(one)


def rewritten(fields: dict[str, Any], choose: Callable[[int], int]) -> dict[str, Any]:
    """The same values in other forms: short ids, money as number or text, dates as text, days, or milliseconds."""
    changed = deepcopy(fields)
    for container, key in list(places(changed)):
        one = container[key]
        if (
            isinstance(one, str)
            and len(one) == 18
            and one.isalnum()
            and one.startswith(("801", "802", "001", "01t", "005", "006", "800"))
        ):
            container[key] = (one, one[:15], one.upper(), one.lower())[choose(4)]
        elif key in {"UnitPrice", "TotalAmount"} and isinstance(one, str):
            container[key] = (one, float(one), f"{float(one):.1f}")[choose(3)]
        elif key in {"Quantity", "SubOrderCount__c", "ItemCount__c"} and isinstance(one, int):
            container[key] = (one, float(one), str(one))[choose(3)]
        elif key == "EffectiveDate" and isinstance(one, str):
            days = (date.fromisoformat(one) - date(1970, 1, 1)).days
            container[key] = (one, days, days * 86_400_000 + 43_200_000, f"{one}T10:00:00.000-04:00")[choose(4)]
        elif isinstance(one, bool):
            container[key] = (one, str(one).lower(), int(one))[choose(3)]
    return changed


@dataclass
class Shelf:
    """The pieces of an organisation without a database: the same rules, and what they make after each message."""

    pieces: dict[Place, Piece] = field(default_factory=dict)
    made: list[Inbound] = field(default_factory=list)
    inbox: set[tuple[str, str]] = field(default_factory=set)

    def comes(self, sent: Sent) -> list[Inbound]:
        """One message, and what it makes."""
        org, labels = organisation()
        found = decode(sent.value, sent.key, sent.headers, org, labels)
        told = as_inbound(found, org.org, _no_join)
        if isinstance(told, Inbound):
            self.made.append(told)
            return [told]
        assert isinstance(told, Fragment), told
        if told.id and (told.source, told.id) in self.inbox:
            return []
        self.inbox.add((told.source, told.id))
        for place, piece in kept(self.pieces, told.piece, org.order.number).items():
            if piece is None:
                del self.pieces[place]
            else:
                self.pieces[place] = piece
        new = [one for one in made(self.families(org), org, labels) if (one.source, one.id) not in self.inbox]
        self.inbox |= {(one.source, one.id) for one in new}
        self.made += new
        return new

    def families(self, org: OrgMapping) -> dict[str, list[Piece]]:
        orders = {one.id: up(one, org) or one.id for one in self.pieces.values() if one.kind == "order"}
        found: dict[str, list[Piece]] = {}
        for one in self.pieces.values():
            above = up(one, org)
            root = orders.get(above or "") if one.kind == "item" else orders[one.id] if one.kind == "order" else above
            if root is not None and len(root) == 18:
                found.setdefault(root, []).append(one)
        return found


async def _no_join(connection: Any, pieces: Any) -> list[Inbound]:
    raise NotImplementedError

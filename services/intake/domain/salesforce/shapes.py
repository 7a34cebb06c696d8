"""Tells the shapes apart by content, in the fixed order of 1.2: never by topic name, never by `_EventType`."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from services.intake.domain.salesforce import quirks
from services.intake.domain.salesforce.feeds import Feed, camel, camel_headers, change_data, push_topic, string_keyed
from services.intake.domain.salesforce.mapping import EventFields, OrgMapping, first
from services.intake.domain.salesforce.parse import parse
from services.intake.domain.salesforce.results import Identity, Json, Nothing, UnreadableError

STRUCTURED: Final = "application/cloudevents"
ATTRIBUTES: Final = ("specversion", "id", "source", "type")
OURS: Final = "o2c."
MOST_NAMES: Final = 20


@dataclass(frozen=True, slots=True)
class Wrapped:
    """The data of a record, with the identity and time that a CloudEvents envelope gave it."""

    data: Any
    identity: Identity | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """What the data is, by its name in 1.1, and its fields; records come as a feed."""

    kind: Literal["EVENT", "GRAPH", "RECORDS", "ANNOUNCEMENT"]
    body: Json
    feed: Feed | None = None
    identity: Identity | None = None


def open_cloud_event(parsed: Any, headers: dict[str, str]) -> Wrapped:
    """Step 4: binary or structured, by header or by content; what is neither passes as it is."""
    content_type = headers.get("content-type", "").strip().casefold()
    if content_type.startswith(STRUCTURED) or (isinstance(parsed, dict) and all(one in parsed for one in ATTRIBUTES)):
        if not isinstance(parsed, dict) or content_type.startswith(f"{STRUCTURED}-batch"):
            raise UnreadableError("cloudevent_invalid", "$", "En Kafka no hay lotes de CloudEvents; envíe uno por mensaje.")
        return _wrapped({name: parsed.get(name) for name in (*ATTRIBUTES, "time")}, _data(parsed))
    if "ce_specversion" in headers:
        return _wrapped({name: headers.get(f"ce_{name}") for name in (*ATTRIBUTES, "time")}, parsed)
    return Wrapped(parsed)


def _wrapped(attributes: dict[str, Any], data: Any) -> Wrapped:
    for name in ATTRIBUTES:
        if not isinstance(attributes[name], str) or not attributes[name].strip():
            raise UnreadableError("cloudevent_invalid", f"ce_{name}", f"Falta el atributo {name}.")
    if attributes["specversion"] != "1.0":
        raise UnreadableError("cloudevent_invalid", "ce_specversion", "Sólo se acepta CloudEvents 1.0.")
    if attributes["type"].startswith(OURS):
        raise UnreadableError("own_event", "ce_type", "Es un hecho nuestro; no corresponde a un tópico de Salesforce.")
    return Wrapped(data, Identity.of(attributes["source"], attributes["id"]), moment(attributes["time"]))


def _data(event: Json) -> Any:
    if "data_base64" not in event:
        return event.get("data")
    try:
        return parse(base64.b64decode(event["data_base64"], validate=True) or b"null")
    except (binascii.Error, TypeError, ValueError) as error:
        raise UnreadableError("cloudevent_invalid", "$.data_base64", "No es base64 válido.") from error


def moment(raw: Any) -> datetime | None:
    """A time that may be missing or malformed: it only dates, so it is never an error."""
    try:
        return None if raw is None else quirks.instant(raw)
    except quirks.QuirkError:
        return None


def unwrapped(data: Any) -> Any:
    """Step 6: the payload of a Connect envelope, whatever its schema is; a key is unwrapped alike."""
    return data["payload"] if isinstance(data, dict) and "schema" in data and "payload" in data else data


def recognise(data: Any, key: Any, headers: Mapping[str, str], mapping: OrgMapping) -> Shape | Nothing:
    """Steps 5 to 13; the first hit decides. `key` is the record's key, parsed. Raises UnreadableError for no shape at all."""
    if _is_comet(data):
        return _comet(data, mapping)
    data = unwrapped(data)
    if data is None:
        return Nothing("tombstone")
    if not isinstance(data, dict):
        raise UnreadableError("unknown_shape", "$", "Se esperaba un objeto JSON.")
    if isinstance(data.get("ChangeEventHeader"), dict):
        return Shape("RECORDS", data, change_data(data, key, sparse=False))
    told = camel_headers(headers)
    if is_event(data, mapping.platform_event):
        return Shape("EVENT", data, identity=_camel_event(told, mapping))
    if isinstance(data.get("order"), dict) and "suborders" in data:
        return Shape("GRAPH", data)
    if "sf.change.type" in headers:
        return Shape("RECORDS", data, string_keyed(data, headers, key))
    if told and not told.get("channel", "").startswith("/event/"):
        return Shape("RECORDS", data, camel(data, told, key))
    kind = data.get("_ObjectType")
    if isinstance(kind, str) and kind and not kind.endswith("ChangeEvent"):
        return Shape("RECORDS", data, push_topic(data, data.get("_EventType"), key, kind))
    if first(data, mapping.platform_event.order_id)[1] is not None:
        return Shape("ANNOUNCEMENT", data, identity=_camel_event(told, mapping))
    names = ", ".join(sorted(str(name)[:40] for name in data)[:MOST_NAMES])
    raise UnreadableError("unknown_shape", "$", f"No se reconoce la forma del mensaje; campos: {names or 'ninguno'}.")


def _camel_event(told: Mapping[str, str], mapping: OrgMapping) -> Identity | None:
    """The identity of a platform event whose ids stand in Camel's headers."""
    channel = told.get("channel", "")
    if not channel.startswith("/event/"):
        return None
    unique = told.get("eventuuid") or (f"{channel}/{told['replayid']}" if told.get("replayid") else "")
    return Identity.of(f"sf/{mapping.org}/{channel.removeprefix('/event/')}", unique)


def _is_comet(data: Any) -> bool:
    event = data.get("event") if isinstance(data, dict) else None
    return isinstance(event, dict) and ("replayId" in event or "type" in event) and ("payload" in data or "sobject" in data)


def _comet(data: Json, mapping: OrgMapping) -> Shape | Nothing:
    """CometD handed through: change data with changed fields only, a platform event, or the row of a PushTopic (shape 9)."""
    event: Json = data["event"]
    row = data.get("sobject")
    if isinstance(row, dict):
        entity = (mapping.item if first(row, mapping.item.order)[1] is not None else mapping.order).names[0]
        return Shape("RECORDS", row, push_topic(row, event.get("type"), None, entity))
    body = data.get("payload")
    if not isinstance(body, dict):
        raise UnreadableError("unknown_shape", "$.payload", "Se esperaba un objeto JSON.")
    if isinstance(body.get("ChangeEventHeader"), dict):
        return Shape("RECORDS", body, change_data(body, None, sparse=True))
    whole = {"ReplayId": event.get("replayId"), "EventUuid": event.get("EventUuid"), **body}
    if is_event(whole, mapping.platform_event):
        return Shape("EVENT", whole)
    if first(whole, mapping.platform_event.order_id)[1] is not None:
        return Shape("ANNOUNCEMENT", whole)
    raise UnreadableError("unknown_shape", "$.payload", "No es un cambio, un evento de plataforma ni un PushTopic.")


def is_event(data: Json, names: EventFields) -> bool:
    """Step 8: `_ObjectType` ends in `__e`, or the payload field is there."""
    kind = data.get("_ObjectType")
    return (isinstance(kind, str) and kind.endswith("__e")) or first(data, names.payload)[1] is not None

"""What is published of the TMF622 notifications: a schema of each, a golden message of each fact that is told, AsyncAPI.

They are written from our facts and frozen with nothing: TM Forum's version stands in the type, ours in the facts.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, get_args

from o2c.contracts import golden
from o2c.tmf.mapping import ROWS, SERVICES, TOPIC, Told, headers, notification
from o2c.tmf.shape import ADDED_IN_5, EventType, Notification, Version
from shared.contracts.base import to_json
from shared.contracts.catalogue import FACTS
from shared.messaging.asyncapi import DIALECT, headers_schema

DOCUMENT: Final = "tmf.asyncapi.json"
TITLES: Final = {
    "ProductOrderCreateEvent": "An order was received",
    "ProductOrderStateChangeEvent": "The state of an order or suborder changed",
    "ProductOrderAttributeValueChangeEvent": "An order was amended; in version 4 also milestones, jeopardies and errors",
    "ProductOrderInformationRequiredEvent": "Documents are missing, or the order went back to the sale",
    "ProductOrderMilestoneEvent": "A point on the way was reached",
    "ProductOrderJeopardyAlertEvent": "A limit is near or passed",
    "ProductOrderErrorMessageEvent": "A step cannot go on by itself",
}


def kinds(version: Version) -> list[str]:
    """The notifications of a version of TMF622."""
    return [one for one in get_args(EventType) if version != 4 or one not in ADDED_IN_5]  # noqa: PLR2004 - the version itself


def schema(kind: str, version: Version) -> dict[str, Any]:
    """The schema of a notification: open content, and its type said."""
    made = Notification.model_json_schema(mode="serialization", by_alias=True)
    said = {"type": "string", "const": kind}
    properties = made["properties"] | {"eventType": said, "@type": said}
    about = {"title": kind, "description": TITLES[kind], "properties": properties}
    return {"$schema": DIALECT, "$id": f"urn:o2c:schema:tmf622:{kind}:{version}.0", **made, **about}


def samples() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Service, name and whole message of the sample of every fact that is told."""
    for service in SERVICES:
        for name, kind in FACTS[service].items():
            if kind in ROWS:
                yield service, name, golden.sample(service, name)


def message(service: str, name: str, fact: dict[str, Any], version: Version) -> dict[str, Any]:
    """The notification of a fact's message, as it goes over Kafka."""
    written = fact["headers"]
    body = FACTS[service][name].model_validate(fact["value"])
    told = Told(written["ce_id"], datetime.fromisoformat(written["ce_time"]), body)
    found = notification(told, version)
    if found is None:
        raise ValueError(f"{service}/{name}: the sample is of no order")
    pairs = {key: raw.decode() for key, raw in headers(found, told, version, written)}
    return {"topic": TOPIC, "key": fact["key"], "headers": pairs, "value": json.loads(to_json(found))}


def files() -> dict[str, dict[str, Any]]:
    """Every file by its path below docs/contracts."""
    made: dict[str, dict[str, Any]] = {}
    versions: tuple[Version, ...] = get_args(Version)
    for version in versions:
        made |= {f"tmf/v{version}/{kind}.schema.json": schema(kind, version) for kind in kinds(version)}
        made |= {
            f"tmf/golden/v{version}/{service}.{name}.json": message(service, name, fact, version)
            for service, name, fact in samples()
        }
    return made | {DOCUMENT: document(max(versions))}


def document(version: Version) -> dict[str, Any]:
    """The AsyncAPI document of `o2c tmf`, in the version that is told unless settings say otherwise."""
    messages = {
        kind: {
            "name": f"o2c.tmf622.{kind}.v{version}",
            "title": kind,
            "summary": TITLES[kind],
            "traits": [{"$ref": "#/components/messageTraits/cloudevent"}],
            "payload": {"$ref": f"./tmf/v{version}/{kind}.schema.json"},
        }
        for kind in kinds(version)
    }
    channel = {"address": TOPIC, "messages": messages, "x-partitions": 12, "x-key": "id de la orden padre"}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "O2C-tmf", "version": "1.0.0", "description": "Notificaciones TMF622 (opcional: o2c tmf)."},
        "defaultContentType": "application/json",
        "channels": {TOPIC: channel | {"x-retention-days": 30}},
        "operations": {f"send-{TOPIC}": {"action": "send", "channel": {"$ref": f"#/channels/{TOPIC}"}}},
        "components": {"messageTraits": {"cloudevent": {"headers": headers_schema()}}},
    }

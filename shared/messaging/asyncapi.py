"""JSON Schemas of every message and one AsyncAPI document, generated from the models and from what each service hears."""

from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel

from shared.contracts.base import type_name
from shared.contracts.catalogue import COMMANDS, FACTS, SERVICES
from shared.messaging.roster import Roster

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
HEADERS: Final = (
    "ce_specversion",
    "ce_id",
    "ce_type",
    "ce_source",
    "ce_subject",
    "ce_time",
    "ce_seq",
    "ce_causationid",
    "ce_actor",
    "content-type",
    "traceparent",
)


def schema(service: str, message: type[BaseModel], *, sent: bool) -> dict[str, Any]:
    """The schema of a message: open content, so that an addition breaks no reader."""
    made = message.model_json_schema(mode="serialization" if sent else "validation", by_alias=True)
    name = message.__name__
    return {"$schema": DIALECT, "$id": f"urn:o2c:schema:{service}:{name}:1.0", **made}


def schemas() -> dict[str, dict[str, Any]]:
    """Every fact and command by file name: `<service>/<Type>/v1.0.schema.json`."""
    facts = {
        f"{one}/{name}/v1.0.schema.json": schema(one, kind, sent=True) for one in SERVICES for name, kind in FACTS[one].items()
    }
    asked = {
        f"{one}/commands/{name}/v1.0.schema.json": schema(one, kind, sent=False)
        for one in SERVICES
        for name, kind in COMMANDS[one].items()
    }
    return facts | asked


def document(service: str, roster: Roster, listens: Sequence[str]) -> dict[str, Any]:
    """The AsyncAPI 3.0 document of one service: what it publishes, what it hears, which commands it understands."""
    heard = sorted(kind.__name__ for kind in roster.facts())
    channels = {f"o2c.{service}.v1": _channel(service, FACTS[service])}
    channels[f"o2c.{service}.commands.v1"] = _channel(service, COMMANDS[service])
    for one in listens:
        kinds = {name: kind for name, kind in FACTS[one].items() if name in heard}
        if kinds and one != service:
            channels[f"o2c.{one}.v1"] = _channel(one, kinds)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": f"O2C-{service}", "version": "1.0.0", "description": f"Mensajes del servicio {service}."},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": _operations(service, channels),
        "components": {"messageTraits": {"cloudevent": {"headers": _headers()}}},
    }


def _channel(service: str, kinds: dict[str, Any]) -> dict[str, Any]:
    suffix = "commands/" if kinds is COMMANDS[service] else ""
    messages = {
        name: {
            "name": type_name(service, kind),
            "title": name,
            "summary": (kind.__doc__ or name).splitlines()[0],
            "traits": [{"$ref": "#/components/messageTraits/cloudevent"}],
            "payload": {"$ref": f"./{service}/{suffix}{name}/v1.0.schema.json"},
        }
        for name, kind in sorted(kinds.items())
    }
    topic = f"o2c.{service}.{'commands.' if suffix else ''}v1"
    return {"address": topic, "messages": messages, "x-partitions": 12, "x-key": "id de la orden padre", "x-retention-days": 30}


def _operations(service: str, channels: dict[str, Any]) -> dict[str, Any]:
    own = f"o2c.{service}.v1"
    return {
        f"{'send' if name == own else 'receive'}-{name}": {
            "action": "send" if name == own else "receive",
            "channel": {"$ref": f"#/channels/{name.replace('/', '~1')}"},
        }
        for name in channels
    }


def _headers() -> dict[str, Any]:
    return {"type": "object", "required": list(HEADERS[:8]), "properties": {name: {"type": "string"} for name in HEADERS}}

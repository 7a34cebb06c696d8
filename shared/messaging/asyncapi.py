"""JSON Schemas of every message and one AsyncAPI document, generated from the models and from what each service hears."""

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel

from shared.contracts.base import Command, Fact, type_name
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


def schema(service: str, message: type[BaseModel], *, sent: bool, version: str = "1.0") -> dict[str, Any]:
    """The schema of a message: open content, so that an addition breaks no reader."""
    return {"$schema": DIALECT, "$id": f"urn:o2c:schema:{service}:{message.__name__}:{version}", **_body(message, sent=sent)}


@cache
def _body(message: type[BaseModel], *, sent: bool) -> dict[str, Any]:
    return message.model_json_schema(mode="serialization" if sent else "validation", by_alias=True)


def published() -> dict[str, tuple[str, type[Fact] | type[Command]]]:
    """Every fact and command with its service, by the folder of its schemas: `<service>/<Type>`, `<service>/commands/<Type>`."""
    facts = {f"{one}/{name}": (one, kind) for one in SERVICES for name, kind in FACTS[one].items()}
    asked = {f"{one}/commands/{name}": (one, kind) for one in SERVICES for name, kind in COMMANDS[one].items()}
    return {**facts, **asked}


def document(
    service: str, roster: Roster, listens: Sequence[str], versions: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Any]:
    """The AsyncAPI 3.0 document of one service: what it publishes, what it hears, which commands it understands.

    `versions` is the newest version of each schema folder, 1.0 where it names none.
    """
    heard = sorted(kind.__name__ for kind in roster.facts())
    channels = {f"o2c.{service}.v1": _channel(service, FACTS[service], versions)}
    channels[f"o2c.{service}.commands.v1"] = _channel(service, COMMANDS[service], versions)
    for one in listens:
        kinds = {name: kind for name, kind in FACTS[one].items() if name in heard}
        if kinds and one != service:
            channels[f"o2c.{one}.v1"] = _channel(one, kinds, versions)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": f"O2C-{service}", "version": "1.0.0", "description": f"Mensajes del servicio {service}."},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": _operations(service, channels),
        "components": {"messageTraits": {"cloudevent": {"headers": headers_schema()}}},
    }


def _channel(service: str, kinds: Mapping[str, Any], versions: Mapping[str, str]) -> dict[str, Any]:
    suffix = "commands/" if kinds is COMMANDS[service] else ""
    messages = {
        name: {
            "name": type_name(service, kind),
            "title": name,
            "summary": (kind.__doc__ or name).splitlines()[0],
            "traits": [{"$ref": "#/components/messageTraits/cloudevent"}],
            "payload": {"$ref": f"./{folder}/v{versions.get(folder, '1.0')}.schema.json"},
        }
        for name, kind in sorted(kinds.items())
        for folder in (f"{service}/{suffix}{name}",)
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


def headers_schema() -> dict[str, Any]:
    """The schema of the CloudEvents headers."""
    return {"type": "object", "required": list(HEADERS[:8]), "properties": {name: {"type": "string"} for name in HEADERS}}

"""All AsyncAPI documents as one: each topic once, as its owner tells it; who reads it says which of its messages."""

from collections.abc import Mapping
from typing import Any, Final

DOCUMENT: Final = "asyncapi.json"
TITLE: Final = "O2C"
Document = Mapping[str, Any]


def merged(documents: Mapping[str, Document], examples: Mapping[str, Document]) -> dict[str, Any]:
    """One document of these by their owner, with whole `examples` by wire type."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    components: dict[str, Any] = {}
    for owner, document in documents.items():
        for kind, parts in document["components"].items():
            components.setdefault(kind, {}).update(parts)
        for address, channel in document["channels"].items():
            if _owns(owner, address):
                channels[address] = channel | {
                    "messages": {name: _shown(one, examples) for name, one in channel["messages"].items()}
                }
        for operation in document["operations"].values():
            address = operation["channel"]["$ref"].removeprefix("#/channels/").replace("~1", "/")
            heard = [{"$ref": f"#/channels/{address}/messages/{name}"} for name in document["channels"][address]["messages"]]
            operations[f"{owner}-{operation['action']}-{address}"] = operation | {"messages": heard}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": TITLE, "version": "1.0.0", "description": "Todo lo que pasa por Kafka."},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": components,
    }


def _owns(owner: str, address: str) -> bool:
    return address.startswith(f"o2c.{owner}") or owner == "salesforce"


def _shown(message: Document, examples: Mapping[str, Document]) -> Document:
    """The message with its golden example, where it has one and tells none itself."""
    sent = examples.get(message.get("name", ""))
    if sent is None:
        return message
    return {**message, "examples": [{"name": "golden", "headers": sent["headers"], "payload": sent["value"]}]}

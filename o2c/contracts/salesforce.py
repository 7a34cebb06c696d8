"""What a connector of Salesforce may send, as AsyncAPI: every shape that is understood, with the samples that prove it.

A shape is told by its content and never by its topic, so each topic of a mapping takes all of them. There is no schema to
satisfy: fields have the names of the organisation's mapping, and `o2c contracts check` is the judge.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from o2c.contracts.golden import SAMPLES

DOCUMENT: Final = "salesforce.asyncapi.json"
FOLDER: Final = SAMPLES / "salesforce"
KEEP_DAYS: Final = 7
ADVICE: Final = (
    "JsonConverter con schemas.enable=false, acks=all, productor idempotente, hasta 1 MiB. Ningún orden de llegada se supone"
    " y lo repetido se reconoce. Antes de publicar, «o2c contracts check»; lo que se entiende y no cumple vuelve como"
    " OrderRejected en o2c.intake.v1, lo que no se entiende queda en los mensajes muertos con su razón."
)


class Shape(NamedTuple):
    """One shape: its name, what it is, and its samples, by the beginning of their file names."""

    name: str
    summary: str
    samples: tuple[str, ...]


SHAPES: Final = (
    Shape("PlatformEvent", "Evento de plataforma: una orden entera en Payload__c; es la forma que se recomienda.", ("01",)),
    Shape("PlatformEventEnveloped", "El mismo, en el sobre schema + payload de Kafka Connect.", ("02",)),
    Shape("PlatformEventParts", "Una orden grande en partes numeradas, en cualquier orden.", ("21", "22")),
    Shape("ChangeDataCreate", "CDC: alta de un registro, con todos sus campos.", ("03", "04", "05")),
    Shape("ChangeDataUpdate", "CDC: cambio de uno o varios registros; nulo significa sin cambio.", ("06", "07")),
    Shape("ChangeDataDelete", "CDC: borrado; antes de recibida la orden quita la pieza, después abre una tarea.", ("18",)),
    Shape("ChangeDataGap", "CDC: hueco o desborde; algo cambió y no se sabe qué: abre una tarea.", ("08",)),
    Shape("PushTopic", "PushTopic: la fila de una consulta.", ("09",)),
    Shape("RawCometD", "CometD tal como llega de Salesforce: CDC, evento de plataforma o PushTopic.", ("10", "23", "25")),
    Shape("StringKeyed", "Conector de clave de texto, con cabeceras sf.*.", ("11",)),
    Shape("Camel", "Camel: el registro solo, con cabeceras CamelSalesforce*.", ("12", "24")),
    Shape("CloudEvent", "CloudEvents, en modo binario o estructurado, alrededor de cualquier forma.", ("13", "14")),
    Shape("PubSubBitmaps", "Pub/Sub API: CDC con mapas de bits en lugar de nombres de campos.", ("19",)),
    Shape("RegistryFramed", "Marco de un registro de esquemas: cinco bytes delante de cualquier JSON.", ("20",)),
    Shape("OrderGraph", "La orden entera como un solo JSON.", ("00", "16", "17")),
)


def examples(shape: Shape) -> Iterator[dict[str, Any]]:
    """The samples of a shape as AsyncAPI has examples; bytes that are no JSON stand as base64."""
    for start in shape.samples:
        (file,) = FOLDER.glob(f"{start}_*.json")
        told = json.loads(file.read_text(encoding="utf-8"))
        whole = told if "value" in told or "value_base64" in told else {"value": told}
        found: dict[str, Any] = {"name": file.stem, "payload": whole.get("value", whole.get("value_base64"))}
        yield found | ({"headers": whole["headers"]} if whole.get("headers") else {})


def document(topics: Sequence[str]) -> dict[str, Any]:
    """The AsyncAPI document of what comes in, on these topics."""
    messages = {
        shape.name: {
            "name": shape.name,
            "title": shape.name,
            "summary": shape.summary,
            "contentType": "application/json",
            "payload": {"description": "Los campos que nombra el mapeo de la organización; los demás se pasan por alto."},
            "examples": list(examples(shape)),
        }
        for shape in SHAPES
    }
    channels = {
        topic: {
            "address": topic,
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            "x-partitions": 12,
            "x-key": "la del conector; ninguna regla depende de ella",
            "x-retention-days": KEEP_DAYS,
        }
        for topic in topics
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "O2C-salesforce", "version": "1.0.0", "description": "Lo que un conector de Salesforce puede enviar."},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": {
            f"receive-{topic}": {"action": "receive", "channel": {"$ref": f"#/channels/{topic}"}} for topic in channels
        },
        "components": {"messages": messages},
    }

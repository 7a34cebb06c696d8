"""The page of all contracts, one HTML file that needs nothing else: no script, no style and no font from elsewhere."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from o2c.contracts.page.fields import Field, example, fields
from o2c.contracts.salesforce import ADVICE
from shared.topics import Topic

HERE: Final = Path(__file__).parent
HEADERS: Final[Mapping[str, str]] = {
    "ce_specversion": "Siempre 1.0 (CloudEvents en modo binario).",
    "ce_id": "Identidad del mensaje, la misma para siempre: por ella se descartan los repetidos.",
    "ce_type": "Qué mensaje es; la versión mayor está al final.",
    "ce_source": "Quién lo dice; corresponde al tópico, o es el socio que envía el comando.",
    "ce_subject": "De qué trata: la orden, la subórden, el grupo de facturación o el mensaje.",
    "ce_time": "Cuándo ocurrió, en UTC.",
    "ce_seq": "Número del hecho dentro de su agregado: 1, 2, 3, … sin huecos. Los comandos no lo llevan.",
    "ce_causationid": "Qué mensaje lo causó.",
    "ce_actor": "Quién lo pidió: un usuario, un socio o SYSTEM.",
    "content-type": "application/json; el valor es UTF-8.",
    "traceparent": "Contexto de traza W3C en el que nació; si falta o es inválido no es un error.",
}
READ_FACTS: Final = (
    "Leer desde el principio, descartar repetidos por ce_id, pasar por alto los tipos y campos que no conozca,"
    " y confirmar el avance sólo después de guardar."
)
SEND_COMMANDS: Final = (
    "Repetir un comando con el mismo ce_id no hace nada más; lo que se rechaza vuelve como CommandRefused, con su código, en el"
    " tópico de hechos del servicio."
)


ERRORS: Final[Mapping[str, str]] = {
    "Tipo que no se conoce": "Pasarlo por alto; sólo la cabecera ce_type decide. Los tipos nuevos no rompen a nadie.",
    "No es JSON, no cumple el esquema o no es CloudEvents 1.0": (
        "Guardar tópico, partición, posición y razón, seguir con el siguiente y avisarnos: el error es nuestro."
    ),
    "El mismo ce_id otra vez": "No hacer nada: es una repetición, y puede venir también meses después.",
    "El mismo request_id con un attempt mayor": "Reemplazar la solicitud: es el reenvío tras un rechazo; responder de nuevo.",
    "La solicitud se entiende y no se puede facturar": (
        "Enviar RefuseBillingActivation con code y detail; corregida, vuelve como BillingRequestResent con el mismo request_id."
    ),
    "Nuestra respuesta vuelve como CommandRefused en o2c.billing.v1": (
        "Leer code y why. El mismo ce_id no se vuelve a mirar: una respuesta corregida lleva otro."
    ),
    "El proceso muere": "Iniciarlo otra vez: lee de nuevo desde lo último confirmado y reconoce lo que ya tiene.",
    "Se pierden las posiciones del grupo": "Leer desde el principio: no cambia nada. Lo de más de 30 días se pide como reenvío.",
    "Kafka niega el grupo o el tópico": "El grupo empieza con el nombre del principal y un punto (bbd.…); pedir el acceso.",
}
"""What a biller does about each error, as the page tells it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One message on the page."""

    anchor: str
    name: str
    type: str
    summary: str
    schema_file: str
    heard_by: tuple[str, ...]
    fields: tuple[Field, ...]
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic on the page."""

    address: str
    anchor: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    partitions: int
    key: str
    keep_days: int
    advice: str
    messages: tuple[Shown, ...]
    also: tuple[str, ...] = ()
    """Other topics that take the same messages."""


def channels(
    documents: Mapping[str, Mapping[str, Any]],
    schemas: Mapping[str, Mapping[str, Any]],
    examples: Mapping[str, Mapping[str, Any]],
    topics: Mapping[str, Topic],
) -> list[Channel]:
    """What each service's AsyncAPI document says it owns: the facts it sends, the commands it takes.

    `documents` by service, `schemas` by path below docs/contracts, `examples` (whole messages) by wire type, `topics` by name.
    """
    found = []
    for owner, document in documents.items():
        for address, channel in document["channels"].items():
            if not address.startswith(f"o2c.{owner}") or address not in topics:
                continue
            topic, commands = topics[address], ".commands." in address
            messages = [
                shown(address, one, schemas, examples, _hearing(documents, owner, address, name))
                for name, one in channel["messages"].items()
            ]
            found.append(
                Channel(
                    address=address,
                    anchor=address.replace(".", "-"),
                    writers=topic.writers,
                    readers=topic.readers,
                    partitions=channel["x-partitions"],
                    key=channel["x-key"],
                    keep_days=channel["x-retention-days"],
                    advice=SEND_COMMANDS if commands else READ_FACTS,
                    messages=tuple(messages),
                )
            )
    return found


def incoming(document: Mapping[str, Any], topics: Mapping[str, Topic]) -> Channel:
    """What comes from Salesforce, once for all of its topics, with every sample of each shape."""
    first, *others = document["channels"].values()
    messages = [
        Shown(
            anchor=f"salesforce-{name}",
            name=name,
            type="",
            summary=one["summary"],
            schema_file="",
            heard_by=(),
            fields=(),
            examples=tuple(json.dumps(sample, ensure_ascii=False, indent=1) for sample in one["examples"]),
        )
        for name, one in document["components"]["messages"].items()
    ]
    return Channel(
        address=first["address"],
        anchor="salesforce",
        writers=topics[first["address"]].writers,
        readers=topics[first["address"]].readers,
        partitions=first["x-partitions"],
        key=first["x-key"],
        keep_days=first["x-retention-days"],
        advice=ADVICE,
        messages=tuple(messages),
        also=tuple(one["address"] for one in others),
    )


def _hearing(documents: Mapping[str, Mapping[str, Any]], owner: str, address: str, name: str) -> tuple[str, ...]:
    """The services that react to this message of another one."""
    others = {one: document["channels"].get(address) for one, document in documents.items() if one != owner}
    return tuple(one for one, channel in others.items() if channel and name in channel["messages"])


def shown(
    address: str,
    message: Mapping[str, Any],
    schemas: Mapping[str, Mapping[str, Any]],
    examples: Mapping[str, Mapping[str, Any]],
    heard_by: tuple[str, ...],
) -> Shown:
    """A message with its fields and an example: the one given, else made from the schema."""
    path = message["payload"]["$ref"].removeprefix("./")
    schema, sent = schemas[path], examples.get(message["name"])
    whole = sent or {"topic": address, "headers": {"ce_type": message["name"]}, "value": example(schema)}
    return Shown(
        anchor=message["name"].replace(".", "-"),
        name=message["title"],
        type=message["name"],
        summary=message["summary"],
        schema_file=path,
        heard_by=heard_by,
        fields=tuple(fields(schema)),
        examples=(json.dumps(whole, ensure_ascii=False, indent=1),),
    )


def render(found: list[Channel], consumer: str) -> str:
    """The page, with the text of the stand-alone consumer."""
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    css = (HERE / "page.css").read_text(encoding="utf-8")
    return (
        environment.get_template("page.html.j2").render(
            channels=found, headers=HEADERS, css=css, consumer=consumer, errors=ERRORS
        )
        + "\n"
    )

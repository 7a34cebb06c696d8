"""What intake understands of a connector's message, for the team that writes it (`o2c contracts check`)."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from o2c.tmf.shape import Notification
from services.intake.domain.salesforce.decode import decode
from services.intake.domain.salesforce.mapping import OrgMapping
from services.intake.domain.salesforce.reader import Labels
from services.intake.domain.salesforce.results import (
    Announcement,
    Cancelled,
    Changes,
    Decoded,
    DocumentsAdded,
    Entity,
    Kind,
    Nothing,
    Part,
    RecordChange,
    Resync,
    Submitted,
    Undecodable,
)
from shared.contracts.intake import Problem
from shared.contracts.salesforce import SalesforceOrderSubmitted

NAMES: Final[Mapping[Entity, str]] = {"order": "Order", "item": "OrderItem"}
KINDS: Final[Mapping[Kind, str]] = {
    "CREATE": "alta",
    "UPDATE": "cambio",
    "FULL": "fila completa",
    "DELETE": "borrado",
    "UNDELETE": "recuperación",
    "GAP": "hueco",
}


WRONG: Final[Mapping[str, str]] = {
    "extra_forbidden": "nombre desconocido; los que hay están en bo-dev.yaml",
    "missing": "falta",
    "string_type": "debe ser un texto",
    "tuple_type": "debe ser una lista",
    "dict_type": "debe ser una tabla de nombres y valores",
    "model_type": "debe ser una tabla de nombres y valores",
    "bool_type": "debe ser true o false",
}
"""What is wrong with a mapping, where the library that reads it says so in English."""


class UnusableFileError(Exception):
    """The file itself cannot be read as a message; the text is Spanish and for the team."""


@dataclass(frozen=True, slots=True)
class Report:
    """One file: whether it is understood, the line that says what, each problem with its path, and what is missing."""

    file: str
    understood: bool
    said: str
    order_number: str = ""
    action: str = ""
    sites: tuple[str, ...] = ()
    problems: tuple[dict[str, str], ...] = ()
    missing: tuple[dict[str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As a machine reads it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Message:
    """A Kafka message as a file describes it."""

    value: bytes | None
    key: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    topic: str = ""


def read(path: Path) -> Message:
    """A file in the form of the samples, or a bare value such as an order graph. Raises UnusableFileError."""
    raw = path.read_bytes()
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        return Message(raw)  # the decoder says what is wrong with it
    if not isinstance(told, dict) or not ({"value", "value_base64"} & set(told)):
        return Message(raw)
    headers = told.get("headers") or {}
    if not isinstance(headers, dict):
        raise UnusableFileError("headers debe ser un objeto")
    texts = {str(name): value if isinstance(value, str) else json.dumps(value) for name, value in headers.items()}
    return Message(_bytes(told, "value"), _bytes(told, "key"), texts, str(told.get("topic") or ""))


def _bytes(told: Mapping[str, Any], name: str) -> bytes | None:
    """Raw bytes in base64; text as it is; anything else as JSON; null is no bytes at all."""
    encoded = told.get(f"{name}_base64")
    if encoded is not None:
        try:
            return base64.b64decode(encoded, validate=True)
        except (ValueError, TypeError) as error:
            raise UnusableFileError(f"{name}_base64 no es base64 válido") from error
    value = told.get(name)
    if value is None or isinstance(value, str):
        return None if value is None else value.encode()
    return json.dumps(value, ensure_ascii=False).encode()


def organisation(message: Message, mappings: Iterable[OrgMapping], org: str | None) -> OrgMapping:
    """The organisation asked for, else the one whose topics name the message's, else the only one there is."""
    known = {one.org: one for one in mappings}
    if org is not None:
        if org not in known:
            raise UnusableFileError(f"no hay mapeo de la organización {org}; hay: {', '.join(sorted(known))}")
        return known[org]
    named = [one for one in known.values() if message.topic in one.topics]
    if len(named) == 1:
        return named[0]
    if len(known) == 1:
        return next(iter(known.values()))
    raise UnusableFileError("diga la organización con --org")


def read_mapping(path: Path) -> tuple[OrgMapping | None, list[str]]:
    """The mapping in a file, or what is wrong with it: where, and why."""
    try:
        return OrgMapping.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))), []
    except ValidationError as error:
        listed = [(".".join(map(str, one["loc"])) or "$", WRONG.get(one["type"], one["msg"])) for one in error.errors()]
        return None, [f"{where}: {why.removeprefix('Value error, ')}" for where, why in listed]
    except (yaml.YAMLError, ValueError) as error:
        return None, [f"$: {error}"]


def check(path: Path, mappings: Iterable[OrgMapping], labels: Labels, org: str | None = None) -> Report:
    """What would become of the message in this file."""
    try:
        message = read(path)
        if (sent := _notification(str(path), message.value)) is not None:
            return sent
        mapping = organisation(message, mappings, org)
    except UnusableFileError as error:
        return Report(str(path), understood=False, said=f"No se pudo leer: {error}.")
    found = decode(message.value, message.key, message.headers, mapping, mapping.with_labels(labels))
    return report(str(path), found)


def _notification(file: str, value: bytes | None) -> Report | None:
    """A TMF622 notification, which goes out and is held against its own shape; None for anything else."""
    try:
        told = json.loads(value or b"")
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not {"eventType", "event"} <= set(told):
        return None
    try:
        found = Notification.model_validate(told)
    except ValidationError as error:
        problems = tuple(
            {"code": one["type"], "path": "$." + ".".join(map(str, one["loc"])), "why": one["msg"]} for one in error.errors()
        )
        return Report(file, understood=False, said="No es una notificación TMF622 de las nuestras", problems=problems)
    said = f"Entendido: notificación TMF622 de salida, {found.kind} de {found.event.order.id}"
    return Report(file, understood=True, said=said, action="OUTBOUND")


def report(file: str, found: Decoded) -> Report:
    """The decoder's answer in words."""
    match found:
        case Submitted(message=message):
            return _order(file, message)
        case DocumentsAdded(message=message):
            titles = tuple(
                {"path": "$.documents", "why": f"Tipo desconocido: {one.label}"} for one in message.documents if not one.known
            )
            said = f"Entendido: {len(message.documents)} documento(s) de la orden {message.parent}"
            return Report(file, understood=True, said=said, action="DOCUMENTS_ADDED", missing=titles)
        case Cancelled(message=message):
            said = f"Entendido: cancelación de la orden {message.parent}; el dueño decide qué se hace"
            return Report(file, understood=True, said=said, action="CANCELLED")
        case Changes(records=records):
            return _records(file, records)
        case Resync(entity=entity):
            said = f"Entendido: aviso de hueco (GAP) sin registros, se abrirá una tarea para resincronizar {NAMES[entity]}"
            return Report(file, understood=True, said=said, action="GAP")
        case Announcement(parent=parent, number=number, suborders=suborders, items=items):
            counts = ", ".join(f"{n} {name}" for n, name in ((suborders, "sede(s)"), (items, "ítem(s)")) if n is not None)
            said = f"Entendido: anuncio de la orden {number or parent}, sin contenido{f' ({counts})' if counts else ''}"
            return Report(file, understood=True, said=said, order_number=number or "", action="ANNOUNCEMENT")
        case Part(parent=parent, version=version, number=part, of=of, graph=graph):
            said = f"Entendido: parte {part} de {of} de la orden {parent}, versión {version}, {len(graph['suborders'])} sede(s)"
            return Report(file, understood=True, said=said, action="PART")
        case Nothing(why="tombstone"):
            return Report(file, understood=True, said="Entendido: mensaje vacío (tombstone), no cambia nada")
        case Nothing(why=why):
            return Report(file, understood=True, said=f"Entendido: no es para nosotros ({why}), se cuenta y nada más")
        case Undecodable(reason=reason, path=path, hint=hint):
            return Report(
                file,
                understood=False,
                said=f"No entendido: {reason}",
                problems=({"code": reason, "path": path or "$", "why": hint},),
            )


def _records(file: str, records: tuple[RecordChange, ...]) -> Report:
    """Loose records: what changes, and what Salesforce did not tell."""
    one = records[0]
    listed = ", ".join(record.id for record in records)
    number = one.known_by or ""
    if one.kind == "GAP":
        said = f"Entendido: aviso de hueco (GAP) de {listed}, se abrirá una tarea"
        return Report(file, understood=True, said=said, order_number=number, action="GAP")
    what = f"{KINDS[one.kind]} de {len(records)} registro(s) {NAMES[one.entity]}: {listed}"
    told = f"; {len(one.values)} campo(s) con significado" if one.values else ""
    stale = (
        {"code": "STALE", "path": "$.ChangeEventHeader", "why": "Un campo cambió y su valor no vino; habrá que confirmarlo"},
    )
    said = f"Entendido: {what}{told}"
    missing = stale if one.stale else ()
    return Report(file, understood=True, said=said, order_number=number, action=one.kind, missing=missing)


def _order(file: str, message: SalesforceOrderSubmitted) -> Report:
    """A whole order, or every violation that refuses it."""
    number = message.order_number or message.parent
    content = message.content
    if content is None:
        said = f"Se rechazaría la orden {number}: {len(message.violations)} problema(s)"
        problems = _listed(message.violations)
        return Report(file, understood=False, said=said, order_number=number, action="SUBMITTED", problems=problems)
    sites = tuple(f"{one.site.code} {one.site.name}, {one.site.city}: {len(one.items)} ítem(s)" for one in content.suborders)
    said = f"Entendido: orden {number} versión {message.version} de {content.customer_name}, {len(sites)} sede(s)"
    unknown = tuple(
        {"code": "UNKNOWN_DOCUMENT_KIND", "path": "$.documents", "why": f"Documento de tipo desconocido: {one.label}"}
        for one in message.documents
        if not one.known
    )
    missing = _listed(content.warnings) + unknown
    return Report(file, understood=True, said=said, order_number=number, action="SUBMITTED", sites=sites, missing=missing)


def _listed(problems: Iterable[Problem]) -> tuple[dict[str, str], ...]:
    return tuple({"code": one.code, "path": one.path or "$", "why": one.detail} for one in problems)

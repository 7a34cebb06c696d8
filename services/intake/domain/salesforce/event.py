"""The platform event of the primary contract: one event, one whole order, and what is to be done with it (`partners.md` 2.1)."""

import base64
import binascii
import zlib
from dataclasses import replace
from typing import Any, Final

from services.intake.domain.salesforce import quirks
from services.intake.domain.salesforce.documents import read_added
from services.intake.domain.salesforce.graph import Declared, graph_id, read_order
from services.intake.domain.salesforce.mapping import MOST_CHARACTERS, OrgMapping, first
from services.intake.domain.salesforce.parse import LARGEST_BYTES, parse_text, stops_short
from services.intake.domain.salesforce.parts import read_part
from services.intake.domain.salesforce.reader import Labels
from services.intake.domain.salesforce.results import (
    Announcement,
    Cancelled,
    Decoded,
    DocumentsAdded,
    Identity,
    Json,
    Nothing,
    Submitted,
    UnreadableError,
)
from services.intake.domain.salesforce.shapes import Wrapped, moment
from shared.contracts.salesforce import SalesforceDocumentsAdded, SalesforceOrderCancelled

ACTIONS: Final = ("SUBMITTED", "AMENDED", "DOCUMENTS_ADDED", "CANCELLED")
MOST_PARTS: Final = 1000
GZIP: Final = 31  # zlib's window bits for a gzip member


def read_event(body: Json, wrapped: Wrapped, mapping: OrgMapping, labels: Labels) -> Decoded:
    """What the event asks for; an event type that the mapping does not name is nothing to us."""
    names = mapping.platform_event
    kind = body.get("_ObjectType")
    if isinstance(kind, str) and kind.endswith("__e") and kind not in names.names:
        return Nothing("event_not_mapped")
    action = _action(body, mapping)
    graph = _payload(body, mapping)
    parent = _order_id(body, graph, mapping)
    identity = wrapped.identity or _identity(body, kind if isinstance(kind, str) else names.names[0], mapping.org)
    at = moment(body.get("CreatedDate")) or wrapped.at
    if action == "CANCELLED":
        return Cancelled(SalesforceOrderCancelled(parent=parent), identity)
    if graph is None and action != "DOCUMENTS_ADDED":
        return read_announcement(body, replace(wrapped, identity=identity), mapping)
    if graph is None:
        path, _ = first(body, names.payload)
        raise UnreadableError("unknown_shape", f"$.{path}", f"La acción {action} necesita el contenido de la orden.")
    if action == "DOCUMENTS_ADDED":
        documents = read_added(graph, parent, at, labels)
        return DocumentsAdded(SalesforceDocumentsAdded(parent=parent, documents=documents), identity)
    number, count = _part(body, mapping)
    if count > 1:
        return read_part(graph, (parent, number, count), _declared(body, at, mapping), identity, mapping, labels)
    order = read_order(graph, _declared(body, at, mapping), mapping, labels)
    return Submitted(order.message, identity, order.contacts)


def _action(body: Json, mapping: OrgMapping) -> str:
    name, raw = first(body, mapping.platform_event.action)
    action = raw.strip().upper() if isinstance(raw, str) else ""
    if action not in ACTIONS:
        raise UnreadableError("action_unknown", f"$.{name}", f"Se espera una de: {', '.join(ACTIONS)}.")
    return action


def _payload(body: Json, mapping: OrgMapping) -> Json | None:
    """The graph inside the event: an object, or JSON text, also compressed."""
    names = mapping.platform_event
    name, raw = first(body, names.payload)
    _, encoding = first(body, names.encoding)
    if isinstance(raw, str):
        raw = _from_text(raw, f"$.{name}", encoding)
    if raw is not None and not isinstance(raw, dict):
        raise UnreadableError("payload_not_json", f"$.{name}", "Se esperaba un objeto JSON.")
    return raw


def _part(body: Json, mapping: OrgMapping) -> tuple[int, int]:
    """Which part of how many; an order that comes whole is part 1 of 1."""
    names = mapping.platform_event
    (field, number), (_, count) = first(body, names.part), first(body, names.parts)
    if count is None and number is None:
        return 1, 1
    found, of = _whole(number), _whole(count)
    if found is None or of is None or not 1 <= found <= of <= MOST_PARTS:
        raise UnreadableError("part_invalid", f"$.{field}", f"Se espera una parte entre 1 y {MOST_PARTS} y cuántas son.")
    return found, of


def _whole(raw: Any) -> int | None:
    try:
        return quirks.count(raw)
    except quirks.QuirkError:
        return None


def read_announcement(body: Json, wrapped: Wrapped, mapping: OrgMapping) -> Announcement:
    """Names an order, perhaps with counts; what cannot be a count is none (1.2 step 12)."""
    names = mapping.platform_event
    _, number = first(body, names.number)
    suborders, items = (_whole(first(body, field)[1]) for field in (names.suborders, names.items))
    parent = _order_id(body, None, mapping)
    identity = wrapped.identity or _identity(body, names.names[0], mapping.org)
    named = number.strip()[:200] if isinstance(number, str) and number.strip() else None
    return Announcement(parent, identity, named, suborders, items)


def _from_text(text: str, path: str, encoding: Any) -> Any:
    if len(text) > MOST_CHARACTERS:
        raise UnreadableError("too_large", path, f"El contenido supera los {MOST_CHARACTERS} caracteres.")
    if encoding is not None:
        text = _inflate(text, path, encoding)
    try:
        return parse_text(text)
    except UnreadableError as error:
        if error.answer.reason == "too_deep":
            raise
        if stops_short(text):
            raise UnreadableError("payload_truncated", path, "El contenido está cortado; amplíe el campo.") from error
        raise UnreadableError("payload_not_json", path, error.answer.hint) from error


def _inflate(text: str, path: str, encoding: Any) -> str:
    if encoding != "gzip+base64":
        raise UnreadableError("payload_not_json", path, "La única codificación admitida es gzip+base64.")
    try:
        unpacker = zlib.decompressobj(GZIP)
        data = unpacker.decompress(base64.b64decode(text, validate=True), LARGEST_BYTES + 1)
        if len(data) > LARGEST_BYTES:
            raise UnreadableError("too_large", path, "El contenido descomprimido supera los 8 MiB.")
        return data.decode()
    except (binascii.Error, zlib.error, ValueError) as error:
        raise UnreadableError("payload_not_json", path, "El contenido no es gzip en base64.") from error


def _order_id(body: Json, graph: Json | None, mapping: OrgMapping) -> str:
    """The id of event and graph, which must agree, as must the order's number."""
    names = mapping.platform_event
    name, raw = first(body, names.order_id)
    try:
        named = None if raw is None else quirks.identifier(raw)
    except quirks.QuirkError as error:
        raise UnreadableError("record_id_invalid", f"$.{name}", "Un id tiene 15 o 18 letras y dígitos.") from error
    within = None if graph is None or not isinstance(graph.get("order"), dict) else graph_id(graph, missing_is_fine=True)
    if named is None and within is None:
        raise UnreadableError("record_id_missing", f"$.{name}", "Falta el id de la orden padre.")
    if named and within and named != within:
        raise UnreadableError("order_id_conflict", f"$.{name}", "El evento y su contenido nombran órdenes distintas.")
    field, number = first(body, names.number)
    inside = (graph or {}).get("order", {}).get("OrderNumber") if within else None
    if isinstance(number, str) and isinstance(inside, str) and number.strip() != inside.strip():
        raise UnreadableError("order_id_conflict", f"$.{field}", "El evento y su contenido tienen números distintos.")
    return named or within or ""


def _identity(body: Json, event: str, org: str) -> Identity:
    unique, replay = body.get("EventUuid"), body.get("ReplayId")
    if isinstance(unique, str) and unique.strip():
        return Identity.of(f"sf/{org}/{event}", unique.strip())
    known = isinstance(replay, str | int) and str(replay).strip()
    return Identity.of(f"sf/{org}/{event}", f"/event/{event}/{replay}" if known else "")


def _declared(body: Json, at: Any, mapping: OrgMapping) -> Declared:
    names = mapping.platform_event
    return Declared(
        at=at, version=first(body, names.version), suborders=first(body, names.suborders), items=first(body, names.items)
    )

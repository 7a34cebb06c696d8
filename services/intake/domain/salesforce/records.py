"""From a feed to changes of records: which values apply, which were cleared, whose they are (`partners.md` 1.3)."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from services.intake.domain.salesforce import quirks
from services.intake.domain.salesforce.documents import UNDATED
from services.intake.domain.salesforce.feeds import Feed
from services.intake.domain.salesforce.mapping import OrgMapping, first
from services.intake.domain.salesforce.reader import short_text
from services.intake.domain.salesforce.results import (
    Changes,
    Decoded,
    Entity,
    Identity,
    Json,
    Nothing,
    RecordChange,
    Resync,
    UnreadableError,
)
from shared.contracts.contacts import ContactRecord

COMPOUND: Final = re.compile(r"(\w+)Address\.(\w+)")
ADDRESS: Final = "Address"
PARTS: Final = ("Street", "City", "State", "Country")
FILLER: Final = "000000000000000"
BY_NUMBER: Final = "number:"


def read_changes(feed: Feed, mapping: OrgMapping, envelope: Identity | None) -> Decoded:
    """Every record of a feed, or nothing where the mapping does not name its object; a wildcard means all of them."""
    entity = mapping.entity(feed.entity)
    if entity is None:
        return Nothing("entity_not_mapped")
    body = flat(feed.body)
    source = f"sf/{mapping.org}/{feed.channel or feed.entity}"
    wild = [one for one in feed.ids if is_wild(one)]
    identity = envelope or Identity.of(source, f"{'+'.join(map(str, feed.ids))}/{feed.identity}" if feed.identity else "")
    if wild or (feed.kind == "GAP" and not feed.ids):
        return Resync(entity, identity)
    number = _number(entity, body, mapping)
    ids = [_id(one) for one in feed.ids] or [_known_by(number)]
    known_by = number if entity == "order" else None
    values, stale = _values(feed, body, entity, mapping)
    changes = tuple(RecordChange(entity, one, feed.kind, values, feed.stamp, stale, known_by) for one in dict.fromkeys(ids))
    return Changes(changes, identity, tuple(_streets(changes, body, mapping)))


def is_wild(raw: Any) -> bool:
    """An id that stands for all or for an unknown record: `801*`, or zeros."""
    return isinstance(raw, str) and (raw.endswith("*") or raw.startswith(FILLER))


def _id(raw: Any) -> str:
    try:
        return quirks.identifier(raw)
    except quirks.QuirkError as error:
        raise UnreadableError("record_id_invalid", "$.Id", "Un id tiene 15 o 18 letras y dígitos.") from error


def _number(entity: Entity, body: Json, mapping: OrgMapping) -> str | None:
    name, raw = first(body, mapping.order.number if entity == "order" else mapping.item.number)
    if raw is None:
        return None
    try:
        return short_text(raw)
    except quirks.QuirkError as error:
        raise UnreadableError("field_type", f"$.{name}", "El número es texto: sus ceros a la izquierda importan.") from error


def _known_by(number: str | None) -> str:
    if number is None:
        raise UnreadableError("record_id_missing", "$.Id", "El registro no trae id en valor, encabezados ni clave, ni su número.")
    return BY_NUMBER + number


def flat(body: Json) -> dict[str, Any]:
    """Compound addresses taken apart: `ShippingAddress.City` is `ShippingCity`."""
    found = {name: value for name, value in body.items() if not name.endswith(ADDRESS)}
    for name, value in body.items():
        if name.endswith(ADDRESS) and isinstance(value, dict):
            found |= {name.removesuffix(ADDRESS) + part: value.get(part) for part in PARTS if part in value}
    return found


def spread(names: frozenset[str]) -> frozenset[str]:
    """Field names as ours: a compound or a dotted part of it reaches the parts (1.3)."""
    found = set(names)
    for name in names:
        part = COMPOUND.fullmatch(name)
        if part:
            found.add(part[1] + part[2])
        elif name.endswith(ADDRESS):
            found |= {name.removesuffix(ADDRESS) + one for one in PARTS}
    return frozenset(found)


def _values(feed: Feed, body: Json, entity: Entity, mapping: OrgMapping) -> tuple[dict[str, Any], bool]:
    """The mapped fields that this change sets or clears, and whether one changed without telling its value."""
    mapped = mapping.mapped[entity]
    changed, nulled, patched = spread(feed.changed), spread(feed.nulled), spread(feed.patched)
    if feed.kind == "GAP":
        return {}, True
    if feed.kind == "DELETE":
        return {}, False
    whole = feed.kind in {"CREATE", "UNDELETE", "FULL"} or feed.sparse
    values = {name: storable(body[name], name) for name in mapped & set(body) if body[name] is not None and name not in patched}
    cleared = {name for name in mapped & set(body) if body[name] is None and (whole or name in changed)}
    cleared |= mapped & nulled
    return {**values, **dict.fromkeys(cleared)}, feed.hidden or bool(mapped & patched)


def storable(raw: Any, name: str) -> Any:
    """A value that JSON keeps exactly; numbers with a fraction become their text."""
    if isinstance(raw, Decimal):
        return str(raw)
    if isinstance(raw, str | int | bool) and not (isinstance(raw, str) and "\x00" in raw):
        return raw
    raise UnreadableError("field_type", f"$.{name}", "Se espera un valor simple.")


def _streets(changes: tuple[RecordChange, ...], body: Json, mapping: OrgMapping) -> Iterator[ContactRecord]:
    """The street of a site is contact data: it goes to its own topic and not into what is kept of the record (2.7).

    It is dated before everything, so that it never takes the place of a contact that a whole order or a person gave.
    """
    _, street = first(body, mapping.street)
    if not isinstance(street, str) or "\x00" in street:
        return
    for one in changes:
        if one.entity == "order" and not one.id.startswith(BY_NUMBER):
            yield ContactRecord(ref=f"{one.id}:sede", kind="site", name="", street=street.strip()[:200], updated_at=UNDATED)

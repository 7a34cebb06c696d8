"""The one entrance: what a record of a Salesforce topic says (`partners.md` 1). Pure, and it never raises."""

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from services.intake.domain.salesforce import quirks
from services.intake.domain.salesforce.event import read_announcement, read_event
from services.intake.domain.salesforce.graph import Declared, read_order
from services.intake.domain.salesforce.mapping import OrgMapping
from services.intake.domain.salesforce.parse import parse
from services.intake.domain.salesforce.reader import Labels
from services.intake.domain.salesforce.records import is_wild, read_changes
from services.intake.domain.salesforce.results import Decoded, Identity, Json, Nothing, Submitted, UnreadableError
from services.intake.domain.salesforce.shapes import Wrapped, open_cloud_event, recognise, unwrapped


def decode(value: bytes | None, key: bytes | None, headers: Mapping[str, str], mapping: OrgMapping, labels: Labels) -> Decoded:
    """An order or a part of one, documents, a cancellation, records, an announcement, nothing, or a dead letter with its reason.

    `labels` are those of 2.5 with the organisation's own (`OrgMapping.with_labels`). The shape is told by content alone (1.2).
    """
    if not value:
        return Nothing("tombstone")
    try:
        named = {name.casefold(): text for name, text in headers.items()}
        wrapped = open_cloud_event(parse(value), named)
        if wrapped.data is None:
            return Nothing("tombstone")
        shape = recognise(wrapped.data, read_key(key), named, mapping)
        if isinstance(shape, Nothing):
            return shape
        if shape.feed is not None:
            return read_changes(shape.feed, mapping, wrapped.identity)
        wrapped = replace(wrapped, identity=wrapped.identity or shape.identity)
        if shape.kind == "EVENT":
            return read_event(shape.body, wrapped, mapping, labels)
        if shape.kind == "ANNOUNCEMENT":
            return read_announcement(shape.body, wrapped, mapping)
        return _graph(shape.body, wrapped, mapping, labels)
    except UnreadableError as error:
        return error.answer


def read_key(key: bytes | None) -> Any:
    """The id that a key names: bare text, JSON text, a struct with `Id`, framed or enveloped; None where there is none."""
    if not key:
        return None
    try:
        told = unwrapped(parse(key))
    except UnreadableError:
        told = key.decode("ascii", "replace")
    if isinstance(told, dict):
        told = told.get("Id")
    return told if isinstance(told, str) and (quirks.is_identifier(told) or is_wild(told)) else None


def _graph(body: Json, wrapped: Wrapped, mapping: OrgMapping, labels: Labels) -> Decoded:
    """A plain graph: known again by the hash of its canonical form, when no envelope names it."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    identity = wrapped.identity or Identity.of(f"sf/{mapping.org}/graph", sha256(canonical.encode()).hexdigest())
    order = read_order(body, Declared(at=wrapped.at), mapping, labels)
    return Submitted(order.message, identity, order.contacts)

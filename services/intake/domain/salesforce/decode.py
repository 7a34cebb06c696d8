"""The one entrance: what a record of a Salesforce topic says (`partners.md` 1). Pure, and it never raises."""

import json
from collections.abc import Mapping
from hashlib import sha256

from services.intake.domain.salesforce.event import read_event
from services.intake.domain.salesforce.graph import Declared, read_order
from services.intake.domain.salesforce.mapping import OrgMapping
from services.intake.domain.salesforce.parse import parse
from services.intake.domain.salesforce.reader import Labels
from services.intake.domain.salesforce.results import Decoded, Identity, Json, Nothing, Submitted, UnreadableError
from services.intake.domain.salesforce.shapes import Wrapped, open_cloud_event, recognise


def decode(value: bytes | None, key: bytes | None, headers: Mapping[str, str], mapping: OrgMapping, labels: Labels) -> Decoded:
    """An order, documents, a cancellation, nothing, or a dead letter with its reason (1.1, 1.2).

    `labels` are those of 2.5 with the organisation's own (`OrgMapping.with_labels`).
    """
    if not value:
        return Nothing("tombstone")
    try:
        named = {name.casefold(): text for name, text in headers.items()}
        wrapped = open_cloud_event(parse(value), named)
        if wrapped.data is None:
            return Nothing("tombstone")
        shape = recognise(wrapped.data, mapping)
        if isinstance(shape, Nothing):
            return shape
        if shape.kind == "EVENT":
            return read_event(shape.body, wrapped, mapping, labels)
        return _graph(shape.body, wrapped, mapping, labels)
    except UnreadableError as error:
        return error.answer


def _graph(body: Json, wrapped: Wrapped, mapping: OrgMapping, labels: Labels) -> Decoded:
    """A plain graph: known again by the hash of its canonical form, when no envelope names it."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    identity = wrapped.identity or Identity.of(f"sf/{mapping.org}/graph", sha256(canonical.encode()).hexdigest())
    order = read_order(body, Declared(at=wrapped.at), mapping, labels)
    return Submitted(order.message, identity, order.contacts)

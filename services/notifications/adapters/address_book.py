"""The address book: a table kept from the contacts topic, read by reference."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import structlog
from pydantic import ValidationError

from shared.contracts.contacts import ContactRecord

log = structlog.get_logger()

# A record of a sale that is read again must not undo what a person corrected later; without a date it is the oldest.
UPSERT: Final = """
INSERT INTO contact AS known (ref, kind, name, email, phone, street, nit, language, updated_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
  $9::timestamptz[])
ON CONFLICT (ref) DO UPDATE SET kind = excluded.kind, name = excluded.name, email = excluded.email, phone = excluded.phone,
  street = excluded.street, nit = excluded.nit, language = excluded.language, updated_at = excluded.updated_at
WHERE known.updated_at IS NULL OR excluded.updated_at >= known.updated_at"""
ERASE: Final = "DELETE FROM contact WHERE ref = ANY($1::text[])"
LOOKUP: Final = "SELECT ref, kind, name, email, phone, street, nit, language, updated_at FROM contact WHERE ref = ANY($1::text[])"
COLUMNS: Final = ("ref", "kind", "name", "email", "phone", "street", "nit", "language", "updated_at")


async def upsert(connection: Any, records: Sequence[tuple[str, bytes | None]]) -> None:
    """Applies records of the topic in their order, inside the caller's transaction; an empty value erases the person."""
    latest: dict[str, ContactRecord | None] = {}
    for ref, value in records:
        if not value:
            latest[ref] = None
            continue
        record = _read(ref, value)
        before = latest.get(ref)
        if record is not None and (before is None or _at_least_as_new(record, before)):
            latest[ref] = record
    kept = [record for record in latest.values() if record is not None]
    # Whatever was erased in this batch goes first, so that a record written after the erasure stands.
    erased = sorted({ref for ref, value in records if not value})
    if erased:
        await connection.execute(ERASE, erased)
    if kept:
        kept.sort(key=lambda record: record.ref)
        await connection.execute(UPSERT, *([getattr(record, name) for record in kept] for name in COLUMNS))


def _read(ref: str, value: bytes) -> ContactRecord | None:
    try:
        record = ContactRecord.model_validate_json(value)
    except ValidationError:
        record = None
    if record is None or record.ref != ref:
        log.error("contact_unreadable", ref=ref)  # our own topic, our own writers: a bug of ours, never a person's data in a log
        return None
    return record


def _at_least_as_new(record: ContactRecord, before: ContactRecord) -> bool:
    return before.updated_at is None or (record.updated_at is not None and record.updated_at >= before.updated_at)


async def lookup(connection: Any, refs: Iterable[str]) -> dict[str, ContactRecord]:
    """The contacts that are known of these references."""
    rows = await connection.fetch(LOOKUP, sorted(set(refs)))
    return {row["ref"]: ContactRecord.model_validate(dict(row)) for row in rows}

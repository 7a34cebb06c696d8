"""The address book follows its topic: newest wins, an erasure erases."""

from typing import Any

import pytest

from services.notifications.adapters.address_book import lookup, upsert
from shared.contracts.base import to_json
from shared.contracts.contacts import ContactRecord


def record(ref: str, email: str | None, at: str | None = None) -> tuple[str, bytes]:
    made = ContactRecord.model_validate({"ref": ref, "kind": "contact", "name": "Ana Quispe", "email": email, "updated_at": at})
    return ref, to_json(made)


async def mail_of(connection: Any, ref: str) -> str | None:
    found = await lookup(connection, [ref])
    return found[ref].email if ref in found else None


@pytest.mark.criterion("X.11")
async def test_contacts_are_kept_and_repeats_change_nothing(connection: Any) -> None:
    for _ in range(2):
        await upsert(connection, [record("a:firmante", "ana@example.com"), record("b:firmante", None)])
    assert await mail_of(connection, "a:firmante") == "ana@example.com"
    assert await lookup(connection, []) == {}
    assert set(await lookup(connection, ["a:firmante", "b:firmante", "c:firmante"])) == {"a:firmante", "b:firmante"}


@pytest.mark.criterion("X.11")
async def test_a_correction_is_not_undone_by_an_older_record(connection: Any) -> None:
    await upsert(connection, [record("a", "nueva@example.com", "2026-11-28T10:00:00Z")])
    await upsert(connection, [record("a", "vieja@example.com", "2026-11-27T10:00:00Z")])
    await upsert(connection, [record("a", "sin-fecha@example.com")])
    assert await mail_of(connection, "a") == "nueva@example.com"
    await upsert(
        connection,
        [record("a", "ultima@example.com", "2026-11-29T10:00:00Z"), record("a", "vieja@example.com", "2026-11-27T10:00:00Z")],
    )
    assert await mail_of(connection, "a") == "ultima@example.com"


@pytest.mark.criterion("X.11")
async def test_an_empty_value_erases_the_person(connection: Any) -> None:
    await upsert(connection, [record("a", "ana@example.com", "2026-11-28T10:00:00Z")])
    await upsert(connection, [record("a", "otra@example.com", "2026-11-29T10:00:00Z"), ("a", None)])
    assert await mail_of(connection, "a") is None
    await upsert(connection, [("a", b""), record("a", "de-vuelta@example.com", "2026-11-20T10:00:00Z")])
    assert await mail_of(connection, "a") == "de-vuelta@example.com"


async def test_a_record_nobody_can_read_spoils_nothing(connection: Any) -> None:
    await upsert(connection, [("x", b"{}"), ("y", b"\xff"), record("z", "z@example.com"), ("w", record("v", None)[1])])
    assert set(await lookup(connection, ["w", "v", "x", "y", "z"])) == {"z"}

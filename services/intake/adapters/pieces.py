"""Where the pieces of orders are kept until an order is complete: a table of intake's, inside the batch's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from services.intake.domain.assembly.assemble import assemble, up
from services.intake.domain.assembly.pieces import Piece, Place, kept, number_of
from services.intake.domain.salesforce.mapping import OrgMapping
from services.intake.domain.salesforce.quirks import is_identifier
from services.intake.domain.salesforce.reader import Labels
from services.intake.domain.salesforce.records import BY_NUMBER
from shared.contracts.base import to_json
from shared.contracts.salesforce import SalesforcePiecesArrived
from shared.messaging.inbound import Inbound, Join

LOCK: Final = "SELECT pg_advisory_xact_lock(20, hashtext($1))"
"""Two replicas that each bring the last piece of the other would both see an incomplete order."""
LOAD: Final = """
SELECT body FROM piece WHERE org = $1 AND ((kind, id) IN (SELECT kind, id FROM unnest($2::text[], $3::text[]) AS t (kind, id))
  OR kind = 'order' AND number = ANY($4::text[]))"""
SAVE: Final = """
INSERT INTO piece (org, kind, id, up, number, body)
SELECT $1, kind, id, up, number, body
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[]) AS t (kind, id, up, number, body)
ON CONFLICT (org, kind, id) DO UPDATE SET up = excluded.up, number = excluded.number, body = excluded.body"""
DROP: Final = (
    "DELETE FROM piece WHERE org = $1 AND (kind, id) IN (SELECT kind, id FROM unnest($2::text[], $3::text[]) AS t (kind, id))"
)
ROOTS: Final = "SELECT coalesce(up, id) AS root FROM piece WHERE org = $1 AND kind = 'order' AND id = ANY($2::text[])"
FAMILY: Final = """
WITH member AS (
  SELECT id, coalesce(up, id) AS root, body FROM piece
  WHERE org = $1 AND kind = 'order' AND (id = ANY($2::text[]) OR up = ANY($2::text[])))
SELECT root, body FROM member
UNION ALL SELECT m.root, p.body FROM piece p JOIN member m ON m.id = p.up WHERE p.org = $1 AND p.kind = 'item'
UNION ALL SELECT up, body FROM piece WHERE org = $1 AND kind IN ('part', 'announcement') AND up = ANY($2::text[])"""


def joiner(mapping: OrgMapping, labels: Labels) -> Join:
    """Keeps the pieces of one organisation and answers, for every order they touch, what has come of it (1.6)."""

    async def join(connection: Any, pieces: Sequence[Sequence[Piece]]) -> list[Inbound]:
        news = [piece for one in pieces for piece in one]
        await connection.execute(LOCK, mapping.org)
        touched = kept(await _known(connection, mapping, news), news, mapping.order.number)
        await _save(connection, mapping, touched)
        roots = await _roots(connection, mapping, [one for one in touched.values() if one is not None])
        rows = await connection.fetch(FAMILY, mapping.org, roots)
        families: dict[str, list[Piece]] = {}
        for row in rows:
            families.setdefault(row["root"], []).append(Piece.model_validate_json(row["body"]))
        return list(made(families, mapping, labels))

    return join


def made(families: Mapping[str, Sequence[Piece]], mapping: OrgMapping, labels: Labels) -> Iterable[Inbound]:
    """What has come of each order. The same pieces give the same identity, so a repeat is known again by the inbox."""
    for root, pieces in sorted(families.items()):
        ordered = sorted(pieces, key=lambda one: one.place)
        for message in assemble(root, ordered, mapping, labels):
            yield Inbound(message, root, root, f"sf/{mapping.org}/assembly", f"{root}/{digest(message, ordered)}")


def digest(message: SalesforcePiecesArrived, pieces: Sequence[Piece]) -> str:
    """Of the message and of the pieces with their stamps: what came back to an earlier state is not the same again."""
    return sha256(b"".join(map(to_json, (message, *pieces)))).hexdigest()


async def _known(connection: Any, mapping: OrgMapping, news: Sequence[Piece]) -> dict[Place, Piece]:
    numbers = {number_of(one, mapping.order.number) for one in news if one.kind == "order"}
    numbers |= {one.id.removeprefix(BY_NUMBER) for one in news if one.id.startswith(BY_NUMBER)}
    kinds, ids = zip(*sorted({one.place for one in news}), strict=True)
    rows = await connection.fetch(LOAD, mapping.org, kinds, ids, sorted(one for one in numbers if one))
    found = (Piece.model_validate_json(row["body"]) for row in rows)
    return {one.place: one for one in found}


async def _save(connection: Any, mapping: OrgMapping, touched: Mapping[Place, Piece | None]) -> None:
    gone = sorted(place for place, piece in touched.items() if piece is None)
    if gone:
        await connection.execute(DROP, mapping.org, *zip(*gone, strict=True))
    there = sorted((one for one in touched.values() if one is not None), key=lambda one: one.place)
    numbers = [number_of(one, mapping.order.number) if one.kind == "order" else None for one in there]
    rows = [
        (one.kind, one.id, up(one, mapping), number, to_json(one).decode()) for one, number in zip(there, numbers, strict=True)
    ]
    await connection.execute(SAVE, mapping.org, *zip(*rows, strict=True))


async def _roots(connection: Any, mapping: OrgMapping, touched: Sequence[Piece]) -> list[str]:
    """The parent orders these pieces belong to, as far as that is known; an item leads there by its suborder."""
    items = sorted({order for one in touched if one.kind == "item" and (order := up(one, mapping)) is not None})
    rows = await connection.fetch(ROOTS, mapping.org, items) if items else []
    roots = {row["root"] for row in rows} | {up(one, mapping) or one.id for one in touched if one.kind != "item"}
    return sorted(one for one in roots if is_identifier(one))

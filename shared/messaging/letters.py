"""Dead letters, blocked aggregates and parked messages: listed, shown, and replayed through the door they came by."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import timedelta
from typing import Any, Final

import orjson

from shared.messaging import store
from shared.messaging.inbound import Dead, Record, Skipped
from shared.messaging.sealing import Seal

DEAD: Final = """
SELECT topic, partition, "offset", appended_ms, reason, path, hint, aggregate, headers, at, replayed_at, dismissed_at, note,
  octet_length(raw) AS bytes
FROM dead_letter
WHERE ($1::text IS NULL OR topic || '/' || partition || '/' || "offset" || '@' || appended_ms = $1
  OR topic || '/' || partition || '/' || "offset" = $1) AND ($2::text IS NULL OR topic = $2)
  AND ($3::text IS NULL OR headers ->> 'ce_type' = $3 OR headers ->> 'ce_type' LIKE '%.' || $3 || '.v%')
  AND ($4::text IS NULL OR aggregate = $4 OR key = convert_to($4, 'UTF8') OR headers ->> 'ce_subject' = $4)
  AND ($5::text IS NULL OR reason = $5) AND ($6::interval IS NULL OR at < now() - $6)
  AND ((replayed_at IS NULL AND dismissed_at IS NULL) OR $7) ORDER BY at, topic, partition, "offset" LIMIT 1000"""
DEAD_ONE: Final = """
SELECT key, raw, sealed, headers FROM dead_letter WHERE (topic, partition, "offset", appended_ms) = ($1, $2, $3, $4) FOR UPDATE"""
DISMISS: Final = """
UPDATE dead_letter SET dismissed_at = now(), note = $5
WHERE (topic, partition, "offset", appended_ms) = ($1, $2, $3, $4) AND replayed_at IS NULL AND dismissed_at IS NULL"""
REPLAYED: Final = """
UPDATE dead_letter SET replayed_at = now() WHERE (topic, partition, "offset", appended_ms) = ($1, $2, $3, $4)"""
BLOCKED: Final = """
SELECT a.id, a.po, a.blocked, a.version, a.updated_at,
  (SELECT count(*) FROM parked p WHERE p.aggregate = a.id) AS parked FROM aggregate a
WHERE a.blocked IS NOT NULL AND ($1::text IS NULL OR a.id = $1 OR a.po = $1) ORDER BY a.updated_at LIMIT 1000"""
WHY_BLOCKED: Final = "SELECT blocked FROM aggregate WHERE id = $1"
HELD: Final = "SELECT id, blocked FROM aggregate WHERE id = ANY($1::text[]) AND blocked IS NOT NULL ORDER BY id FOR UPDATE"
UNBLOCK: Final = "UPDATE aggregate SET blocked = NULL WHERE id = ANY($1::text[])"
BLOCK_AGAIN: Final = """
UPDATE aggregate a SET blocked = t.why FROM unnest($1::text[], $2::text[]) AS t (id, why)
WHERE a.id = t.id AND EXISTS (SELECT FROM parked p WHERE p.aggregate = a.id)"""
PARKED: Final = "SELECT position, message FROM parked WHERE aggregate = $1 ORDER BY position LIMIT $2"
ONE_RELEASES: Final = "SELECT pg_advisory_xact_lock(23, hashtext($1::text))"
"""Whoever else releases the same aggregate waits for this transaction."""
UNPARK: Final = "DELETE FROM parked WHERE position = $1"
SEEN: Final = """
UPDATE dead_letter SET seen_by = seen_by || (to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z "') || $5)
WHERE (topic, partition, "offset", appended_ms) = ($1, $2, $3, $4)"""
OUTSIDE_DEAD: Final = """
SELECT topic, partition, "offset", appended_ms, raw, sealed FROM dead_letter WHERE NOT starts_with(topic, 'o2c.') FOR UPDATE"""
RESEAL_DEAD: Final = """
UPDATE dead_letter SET raw = $5, sealed = $6 WHERE (topic, partition, "offset", appended_ms) = ($1, $2, $3, $4)"""
OUTSIDE_PARKED: Final = """
SELECT position, message FROM parked WHERE NOT starts_with(message ->> 'topic', 'o2c.') FOR UPDATE"""
RESEAL_PARKED: Final = "UPDATE parked SET message = $2 WHERE position = $1"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which dead letters are meant; what is not said does not matter."""

    letter: str | None = None
    topic: str | None = None
    kind: str | None = None
    order: str | None = None
    reason: str | None = None
    older_than: timedelta | None = None
    settled: bool = False
    """Also those replayed or dismissed."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter as it is listed: never its content."""

    id: str
    reason: str
    path: str
    hint: str
    type: str
    aggregate: str | None
    bytes: int
    at: str
    replayed_at: str | None
    dismissed_at: str | None
    note: str | None


async def dead_letters(connection: Any, choice: Choice) -> list[Letter]:
    """The dead letters that are meant, in the order in which they came."""
    rows = await connection.fetch(DEAD, *astuple(choice))
    return [
        Letter(
            f"{row['topic']}/{row['partition']}/{row['offset']}@{row['appended_ms']}",
            row["reason"],
            row["path"],
            row["hint"],
            orjson.loads(row["headers"]).get("ce_type", ""),
            row["aggregate"],
            row["bytes"] or 0,
            row["at"].isoformat(),
            row["replayed_at"].isoformat() if row["replayed_at"] else None,
            row["dismissed_at"].isoformat() if row["dismissed_at"] else None,
            row["note"],
        )
        for row in rows
    ]


async def dismiss(connection: Any, letter: str, who: str, why: str) -> bool:
    """Settles a dead letter without applying it; who, when and why are kept. Answers whether it was open."""
    done: str = await connection.execute(DISMISS, *split_id(letter), f"{who}: {why}")
    return done == "UPDATE 1"


async def record_of(connection: Any, letter: str, seal: Seal) -> Record:
    """The record of a dead letter, byte for byte. Raises LookupError when there is none, SealError without its key."""
    topic, partition, offset, appended_ms = split_id(letter)
    row = await connection.fetchrow(DEAD_ONE, topic, partition, offset, appended_ms)
    if row is None:
        raise LookupError(letter)
    value = seal.open(row["raw"]) if row["sealed"] else row["raw"]
    return Record(topic, partition, offset, row["key"], value, orjson.loads(row["headers"]), appended_ms)


async def unblock(connection: Any, aggregates: Sequence[str]) -> dict[str, str]:
    """Takes the block off these aggregates inside this transaction; answers why those that had one were blocked."""
    held = {row["id"]: row["blocked"] for row in await connection.fetch(HELD, list(aggregates))}
    await connection.execute(UNBLOCK, list(held))
    return held


async def block_again(connection: Any, held: Mapping[str, str | None]) -> None:
    """Puts the block back where messages still wait behind it: new ones must not overtake them."""
    await connection.execute(BLOCK_AGAIN, list(held), list(held.values()))


async def seen(connection: Any, letter: str, who: str) -> None:
    """Keeps with the letter who was shown its bytes, and when."""
    await connection.execute(SEEN, *split_id(letter), who)


async def reseal(connection: Any, seal: Seal) -> int:
    """Puts all bytes from outside under the first key, those that were never sealed too; answers how many rows it touched.

    One transaction of the role `ops`: letters, then parked messages. Raises SealError when a row needs a key that is gone.
    """
    async with connection.transaction():
        dead = [row for row in await connection.fetch(OUTSIDE_DEAD) if row["raw"] is not None]
        for row in dead:
            plain = seal.open(row["raw"]) if row["sealed"] else row["raw"]
            key = (row["topic"], row["partition"], row["offset"], row["appended_ms"])
            await connection.execute(RESEAL_DEAD, *key, *seal.close(row["topic"], plain))
        waiting = await connection.fetch(OUTSIDE_PARKED)
        for row in waiting:
            text = store.encode_record(store.decode_record(row["message"], seal), seal)
            await connection.execute(RESEAL_PARKED, row["position"], text)
    return len(dead) + len(waiting)


def split_id(letter: str) -> tuple[str, int, int, int]:
    """Topic, partition, offset and time of a dead letter's id."""
    topic, partition, offset = letter.rsplit("/", 2)
    number, _, appended_ms = offset.partition("@")
    return topic, int(partition), int(number), int(appended_ms or 0)


async def blocked(connection: Any, order: str | None = None) -> Sequence[Any]:
    """Blocked aggregates with the place of the error and how much is parked behind each."""
    rows: Sequence[Any] = await connection.fetch(BLOCKED, order)
    return rows


def still_dead(found: object) -> str | None:
    """Why a replay would fail again, or None when the message is understood now."""
    if isinstance(found, Dead):
        return found.reason
    return found.why if isinstance(found, Skipped) else None


async def parked(connection: Any, aggregate: str, seal: Seal, limit: int | None = None) -> list[tuple[int, Record]]:
    """What waits behind a blocked aggregate, in arrival order. Raises SealError when a key is not at hand."""
    rows = await connection.fetch(PARKED, aggregate, limit)
    return [(row["position"], store.decode_record(row["message"], seal)) for row in rows]

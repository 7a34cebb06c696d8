"""The statements of a batch: load under lock, open what is missing, write once. All SQL of the core's hot path is here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson

from shared.contracts.base import to_json
from shared.decider import World
from shared.messaging.inbound import Record
from shared.messaging.reaction import Cell, next_due, next_effect
from shared.messaging.roster import Roster
from shared.messaging.sealing import Seal

LOAD: Final = """
SELECT id, po, version, doc, heard, fold, blocked FROM aggregate WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE"""
OPEN: Final = """
INSERT INTO aggregate (id, po, version, doc, updated_at)
SELECT id, po, 0, '{}', now() FROM unnest($1::text[], $2::text[]) AS t (id, po) ORDER BY id ON CONFLICT DO NOTHING"""
OF_PARENT: Final = "SELECT id, po FROM aggregate WHERE po = ANY($1::text[]) AND version > 0"
INBOX: Final = """
INSERT INTO inbox (source, id, at) SELECT source, id, now() FROM unnest($1::text[], $2::text[]) AS t (source, id)
ORDER BY source, id ON CONFLICT DO NOTHING RETURNING source, id"""
DEAD: Final = """
INSERT INTO dead_letter (topic, partition, "offset", appended_ms, key, raw, sealed, headers, reason, path, hint, aggregate, at)
SELECT topic, partition, "offset", appended_ms, key, raw, sealed, headers, reason, path, hint, aggregate, now()
FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bool[], $8::jsonb[], $9::text[],
  $10::text[], $11::text[], $12::text[])
AS t (topic, partition, "offset", appended_ms, key, raw, sealed, headers, reason, path, hint, aggregate) ON CONFLICT DO NOTHING"""
PARK: Final = """
INSERT INTO parked (aggregate, message, at) SELECT aggregate, message, now()
FROM unnest($1::text[], $2::jsonb[]) WITH ORDINALITY AS t (aggregate, message, n) ORDER BY n"""
LATEST: Final = """
SELECT a.id AS aggregate, f.trace FROM unnest($1::text[]) AS a (id)
CROSS JOIN LATERAL (SELECT trace FROM fact WHERE aggregate = a.id ORDER BY seq DESC LIMIT 1) AS f"""
FACTS: Final = "SELECT seq, type, data FROM fact WHERE aggregate = $1 ORDER BY seq"


def _saving(*, sends: bool) -> str:
    """Writes aggregates and facts at once, and the outbox too unless the facts are on their topic already."""
    kept = """
INSERT INTO fact (aggregate, seq, type, at, caused_by, actor, role, trace, data)
SELECT aggregate, seq, type, at, caused_by, actor, role, trace, data FROM made"""
    sent = f""",
kept AS ({kept})
INSERT INTO outbox (po, aggregate, seq) SELECT po, aggregate, seq FROM made ORDER BY n"""  # noqa: S608 - nothing from outside
    return f"""
WITH written AS (
  UPDATE aggregate a SET version = t.version, doc = t.doc, heard = t.heard, fold = t.fold, due_at = t.due_at,
    effect_at = t.effect_at, blocked = t.blocked, updated_at = now()
  FROM unnest($1::text[], $2::int[], $3::jsonb[], $4::jsonb[], $5::int[], $6::timestamptz[], $7::timestamptz[], $8::text[])
    AS t (id, version, doc, heard, fold, due_at, effect_at, blocked)
  WHERE a.id = t.id),
made AS (
  SELECT * FROM unnest($9::text[], $10::text[], $11::int[], $12::text[], $13::timestamptz[], $14::text[], $15::text[],
    $16::text[], $17::text[], $18::json[]) WITH ORDINALITY
    AS t (po, aggregate, seq, type, at, caused_by, actor, role, trace, data, n)){sent if sends else kept}"""  # noqa: S608 - likewise


SAVE: Final = _saving(sends=True)
RESTORE: Final = _saving(sends=False)
HOLD_BACK: Final = "UPDATE aggregate SET blocked = $2 WHERE id = ANY($1::text[]) AND blocked IS NULL"
NEWER: Final = "NEWER_RELEASE"
"""Why an order waits that only a newer release can read; its document, clocks and cursors stay as that release wrote them."""
AS_THEY_CAME: Final = Seal()


class UnknownFactError(Exception):
    """A stored fact of a type that this release does not have."""


@dataclass(slots=True)
class NewFact:
    """One row of `fact`, encoded once."""

    po: str
    aggregate: str
    seq: int
    type: str
    at: datetime
    caused_by: str
    actor: str
    role: str
    trace: str | None
    data: str


@dataclass(slots=True)
class Changes:
    """What a unit of work will write."""

    cells: dict[str, Cell] = field(default_factory=dict)
    facts: list[NewFact] = field(default_factory=list)
    parked: list[tuple[str, Record]] = field(default_factory=list)


def encode_record(record: Record, seal: Seal) -> str:
    """A record as JSON, so that it can be parked and replayed byte for byte; sealed when it came from outside."""
    value, sealed = seal.close(record.topic, record.value)
    return orjson.dumps(
        {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "appended_ms": record.appended_ms,
            "key": record.key.hex() if record.key is not None else None,
            "value": value.hex() if value is not None else None,
            "sealed": sealed,
            "headers": dict(record.headers),
        }
    ).decode()


def decode_record(text: str, seal: Seal) -> Record:
    """The record that was parked. Raises SealError when its key is not at hand."""
    row = orjson.loads(text)
    key = row["key"]
    value = None if row["value"] is None else bytes.fromhex(row["value"])
    return Record(
        row["topic"],
        row["partition"],
        row["offset"],
        None if key is None else bytes.fromhex(key),
        seal.open(value) if value is not None and row.get("sealed") else value,
        row["headers"],
        row.get("appended_ms", 0),
    )


async def load(connection: Any, roster: Roster, wanted: dict[str, str], *, opens: bool = True) -> dict[str, Cell]:
    """The aggregates by id, locked in id order; missing ones are opened first and loaded again (P7)."""
    if not wanted:
        return {}
    ids = sorted(wanted)
    rows = {row["id"]: row for row in await connection.fetch(LOAD, ids)}
    missing = [one for one in ids if one not in rows]
    if missing and opens:
        await connection.execute(OPEN, missing, [wanted[one] for one in missing])
        rows |= {row["id"]: row for row in await connection.fetch(LOAD, missing)}
    return {one: await _cell(connection, roster, row) for one, row in rows.items()}


async def _cell(connection: Any, roster: Roster, row: Any) -> Cell:
    decider = roster.of(row["id"])
    newer = False
    if row["fold"] == decider.version or row["version"] == 0:
        state = decider.state.model_validate_json(row["doc"])
    else:
        try:
            state = await fold_again(connection, roster, row["id"])
        except UnknownFactError:
            state, newer = decider.state(), True
    blocked = NEWER if newer else row["blocked"]
    return Cell(row["id"], row["po"], decider, state, row["version"], orjson.loads(row["heard"]), blocked, newer=newer)


async def fold_again(connection: Any, roster: Roster, aggregate: str) -> Any:
    """The state from the facts alone: what the stored document must equal (I12). Raises UnknownFactError for a newer one."""
    decider = roster.of(aggregate)
    state = decider.state()
    for row in await connection.fetch(FACTS, aggregate):
        kind = decider.evolve.types.get(row["type"])
        if kind is None:
            raise UnknownFactError(row["type"])
        state = decider.evolve(state, kind.model_validate_json(row["data"]))
    return state


async def save(connection: Any, changes: Changes, world: World, seal: Seal = AS_THEY_CAME) -> None:
    """One statement writes aggregates, facts and outbox; the cursor commits with them."""
    newer = [cell.id for cell in changes.cells.values() if cell.newer]
    touched = [cell for cell in changes.cells.values() if cell.touched and not cell.newer]
    if newer:
        await connection.execute(HOLD_BACK, newer, NEWER)
    if touched:
        await connection.execute(SAVE, *_aggregate_columns(touched, world), *_fact_columns(changes.facts))
    if changes.parked:
        pairs = [(aggregate, encode_record(record, seal)) for aggregate, record in changes.parked]
        await connection.execute(PARK, [one for one, _ in pairs], [text for _, text in pairs])


async def restore(connection: Any, changes: Changes, world: World) -> None:
    """Writes aggregates and facts that were published before; nothing is sent."""
    await connection.execute(RESTORE, *_aggregate_columns(list(changes.cells.values()), world), *_fact_columns(changes.facts))


def _aggregate_columns(cells: Sequence[Cell], world: World) -> list[list[Any]]:
    return [
        [cell.id for cell in cells],
        [cell.version for cell in cells],
        [to_json(cell.state).decode() for cell in cells],
        [orjson.dumps(cell.heard).decode() for cell in cells],
        [cell.decider.version for cell in cells],
        [None if cell.blocked else next_due(cell, world) for cell in cells],
        [None if cell.blocked else next_effect(cell) for cell in cells],
        [cell.blocked for cell in cells],
    ]


def _fact_columns(facts: Iterable[NewFact]) -> list[list[Any]]:
    names = ("po", "aggregate", "seq", "type", "at", "caused_by", "actor", "role", "trace", "data")
    rows = list(facts)
    return [[getattr(row, name) for row in rows] for name in names]


async def latest_contexts(connection: Any, aggregates: Iterable[str]) -> dict[str, str | None]:
    """The creation context of each aggregate's latest fact: what set the clock, opened the wait or wanted the effect."""
    return {row["aggregate"]: row["trace"] for row in await connection.fetch(LATEST, list(aggregates))}

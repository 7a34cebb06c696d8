"""Folds every aggregate again from its facts and compares: the stored document is a cache, nothing more (I12)."""

from dataclasses import dataclass
from typing import Any, Final

from shared.messaging import store
from shared.messaging.roster import Roster

PAGE: Final = """
SELECT id, version, doc, fold FROM aggregate WHERE id > $1 AND version > 0 ORDER BY id LIMIT 500"""
COUNTS: Final = """
SELECT aggregate, count(*) AS n, max(seq) AS last FROM fact WHERE aggregate = ANY($1::text[]) GROUP BY aggregate"""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An aggregate whose document or version is not what its facts say."""

    aggregate: str
    why: str


async def verify(connection: Any, roster: Roster) -> tuple[int, list[Mismatch]]:
    """How many aggregates were folded, and those that differ."""
    after, seen = "", 0
    wrong: list[Mismatch] = []
    while True:
        # One moment for documents and facts: the services go on writing, and an order that moved is not one that differs.
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            rows = await connection.fetch(PAGE, after)
            if not rows:
                return seen, wrong
            after, seen = rows[-1]["id"], seen + len(rows)
            counts = {row["aggregate"]: row for row in await connection.fetch(COUNTS, [row["id"] for row in rows])}
            for row in rows:
                why = await _differs(connection, roster, row, counts.get(row["id"]))
                if why:
                    wrong.append(Mismatch(row["id"], why))


async def _differs(connection: Any, roster: Roster, row: Any, count: Any) -> str | None:
    if count is None or not row["version"] == count["n"] == count["last"]:
        return f"version {row['version']}, facts {count and count['n']}, last seq {count and count['last']}"
    decider = roster.of(row["id"])
    if row["fold"] != decider.version:
        return None
    state = await store.fold_again(connection, roster, row["id"])
    return None if state == decider.state.model_validate_json(row["doc"]) else "the folded facts give another document"

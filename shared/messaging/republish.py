"""Facts are sent again, the same under the same ids, through the outbox: to a new cluster, or to who was away (operations 9)."""

from datetime import datetime
from typing import Any, Final

from shared.db import connect

SINCE: Final = """
SELECT po, aggregate, seq FROM (
  SELECT a.po, f.aggregate, f.seq, max(f.at) OVER (PARTITION BY f.aggregate ORDER BY f.seq) AS at
  FROM fact f JOIN aggregate a ON a.id = f.aggregate) AS t
WHERE $1::timestamptz IS NULL OR at >= $1 ORDER BY at, aggregate, seq"""
"""In the order in which they happened; within an aggregate by number, also where clocks of replicas differed (I5)."""
COUNT: Final = f"SELECT count(*) FROM ({SINCE}) AS chosen"  # noqa: S608 - a constant of this module
AGAIN: Final = """
INSERT INTO outbox (po, aggregate, seq) SELECT po, aggregate, seq
FROM unnest($1::text[], $2::text[], $3::int[]) WITH ORDINALITY AS t (po, aggregate, seq, n) ORDER BY n"""
PIECE: Final = 5000
LIMIT_SECONDS: Final = 300


async def republish(dsn: str, service: str, since: datetime | None, *, dry_run: bool = False) -> int:
    """Puts the service's facts into its outbox once more, those since a moment or all; answers how many.

    Interrupted and repeated it sends some of them once more, which readers recognise. The relay sends them while it runs.
    """
    reading = await connect(dsn, f"{service}_ops")
    writing = await connect(dsn, f"{service}_app")
    try:
        if dry_run:
            return int(await reading.fetchval(COUNT, since, timeout=LIMIT_SECONDS))
        sent = 0
        async with reading.transaction():
            cursor = await reading.cursor(SINCE, since, timeout=LIMIT_SECONDS)
            while rows := await cursor.fetch(PIECE, timeout=LIMIT_SECONDS):
                await writing.execute(AGAIN, *_columns(rows))
                sent += len(rows)
        return sent
    finally:
        await reading.close()
        await writing.close()


def _columns(rows: list[Any]) -> list[list[Any]]:
    return [[row[name] for row in rows] for name in ("po", "aggregate", "seq")]

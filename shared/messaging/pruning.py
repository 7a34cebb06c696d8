"""What reached its age is deleted by any replica in small pieces: inbox, command log (3.5), settled letters (operations 8)."""

from datetime import timedelta
from typing import Any, Final

import structlog

from shared.db import TRANSIENT, connect
from shared.messaging.resources import Resources

log = structlog.get_logger()

ALONE: Final = "SELECT pg_try_advisory_xact_lock(22, current_schema()::regnamespace::oid::int)"
INBOX: Final = """
DELETE FROM inbox WHERE (source, id) IN (SELECT source, id FROM inbox WHERE at < now() - $1::interval LIMIT 5000)"""
COMMAND_LOG: Final = """
DELETE FROM command_log WHERE key IN (SELECT key FROM command_log WHERE at < now() - $1::interval LIMIT 5000)"""
LETTERS: Final = """
DELETE FROM dead_letter WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM dead_letter WHERE least(replayed_at, dismissed_at) < now() - $1::interval LIMIT 5000))"""
PIECE: Final = 5000
FIRST_SECONDS: Final = 60.0


async def prune(connection: Any, keep: timedelta, letters: timedelta) -> int:
    """Deletes one piece of each table, unless another replica is at it; answers how many rows went. `connection` is `ops`."""
    async with connection.transaction():
        if not await connection.fetchval(ALONE):
            return 0
        ages = ((INBOX, keep), (COMMAND_LOG, keep), (LETTERS, letters))
        return sum([_count(await connection.execute(one, age)) for one, age in ages])


def _count(tag: str) -> int:
    """The number in an answer like `DELETE 17`."""
    return int(tag.rpartition(" ")[2])


async def run_pruning(resources: Resources) -> None:
    """Every so often, until told to stop; pieces follow each other while there are full ones. What fails waits for the next."""
    workers, letters = resources.settings.workers, timedelta(days=resources.settings.letters.keep_days)
    pause = FIRST_SECONDS
    while True:
        await resources.rest(pause)
        if resources.stopping.is_set():
            return
        pause = workers.prune_seconds
        try:
            connection = await connect(resources.settings.postgres.dsn, f"{resources.service}_ops")
            try:
                gone = await prune(connection, timedelta(days=workers.keep_days), letters)
            finally:
                connection.terminate()
        except TRANSIENT as error:
            log.warning("pruning_retry", error=type(error).__name__)
            continue
        resources.count("pruned", "", gone)
        if gone >= PIECE:
            pause = 1.0

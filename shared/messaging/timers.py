"""Deadlines: aggregates whose `due_at` passed are claimed by any replica, and the state is looked at again (4.6)."""

import time
from typing import Any, Final

import structlog

from shared.db import TRANSIENT, glance, unit_of_work
from shared.messaging import store
from shared.messaging.apply import Unit
from shared.messaging.counting import count_facts
from shared.messaging.resources import Resources, crash_point

log = structlog.get_logger()

ANY_DUE: Final = "SELECT EXISTS (SELECT FROM aggregate WHERE due_at <= $1 AND blocked IS NULL)"
DUE: Final = """
SELECT id, po, due_at FROM aggregate WHERE due_at <= $1 AND blocked IS NULL ORDER BY due_at LIMIT 200 FOR UPDATE SKIP LOCKED"""
DATABASE_NOW: Final = "SELECT clock_timestamp()"
REAPER: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND state = 'active'
AND wait_event = 'ClientRead' AND state_change < clock_timestamp() - interval '20 s'"""

WAITING: Final = """
SELECT coalesce(max(position) - min(position) + 1, 0) AS waiting, min(position) AS oldest FROM outbox n
WHERE NOT EXISTS (SELECT FROM outbox r WHERE r.aggregate = n.aggregate AND r.refused IS NOT NULL)"""
"""Without those held back for their own sake: nobody else's work is turned away because of them."""


async def run_deadlines(resources: Resources) -> None:
    """Looks for what is due until told to stop; a fault waits for the next look."""
    while not resources.stopping.is_set():
        found = 0
        try:
            found = await fire_due(resources)
        except TRANSIENT as error:
            log.warning("deadlines_retry", error=type(error).__name__)
        if not found:
            await resources.rest(resources.settings.workers.deadline_poll_seconds)


async def fire_due(resources: Resources) -> int:
    """One claim of up to 200 aggregates; answers how many moved. While clocks disagree, irreversible deadlines are held back."""
    now, began = resources.clock.now(), time.monotonic()
    if not await glance(resources.pool, ANY_DUE, now):
        return 0
    async with unit_of_work(resources.pool) as connection:
        rows = await connection.fetch(DUE, now)
        if not rows:
            return 0
        agree = resources.guard.agree(await connection.fetchval(DATABASE_NOW))
        if not agree:
            log.error("clock_skew", seconds=round(resources.guard.skew_seconds))
        unit = Unit(resources.service, resources.roster, resources.worlds, connection)
        await _fire(resources, unit, connection, {row["id"]: row["po"] for row in rows}, agree=agree)
    for row in rows:
        resources.instruments.record("deadline_lateness", (now - row["due_at"]).total_seconds())
    resources.count("deadlines", "", len(unit.changes.facts))
    resources.instruments.record("transaction_duration", time.monotonic() - began, "deadline")
    count_facts(resources, ((one.type, one.data) for one in unit.changes.facts))
    resources.committed()
    for one in unit.outcome.blocked:
        log.error("aggregate_blocked", suborder_id=one)
    return len(unit.changes.facts)


async def _fire(resources: Resources, unit: Unit, connection: Any, due: dict[str, str], *, agree: bool) -> None:
    latest = await store.latest_contexts(connection, due)
    cells = await store.load(connection, resources.roster, due)
    unit.changes.cells |= cells
    for cell in cells.values():
        unit.fire(cell, clocks_agree=agree, latest=latest.get(cell.id))
        cell.touched = True  # its due_at is computed anew, also where the state no longer wants the deadline
    await store.save(connection, unit.changes, resources.worlds.at())
    crash_point(resources.settings, "deadline_before_commit")


async def run_reaper(resources: Resources) -> None:
    """Ends own sessions that froze in the middle of a statement's exchange and keep their rows locked (P5)."""
    while not resources.stopping.is_set():
        try:
            await glance(resources.pool, REAPER)
        except TRANSIENT as error:
            log.debug("reaper_retry", error=type(error).__name__)
        await resources.rest(5)


async def run_backlog(resources: Resources) -> None:
    """Looks at the outbox every second; while the database is away commands are answered 503 anyway."""
    was_full = False
    while not resources.stopping.is_set():
        try:
            row = await resources.command_pool.fetchrow(WAITING)
            resources.backlog.saw(row["waiting"], row["oldest"], time.monotonic())
        except TRANSIENT as error:
            log.debug("backlog_retry", error=type(error).__name__)
        is_full = resources.backlog.full(time.monotonic())
        if is_full != was_full:
            log.warning("backlog_full" if is_full else "backlog_drained", waiting=resources.backlog.waiting)
            was_full = is_full
        await resources.rest(1)

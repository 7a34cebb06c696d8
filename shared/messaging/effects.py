"""Effects: what a state wants done is claimed with a lease, done outside any transaction, its outcome fed back (3.4)."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from shared import tracing
from shared.contracts.base import Command
from shared.contracts.common import RecordEffectFailed
from shared.db import TRANSIENT, glance, unit_of_work
from shared.decider import THE_SYSTEM, Effect
from shared.messaging import spans, store
from shared.messaging.commands import BlockedError, handle
from shared.messaging.resources import Resources, crash_point
from shared.settings import Settings

log = structlog.get_logger()

ANY_WANTED: Final = """
SELECT EXISTS (SELECT FROM aggregate WHERE effect_at <= $1 AND blocked IS NULL
  AND (lease_until IS NULL OR lease_until < clock_timestamp()))"""
CLAIM: Final = """
UPDATE aggregate SET lease_until = $2 WHERE id IN (
  SELECT id FROM aggregate WHERE effect_at <= $1 AND blocked IS NULL AND (lease_until IS NULL OR lease_until < clock_timestamp())
  ORDER BY effect_at LIMIT 20 FOR UPDATE SKIP LOCKED) RETURNING id, po"""

STOP_LEASE: Final = "UPDATE aggregate SET lease_until = NULL WHERE id = ANY($1::text[])"


@dataclass(frozen=True, slots=True)
class Task:
    """One effect to perform: what, under which key, for which aggregate, and what an adapter may use."""

    aggregate: str
    po: str
    effect: Effect
    now: datetime
    settings: Settings
    resources: Resources

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection to the service's own schema."""
        async with self.resources.command_pool.acquire() as connection:
            yield connection


Perform = Callable[[Task], Awaitable[Command]]
"""An adapter: does the effect and answers the command that records its outcome. An exception is a failed try."""


async def run_effects(resources: Resources, adapters: Mapping[str, Perform]) -> None:
    """Performs what is wanted until told to stop; nothing at all while the settings hold it back."""
    if not adapters:
        return
    if resources.settings.workers.hold_effects:
        log.warning("effects_held")
        return
    while not resources.stopping.is_set():
        done = 0
        resources.wake_effects.clear()  # before looking: what is wished for meanwhile wakes the next look
        try:
            done = await perform_due(resources, adapters)
        except TRANSIENT as error:
            log.warning("effects_retry", error=type(error).__name__)
        if not done:
            with suppress(TimeoutError):
                await asyncio.wait_for(resources.wake_effects.wait(), resources.settings.workers.deadline_poll_seconds)


async def perform_due(resources: Resources, adapters: Mapping[str, Perform]) -> int:
    """One claim; answers how many aggregates were taken."""
    now = resources.clock.now()
    if not await glance(resources.pool, ANY_WANTED, now):
        return 0
    until = resources.clock.wall() + timedelta(seconds=resources.settings.workers.effect_lease_seconds)
    async with unit_of_work(resources.pool) as connection:
        rows = await connection.fetch(CLAIM, now, until)
        if not rows:
            return 0
        wanted = {row["id"]: row["po"] for row in rows}
        cells = await store.load(connection, resources.roster, wanted)
        latest = await store.latest_contexts(connection, wanted)
    crash_point(resources.settings, "effect_after_lease")
    tasks = [
        (Task(cell.id, cell.po, effect, now, resources.settings, resources), cell)
        for cell in cells.values()
        for effect in cell.decider.effects(cell.state)
        if effect.not_before <= now
    ]
    await asyncio.gather(
        *(_perform(resources, adapters, task, spans.effect(task.effect, cell, latest.get(cell.id))) for task, cell in tasks)
    )
    async with unit_of_work(resources.pool) as connection:
        await connection.execute(STOP_LEASE, list(wanted))
    return len(rows)


async def _perform(resources: Resources, adapters: Mapping[str, Perform], task: Task, cause: tracing.Cause) -> None:
    effect, started = task.effect, time.monotonic()
    with tracing.span(cause) as made:
        try:
            async with asyncio.timeout(resources.settings.workers.effect_limit_seconds):
                outcome = await adapters[effect.kind](task)
        except Exception as error:  # noqa: BLE001 - a failed try, whatever it was: dated again, at last a task
            log.warning("effect_failed", kind=effect.kind, error=type(error).__name__, attempt=effect.attempt)
            tracing.failed(made, type(error).__name__)
            outcome = RecordEffectFailed(
                aggregate=task.aggregate, key=effect.key, attempt=effect.attempt, code=type(error).__name__
            )
        resources.instruments.record("effect_duration", time.monotonic() - started, effect.kind)
        crash_point(resources.settings, "effect_after_act")
        key = f"{task.aggregate}/{effect.key}/{effect.attempt}/{type(outcome).__name__}"
        with tracing.span(spans.outcome(outcome, tracing.stored(made.get_span_context()))):
            try:
                answer = await handle(resources, outcome, THE_SYSTEM, key)
            except BlockedError:
                return
        failed = outcome.code if isinstance(outcome, RecordEffectFailed) else "done"
        resources.count("effects", f"{effect.kind}:{failed if answer.ok else answer.body['code']}")

"""What a scrape reads: the schema's queues each time, the ledger of orders once a minute, all of it under a limit."""

import asyncio
import time
from collections.abc import Awaitable
from typing import Final

import structlog
from aiokafka.errors import IllegalStateError

from shared.db import TRANSIENT
from shared.messaging.resources import Resources
from shared.metrics import Series
from shared.settings import VERSION

log = structlog.get_logger()
LIMIT_SECONDS: Final = 2.0
"""A scrape never waits for longer; what is not known by then is absent, and its alert says so."""
LEDGER_SECONDS: Final = 60.0
LEDGER_LIMIT_SECONDS: Final = 5.0
"""Enough for some fifty thousand open orders: twice as many, of 4 kB each, took 3.5 to 6 s on two busy cores. Else absent."""
# An effect that waits for nothing is dated long ago: what is wanted at once is wanted since the last change.
QUEUES: Final = """
SELECT (SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT 100000) o) AS outbox_pending,
  (SELECT extract(epoch FROM $1 - f.at)
    FROM (SELECT aggregate, seq FROM outbox ORDER BY position LIMIT 1) o JOIN fact f USING (aggregate, seq)) AS outbox_age,
  (SELECT count(*) FROM aggregate WHERE blocked IS NOT NULL) AS aggregates_blocked,
  (SELECT count(*) FROM (SELECT 1 FROM parked LIMIT 100000) p) AS parked,
  (SELECT extract(epoch FROM clock_timestamp() - p.at) FROM parked p ORDER BY position LIMIT 1) AS parked_age,
  (SELECT count(*) FROM dead_letter WHERE replayed_at IS NULL AND dismissed_at IS NULL) AS dead_letters_open,
  (SELECT count(*) FROM aggregate WHERE due_at < $1::timestamptz - interval '5 s') AS deadlines_overdue,
  (SELECT count(*) FROM aggregate WHERE effect_at < $1) AS effects_waiting,
  (SELECT extract(epoch FROM max(least($1 - effect_at, clock_timestamp() - updated_at)))
    FROM aggregate WHERE effect_at < $1) AS effects_age,
  clock_timestamp() AS now"""
ORDERS: Final = """
SELECT coalesce(nullif(d.stage, ''), 'NEW') AS stage, CASE WHEN updated_at > now() - interval '1 h' THEN '1h'
  WHEN updated_at > now() - interval '1 d' THEN '1d' WHEN updated_at > now() - interval '7 d' THEN '7d'
  WHEN updated_at > now() - interval '30 d' THEN '30d' ELSE 'older' END AS age, count(*) AS orders
FROM aggregate, jsonb_to_record(doc) AS d (stage text, waits jsonb)
WHERE version > 0 AND d.waits <> '{}'::jsonb GROUP BY 1, 2"""
TASKS: Final = """
SELECT w.wait ->> 'party' AS party, w.wait -> 'cleared_by' ->> 0 AS task, count(*) AS tasks_open,
  extract(epoch FROM $1::timestamptz - min((w.wait ->> 'since')::timestamptz)) AS task_age,
  count(w.wait ->> 'due') AS clocks_running,
  count(*) FILTER (WHERE (w.wait ->> 'due')::timestamptz BETWEEN $1 AND $1 + interval '24 h') AS clocks_due,
  count(*) FILTER (WHERE (w.wait ->> 'due')::timestamptz < $1) AS clocks_breached
FROM aggregate a, jsonb_each(a.doc -> 'waits') AS w (key, wait)
WHERE a.version > 0 GROUP BY 1, 2"""
FALLOUTS: Final = """
SELECT o.fallout ->> 'kind' AS kind, count(*) AS fallouts_open, extract(epoch FROM $1::timestamptz - min(r.at)) AS fallout_age
FROM aggregate a, jsonb_each(a.doc -> 'fallouts') AS o (key, fallout), LATERAL (
  SELECT max(f.at) AS at FROM fact f WHERE f.aggregate = a.id AND f.type = 'FalloutRaised' AND f.data ->> 'fallout_id' = o.key) r
WHERE a.version > 0 GROUP BY 1"""
LEDGER: Final = (
    "orders_open",
    "tasks_open",
    "task_age",
    "clocks_running",
    "clocks_due",
    "clocks_breached",
    "fallouts_open",
    "fallout_age",
)


async def scrape(resources: Resources) -> bytes:
    """The metrics of this process as Prometheus reads them; what cannot be asked now is left out, never shown as zero."""
    shown = resources.instruments.shown
    ledger: dict[str, Series] = {name: shown[name] for name in LEDGER if name in shown}
    queues = await _within("queues", LIMIT_SECONDS, _queues(resources))
    if time.monotonic() - resources.ledger_at > LEDGER_SECONDS:
        resources.ledger_at = time.monotonic()
        ledger = await _within("ledger", LEDGER_LIMIT_SECONDS, _ledger(resources)) if queues else {}
    shown.clear()
    shown.update(queues | ledger | _of_process(resources) | {"lag": await _lag(resources)})
    return resources.instruments.text()


async def _within(what: str, limit_seconds: float, reading: Awaitable[dict[str, Series]]) -> dict[str, Series]:
    """What the database answered in time, or nothing: a ledger too long for the limit hides no queue."""
    try:
        async with asyncio.timeout(limit_seconds):
            return await reading
    except TRANSIENT as error:
        log.warning("metrics_unread", what=what, error=type(error).__name__)
        return {}


async def _queues(resources: Resources) -> dict[str, Series]:
    row = dict(await resources.command_pool.fetchrow(QUEUES, resources.clock.now()))
    resources.guard.agree(row.pop("now"))
    return {name: {(): float(value or 0)} for name, value in row.items()}


async def _ledger(resources: Resources) -> dict[str, Series]:
    async with resources.command_pool.acquire() as connection:
        now = resources.clock.now()
        orders, tasks = await connection.fetch(ORDERS), await connection.fetch(TASKS, now)
        fallouts = await connection.fetch(FALLOUTS, now)
    counted: dict[str, Series] = {"orders_open": {(row["stage"], row["age"]): float(row["orders"]) for row in orders}}
    counted |= {name: {(row["party"], row["task"]): float(row[name]) for row in tasks} for name in LEDGER[1:-2]}
    return counted | {name: {(row["kind"],): float(row[name]) for row in fallouts} for name in LEDGER[-2:]}


def _of_process(resources: Resources) -> dict[str, Series]:
    pools = {"batches": resources.pool, "commands": resources.command_pool}
    return {
        "clock_skew": {(): resources.guard.skew_seconds},
        "relay_leader": {(): float(resources.leads)},
        "poll_age": {(): time.monotonic() - resources.beat_at},
        "pool_used": {(name,): float(pool.get_size() - pool.get_idle_size()) for name, pool in pools.items()},
        "pool_limit": {(name,): float(pool.get_max_size()) for name, pool in pools.items()},
        "build": {(VERSION,): 1.0},
    }


async def _lag(resources: Resources) -> Series:
    """By the end of each partition that the last fetch told, so no broker is asked; partitions not fetched yet are absent."""
    lags: dict[tuple[str, ...], float] = {}
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            for consumer in resources.consumers:
                for part in consumer.assignment():
                    end = consumer.highwater(part)
                    if end is not None:
                        lags[part.topic, str(part.partition)] = float(max(0, end - await consumer.position(part)))
    except (TimeoutError, IllegalStateError) as error:  # a rebalance is under way
        log.debug("lag_unknown", error=type(error).__name__)
    return lags

"""The relay: one leader per schema sends stored facts in position order through its own idempotent producer (4.5)."""

import asyncio
import math
import time
from contextlib import suppress
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidMessageError,
    InvalidTimestampError,
    KafkaConnectionError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)

from shared import tracing
from shared.db import TRANSIENT, connect
from shared.kafka import client
from shared.messaging import spans
from shared.messaging.envelope import headers_of
from shared.messaging.resources import EXIT_STUCK, Resources, crash_point, die
from shared.settings import Kafka

log = structlog.get_logger()

LEAD: Final = "SELECT pg_try_advisory_lock(20, current_schema()::regnamespace::oid::int)"
EVICT: Final = """
SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 20 AND l.objid = current_schema()::regnamespace::oid
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND a.state_change < clock_timestamp() - interval '5 s'"""
NEXT: Final = """
SELECT o.position, o.po, o.aggregate, o.seq, f.type, f.at, f.caused_by, f.actor, f.trace, f.data
FROM (SELECT position, po, aggregate, seq FROM outbox n
  WHERE NOT EXISTS (SELECT FROM outbox r WHERE r.aggregate = n.aggregate AND r.refused IS NOT NULL)
  ORDER BY position LIMIT 500) o
JOIN fact f USING (aggregate, seq) ORDER BY o.position"""
REFUSE: Final = "UPDATE outbox SET refused = $2 WHERE position = $1"
TRY_AGAIN: Final = """
UPDATE outbox SET refused = NULL WHERE position = (SELECT min(position) FROM outbox WHERE refused IS NOT NULL)"""
SENT: Final = "DELETE FROM outbox WHERE position = ANY($1::bigint[])"
ROUND_LIMIT: Final = 30
FAILURES_LIMIT: Final = 3
UNSENDABLE: Final = (MessageSizeTooLargeError, RecordListTooLargeError, InvalidTimestampError, InvalidMessageError)
"""Kafka refuses the record itself: it would refuse it again."""
TRY_AGAIN_SECONDS: Final = 30.0
"""Until the oldest refused record is tried again; when Kafka takes it, the others follow at once."""


class OutageError(Exception):
    """Postgres or Kafka cannot be reached: every worker waits for it, and a restart would mend nothing (K10)."""


def producer(kafka: Kafka, name: str, **more: Any) -> AIOKafkaProducer:
    """An idempotent producer with the settings of `reliability.md` 3.2; order on the topic is safety, not tuning (K5)."""
    return AIOKafkaProducer(
        **client(kafka),
        client_id=name,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_batch_size=256 << 10,
        max_request_size=983_040,
        request_timeout_ms=20_000,
        compression_type="lz4",
        **more,
    )


class RefusedError(Exception):
    """A record was refused for its own sake: its aggregate is held back, and the producer is of no more use (K4)."""


class Relay:
    """Keeps trying to lead; as leader empties the outbox."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._failures = 0
        self._careful = False
        self._try_again_at = -math.inf

    async def run(self) -> None:
        """Leads when it can, evicts a silent leader, starts anew after any error; the third in a row ends the process."""
        while not self._resources.stopping.is_set():
            try:
                await self._lead_or_wait()
            except asyncio.CancelledError:
                raise
            except OutageError as error:
                log.warning("relay_waits", error=type(error.__cause__).__name__)
                await self._resources.rest(1)
            except RefusedError:
                self._resources.count("relay_restarts", RefusedError.__name__)
            except Exception as error:  # noqa: BLE001 - whatever happened: new producer, new connection, first row
                await self._failed(error)

    async def _failed(self, error: Exception) -> None:
        self._failures += 1
        self._careful = True
        self._resources.count("relay_restarts", type(error).__name__)
        log.warning("relay_restart", error=type(error).__name__, failures=self._failures)
        if self._failures >= FAILURES_LIMIT:
            die(EXIT_STUCK, "relay_gave_up", error=type(error).__name__)
        await asyncio.sleep(0.5 * 2**self._failures)

    async def _lead_or_wait(self) -> None:
        settings = self._resources.settings
        try:
            connection = await connect(settings.postgres.dsn, f"{self._resources.service}_relay")
        except TRANSIENT as error:
            raise OutageError from error
        try:
            while not await connection.fetchval(LEAD):
                await connection.execute(EVICT)
                await self._resources.rest(1)
                if self._resources.stopping.is_set():
                    return
            await self._lead(connection)
        finally:
            connection.terminate()

    async def _lead(self, connection: Any) -> None:
        settings = self._resources.settings
        sender = producer(settings.kafka, f"{self._resources.service}-relay-{settings.instance}")
        try:
            await asyncio.wait_for(sender.start(), ROUND_LIMIT)
            self._resources.leads = True
            while not self._resources.stopping.is_set():
                await self._try_again(connection)
                self._resources.wake_relay.clear()  # before looking: what is written meanwhile wakes the next look
                rows = await connection.fetch(NEXT)
                if rows:
                    await self._send(connection, sender, rows)
                self._failures, self._careful = 0, False
                if not rows:
                    await self._rest()
        except KafkaConnectionError as error:
            raise OutageError from error
        finally:
            self._resources.leads = False
            with suppress(Exception):
                await asyncio.wait_for(sender.stop(), 3)

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._resources.wake_relay.wait(), self._resources.settings.workers.relay_poll_seconds)

    async def _send(self, connection: Any, sender: AIOKafkaProducer, rows: list[Any]) -> None:
        service, topic = self._resources.service, f"o2c.{self._resources.service}.v1"
        crash_point(self._resources.settings, "relay_after_read")
        client = f"{service}-relay-{self._resources.settings.instance}"
        began = time.monotonic()
        with tracing.span(spans.send(topic, client, [row["trace"] for row in rows])):
            for some in [[one] for one in rows] if self._careful else [rows]:
                try:
                    async with asyncio.timeout(ROUND_LIMIT):
                        await self._all_sent(connection, [await self._sent(sender, topic, row) for row in some])
                except UNSENDABLE as error:
                    if not self._careful:
                        raise
                    await self._refuse(connection, some[0], error)
                    raise RefusedError from error
                crash_point(self._resources.settings, "relay_after_send")
                await connection.execute(SENT, [row["position"] for row in some])
        self._resources.instruments.record("operation_duration", time.monotonic() - began, "send")
        self._resources.count("sent", topic, len(rows))
        self._resources.count("relay_rounds")

    async def _try_again(self, connection: Any) -> None:
        """Takes up what was refused when its time has come: whatever was in the way may be gone."""
        if time.monotonic() < self._try_again_at:
            return
        if await connection.execute(TRY_AGAIN) == "UPDATE 0":
            self._try_again_at = time.monotonic() + TRY_AGAIN_SECONDS
        else:
            self._careful = True

    async def _refuse(self, connection: Any, row: Any, error: Exception) -> None:
        """Holds back the aggregate of this row, and with it all that follows of it."""
        self._try_again_at = time.monotonic() + TRY_AGAIN_SECONDS
        await connection.execute(REFUSE, row["position"], type(error).__name__)
        log.error("fact_refused", suborder_id=row["aggregate"], seq=row["seq"], error=type(error).__name__)

    async def _sent(self, sender: AIOKafkaProducer, topic: str, row: Any) -> Any:
        names = ("aggregate", "seq", "type", "at", "caused_by", "actor", "trace")
        headers = headers_of(self._resources.service, *(row[name] for name in names))
        return await sender.send(topic, row["data"].encode(), key=row["po"].encode(), headers=headers)

    @staticmethod
    async def _all_sent(connection: Any, futures: list[Any]) -> None:
        """Waits in steps of a second with a touch of the connection between, so that no challenger evicts a busy leader."""
        left = asyncio.gather(*futures)
        while not (await asyncio.wait([left], timeout=1))[0]:
            await connection.fetchval("SELECT 1")
        left.result()

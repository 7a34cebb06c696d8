"""The relay: one leader per schema sends stored facts in position order through its own idempotent producer (4.5)."""

import asyncio
import time
from contextlib import suppress
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

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
FROM (SELECT position, po, aggregate, seq FROM outbox ORDER BY position LIMIT 500) o
JOIN fact f USING (aggregate, seq) ORDER BY o.position"""
SENT: Final = "DELETE FROM outbox WHERE position = ANY($1::bigint[])"
ROUND_LIMIT: Final = 30
FAILURES_LIMIT: Final = 3


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


class Relay:
    """Keeps trying to lead; as leader empties the outbox."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._failures = 0

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
            except Exception as error:  # noqa: BLE001 - whatever happened: new producer, new connection, first row
                await self._failed(error)

    async def _failed(self, error: Exception) -> None:
        self._failures += 1
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
                self._resources.wake_relay.clear()  # before looking: what is written meanwhile wakes the next look
                rows = await connection.fetch(NEXT)
                if rows:
                    await self._send(connection, sender, rows)
                self._failures = 0
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
            async with asyncio.timeout(ROUND_LIMIT):
                futures = [
                    await sender.send(
                        topic,
                        row["data"].encode(),
                        key=row["po"].encode(),
                        headers=headers_of(
                            service,
                            row["aggregate"],
                            row["seq"],
                            row["type"],
                            row["at"],
                            row["caused_by"],
                            row["actor"],
                            row["trace"],
                        ),
                    )
                    for row in rows
                ]
                await self._all_sent(connection, futures)
        crash_point(self._resources.settings, "relay_after_send")
        await connection.execute(SENT, [row["position"] for row in rows])
        self._resources.instruments.record("operation_duration", time.monotonic() - began, "send")
        self._resources.count("sent", topic, len(rows))
        self._resources.count("relay_rounds")

    @staticmethod
    async def _all_sent(connection: Any, futures: list[Any]) -> None:
        """Waits in steps of a second with a touch of the connection between, so that no challenger evicts a busy leader."""
        left = asyncio.gather(*futures)
        while not (await asyncio.wait([left], timeout=1))[0]:
            await connection.fetchval("SELECT 1")
        left.result()

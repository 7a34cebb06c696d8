"""Looks at the facts from outside: a number that never came, and documents that are not what their facts say.

A fact's number grows by one within its aggregate, and an aggregate is in one partition, so a number that is skipped is
a fact that was lost on the way to Kafka: nobody who only reads could know it otherwise.
"""

import asyncio
import math
import time
from collections import Counter
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer

from o2c.commands.verify import folded
from shared.contracts.catalogue import SERVICES
from shared.contracts.catalogue import TOPIC as FACTS_OF
from shared.kafka import client
from shared.messaging.tail import told
from shared.metrics import Instruments
from shared.settings import Settings

log = structlog.get_logger()
POLL_LIMIT: Final = 30
VERIFY_SECONDS: Final = 24 * 3600.0


class Sequences:
    """Which numbers of which aggregates were skipped, of one service's topic."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self.missing: set[tuple[str, int]] = set()

    def saw(self, aggregate: str, seq: int, *, whole: bool) -> None:
        """One fact in the order of its partition; `whole`: the partition still has its beginning, so numbers start at 1."""
        last = self._last.setdefault(aggregate, 0 if whole else seq - 1)
        self.missing.update((aggregate, number) for number in range(last + 1, seq))
        self.missing.discard((aggregate, seq))  # sent again, as it was: the loss is mended
        self._last[aggregate] = max(last, seq)


class Watch:
    """One process that reads every topic of facts by its headers, and verifies every schema once a day."""

    def __init__(self, settings: Settings, dsn: str) -> None:
        self._settings, self._dsn = settings, dsn
        self.sequences = {name: Sequences() for name in SERVICES}
        self.instruments = Instruments("watch", Counter())

    async def run(self, stopping: asyncio.Event) -> None:
        """Until it is told to stop. Any error ends it, and its absence is an alarm; started again it reads all once more."""
        consumer = AIOKafkaConsumer(
            *map(FACTS_OF, SERVICES), **client(self._settings.kafka), enable_auto_commit=False, auto_offset_reset="earliest"
        )
        verified, verifying = -math.inf, None
        try:
            await consumer.start()
            await consumer.seek_to_beginning()
            ends = await consumer.end_offsets(consumer.assignment())
            starts = await consumer.beginning_offsets(list(ends))
            while not stopping.is_set():
                async with asyncio.timeout(POLL_LIMIT):
                    self.note(await consumer.getmany(timeout_ms=500), starts)
                    behind = [part for part, end in ends.items() if await consumer.position(part) < end]
                if behind:  # what is missing now may only be unread
                    continue
                self.tell()
                if time.monotonic() - verified > VERIFY_SECONDS and verifying is None:
                    verifying = asyncio.create_task(asyncio.to_thread(asyncio.run, folded(self._dsn)))
                if verifying is not None and verifying.done():
                    verified, found, verifying = time.monotonic(), verifying.result(), None
                    self.tell_of(found)
        finally:
            await consumer.stop()

    def note(self, batches: Any, starts: Any) -> None:
        """What a poll brought, by its headers alone."""
        for part, records in batches.items():
            service = part.topic.split(".")[1]
            for record in records:
                fact = told(service, dict(record.headers))
                if fact is not None:
                    self.sequences[service].saw(fact.aggregate, fact.seq, whole=starts[part] == 0)

    def tell(self) -> None:
        """What `/metrics` shows of the numbers; a new loss is also a line of the log with its first few."""
        told_before = self.instruments.shown.get("sequence_missing", {})
        found: dict[tuple[str, ...], float] = {(name,): float(len(one.missing)) for name, one in self.sequences.items()}
        for name, one in self.sequences.items():
            if len(one.missing) > told_before.get((name,), 0.0):
                log.error("facts_missing", source=name, first=[f"{name}/{a}/{s}" for a, s in sorted(one.missing)[:20]])
        self.instruments.shown["sequence_missing"] = found

    def tell_of(self, folds: dict[str, Any]) -> None:
        """What `/metrics` shows of the daily comparison."""
        self.instruments.shown["verify_mismatches"] = {(name,): float(len(one.differing)) for name, one in folds.items()}
        for name, one in folds.items():
            log.info("verified", source=name, aggregates=one.seen, differing=[wrong.aggregate for wrong in one.differing[:20]])

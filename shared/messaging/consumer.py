"""The one batch subscriber of a service: manual acknowledgement after COMMIT, nothing parsed by the framework (3.2)."""

import asyncio
import random
import time
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog

from shared import objects, tracing, uploads
from shared.db import REJECTED, TRANSIENT, unit_of_work
from shared.messaging import spans
from shared.messaging.apply import BreakerError, Unit
from shared.messaging.counting import count_facts
from shared.messaging.envelope import made_at, sort_command, sort_fact
from shared.messaging.fragments import as_item, whole
from shared.messaging.inbound import Dead, Edge, Fragment, Inbound, Item, Kept, Mirror, Record, Skipped
from shared.messaging.resources import EXIT_BREAKER, EXIT_STUCK, Resources, crash_point, die

log = structlog.get_logger()
ACK_LIMIT: Final = 15.0
RETRY_FOR: Final = 60.0
PIECE: Final = 25


def as_record(raw: Any) -> Record:
    """The record as the core sees it; header names without case, of a repeated one the last counts."""
    headers = {key.lower(): value.decode("utf-8", "replace") for key, value in raw.headers}
    return Record(raw.topic, raw.partition, raw.offset, raw.key, raw.value, headers, raw.timestamp)


@dataclass
class Sorter:
    """Sorts records of every topic of a service."""

    resources: Resources
    edges: Mapping[str, Edge]
    mirrors: Mapping[str, Mirror]
    sources: Mapping[str, frozenset[str]]

    def sort(self, record: Record) -> Item | Kept | Dead | Skipped:
        """A message to apply or a piece of one, a dead letter, or nothing for us; no I/O."""
        service = self.resources.service
        if record.topic in self.edges:
            return self._edge(record)
        if record.topic == f"o2c.{service}.commands.v1":
            return sort_command(record, service, self.sources)
        return sort_fact(record, self.resources.roster)

    async def vouch(self, item: Item | Kept) -> Item | Kept:
        """A command that names documents nobody stored is marked as refused (2.8)."""
        if isinstance(item, Kept) or not item.is_command:
            return item
        return replace(item, refused=await uploads.unvouched(self.resources.settings.objects.url, item.message))

    def _edge(self, record: Record) -> Item | Kept | Dead | Skipped:
        headers = [(name, value.encode()) for name, value in record.headers.items()]
        found = self.edges[record.topic](record.value, record.key, headers)
        if isinstance(found, Inbound):
            return as_item(record, found)
        return Kept(record, found) if isinstance(found, Fragment) else found


def pauses(first: float = 0.2, most: float = 5.0, total: float = RETRY_FOR) -> Iterator[float]:
    """Growing pauses with jitter, for as long as `total` seconds."""
    spent, pause = 0.0, first
    while spent < total:
        wait = pause * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
        yield wait
        spent, pause = spent + wait, min(pause * 2, most)


@dataclass
class Consumer:
    """Polls, applies in one transaction, wakes the relay, acknowledges."""

    resources: Resources
    sorter: Sorter

    async def on_batch(self, message: Any) -> None:
        """One batch. Lets no exception out: an exception here would acknowledge what was not done (F2, F4)."""
        resources = self.resources
        resources.beat()
        records = [as_record(raw) for raw in message.raw_message]
        resources.count_all("consumed", (record.topic for record in records))
        resources.count("batches")
        resources.instruments.record("batch_size", len(records))
        started = time.monotonic()
        items, dead, mirrored = self._sort_out(records)
        apply, batch = self.apply_together, None
        for pause in pauses():
            resources.beat()
            try:
                items = [await self.sorter.vouch(item) for item in items]
                await self._put_contacts(items)
                batch = await apply(items, dead, mirrored)
                break
            except (*TRANSIENT, *objects.UNREACHABLE) as error:
                resources.count("db_retries", type(error).__name__)
                log.warning("batch_retry", error=type(error).__name__, messages=len(records))
                apply = self.apply_in_pieces
                await asyncio.sleep(pause)
            except REJECTED as error:
                log.warning("batch_in_savepoints", error=type(error).__name__)
                apply = self.apply_in_savepoints
            except BreakerError as error:
                die(EXIT_BREAKER, "breaker", why=str(error))
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.exception("batch_failed", error=type(error).__name__)
                die(EXIT_STUCK, "batch_failed", error=type(error).__name__)
        else:
            await quietly(message.nack(), resources)
            return
        done = time.monotonic()
        resources.instruments.record("process_duration", done - started)
        resources.committed()
        crash_point(resources.settings, "batch_after_commit")
        with tracing.span(spans.commit(resources.group, resources.client, batch)) if batch else nullcontext():
            await quietly(message.ack(), resources)
        ended = time.monotonic()
        resources.instruments.record("operation_duration", ended - done, "commit")
        resources.instruments.record("batch_duration", ended - started)
        self._record_age(records)
        crash_point(resources.settings, "batch_after_ack")

    def _record_age(self, records: Sequence[Record]) -> None:
        """One hop as the first message of the batch saw it, by the time it says it was made at."""
        made = made_at(records[0]) if records else None
        if made is not None:
            age = (self.resources.clock.now() - made).total_seconds()
            self.resources.instruments.record("message_age", max(0.0, age), records[0].topic)

    def _sort_out(self, records: Sequence[Record]) -> tuple[list[Item | Kept], list[tuple[Record, Dead]], list[Record]]:
        items: list[Item | Kept] = []
        dead: list[tuple[Record, Dead]] = []
        mirrored = [record for record in records if record.topic in self.sorter.mirrors]
        for record in records:
            if record.topic in self.sorter.mirrors:
                continue
            found = self.sorter.sort(record)
            if isinstance(found, Item | Kept):
                items.append(found)
            elif isinstance(found, Dead):
                dead.append((record, found))
                self.resources.count("dead_letters", f"{record.topic}:{found.reason}")
                log.error("dead_letter", topic=record.topic, partition=record.partition, offset=record.offset, code=found.reason)
            else:
                self.resources.count("skipped", found.why)
        return items, dead, mirrored

    async def _put_contacts(self, items: Sequence[Item | Kept]) -> None:
        """Contacts go to their topic before the transaction: an upsert that may be repeated (F10)."""
        put = self.resources.put_contact
        contacts = [contact for item in items for contact in item.contacts]
        if contacts and put is not None:
            async with asyncio.timeout(20):
                await asyncio.gather(*(put(contact.ref, contact.value) for contact in contacts))

    async def apply_together(
        self, items: Sequence[Item | Kept], dead: Sequence[tuple[Record, Dead]], mirrored: Sequence[Record]
    ) -> str | None:
        """The whole batch in one transaction; answers the context of its span."""
        resources = self.resources
        if not items and not dead and not mirrored:
            return None
        records = [*(item.record for item in items), *(record for record, _ in dead), *mirrored]
        cause = spans.batch(resources.group, resources.client, records, [tracing.carried(item.record.headers) for item in items])
        with tracing.span(cause) as batch:
            for record, letter in dead:
                tracing.failed(batch, letter.reason, "dead_letter", **spans.place(record))
            context = tracing.stored(batch.get_span_context())
            links = tracing.links_to([context])
            began = time.monotonic()
            async with unit_of_work(resources.pool) as connection:
                for topic, mirror in self.sorter.mirrors.items():
                    pairs = [((r.key or b"").decode(), r.value) for r in mirrored if r.topic == topic]
                    if pairs:
                        await mirror(connection, pairs)
                unit = Unit(resources.service, resources.roster, resources.worlds, connection, links, seal=resources.seal)
                outcome = await unit.apply(await whole(connection, items), dead)
                crash_point(resources.settings, "batch_before_commit")
        resources.instruments.record("transaction_duration", time.monotonic() - began, "batch")
        count_facts(resources, ((one.type, one.data) for one in unit.changes.facts))
        resources.count("duplicates", "", outcome.duplicates)
        for one in outcome.blocked:
            log.error("aggregate_blocked", suborder_id=one)
        return context

    async def apply_in_pieces(
        self, items: Sequence[Item | Kept], dead: Sequence[tuple[Record, Dead]], mirrored: Sequence[Record]
    ) -> str | None:
        """After a fault, a few messages in each transaction: one that takes longer than it may would be tried for ever."""
        context = await self.apply_together([], dead, mirrored)
        for start in range(0, len(items), PIECE):
            self.resources.beat()
            await self.apply_together(items[start : start + PIECE], [], [])
        return context

    async def apply_in_savepoints(
        self, items: Sequence[Item | Kept], dead: Sequence[tuple[Record, Dead]], mirrored: Sequence[Record]
    ) -> str | None:
        """Postgres refused a value: message by message, so that only the guilty aggregate is blocked (4.3)."""
        context = await self.apply_together([], dead, mirrored)
        for item in items:
            try:
                await self.apply_together([item], [], [])
            except REJECTED as error:
                guilty = item.to.ids[0] if isinstance(item, Item) else None
                log.error("value_refused", error=type(error).__name__, offset=item.record.offset)  # noqa: TRY400 - no values
                await self.apply_together([], [(item.record, Dead("value_refused", "", type(error).__name__, guilty))], [])
        return context


async def quietly(act: Awaitable[None], resources: Resources) -> None:
    """Acknowledges under a limit; a failed one is only counted, since redelivery is recognised (K1)."""
    try:
        async with asyncio.timeout(ACK_LIMIT):
            await act
    except Exception as error:  # noqa: BLE001 - redelivery is recognised
        resources.count("ack_failures", type(error).__name__)

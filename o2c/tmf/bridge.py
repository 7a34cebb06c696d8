"""Reads our facts and writes their notifications; its only state is how far it has read.

The offset is committed after Kafka has the notifications, so a death repeats some, under the same ids, and loses none.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import CommitFailedError

from o2c.tmf.mapping import SERVICES, TOPIC, TYPES, Told, headers, notification
from o2c.tmf.shape import Version
from shared.contracts.base import Fact, to_json
from shared.contracts.catalogue import TOPIC as FACTS_OF
from shared.contracts.catalogue import fact_type
from shared.kafka import client
from shared.messaging.consumer import as_record
from shared.messaging.envelope import parse
from shared.messaging.inbound import Record
from shared.messaging.relay import producer
from shared.settings import Kafka, Settings

log = structlog.get_logger()
GROUP: Final = "tmf.v1"
ROUND_LIMIT: Final = 30


def read(record: Record) -> Told | None:
    """The fact of a record, None for one that is not told or that nobody could read (its service has it as a dead letter)."""
    name = record.headers.get("ce_type", "")
    found = fact_type(name) if name in TYPES else None
    if found is None:
        return None
    service, kind = found
    identity, fact = record.headers.get("ce_id", ""), parse(record, kind)
    genuine = record.topic == FACTS_OF(service) and record.headers.get("ce_source") == f"/{service}" and identity
    try:
        at = datetime.fromisoformat(record.headers["ce_time"])
    except (KeyError, ValueError):
        genuine = ""
    if not genuine or not isinstance(fact, Fact) or "ce_seq" not in record.headers:
        log.error("fact_unusable", topic=record.topic, partition=record.partition, offset=record.offset)
        return None
    return Told(identity, at, fact)


async def send(sender: AIOKafkaProducer, records: Iterable[Record], version: Version) -> int:
    """Sends the notifications of these facts in their order, and waits until Kafka has all; answers how many."""
    async with asyncio.timeout(ROUND_LIMIT):
        waiting = []
        for record in records:
            told = read(record)
            found = notification(told, version) if told else None
            if told is None or found is None:
                continue
            with_headers = headers(found, told, version, record.headers)
            waiting.append(await sender.send(TOPIC, to_json(found), key=record.key, headers=with_headers))
        await asyncio.gather(*waiting)
    return len(waiting)


async def run(kafka: Kafka, settings: Settings, stopping: asyncio.Event) -> None:
    """Tells of facts until it is told to stop. Any error of Kafka ends it; started again it goes on where it was."""
    name, version = f"tmf-{settings.instance}", settings.tmf.version
    reader = AIOKafkaConsumer(
        *map(FACTS_OF, SERVICES),
        **client(kafka),
        client_id=name,
        group_id=GROUP,
        group_instance_id=name,  # started again it has its partitions at once
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        partition_assignment_strategy=[RangePartitionAssignor],  # an order's partition is the same on every topic
    )
    sender = producer(kafka, name)
    try:
        await reader.start()
        await sender.start()
        log.info("ready", topic=TOPIC, version=version)
        while not stopping.is_set():
            await _round(reader, sender, version)
    finally:
        await reader.stop()
        await sender.stop()


async def _round(reader: Any, sender: AIOKafkaProducer, version: Version) -> None:
    batches = await reader.getmany(timeout_ms=300, max_records=500)
    if not batches:
        return
    await send(sender, (as_record(raw) for batch in batches.values() for raw in batch), version)
    try:
        await reader.commit()
    except CommitFailedError:
        log.warning("partitions_moved")  # whoever has them now repeats what was sent

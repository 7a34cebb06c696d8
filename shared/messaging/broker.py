"""The framework's broker with its one subscriber, told to touch nothing: no payload, no header, no acknowledgement of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from aiokafka import ConsumerRecord
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from shared.kafka import security
from shared.messaging.resources import Resources


def safe(record: Any) -> Any:
    """A record whose headers cannot break the framework: no value becomes empty, what is no text becomes hex (F3)."""
    headers = []
    for key, value in record.headers or ():
        raw = value if value is not None else b""
        try:
            raw.decode()
            headers.append((key, raw))
        except UnicodeDecodeError:
            headers.append((f"x-raw-{key}", raw.hex().encode()))
    return ConsumerRecord(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp=record.timestamp,
        timestamp_type=record.timestamp_type,
        key=record.key,
        value=record.value,
        checksum=record.checksum,
        serialized_key_size=record.serialized_key_size,
        serialized_value_size=record.serialized_value_size,
        headers=tuple(headers),
    )


async def parser(records: Sequence[Any], original: Callable[[Any], Awaitable[Any]]) -> Any:
    """The framework sees repaired headers only."""
    return await original(tuple(map(safe, records)))


async def decoder(message: Any) -> Any:
    """The framework touches no payload."""
    return message


def make_broker(resources: Resources, on_batch: Callable[[Any], Awaitable[None]], topics: Sequence[str]) -> KafkaBroker:
    """The broker with its one subscriber; every setting is one of `reliability.md` 3.1."""
    settings = resources.settings
    broker = KafkaBroker(
        settings.kafka.bootstrap_servers,
        client_id=resources.client,
        security=security(settings.kafka),
        allow_auto_create_topics=False,
        request_timeout_ms=40_000,
        graceful_timeout=20.0,
        apply_types=False,
        logger=None,
    )
    subscriber = broker.subscriber(
        *topics,
        group_id=resources.group,
        group_instance_id=resources.client,
        batch=True,
        max_records=300,
        batch_timeout_ms=50,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
        parser=parser,
        decoder=decoder,
        partition_assignment_strategy=[RangePartitionAssignor],
        session_timeout_ms=10_000,
        heartbeat_interval_ms=3_000,
        rebalance_timeout_ms=30_000,
        max_poll_interval_ms=300_000,
        fetch_max_wait_ms=resources.settings.kafka.fetch_wait_ms,
        fetch_max_bytes=8 << 20,
        max_partition_fetch_bytes=1 << 20,
        check_crcs=True,
    )
    subscriber(on_batch)
    return broker


async def stop_broker(broker: KafkaBroker) -> None:
    """Stops the consumer under a limit: in the dark it would take 40 s or for ever (F13)."""
    with suppress(Exception):
        async with asyncio.timeout(10):
            await broker.stop()

"""A group's offsets put back to an earlier moment: what it may have forgotten is read again (operations 9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared import topics
from shared.kafka import client
from shared.settings import Kafka

EMPTY: Final = {"Empty", "Dead", ""}


class RewindError(Exception):
    """The group has members, or Kafka refused."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One partition's offset before and after."""

    topic: str
    partition: int
    before: int
    after: int


async def rewind(kafka: Kafka, group: str, names: Sequence[str], to: datetime, *, dry_run: bool = False) -> list[Moved]:
    """Puts the group at the first record appended at or after the moment, never forward. Raises RewindError.

    Moments are those of the broker: all topics are stamped when a record is appended. A partition that the group has no
    offset for is read from its beginning anyway.
    """
    async with topics.administering(kafka) as admin:
        there = await admin.describe_topics(list(names))
        described = await admin.describe_consumer_groups([group])
    state = next((one[2] for answer in described for one in answer.groups), "")
    if state not in EMPTY:
        raise RewindError(f"el grupo {group} tiene réplicas en marcha ({state}); deténgalas todas y espere diez segundos")
    parts = [TopicPartition(one["topic"], part["partition"]) for one in there for part in one["partitions"]]
    consumer = AIOKafkaConsumer(**client(kafka), group_id=group, enable_auto_commit=False)
    try:
        await consumer.start()
        consumer.assign(parts)
        moved = await _moved(consumer, parts, to)
        if moved and not dry_run:
            await consumer.commit({TopicPartition(one.topic, one.partition): one.after for one in moved})
    except KafkaError as error:
        raise RewindError(f"Kafka no lo aceptó: {type(error).__name__}") from error
    finally:
        await consumer.stop()
    return moved


async def _moved(consumer: AIOKafkaConsumer, parts: Sequence[TopicPartition], to: datetime) -> list[Moved]:
    found = await consumer.offsets_for_times(dict.fromkeys(parts, max(0, int(to.timestamp() * 1000))))
    moved = []
    for part in parts:
        committed, first = await consumer.committed(part), found.get(part)
        if committed is not None and first is not None and first.offset < committed:
            moved.append(Moved(part.topic, part.partition, committed, first.offset))
    return moved

"""The topics: names, cleaning, limits; created once, and compared when they exist."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.contracts.catalogue import SERVICES

PARTITIONS: Final = 12
DAYS_30: Final = str(30 * 24 * 3600 * 1000)
DAY: Final = str(24 * 3600 * 1000)
ALREADY_THERE: Final = 36


class TopicError(Exception):
    """A topic could not be created: its name and Kafka's code."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic, who writes it and who reads it (principals for the access lists)."""

    name: str
    writers: tuple[str, ...]
    compacted: bool = False
    keep_ms: str = DAYS_30

    def settings(self, replication: int) -> dict[str, str]:
        """Kafka's settings of this topic (`reliability.md` 3.5)."""
        cleaning = (
            {"cleanup.policy": "compact", "segment.ms": DAY, "max.compaction.lag.ms": DAY}
            if self.compacted
            else {"cleanup.policy": "delete", "retention.ms": self.keep_ms}
        )
        return cleaning | {
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": "1048588",
            "min.insync.replicas": str(min(2, replication)),
        }


TOPICS: Final[tuple[Topic, ...]] = (
    *(Topic(f"o2c.{one}.v1", (one,)) for one in SERVICES),
    *(Topic(f"o2c.{one}.commands.v1", ("partners",)) for one in SERVICES),
    Topic("o2c.contacts.v1", ("intake", "notifications"), compacted=True),
    Topic("salesforce.orders", ("salesforce",), keep_ms=str(7 * 24 * 3600 * 1000)),
)


async def create(bootstrap: Sequence[str], replication: int = 1) -> list[str]:
    """Creates what is missing; answers the names that were made. Raises TopicError: errors stand in the response (K7)."""
    admin = AIOKafkaAdminClient(bootstrap_servers=list(bootstrap))
    await admin.start()
    try:
        known = set(await admin.list_topics())
        missing = [topic for topic in TOPICS if topic.name not in known]
        if not missing:
            return []
        wanted = [NewTopic(one.name, PARTITIONS, replication, topic_configs=one.settings(replication)) for one in missing]
        answer = await admin.create_topics(wanted)
        for name, code, *_ in answer.topic_errors:
            if code not in {0, ALREADY_THERE}:
                raise TopicError(f"{name}: error {code}")
        return [one.name for one in missing]
    finally:
        await admin.close()

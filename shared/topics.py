"""The topics: names, settings, who may write and read them; created once, and compared when they exist."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest

from shared.contracts.catalogue import SERVICES
from shared.kafka import client
from shared.settings import Kafka

PARTITIONS: Final = 12
DAY_MS: Final = 24 * 3600 * 1000
ALREADY_THERE: Final = 36
VISIBLE_SECONDS: Final = 15
ADMIN: Final = "o2c-admin"

RESOURCES: Final = {"topic": 2, "group": 3}
PATTERNS: Final = {"literal": 3, "prefixed": 4}
OPERATIONS: Final = {"READ": 3, "WRITE": 4, "CREATE": 5, "DESCRIBE": 8, "DESCRIBE_CONFIGS": 10}
ALLOW: Final = 3
"""Numbers of Kafka's protocol for lines of an access list."""

READERS: Final[Mapping[str, tuple[str, ...]]] = {
    "intake": (
        *("provisioning", "testing", "acceptance", "billing", "notifications"),
        *("salesforce-sink", "servicenow", "activaciones", "noc", "tmf", "watch"),
    ),
    "provisioning": ("intake", "testing", "billing", "notifications", "servicenow", "activaciones", "noc", "tmf", "watch"),
    "testing": (
        *("intake", "provisioning", "testing", "acceptance", "billing", "notifications"),
        *("servicenow", "activaciones", "noc", "tmf", "watch"),
    ),
    "acceptance": ("intake", "provisioning", "testing", "acceptance", "billing", "notifications", "tmf", "watch"),
    "billing": ("intake", "acceptance", "notifications", "activaciones", "bbd", "tmf", "watch"),
    "notifications": ("testing", "acceptance", "watch"),
}
"""Who hears the facts of each service: services as their `app.py` says, then partners, `o2c tmf` and `o2c watch`."""
COMMANDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "intake": ("activaciones", "servicenow"),
    "provisioning": ("activaciones", "noc", "producto", "contratista"),
    "testing": ("servicenow",),
    "acceptance": ("firma",),
    "billing": ("activaciones", "bbd"),
    "notifications": ("buzon",),
}
"""Which outside systems send commands to each service; a principal is named like the `ce_source` it is bound to."""


def readers(service: str) -> tuple[str, ...]:
    """Who hears a service's facts: those named; who sends it commands, since a refusal is a fact (CommandRefused); itself.

    A service reads its own topic when it starts, to see whether its database forgot what was published.
    """
    return tuple(dict.fromkeys((*READERS[service], *COMMANDERS[service], service)))


class TopicError(Exception):
    """Topics could not be created or read: each name with Kafka's error."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic, the principals that write and read it, and how long it keeps what it has; None: the newest of each key."""

    name: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    keep_days: int | None = 30

    def settings(self, replication: int) -> dict[str, str]:
        """Kafka's settings of this topic (`reliability.md` 3.5)."""
        cleaning = (
            {"cleanup.policy": "compact", "segment.ms": str(DAY_MS), "max.compaction.lag.ms": str(DAY_MS)}
            if self.keep_days is None
            else {"cleanup.policy": "delete", "retention.ms": str(self.keep_days * DAY_MS)}
        )
        return cleaning | {
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": "1048588",
            "min.insync.replicas": str(min(2, replication)),
        }


TOPICS: Final[tuple[Topic, ...]] = (
    *(Topic(f"o2c.{one}.v1", (one,), readers(one)) for one in SERVICES),
    *(Topic(f"o2c.{one}.commands.v1", COMMANDERS[one], (one,)) for one in SERVICES),
    Topic("o2c.contacts.v1", ("intake", "notifications"), ("notifications",), keep_days=None),
    Topic("o2c.tmf622.v1", ("tmf",), ("bbd",)),
    Topic("salesforce.orders", ("salesforce",), ("intake",), keep_days=7),
)


@dataclass(frozen=True, slots=True)
class Acl:
    """One line of the access list; what no line allows is denied."""

    principal: str
    operation: str
    resource: str
    name: str
    pattern: str = "literal"


def with_salesforce(names: Iterable[str]) -> tuple[Topic, ...]:
    """All topics of an installation whose mappings of Salesforce name these."""
    known = {one.name for one in TOPICS}
    return TOPICS + tuple(Topic(name, ("salesforce",), ("intake",), keep_days=7) for name in names if name not in known)


def acls(wanted: Sequence[Topic] = TOPICS) -> list[Acl]:
    """Write and read on topics, each principal's own consumer groups, and what creating topics takes; nobody else alters."""
    lines = [Acl(one, "WRITE", "topic", topic.name) for topic in wanted for one in topic.writers]
    lines += [Acl(one, "READ", "topic", topic.name) for topic in wanted for one in topic.readers]
    readers = sorted({one for topic in wanted for one in topic.readers})
    lines += [
        Acl(one, "READ", "group", f"{one}.v1") if one in SERVICES else Acl(one, "READ", "group", f"{one}.", "prefixed")
        for one in readers
    ]
    for topic in wanted:
        lines += [Acl(ADMIN, operation, "topic", topic.name) for operation in ("CREATE", "DESCRIBE", "DESCRIBE_CONFIGS")]
    return lines


@dataclass(frozen=True, slots=True)
class Difference:
    """A topic that exists otherwise than it should."""

    topic: str
    what: str
    found: str
    wanted: str


@dataclass(frozen=True, slots=True)
class Report:
    """What `create` made, and what it found to differ and left alone."""

    created: tuple[str, ...]
    differing: tuple[Difference, ...]


async def create(kafka: Kafka, wanted: Sequence[Topic] = TOPICS) -> Report:
    """Creates what is missing, waits until it can be used, and compares what is there; nothing that exists is changed.

    A differing partition count is never mended in place: it would move orders and break their order. Raises TopicError
    when Kafka refuses, since it says so in its answer alone (K7).
    """
    replication = kafka.replication
    async with administering(kafka) as admin:
        there = await _there(admin)
        missing = [topic for topic in wanted if topic.name not in there]
        created = await _make(admin, missing, replication) if missing else ()
        if missing:
            there = await _visible(admin, [topic.name for topic in missing])
        standing = [topic for topic in wanted if topic.name not in created]
        return Report(created, await _compare(admin, standing, there, replication) if standing else ())


async def inspect(kafka: Kafka, wanted: Sequence[Topic] = TOPICS) -> tuple[tuple[str, ...], tuple[Difference, ...]]:
    """Names of topics that are missing, and how those that stand differ; makes and changes nothing. Raises TopicError."""
    async with administering(kafka) as admin:
        there = await _there(admin)
        standing = [topic for topic in wanted if topic.name in there]
        missing = tuple(topic.name for topic in wanted if topic.name not in there)
        return missing, await _compare(admin, standing, there, kafka.replication) if standing else ()


@asynccontextmanager
async def administering(kafka: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    """An administrator's client for a while."""
    admin = AIOKafkaAdminClient(**client(kafka))
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def grant(kafka: Kafka, lines: Sequence[Acl]) -> None:
    """Puts lines on the cluster's access list; those that stand are left as they are. Raises TopicError when refused.

    The settings' principal must be one that may alter the cluster: no principal of ours is.
    """
    async with administering(kafka) as admin:
        for one in lines:
            # aiokafka has the message and no method that sends it
            answer = await admin._send_request(_creation(one))  # noqa: SLF001
            codes = {f"{one.principal} {one.operation} {one.name}": code for code, _why in answer.creation_responses if code}
            if codes:
                raise TopicError(_told(codes))


def _creation(one: Acl) -> CreateAclsRequest:
    kind, pattern, operation = RESOURCES[one.resource], PATTERNS[one.pattern], OPERATIONS[one.operation]
    return CreateAclsRequest(kind, one.name, pattern, f"User:{one.principal}", "*", operation, ALLOW)


async def _there(admin: AIOKafkaAdminClient) -> dict[str, Any]:
    return {topic["topic"]: topic for topic in await admin.describe_topics()}


async def _visible(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, Any]:
    """Waits until each new topic can be used: Kafka answers before all of its brokers know of it."""
    try:
        async with asyncio.timeout(VISIBLE_SECONDS):
            while True:
                there = await _there(admin)
                if all(name in there and _led(there[name]) for name in names):
                    return there
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise TopicError(f"not usable after {VISIBLE_SECONDS} s: {', '.join(names)}") from error


def _led(topic: Mapping[str, Any]) -> bool:
    return topic["error_code"] == 0 and all(partition["leader"] >= 0 for partition in topic["partitions"])


async def _make(admin: AIOKafkaAdminClient, missing: Sequence[Topic], replication: int) -> tuple[str, ...]:
    new = [NewTopic(one.name, PARTITIONS, replication, topic_configs=one.settings(replication)) for one in missing]
    answer = await admin.create_topics(new)
    codes = {name: code for name, code, *_ in answer.topic_errors}
    failed = {one.name: codes.get(one.name, -1) for one in missing if codes.get(one.name, -1) not in {0, ALREADY_THERE}}
    if failed:
        raise TopicError(_told(failed))
    return tuple(one.name for one in missing if codes[one.name] == 0)


async def _compare(
    admin: AIOKafkaAdminClient, standing: Sequence[Topic], there: Mapping[str, Any], replication: int
) -> tuple[Difference, ...]:
    broken = {one.name: there[one.name]["error_code"] for one in standing if there[one.name]["error_code"]}
    if broken:
        raise TopicError(_told(broken))
    configs = await _configs(admin, [one.name for one in standing])
    found: list[Difference] = []
    for one in standing:
        partitions = there[one.name]["partitions"]
        copies = {len(partition["replicas"]) for partition in partitions}
        pairs = {
            "partitions": (str(len(partitions)), str(PARTITIONS)),
            "replication": ("/".join(map(str, sorted(copies))), str(replication)),
            **{name: (configs[one.name].get(name, ""), value) for name, value in one.settings(replication).items()},
        }
        found += [Difference(one.name, what, is_, should) for what, (is_, should) in pairs.items() if is_ != should]
    return tuple(found)


async def _configs(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    rows = [row for answer in answers for row in answer.resources]
    failed = {name: code for code, _why, _kind, name, _entries in rows if code}
    if failed:
        raise TopicError(_told(failed))
    return {name: {entry[0]: entry[1] for entry in entries} for _code, _why, _kind, name, entries in rows}


def _told(codes: Mapping[str, int]) -> str:
    return ", ".join(f"{name}: {code} {for_code(code).__name__}" for name, code in codes.items())

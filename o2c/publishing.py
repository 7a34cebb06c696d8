"""Sends one message of a connector to a running installation, and finds out what became of it."""

import asyncio
import json
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import GroupCoordinatorNotAvailableError

from o2c.contracts.checker import Message
from services.intake.adapters.edge import edges
from shared.db import connect
from shared.kafka import client
from shared.messaging.inbound import Dead, Fragment, Inbound, Skipped
from shared.settings import Kafka, Settings
from shared.topics import administering

GROUP: Final = "intake.v1"
POLL_SECONDS: Final = 0.1
KNOWN: Final = "SELECT EXISTS (SELECT FROM inbox WHERE source = $1 AND id = $2)"
LETTER: Final = """
SELECT reason, path, hint FROM dead_letter
WHERE (topic, partition, "offset") = ($1, $2, $3) AND headers ->> 'traceparent' LIKE $4 || '%'"""
MADE: Final = "SELECT aggregate, seq, type, data FROM fact WHERE trace LIKE $1 || '%' ORDER BY at, aggregate, seq"
BLOCKED: Final = "SELECT blocked FROM aggregate WHERE id = $1"

WHOLE: Final = {"OrderReceived", "OrderAmended", "AmendmentReceived"}
"""What pieces lead to once they are all there."""

Outcome = Literal["ACCEPTED", "REJECTED", "KEPT", "REPEATED", "NO_EFFECT", "SKIPPED", "PARKED", "DEAD_LETTER", "UNANSWERED"]
BAD: Final[Mapping[Outcome, int]] = {"REJECTED": 1, "DEAD_LETTER": 1, "PARKED": 1, "UNANSWERED": 2}
"""Exit code by outcome; any other is 0."""


class UnknownTopicError(Exception):
    """No mapping of Salesforce names this topic."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a message: where it lies in Kafka, its trace, the facts it led to, and the problems found."""

    outcome: Outcome
    topic: str
    partition: int
    offset: int
    trace: str
    seconds: float
    facts: tuple[dict[str, Any], ...] = ()
    problems: tuple[dict[str, str], ...] = ()

    @property
    def code(self) -> int:
        """Exit code of the command."""
        return BAD.get(self.outcome, 0)

    def as_json(self) -> dict[str, Any]:
        """As a machine reads it."""
        return asdict(self)


async def publish(message: Message, topic: str, kafka: Kafka, dsn: str, limit_seconds: float) -> Answer:
    """Sends the message under a trace of its own, waits until intake has passed it, and looks what it wrote.

    Raises UnknownTopicError; errors of Kafka and Postgres are the caller's.
    """
    known = edges(Settings())
    if topic not in known:
        raise UnknownTopicError(f"ningún mapeo nombra el tópico {topic}; hay: {', '.join(known)}")
    trace = f"00-{secrets.token_hex(16)}"
    headers = [(name, text.encode()) for name, text in message.headers.items() if name.lower() != "traceparent"]
    decoded = known[topic](message.value, message.key, headers)
    connection, began = await connect(dsn, "intake_ops"), time.monotonic()
    try:
        repeated = isinstance(decoded, Inbound | Fragment) and bool(
            decoded.id and await connection.fetchval(KNOWN, decoded.source, f"{decoded.source}/{decoded.id}")
        )
        traced = [*headers, ("traceparent", f"{trace}-{secrets.token_hex(8)}-01".encode())]
        place = await _send(kafka, topic, message, traced)
        passed = await _passed(kafka, place, limit_seconds)
        at = (*place, trace[3:], round(time.monotonic() - began, 2))
        return await _found(connection, decoded, at, repeated=repeated) if passed else Answer("UNANSWERED", *at)
    finally:
        await connection.close()


async def _send(kafka: Kafka, topic: str, message: Message, headers: list[tuple[str, bytes]]) -> tuple[str, int, int]:
    """Topic, partition and offset at which the message lies now."""
    sender = AIOKafkaProducer(**client(kafka), acks="all", enable_idempotence=True)
    try:
        await sender.start()
        sent = await sender.send_and_wait(topic, message.value, key=message.key, headers=headers)
    finally:
        await sender.stop()
    return topic, sent.partition, sent.offset


async def _passed(kafka: Kafka, place: tuple[str, int, int], limit_seconds: float) -> bool:
    """Whether intake acknowledged the message in time: it does so after its transaction alone."""
    part = TopicPartition(place[0], place[1])
    async with administering(kafka) as admin:
        for _ in range(max(1, int(limit_seconds / POLL_SECONDS))):
            with suppress(GroupCoordinatorNotAvailableError):  # on a broker that no group has joined yet
                read = await admin.list_consumer_group_offsets(GROUP, partitions=[part])
                if part in read and read[part].offset > place[2]:
                    return True
            await asyncio.sleep(POLL_SECONDS)
    return False


async def _found(
    connection: Any, decoded: Inbound | Fragment | Dead | Skipped, at: tuple[str, int, int, str, float], *, repeated: bool
) -> Answer:
    """What intake wrote: a dead letter, facts under the message's trace, or neither."""
    letter = await connection.fetchrow(LETTER, *at[:3], f"00-{at[3]}")
    if letter is not None:
        problem = {"code": letter["reason"], "path": letter["path"] or "$", "detail": letter["hint"]}
        return Answer("DEAD_LETTER", *at, problems=(problem,))
    rows = await connection.fetch(MADE, f"00-{at[3]}")
    facts = tuple({"type": row["type"], "aggregate": row["aggregate"], "seq": row["seq"]} for row in rows)
    refused = [json.loads(row["data"]) for row in rows if row["type"] == "OrderRejected"]
    if refused:
        return Answer("REJECTED", *at, facts=facts, problems=tuple(refused[-1]["violations"]))
    if facts:
        waits = isinstance(decoded, Fragment) and not WHOLE & {one["type"] for one in facts}
        return Answer("KEPT" if waits else "ACCEPTED", *at, facts=facts)
    if isinstance(decoded, Inbound) and await connection.fetchval(BLOCKED, decoded.aggregate):
        return Answer("PARKED", *at)
    quiet: Outcome = "SKIPPED" if isinstance(decoded, Skipped) else "KEPT" if isinstance(decoded, Fragment) else "NO_EFFECT"
    return Answer("REPEATED" if repeated else quiet, *at)

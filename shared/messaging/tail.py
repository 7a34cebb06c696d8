"""A database restored to an earlier moment would use numbers again that readers have seen: it is not written to (D5)."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer

from shared.kafka import client
from shared.settings import Kafka

NEWEST: Final = 20
"""So many records of each partition are looked at: the last one tells, the others allow for rubbish among them."""
LIMIT_SECONDS: Final = 30
FACT: Final = re.compile(rb"o2c\.(?P<service>[a-z]+)\.(?P<name>\w+)\.v\d+")
KNOWN: Final = """
SELECT t.aggregate, t.seq FROM unnest($1::text[], $2::int[], $3::text[]) AS t (aggregate, seq, type)
JOIN fact f ON (f.aggregate, f.seq, f.type) = (t.aggregate, t.seq, t.type)"""


class Told(NamedTuple):
    """A fact as its headers name it."""

    aggregate: str
    seq: int
    type: str


class ForgetfulError(Exception):
    """The service's own topic knows facts that its database does not."""

    def __init__(self, service: str, missing: Sequence[Told]) -> None:
        one = missing[0]
        super().__init__(
            f"La base de datos de {service} es anterior a su tema o2c.{service}.v1: le faltan hechos ya publicados, entre ellos"
            f" {one.type} número {one.seq} de {one.aggregate}. No se escribe nada, porque los números se repetirían y los"
            " lectores descartarían lo nuevo. Restaure la base hasta su último momento (archivo WAL), o recupere del tema lo que"
            f" falta: o2c restore reconcile --service {service} (docs/recovery.md)."
        )


async def refuse_old_backup(service: str, kafka: Kafka, pool: Any) -> None:
    """Compares the newest facts on the service's topic with its database. Raises ForgetfulError; changes nothing."""
    found = await newest(service, kafka)  # the topic first: what is committed meanwhile is in the database in any case
    columns = [[one[place] for one in found] for place in range(3)]
    known = {(row["aggregate"], row["seq"]) for row in await pool.fetch(KNOWN, *columns)}
    missing = [one for one in found if (one.aggregate, one.seq) not in known]
    if missing:
        raise ForgetfulError(service, missing)


async def newest(service: str, kafka: Kafka) -> list[Told]:
    """The facts among the last records of each partition of the service's own topic."""
    async with asyncio.timeout(LIMIT_SECONDS):
        found = [told(service, dict(one.headers)) async for one in records(f"o2c.{service}.v1", kafka, NEWEST)]
    return [one for one in found if one is not None]


async def records(topic: str, kafka: Kafka, last: int | None = None) -> AsyncIterator[Any]:
    """What a topic holds now, the last records of each partition or all; read without a group, which leaves no trace."""
    consumer = AIOKafkaConsumer(topic, **client(kafka), enable_auto_commit=False, auto_offset_reset="earliest")
    try:
        await consumer.start()
        ends = await consumer.end_offsets(consumer.assignment())
        for part, first in (await consumer.beginning_offsets(list(ends))).items():
            consumer.seek(part, first if last is None else max(first, ends[part] - last))
        while behind := [part for part, end in ends.items() if await consumer.position(part) < end]:
            for batch in (await consumer.getmany(*behind, timeout_ms=200)).values():
                for one in batch:
                    yield one
    finally:
        await consumer.stop()


def told(service: str, headers: Mapping[str, bytes | None]) -> Told | None:
    """What the headers name, if they are those of a fact of this service."""
    kind = FACT.fullmatch(headers.get("ce_type") or b"")
    subject, seq = headers.get("ce_subject") or b"", headers.get("ce_seq") or b""
    if kind is None or kind["service"].decode() != service or not seq.isdigit():
        return None
    return Told(subject.decode("utf-8", "replace"), int(seq), kind["name"].decode())

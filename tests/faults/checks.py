"""What must hold once the faults have stopped, as queries that give no row, over all schemas and everything on the topics."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contracts.catalogue import TOPIC
from shared.messaging.consumer import as_record
from shared.messaging.envelope import sort_fact
from shared.messaging.inbound import Item
from shared.service import Service

TABLES: Final = """
CREATE TEMP TABLE IF NOT EXISTS log (topic text, partition int, at bigint, source text, subject text, seq int, type text,
  ce_id text, digest text);
CREATE TEMP TABLE IF NOT EXISTS routed (consumer text, target text, source text, subject text, seq int);
TRUNCATE log, routed"""

IN_EACH_SCHEMA: Final = {
    "lost: a fact that never reached its topic": """
        SELECT f.aggregate, f.seq, f.type FROM {s}.fact f LEFT JOIN log l ON l.ce_id = '{s}/' || f.aggregate || '/' || f.seq
        WHERE l.ce_id IS NULL""",
    "lost: a message heard here that its aggregate does not know": """
        SELECT r.target, r.source, r.subject, r.seq FROM routed r LEFT JOIN {s}.aggregate a ON a.id = r.target
        WHERE r.consumer = '{s}' AND coalesce((a.heard ->> (r.source || '/' || r.subject))::int, 0) < r.seq""",
    "doubled: version, number of facts and highest seq disagree": """
        SELECT a.id, a.version, f.n, f.m FROM {s}.aggregate a
        LEFT JOIN (SELECT aggregate, count(*) n, max(seq) m FROM {s}.fact GROUP BY 1) f ON f.aggregate = a.id
        WHERE (a.version, a.version) IS DISTINCT FROM (coalesce(f.n, 0), coalesce(f.m, 0))""",
    "left over: outbox": "SELECT aggregate, seq FROM {s}.outbox",
    "left over: parked": "SELECT aggregate, position FROM {s}.parked",
    "left over: blocked": "SELECT id, blocked FROM {s}.aggregate WHERE blocked IS NOT NULL",
    "ghost: a message without its row": """
        SELECT l.ce_id FROM log l LEFT JOIN {s}.fact f
        ON (f.aggregate, f.seq, 'o2c.{s}.' || f.type || '.v1') = (l.subject, l.seq, l.type)
        WHERE l.source = '{s}' AND f.seq IS NULL""",
}
"""For every service; `{s}` is its schema."""

OVER_THE_TOPICS: Final = {
    "ghost: one id with different bytes": "SELECT ce_id FROM log GROUP BY ce_id HAVING count(DISTINCT digest) > 1",
    "disorder: first occurrences are not 1, 2, 3, ... in one partition": """
        WITH first AS (
          SELECT source, subject, seq, min(at) AS at, min(partition) lo, max(partition) hi FROM log GROUP BY 1, 2, 3),
        ranked AS (SELECT *, row_number() OVER (PARTITION BY source, subject ORDER BY at) n FROM first)
        SELECT source, subject, seq FROM ranked WHERE seq <> n OR lo <> hi""",
}

OVER_A_WHOLE_ORDER: Final = {
    "money: a phase requested twice": """
        SELECT data ->> 'request_id' FROM billing.fact WHERE type = 'BillingRequested' GROUP BY 1 HAVING count(*) > 1""",
    "money: a phase activated twice": """
        SELECT data ->> 'request_id' FROM billing.fact WHERE type = 'ServiceBillingActivated' GROUP BY 1 HAVING count(*) > 1""",
    "money: requested without evidence": """
        SELECT b.aggregate FROM billing.fact b, json_array_elements(b.data -> 'basis') x
        WHERE b.type = 'BillingRequested' AND NOT EXISTS (SELECT FROM acceptance.fact s WHERE s.aggregate = x ->> 'suborder'
          AND s.type = CASE x ->> 'basis' WHEN 'SIGNED' THEN 'AcceptanceSigned' ELSE 'AcceptanceExpiryNotified' END)""",
    "clock: a reminder twice in one run of the clock": """
        WITH c AS (SELECT *, count(*) FILTER (WHERE type IN ('AcceptanceClockStarted', 'AcceptanceClockResumed'))
          OVER (PARTITION BY aggregate ORDER BY seq) clock FROM acceptance.fact)
        SELECT aggregate, clock, slot FROM c, json_array_elements_text(data -> 'slots') slot
        WHERE type = 'AcceptanceReminderRequested' GROUP BY 1, 2, 3 HAVING count(*) > 1""",
    "clock: two ends of one series, or an end before its deadline": """
        SELECT aggregate FROM acceptance.fact WHERE type IN ('AcceptanceSigned', 'AcceptanceExpired')
        GROUP BY aggregate, data -> 'evidence' ->> 'series' HAVING count(*) > 1
        UNION ALL SELECT aggregate FROM acceptance.fact
        WHERE type = 'AcceptanceExpired' AND at < (data -> 'evidence' ->> 'deadline')::timestamptz""",
    "unopened: a released suborder that a later service does not have": """
        SELECT r.so FROM (SELECT DISTINCT data ->> 'suborder' so FROM intake.fact WHERE type = 'SuborderReleased') r
        LEFT JOIN provisioning.aggregate p ON p.id = r.so LEFT JOIN testing.aggregate t ON t.id = r.so
        LEFT JOIN acceptance.aggregate a ON a.id = r.so WHERE p.id IS NULL OR t.id IS NULL OR a.id IS NULL""",
}

Complaints = dict[str, list[tuple[Any, ...]]]


Positions = Mapping[TopicPartition, int]


@asynccontextmanager
async def reading(topics: Iterable[str], bootstrap: Sequence[str]) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        *topics, bootstrap_servers=list(bootstrap), auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def ends_of(topics: Iterable[str], bootstrap: Sequence[str]) -> dict[TopicPartition, int]:
    """How far each partition goes."""
    async with reading(topics, bootstrap) as consumer:
        ends: dict[TopicPartition, int] = await consumer.end_offsets(consumer.assignment())
        return ends


async def everything_on(topics: Iterable[str], bootstrap: Sequence[str], since: Positions) -> list[Any]:
    """Every record of these topics, from offset 0 or from where `since` says."""
    found: list[Any] = []
    async with reading(topics, bootstrap) as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        for part in ends:
            consumer.seek(part, since.get(part, 0))
        while [part for part, end in ends.items() if await consumer.position(part) < end]:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += records
    return found


@dataclass
class Checks:
    """The checks over some services: those of every schema and of the topics, and `queries` besides."""

    connection: asyncpg.Connection
    bootstrap: Sequence[str]
    services: Mapping[str, Service]
    queries: Mapping[str, str]
    since: Positions = field(default_factory=dict)

    async def read(self) -> None:
        """Takes the topics as they stand into temporary tables, and asks each service whom each record is for."""
        await self.connection.execute(TABLES)
        topics = {TOPIC(one) for name, service in self.services.items() for one in (name, *service.listens)}
        rows, routed = [], []
        for raw in await everything_on(sorted(topics), self.bootstrap, self.since):
            record = as_record(raw)
            headers = record.headers
            source, subject, seq = headers["ce_source"][1:], headers["ce_subject"], int(headers["ce_seq"])
            digest = sha256((record.value or b"") + repr(sorted(headers.items())).encode()).hexdigest()
            place = (record.topic, record.partition, record.offset)
            rows.append((*place, source, subject, seq, headers["ce_type"], headers["ce_id"], digest))
            for name, service in self.services.items():
                if source in service.listens:
                    found = sort_fact(record, service.roster())
                    # What goes to a whole order went to those that were open then, which no table tells.
                    targets = found.to.ids if isinstance(found, Item) else ()
                    routed += [(name, target, source, subject, seq) for target in targets]
        await self.connection.copy_records_to_table("log", records=rows)
        await self.connection.copy_records_to_table("routed", records=routed)

    async def complaints(self) -> Complaints:
        """Every check that gives rows, with its first rows; nothing when all is well."""
        asked = {f"{s}: {name}": query.format(s=s) for s in self.services for name, query in IN_EACH_SCHEMA.items()}
        found: Complaints = {}
        for name, query in {**asked, **OVER_THE_TOPICS, **self.queries}.items():
            rows = await self.connection.fetch(query)
            if rows:
                found[name] = [tuple(row) for row in rows[:5]]
        return found

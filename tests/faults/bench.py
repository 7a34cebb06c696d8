"""Kafka, Postgres and the echo service: a bench on which single safeties of the core are tried in seconds."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import KafkaError

from o2c.stack.kafka import Kafka
from o2c.stack.ports import free_ports
from o2c.stack.postgres import Postgres
from o2c.stack.supervisor import Child, Supervisor
from o2c.stack.tokens import key_file
from shared import migrate, settings, topics
from shared.contracts.base import Fact, to_json
from shared.contracts.catalogue import SERVICES, TOPIC
from shared.contracts.common import AddNote, NoteAdded
from shared.messaging.envelope import command_headers, headers_of
from tests.faults.checks import Checks, Complaints, ends_of
from tests.faults.echo import SERVICE

GROUP: Final = "provisioning.v1"
COMMANDS: Final = "o2c.provisioning.commands.v1"
AT: Final = datetime(2026, 11, 25, 14, 0, tzinfo=UTC)
EMPTY: Final = """
SET search_path = provisioning; TRUNCATE aggregate, fact, outbox, inbox, parked, dead_letter, command_log; RESET search_path"""
ECHOES: Final = {
    "lost or doubled: a note without exactly one echo": """
        SELECT n.ce_id, count(e.seq) FROM (SELECT DISTINCT ce_id FROM log WHERE source = 'intake') n
        LEFT JOIN provisioning.fact e ON e.caused_by = n.ce_id GROUP BY 1 HAVING count(e.seq) <> 1""",
    "lost or doubled: a command without exactly one answer": """
        SELECT i.id, count(f.seq) FROM provisioning.inbox i LEFT JOIN provisioning.fact f ON f.caused_by = i.id
        GROUP BY 1 HAVING count(f.seq) <> 1""",
}


@dataclass
class Bench:
    """One broker and one database for many scenarios; each begins with empty tables and its own orders."""

    folder: Path
    kafka: Kafka = field(init=False)
    postgres: Postgres = field(init=False)
    scenario: int = 0

    def __post_init__(self) -> None:
        self.kafka, self.postgres = Kafka(self.folder / "kafka", print), Postgres(self.folder / "postgres")

    @property
    def bootstrap(self) -> list[str]:
        return [self.kafka.bootstrap]

    def start(self) -> None:
        self.kafka.start()
        self.postgres.start()
        asyncio.run(self._prepare())

    async def _prepare(self) -> None:
        await migrate.upgrade(self.postgres.dsn, SERVICES)
        await topics.create(settings.Kafka(bootstrap_servers=self.bootstrap))

    def stop(self) -> None:
        self.kafka.kill()
        self.postgres.stop("immediate")

    async def _empty_topics(self) -> dict[TopicPartition, int]:
        """Takes what earlier scenarios left: a service refuses a database that knows less than its topic (D5)."""
        ends = await ends_of([TOPIC("intake"), TOPIC("provisioning"), COMMANDS], self.bootstrap)
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            await admin.delete_records({part: RecordsToDelete(end) for part, end in ends.items() if end})
        finally:
            await admin.close()
        return ends

    def environment(self, replica: int, port: int) -> dict[str, str]:
        """The settings of one service process beside this broker and database."""
        return {
            "O2C_ENVIRONMENT": "test",
            "O2C_INSTANCE": str(replica),
            "O2C_HTTP__PORT": str(port),
            "O2C_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap,
            "O2C_POSTGRES__DSN": self.postgres.dsn,
            "O2C_AUTH__KEY_FILE": str(key_file(self.folder)),
        }

    async def publish(self, service: str, order: str, headers: Any, body: bytes) -> None:
        """A record on a service's topic."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, enable_idempotence=True)
        await producer.start()
        try:
            await producer.send_and_wait(TOPIC(service), body, key=order.encode(), headers=headers)
        finally:
            await producer.stop()

    @asynccontextmanager
    async def trial(self, more: Mapping[str, str], *, replicas: int = 1) -> AsyncIterator["Trial"]:
        """Empty tables and the echo service running, with these settings more."""
        self.scenario += 1
        admin: Any = await asyncpg.connect(migrate.role_dsn(self.postgres.dsn, "postgres"))
        await admin.execute(EMPTY)
        await admin.close()
        since = await self._empty_topics()
        crash_log = self.folder / f"crashes-{self.scenario}"
        supervisor = Supervisor(self.folder / f"logs-{self.scenario}")
        for replica, port in enumerate(free_ports(replicas)):
            env = {**self.environment(replica, port), "O2C_CRASH_LOG": str(crash_log), **more}
            supervisor.children.append(Child(f"echo-{replica}", "tests.faults.echo", port, env))
        trial = Trial(self, supervisor, crash_log, since)
        try:
            await supervisor.start()
            yield trial
        finally:
            for child in supervisor.children:
                supervisor.kill(child.name)
            await supervisor.stop()


@contextmanager
def standing(folder: Path) -> Iterator[Bench]:
    """A bench that begins with nothing and is gone at the end."""
    rmtree(folder, ignore_errors=True)
    made = Bench(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@dataclass
class Trial:
    """One scenario on the bench: what is sent, when all is quiet, and what is wrong then."""

    bench: Bench
    supervisor: Supervisor
    crash_log: Path
    since: Mapping[Any, int]
    commands: int = 0

    async def send_notes(self, sites: int, notes: int, *, first: int = 1) -> None:
        """Notes number `first` and on of each site, each sent twice; and a command per site, sent twice."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bench.bootstrap, enable_idempotence=True)
        await producer.start()
        try:
            for seq in range(first, first + notes):
                for site in range(sites):
                    await self._send_note(producer, site, seq)
                await producer.flush()
            for site in range(sites if first == 1 else 0):
                await self._send_command(producer, site, "Hay portero")
            await producer.flush()
        finally:
            await producer.stop()

    async def send_command(self, site: int, text: str) -> None:
        """A command for one site, sent twice."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bench.bootstrap, enable_idempotence=True)
        await producer.start()
        try:
            await self._send_command(producer, site, text)
        finally:
            await producer.stop()

    def _ids(self, site: int) -> tuple[str, str]:
        return f"8015g{self.bench.scenario:04d}P{site:04d}AAF", f"8015g{self.bench.scenario:04d}S{site:04d}AAF"

    async def _send_note(self, producer: AIOKafkaProducer, site: int, seq: int) -> None:
        order, suborder = self._ids(site)
        fact: Fact = NoteAdded(suborder=suborder, note_id=f"n{seq}", sha256="0" * 64, text="Llamar antes de ir")
        headers = headers_of("intake", suborder, seq, "NoteAdded", AT, "test", "test", None)
        odd = [("x-odd", b"\xff\xfe")] if site % 7 == 3 else []  # a header that is no text, on a sound message
        for _ in range(2):
            await producer.send(TOPIC("intake"), to_json(fact), key=order.encode(), headers=[*headers, *odd])

    async def _send_command(self, producer: AIOKafkaProducer, site: int, text: str) -> None:
        order, suborder = self._ids(site)
        command = AddNote(aggregate=suborder, text=text)
        self.commands += 1
        headers = command_headers("provisioning", command, f"c-{suborder}-{sha256(text.encode()).hexdigest()[:8]}", "/noc")
        for _ in range(2):
            await producer.send(COMMANDS, to_json(command), key=order.encode(), headers=headers)

    async def quiet(self, limit_seconds: float = 240, *, waiting: int = 0) -> bool:
        """Whether everything was consumed and sent within the limit, but for so many facts that wait."""
        began = time.monotonic()
        while time.monotonic() - began < limit_seconds:
            with suppress(KafkaError):  # a broker that has just come back
                if await self._drained(waiting):
                    return True
            await asyncio.sleep(1)  # each look opens clients of its own
        return False

    async def _drained(self, waiting: int) -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bench.bootstrap)
        await admin.start()
        try:
            committed = await admin.list_consumer_group_offsets(GROUP)
        finally:
            await admin.close()
        ends = await ends_of([TOPIC("intake"), COMMANDS], self.bench.bootstrap)
        behind = [part for part, end in ends.items() if end and (part not in committed or committed[part].offset < end)]
        return not behind and await self.fetchval("SELECT count(*) FROM provisioning.outbox") == waiting

    async def fetchval(self, query: str) -> Any:
        """One value, as the administrator."""
        connection: Any = await asyncpg.connect(migrate.role_dsn(self.bench.postgres.dsn, "postgres"), timeout=5)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    async def publish_fact(self, site: int, name: str, further: int) -> None:
        """A fact of the echo service's own, of this type, so many numbers beyond its last one."""
        order, suborder = self._ids(site)
        last = await self.fetchval(f"SELECT max(seq) FROM provisioning.fact WHERE aggregate = '{suborder}'")  # noqa: S608 - ours
        headers = headers_of("provisioning", suborder, last + further, name, AT, "test", "test", None)
        await self.bench.publish("provisioning", order, headers, to_json(NoteAdded(note_id="n", sha256="0" * 64, text="Más")))

    async def execute(self, statement: str) -> None:
        """One statement, as the administrator."""
        connection: Any = await asyncpg.connect(migrate.role_dsn(self.bench.postgres.dsn, "postgres"), timeout=5)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def complaints(self) -> Complaints:
        """What the checks say now."""
        connection: Any = await asyncpg.connect(migrate.role_dsn(self.bench.postgres.dsn, "postgres"), timeout=5)
        count = {"lost: a command": f"SELECT count(*) FROM provisioning.inbox HAVING count(*) <> {self.commands}"}  # noqa: S608
        try:
            checks = Checks(connection, self.bench.bootstrap, {SERVICE.name: SERVICE}, {**ECHOES, **count}, self.since)
            await checks.read()
            return await checks.complaints()
        finally:
            await connection.close()

    def deaths(self) -> Sequence[str]:
        """Crash points at which a process died."""
        return self.crash_log.read_text().split() if self.crash_log.exists() else []

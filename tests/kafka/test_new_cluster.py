"""Kafka lost, and a new cluster whose offsets begin again: nothing is told twice, and nothing new is taken for a repeat."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from benchmarks.orders import order
from o2c.cli import app
from o2c.local import topics_of
from o2c.stack.kafka import Kafka
from o2c.stack.letters import letter_key_file
from o2c.stack.ports import free_ports
from o2c.stack.postgres import Postgres
from o2c.stack.supervisor import Child, Supervisor
from o2c.stack.tokens import key_file
from shared import migrate, settings, topics
from shared.contracts.catalogue import SERVICES, TOPIC
from tests.faults.checks import ends_of, everything_on
from tests.faults.ordeal import ALL

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.faults,
    pytest.mark.timeout(400),
    pytest.mark.skipif(not ALL, reason="two clusters one after the other: `make faults`"),
]
ROOT = Path(__file__).parents[2]
ORDERS = "salesforce.orders"
EMPTY = "TRUNCATE {0}.aggregate, {0}.fact, {0}.outbox, {0}.inbox, {0}.parked, {0}.dead_letter"
RUNNING = ("intake", "billing")
TOLD = "SELECT '{0}/' || aggregate || '/' || seq AS id FROM {0}.fact"
ORDERS_OF = "SELECT count(*) FROM intake.fact WHERE type = 'OrderReceived'"
LETTERS = "SELECT convert_from(key, 'UTF8') AS key FROM intake.dead_letter ORDER BY at"


@contextmanager
def cluster(folder: Path) -> Iterator[settings.Kafka]:
    """A cluster of its own, with our topics; gone for good at the end."""
    kafka = Kafka(folder, print)
    try:
        kafka.start()
        yield settings.Kafka(bootstrap_servers=[kafka.bootstrap])
    finally:
        kafka.kill()


@pytest.fixture
async def admin(server: Postgres) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(migrate.role_dsn(server.dsn, "postgres"))
    for name in SERVICES:
        await connection.execute(EMPTY.format(name))
    yield connection
    for name in SERVICES:
        await connection.execute(EMPTY.format(name))
    await connection.close()


@asynccontextmanager
async def services(folder: Path, dsn: str, kafka: settings.Kafka) -> AsyncIterator[None]:
    """One that tells and one that hears it."""
    env = {
        "O2C_ENVIRONMENT": "test",
        "O2C_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers[0],
        "O2C_POSTGRES__DSN": dsn,
        "O2C_AUTH__KEY_FILE": str(key_file(folder)),
        "O2C_LETTERS__KEY_FILE": str(letter_key_file(folder)),
    }
    supervisor = Supervisor(folder / "logs")
    for name, port in zip(RUNNING, free_ports(len(RUNNING)), strict=True):
        own = env | {"O2C_HTTP__PORT": str(port)}
        supervisor.children.append(Child(f"{name}-0", f"services.{name}.app", port, own, folder=ROOT))
    try:
        await supervisor.start()
        yield
    finally:
        await supervisor.stop()


def without_id(number: int) -> bytes:
    """An order whose event has no id of its own: where it lies in Kafka is its identity."""
    return json.dumps({name: value for name, value in order(number).items() if name not in {"EventUuid", "ReplayId"}}).encode()


async def sent(kafka: settings.Kafka, *messages: tuple[str, bytes]) -> list[int]:
    """Sends them to one partition in this order; their offsets."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers)
    await producer.start()
    try:
        found = [await producer.send_and_wait(ORDERS, value, key=key.encode(), partition=0) for key, value in messages]
        return [one.offset for one in found]
    finally:
        await producer.stop()


async def until(connection: Any, query: str, wanted: Any) -> None:
    for _ in range(300):
        found = await connection.fetchval(query)
        if found == wanted:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{query}: {found}, not {wanted}")


def o2c(*words: str) -> Any:
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


async def published(kafka: settings.Kafka) -> set[str]:
    topics_ = [TOPIC(name) for name in RUNNING]
    return {dict(one.headers)["ce_id"].decode() for one in await everything_on(topics_, kafka.bootstrap_servers, {})}


async def told(connection: Any) -> dict[str, set[str]]:
    """The facts that each service has, by id."""
    return {name: {row["id"] for row in await connection.fetch(TOLD.format(name))} for name in RUNNING}


async def heard_all(kafka: settings.Kafka) -> None:
    """Waits until billing has passed all that intake has told."""
    ends = {part: end for part, end in (await ends_of([TOPIC("intake")], kafka.bootstrap_servers)).items() if end}
    async with topics.administering(kafka) as client:
        for _ in range(300):
            passed = await client.list_consumer_group_offsets("billing.v1")
            if all(part in passed and passed[part].offset >= end for part, end in ends.items()):
                return
            await asyncio.sleep(0.1)
    raise AssertionError("billing never heard it")


async def test_on_a_new_cluster_what_was_told_changes_nothing_and_what_is_new_is_taken_though_offsets_begin_again(
    server: Postgres, admin: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = without_id(1), without_id(2)
    with cluster(tmp_path / "lost") as kafka:
        await topics.create(kafka, topics_of(settings.Settings()))
        async with services(tmp_path, server.dsn, kafka):
            assert await sent(kafka, ("old", b"{"), ("old", first)) == [0, 1]
            await until(admin, ORDERS_OF, 1)
            await until(admin, "SELECT count(*) FROM intake.outbox", 0)
            await heard_all(kafka)
        before = await told(admin)
        assert before["billing"]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("O2C_POSTGRES__DSN", server.dsn)
    with cluster(tmp_path / "new") as kafka:
        await topics.create(kafka, topics_of(settings.Settings()))
        again = await asyncio.to_thread(o2c, "republish", "--service", "all")
        assert again["facts"] == dict.fromkeys(SERVICES, 0) | {name: len(facts) for name, facts in before.items()}
        async with services(tmp_path, server.dsn, kafka):
            await until(admin, "SELECT count(*) FROM intake.outbox", 0)
            await until(admin, "SELECT count(*) FROM billing.outbox", 0)
            await heard_all(kafka)
            assert before["intake"] | before["billing"] <= await published(kafka), "the same facts under the same ids"
            assert (await told(admin))["billing"] == before["billing"], "whoever heard them knows them"
            assert await sent(kafka, ("new", b"["), ("new", second), ("new", first)) == [0, 1, 2]
            await until(admin, ORDERS_OF, 2)
            await until(admin, "SELECT count(*) FROM intake.inbox", 3)
        assert await admin.fetchval(ORDERS_OF) == 2, "the first order, sent again, is known by its version"
        assert [row["key"] for row in await admin.fetch(LETTERS)] == ["old", "new"]

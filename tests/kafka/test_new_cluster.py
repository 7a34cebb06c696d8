"""Kafka lost, and a new cluster whose offsets begin again: nothing is told twice, and nothing new is taken for a repeat."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
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
from shared.contracts.catalogue import SERVICES
from tests.faults.checks import everything_on

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
ROOT = Path(__file__).parents[2]
ORDERS = "salesforce.orders"
EMPTY = "TRUNCATE {0}.aggregate, {0}.fact, {0}.outbox, {0}.inbox, {0}.parked, {0}.dead_letter"
TOLD = "SELECT 'intake/' || aggregate || '/' || seq AS id FROM intake.fact"
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
async def intake(folder: Path, dsn: str, kafka: settings.Kafka) -> AsyncIterator[None]:
    env = {
        "O2C_ENVIRONMENT": "test",
        "O2C_HTTP__PORT": str(free_ports(1)[0]),
        "O2C_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers[0],
        "O2C_POSTGRES__DSN": dsn,
        "O2C_AUTH__KEY_FILE": str(key_file(folder)),
        "O2C_LETTERS__KEY_FILE": str(letter_key_file(folder)),
    }
    child = Child("intake-0", "services.intake.app", int(env["O2C_HTTP__PORT"]), env, folder=ROOT)
    supervisor = Supervisor(folder / "logs", [child])
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


async def published(kafka: settings.Kafka) -> Sequence[str]:
    return [dict(one.headers)["ce_id"].decode() for one in await everything_on(["o2c.intake.v1"], kafka.bootstrap_servers, {})]


@pytest.mark.criterion("1.3")
async def test_on_a_new_cluster_what_was_told_changes_nothing_and_what_is_new_is_taken_though_offsets_begin_again(
    server: Postgres, admin: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = without_id(1), without_id(2)
    with cluster(tmp_path / "lost") as kafka:
        await topics.create(kafka, topics_of(settings.Settings()))
        async with intake(tmp_path, server.dsn, kafka):
            assert await sent(kafka, ("old", b"{"), ("old", first)) == [0, 1]
            await until(admin, ORDERS_OF, 1)
            await until(admin, "SELECT count(*) FROM intake.outbox", 0)
        told = {row["id"] for row in await admin.fetch(TOLD)}
        assert set(await published(kafka)) == told

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("O2C_POSTGRES__DSN", server.dsn)
    with cluster(tmp_path / "new") as kafka:
        await topics.create(kafka, topics_of(settings.Settings()))
        again = await asyncio.to_thread(o2c, "republish", "--service", "all")
        assert again["facts"] == dict.fromkeys(SERVICES, 0) | {"intake": len(told)}
        async with intake(tmp_path, server.dsn, kafka):
            await until(admin, "SELECT count(*) FROM intake.outbox", 0)
            assert sorted(await published(kafka)) == sorted(told), "the same facts under the same ids, each once"
            assert await sent(kafka, ("new", b"["), ("new", second), ("new", first)) == [0, 1, 2]
            await until(admin, ORDERS_OF, 2)
            await until(admin, "SELECT count(*) FROM intake.inbox", 3)
        assert await admin.fetchval(ORDERS_OF) == 2, "the first order, sent again, is known by its version"
        assert [row["key"] for row in await admin.fetch(LETTERS)] == ["old", "new"]

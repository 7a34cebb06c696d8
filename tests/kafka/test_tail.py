"""A database older than its own topic, on real Kafka and Postgres: the service says so and writes nothing (D5)."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest

from o2c.stack.kafka import Kafka
from o2c.stack.postgres import Postgres
from services.provisioning.app import SERVICE
from shared import migrate, topics
from shared.clock import Clock
from shared.contracts.testing import ReworkRequested
from shared.db import open_pool, unit_of_work
from shared.decider import Actor, Target
from shared.messaging.apply import Unit
from shared.messaging.inbound import Item, Record
from shared.messaging.relay import Relay, producer
from shared.messaging.resources import EXIT_FORGETFUL, Resources
from shared.messaging.tail import ForgetfulError, newest, refuse_old_backup
from shared.settings import Kafka as KafkaSettings
from shared.settings import Postgres as PostgresSettings
from shared.settings import Settings

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
FOLDER = Path(".o2c/test-tail").resolve()
SITES = tuple(f"8015g00000Ta{number:03d}AAF" for number in range(30))
LAST = (
    "DELETE FROM fact WHERE (aggregate, seq) = (SELECT aggregate, max(seq) FROM fact WHERE aggregate = $1 GROUP BY 1) RETURNING *"
)


class Place(NamedTuple):
    """A broker and a database with the facts of thirty suborders, all of them published."""

    kafka: KafkaSettings
    dsn: str


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    database, kafka = Postgres(FOLDER / "postgres"), Kafka(FOLDER / "kafka", print)
    try:
        database.start()
        kafka.start()
        found = Place(KafkaSettings(bootstrap_servers=[kafka.bootstrap]), database.dsn)
        asyncio.run(prepared(found))
        yield found
    finally:
        kafka.kill()
        database.stop()


async def prepared(place: Place) -> None:
    await migrate.upgrade(place.dsn, ["provisioning"])
    await topics.create(place.kafka)
    settings = Settings(kafka=place.kafka, postgres=PostgresSettings(dsn=place.dsn))
    pool, clock = await open_pool(place.dsn, "provisioning_app", 2), Clock()
    resources = Resources("provisioning", settings, SERVICE.roster(), SERVICE.worlds(clock), pool, pool, clock)
    for site in SITES:
        fact = ReworkRequested(suborder=site, rework_id=f"{site}/rework/1", steps=("NETWORK",), items=("SD-01",), cause="NETWORK")
        record = Record("o2c.testing.v1", 0, 1, site.encode(), b"{}", {})
        told = Item(record, fact, f"testing/{site}/1", "testing", site, Actor("t", frozenset()), Target(ids=(site,)), site, 1)
        async with unit_of_work(pool) as connection:
            await Unit("provisioning", resources.roster, resources.worlds, connection).apply([told])
    relay = asyncio.create_task(Relay(resources).run())
    async with asyncio.timeout(30):
        while await pool.fetchval("SELECT count(*) FROM outbox"):  # noqa: ASYNC110 - another process would do it
            await asyncio.sleep(0.05)
    resources.stopping.set()
    resources.committed()
    await relay
    await pool.close()


@pytest.fixture
async def admin(place: Place) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(migrate.role_dsn(place.dsn, "postgres"))
    await connection.execute("SET search_path = provisioning")
    yield connection
    await connection.close()


async def put_back(admin: Any, row: Any) -> None:
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    await admin.execute(f"INSERT INTO fact VALUES ({places})", *row.values())  # noqa: S608 - numbers of parameters


async def test_a_database_that_knows_its_topic_may_start(place: Place, admin: Any) -> None:
    assert len({one.aggregate for one in await newest("provisioning", place.kafka)}) == len(SITES)
    await refuse_old_backup("provisioning", place.kafka, admin)


async def test_a_lost_newest_fact_of_any_order_is_noticed_and_named(place: Place, admin: Any) -> None:
    lost = await admin.fetchrow(LAST, SITES[7])
    try:
        with pytest.raises(ForgetfulError, match=f"{lost['type']} número {lost['seq']} de {SITES[7]}"):
            await refuse_old_backup("provisioning", place.kafka, admin)
    finally:
        await put_back(admin, lost)


async def test_a_number_that_was_used_again_for_something_else_is_noticed(place: Place, admin: Any) -> None:
    lost = await admin.fetchrow(LAST, SITES[8])
    try:
        await put_back(admin, {**lost, "type": "SomethingElse"})
        with pytest.raises(ForgetfulError, match=SITES[8]):
            await refuse_old_backup("provisioning", place.kafka, admin)
    finally:
        await admin.execute("DELETE FROM fact WHERE type = 'SomethingElse'")
        await put_back(admin, lost)


async def test_rubbish_on_the_topic_stops_nobody(place: Place, admin: Any) -> None:
    sender = producer(place.kafka, "rubbish")
    await sender.start()
    try:
        for headers in (
            [],
            [("ce_type", b"\xff")],
            [("ce_type", b"o2c.testing.TestsPassed.v1"), ("ce_seq", b"1")],
            [("ce_seq", b"x")],
        ):
            await sender.send_and_wait("o2c.provisioning.v1", b"\x00", key=b"k", headers=headers)
    finally:
        await sender.stop()
    await refuse_old_backup("provisioning", place.kafka, admin)


async def test_the_process_ends_with_its_own_code_before_it_writes_anything(place: Place, admin: Any) -> None:
    lost = await admin.fetchrow(LAST, SITES[9])
    await admin.execute("INSERT INTO outbox (po, aggregate, seq) VALUES ($1, $1, 1)", SITES[1])
    env = os.environ | {
        "O2C_KAFKA__BOOTSTRAP_SERVERS": ",".join(place.kafka.bootstrap_servers),
        "O2C_POSTGRES__DSN": place.dsn,
        "O2C_ENVIRONMENT": "test",
    }
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.provisioning.app", env=env, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == EXIT_FORGETFUL
        assert "le faltan hechos ya publicados" in output.decode()
        assert await admin.fetchval("SELECT count(*) FROM outbox") == 1, "not even the relay ran"
    finally:
        await admin.execute("DELETE FROM outbox")
        await put_back(admin, lost)

"""Pieces of an order on a real Postgres: kept once, joined across replicas, replayed, and nobody's data among them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import pytest

from o2c.stack.postgres import Postgres
from services.intake.app import SERVICE
from shared import migrate
from shared.clock import Clock
from shared.db import open_pool, unit_of_work
from shared.messaging.apply import Unit
from shared.messaging.consumer import Sorter
from shared.messaging.fragments import whole
from shared.messaging.inbound import Item, Kept, Record
from shared.messaging.resources import Resources
from shared.settings import Settings
from tests.builders import OTHER, PARENT, SUBORDER
from tests.feeds import SHAPES, Sent, camel, cdc, dumped, records
from tests.samples import BANK, order, sample

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    postgres = Postgres(Path(".o2c/test-pieces").resolve())
    postgres.start()
    asyncio.run(migrate.upgrade(postgres.dsn, ["intake"]))
    yield postgres
    postgres.stop()


@pytest.fixture
async def pool(server: Postgres) -> AsyncIterator[Any]:
    """The app role of intake, on empty tables."""
    admin = await asyncpg.connect(migrate.role_dsn(server.dsn, "postgres"))
    await admin.execute("SET search_path = intake; TRUNCATE aggregate, fact, outbox, inbox, parked, dead_letter, piece")
    await admin.close()
    opened = await open_pool(server.dsn, "intake_app", 4)
    yield opened
    await opened.close()


class Replica:
    """One intake process without Kafka: it sorts records and applies batches."""

    def __init__(self, pool: Any) -> None:
        self.pool, self.offset = pool, 0
        settings, clock = Settings(), Clock()
        resources = Resources("intake", settings, SERVICE.roster(), SERVICE.worlds(clock), pool, pool, clock)
        self.sorter, self.resources = Sorter(resources, SERVICE.edges(settings), {}, {}), resources

    def sorted(self, sent: Sent, topic: str = "salesforce.orders") -> Item | Kept:
        self.offset += 1
        headers = {name.lower(): text for name, text in sent.headers.items()}
        found = self.sorter.sort(Record(topic, 0, self.offset, sent.key, sent.value, headers))
        assert isinstance(found, Item | Kept), found
        return found

    async def takes(self, *sent: Sent, again: bool = False) -> None:
        """One batch, one transaction."""
        await self.apply([self.sorted(one) for one in sent], again=again)

    async def apply(self, batch: list[Item | Kept], *, again: bool = False) -> None:
        async with unit_of_work(self.pool) as connection:
            items = await whole(connection, batch, again=again)
            unit = Unit("intake", self.resources.roster, self.resources.worlds, connection)
            assert (await unit.apply(items)).blocked == []


async def facts(pool: Any, kind: str) -> list[Any]:
    return list(await pool.fetch("SELECT data FROM fact WHERE type = $1 ORDER BY aggregate, seq", kind))


@pytest.mark.criterion("1.2", "1.3")
@pytest.mark.parametrize("seed", range(6))
async def test_replicas_that_each_bring_some_pieces_receive_the_order_once(pool: Any, seed: int) -> None:
    rng, replicas = Random(seed), (Replica(pool), Replica(pool))
    told = [rng.choice(list(SHAPES.values()))(one) for one in records(sample(BANK))] * 2
    rng.shuffle(told)
    shares = (told[::2], told[1::2])
    await asyncio.gather(
        *(one.takes(*batch) for one, share in zip(replicas, shares, strict=True) for batch in batches(share, rng))
    )
    (received,) = await facts(pool, "OrderReceived")
    assert order(sample(BANK)).message.content_sha256 in str(received["data"])


def batches(share: list[Sent], rng: Random) -> list[list[Sent]]:
    found = []
    while share:
        size = rng.randint(1, 4)
        found.append(share[:size])
        share = share[size:]
    return found


@pytest.mark.parametrize("seed", range(3))
async def test_an_order_whose_pieces_come_on_every_topic_of_the_mapping_is_received_once(pool: Any, seed: int) -> None:
    rng, replica, topics = Random(seed), Replica(pool), list(SERVICE.edges(Settings()))
    assert {"salesforce.order", "salesforce.orderitem", "sfdc-pushtopic-orders"} <= set(topics)
    told = list(map(cdc, records(sample(BANK))))
    rng.shuffle(told)
    for number, one in enumerate(told):
        await replica.apply([replica.sorted(one, topics[number % len(topics)])])
    (received,) = await facts(pool, "OrderReceived")
    assert order(sample(BANK)).message.content_sha256 in str(received["data"])


async def test_pieces_are_kept_without_contact_data_and_joined_again_on_replay(pool: Any) -> None:
    replica = Replica(pool)
    await replica.takes(*map(cdc, records(sample(BANK))))
    kept = await pool.fetch("SELECT kind, id, up, body FROM piece ORDER BY kind, id")
    assert len(kept) == 7
    assert {row["up"] for row in kept if row["kind"] == "item"} == {SUBORDER, OTHER}
    assert "16 de Julio" not in str(kept)
    assert (await pool.fetchval("SELECT doc->>'stage' FROM aggregate WHERE id = $1", PARENT)) == "RECEIVED"
    count = len(await facts(pool, "OrderReceived"))
    await replica.takes(*map(cdc, records(sample(BANK))))  # redelivery: the inbox knows every piece
    await replica.takes(*map(cdc, records(sample(BANK))), again=True)  # replay: joined anew, and the same
    assert len(await facts(pool, "OrderReceived")) == count == 1


async def test_a_nameless_record_goes_into_the_one_with_its_number(pool: Any) -> None:
    replica, every = Replica(pool), records(sample(BANK))
    nameless = camel(every[-1])
    headers = {name: text for name, text in nameless.headers.items() if "RecordIds" not in name}
    fields = {"OrderNumber": "00012345", "Status": "Activated", "StatusCode": "Activated"}
    await replica.takes(Sent(dumped(fields), None, headers))
    assert await pool.fetchval("SELECT id FROM piece") == "number:00012345"
    await replica.takes(*map(cdc, every[:-1]))
    assert await pool.fetchval("SELECT count(*) FROM piece WHERE id LIKE 'number:%'") == 0
    assert len(await facts(pool, "OrderReceived")) == 1

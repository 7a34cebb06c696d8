"""The unit of work on a real Postgres: rights of roles, rival first messages, blocked orders, deadlines."""

import asyncio
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from o2c.stack.postgres import Postgres
from services.provisioning.app import SERVICE
from shared import migrate
from shared.clock import Clock
from shared.common.behaviours import keep
from shared.contracts.base import Fact, to_json
from shared.contracts.catalogue import SERVICES
from shared.contracts.common import AddNote, FactKept
from shared.contracts.intake import OrderHeld, OrderResumed
from shared.contracts.testing import ReworkRequested
from shared.db import _as_text, open_pool, unit_of_work
from shared.decider import Actor, Decider, Decision, Hears, Target, World, hears
from shared.messaging import letters
from shared.messaging.apply import Outcome, Unit
from shared.messaging.consumer import Consumer, Sorter
from shared.messaging.envelope import command_headers, headers_of
from shared.messaging.inbound import Dead, Item, Record
from shared.messaging.resources import Resources
from shared.messaging.roster import Roster
from shared.messaging.sealing import Seal
from shared.messaging.verify import verify
from shared.settings import Settings
from tests.given import MONDAY

PARENT, SITE, OTHER = "8015g00000AbC01AAF", "8015g00000AbC02AAF", "8015g00000AbC03AAF"
pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


@pytest.fixture
async def pool(server: Postgres) -> AsyncIterator[Any]:
    """The app role of provisioning, on empty tables."""
    admin = await asyncpg.connect(migrate.role_dsn(server.dsn, "postgres"))
    await admin.execute(
        "SET search_path = provisioning; TRUNCATE aggregate, fact, outbox, inbox, parked, dead_letter, command_log"
    )
    await admin.close()
    opened = await open_pool(server.dsn, "provisioning_app", 4)
    yield opened
    await opened.close()


def item(service: str, subject: str, seq: int, fact: Fact, to: str = SITE) -> Item:
    """A fact as a consumer has sorted it."""
    raw = headers_of(service, subject, seq, type(fact).__name__, MONDAY, "test", "test", None)
    headers = {key: value.decode() for key, value in raw}
    record = Record(f"o2c.{service}.v1", 0, seq, PARENT.encode(), to_json(fact), headers)
    return Item(
        record, fact, headers["ce_id"], service, subject, Actor("test", frozenset({"SYSTEM"})), Target(ids=(to,)), PARENT, seq
    )


def rework(number: int = 1) -> ReworkRequested:
    return ReworkRequested(
        suborder=SITE, rework_id=f"{SITE}/rework/{number}", steps=("NETWORK",), items=("SD-01",), cause="NETWORK"
    )


def held(to: str = SITE) -> OrderHeld:
    return OrderHeld(parent=PARENT, suborders=(to,), reason="El cliente cerró la oficina")


async def apply(pool: Any, *items: Item, roster: Roster | None = None, dead: tuple[tuple[Record, Dead], ...] = ()) -> Outcome:
    async with unit_of_work(pool) as connection:
        unit = Unit("provisioning", roster or SERVICE.roster(), SERVICE.worlds(Clock()), connection)
        return await unit.apply(items, dead)


async def test_a_role_sees_its_own_schema_alone_and_no_fact_can_be_changed(server: Postgres) -> None:
    for name in SERVICES:
        connection = await asyncpg.connect(migrate.role_dsn(server.dsn, f"{name}_app"))
        try:
            for other in (one for one in SERVICES if one != name):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.fetch(f"SELECT 1 FROM {other}.fact")  # noqa: S608 - names of ours
            for statement in ("UPDATE fact SET type = 'x'", "DELETE FROM fact", "TRUNCATE fact"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        finally:
            await connection.close()


async def test_migrating_again_changes_nothing(server: Postgres) -> None:
    assert await migrate.upgrade(server.dsn, SERVICES) == []


async def test_rival_first_messages_of_one_suborder_are_both_kept(pool: Any) -> None:
    for round_ in range(20):
        site = f"8015g00000Rv{round_:03d}AAF"
        one, two = item("testing", site, 1, rework(), site), item("intake", PARENT, 1, held(site), site)
        await asyncio.gather(apply(pool, one), apply(pool, two))
        row = await pool.fetchrow("SELECT version, heard FROM aggregate WHERE id = $1", site)
        facts = await pool.fetchval("SELECT count(*) FROM fact WHERE aggregate = $1", site)
        assert f"testing/{site}" in row["heard"]
        assert f"intake/{PARENT}" in row["heard"]
        assert row["version"] == facts


async def test_a_command_just_before_the_first_fact_of_its_suborder_is_refused_to_its_sender_and_the_batch_goes_on(
    pool: Any,
) -> None:
    command = AddNote(aggregate=SITE, text="Hay portero")
    headers = {key: value.decode() for key, value in command_headers("provisioning", command, "n-1", "/noc")}
    record = Record("o2c.provisioning.commands.v1", 0, 1, PARENT.encode(), to_json(command), headers)
    actor = Actor("/noc", frozenset({"NOC"}))
    early = Item(record, command, "n-1", "/noc", SITE, actor, Target(ids=(SITE,)), PARENT, is_command=True)
    await apply(pool, early, item("testing", SITE, 1, rework()))
    refused = await pool.fetchval("SELECT data ->> 'code' FROM fact WHERE aggregate = 'sender:/noc'")
    assert refused == "UNKNOWN_ORDER"
    assert await pool.fetchval("SELECT version > 0 FROM aggregate WHERE id = $1", SITE)


async def test_a_repeated_message_changes_nothing_for_ever(pool: Any) -> None:
    first = await apply(pool, item("testing", SITE, 1, rework()))
    again = await apply(pool, item("testing", SITE, 1, rework()), item("testing", SITE, 1, rework()))
    assert first.facts > 0
    assert (again.facts, again.duplicates) == (0, 2)


def broken(state: Any, fact: OrderHeld, world: World) -> Decision:
    raise ZeroDivisionError("a bug of ours")


async def test_a_bug_blocks_one_order_parks_what_follows_and_its_neighbour_goes_on(pool: Any) -> None:
    decider: Decider[Any] = SERVICE.deciders[0]
    rows = tuple(
        hears(OrderHeld, broken, row.to) if isinstance(row, Hears) and row.message is OrderHeld else row for row in decider.heard
    )
    faulty = Roster((Decider(**{**vars(decider), "heard": rows}),))
    outcome = await apply(
        pool,
        item("intake", PARENT, 1, held()),
        item("intake", PARENT, 2, OrderResumed(parent=PARENT, suborders=(SITE,), reason="Abrió")),
        item("testing", OTHER, 1, rework(), OTHER),
        roster=faulty,
    )
    assert outcome.blocked == [SITE]
    assert await pool.fetchval("SELECT blocked FROM aggregate WHERE id = $1", SITE) == "ZeroDivisionError broken:" + str(
        broken.__code__.co_firstlineno + 1
    )
    waiting = await letters.parked(pool, SITE, Seal())
    assert [record.headers["ce_seq"] for _, record in waiting] == ["1", "2"]
    assert await pool.fetchval("SELECT count(*) FROM fact WHERE aggregate = $1 AND type = $2", OTHER, FactKept.__name__) == 1


async def test_a_dead_fact_is_kept_with_its_reason_and_blocks_its_order_alone(pool: Any) -> None:
    await apply(pool, item("testing", SITE, 1, rework()))
    record = Record("o2c.testing.v1", 3, 77, b"key", b"\xff\x00{", {"ce_type": "o2c.testing.ReworkRequested.v1"})
    await apply(pool, item("testing", OTHER, 1, rework(), OTHER), dead=((record, Dead("not_json", "", "json_invalid", SITE)),))
    row = await pool.fetchrow("SELECT raw, reason, aggregate FROM dead_letter")
    assert (row["raw"], row["reason"], row["aggregate"]) == (b"\xff\x00{", "not_json", SITE)
    assert await pool.fetchval("SELECT blocked FROM aggregate WHERE id = $1", SITE) == "DEAD_LETTER"
    assert await pool.fetchval("SELECT blocked FROM aggregate WHERE id = $1", OTHER) is None


async def test_verify_finds_a_document_that_its_facts_do_not_give(pool: Any, server: Postgres) -> None:
    await apply(pool, item("testing", SITE, 1, rework()))
    ops = await open_pool(server.dsn, "provisioning_ops", 1)
    try:
        async with ops.acquire() as connection:
            assert await verify(connection, SERVICE.roster()) == (1, [])
            await pool.execute("UPDATE aggregate SET doc = jsonb_set(doc, '{reworks}', '7')")
            seen, wrong = await verify(connection, SERVICE.roster())
    finally:
        await ops.close()
    assert (seen, [one.aggregate for one in wrong]) == (1, [SITE])


class Batch:
    """A polled batch as the framework hands it over; remembers how it was settled."""

    def __init__(self, *items: Item) -> None:
        self.raw_message = [
            SimpleNamespace(
                topic=one.record.topic,
                partition=0,
                offset=one.record.offset,
                timestamp=one.record.appended_ms,
                key=one.record.key,
                value=one.record.value,
                headers=[(name, value.encode()) for name, value in one.record.headers.items()],
            )
            for one in items
        ]
        self.settled: list[str] = []

    async def ack(self) -> None:
        self.settled.append("ack")

    async def nack(self) -> None:
        self.settled.append("nack")


@pytest.mark.parametrize(("many", "together"), [(10, True), (100, False)])
async def test_a_batch_that_takes_longer_than_a_transaction_may_is_applied_in_pieces(
    pool: Any, server: Postgres, many: int, together: bool
) -> None:
    def slow(state: Any, fact: ReworkRequested, world: World) -> Decision:
        time.sleep(0.006)
        return keep(state, fact, world)

    decider: Decider[Any] = SERVICE.deciders[0]
    rows = tuple(
        hears(ReworkRequested, slow, row.to) if isinstance(row, Hears) and row.message is ReworkRequested else row
        for row in decider.heard
    )
    roster = Roster((Decider(**{**vars(decider), "heard": rows}),))
    impatient = await asyncpg.create_pool(
        migrate.role_dsn(server.dsn, "provisioning_app"),
        min_size=1,
        max_size=2,
        init=_as_text,
        server_settings={"idle_in_transaction_session_timeout": "400ms"},
    )
    try:
        resources = Resources("provisioning", Settings(), roster, SERVICE.worlds(Clock()), impatient, impatient, Clock())
        batch = Batch(*(item("testing", SITE, seq, rework(seq)) for seq in range(1, many + 1)))
        await Consumer(resources, Sorter(resources, {}, {}, {})).on_batch(batch)
    finally:
        await impatient.close()
    assert batch.settled == ["ack"]
    assert await pool.fetchval("SELECT count(*) FROM fact WHERE type = 'FactKept'") == many
    retries = sum(times for (name, _), times in resources.counters.items() if name == "db_retries")
    assert retries == (0 if together else 1)

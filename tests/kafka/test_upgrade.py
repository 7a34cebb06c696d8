"""Replicas of two releases side by side on one schema: the older one never writes over what only the newer one can read."""

import copy
from collections.abc import AsyncIterator
from typing import Any, Final

import asyncpg
import pytest

from o2c.stack.postgres import Postgres
from services.provisioning.app import SERVICE
from shared import migrate
from shared.clock import Clock
from shared.contracts.base import SuborderFact, to_json
from shared.contracts.testing import ReworkRequested
from shared.db import open_pool, unit_of_work
from shared.decider import Actor, Decider, Decision, Hears, Refused, Target, World
from shared.messaging.apply import Outcome, Unit
from shared.messaging.consumer import Sorter
from shared.messaging.envelope import headers_of
from shared.messaging.inbound import Item, Record
from shared.messaging.replay import release
from shared.messaging.resources import Resources
from shared.messaging.roster import Roster
from shared.messaging.timers import fire_due
from shared.messaging.verify import verify
from shared.settings import Settings
from tests.builders import OTHER, PARENT
from tests.given import MONDAY

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]
SITE: Final = "8015g00000Up001AAF"


class RouteSurveyed(SuborderFact):
    """A fact that only the newer release has."""


def older() -> Decider[Any]:
    return SERVICE.roster().of(SITE)


def newer(*, surveys: bool) -> Roster:
    """The next release: another fold, and perhaps a fact of its own beside what was decided before."""
    before, fold = older(), copy.deepcopy(older().evolve)
    fold.ignores(RouteSurveyed)

    def surveyed(row: Hears[Any]) -> Hears[Any]:
        def decide(state: Any, fact: Any, world: World) -> Decision:
            found = row.decide(state, fact, world)
            return found if isinstance(found, Refused) else [*found, RouteSurveyed()]

        return Hears(row.message, decide, row.to)

    rows = tuple(
        surveyed(row) if surveys and isinstance(row, Hears) and row.message is ReworkRequested else row for row in before.heard
    )
    return Roster((Decider(**{**vars(before), "evolve": fold, "version": before.version + 1, "heard": rows}),))


@pytest.fixture
async def pool(server: Postgres) -> AsyncIterator[Any]:
    """The app role of provisioning on empty tables, which are left empty: the database serves other tests too."""
    await emptied(server)
    opened = await open_pool(server.dsn, "provisioning_app", 2)
    yield opened
    await opened.close()
    await emptied(server)


async def emptied(server: Postgres) -> None:
    admin = await asyncpg.connect(migrate.role_dsn(server.dsn, "postgres"))
    await admin.execute("SET search_path = provisioning; TRUNCATE aggregate, fact, outbox, inbox, parked, dead_letter")
    await admin.close()


def rework(number: int, site: str = SITE) -> Item:
    fact = ReworkRequested(
        suborder=site, rework_id=f"{site}/rework/{number}", steps=("NETWORK",), items=("SD-01",), cause="NETWORK"
    )
    raw = headers_of("testing", site, number, "ReworkRequested", MONDAY, "test", "test", None)
    headers = {key: value.decode() for key, value in raw}
    record = Record("o2c.testing.v1", 0, number, PARENT.encode(), to_json(fact), headers)
    who, to = Actor("test", frozenset({"SYSTEM"})), Target(ids=(site,))
    return Item(record, fact, headers["ce_id"], "testing", site, who, to, PARENT, number)


async def told(pool: Any, roster: Roster, *items: Item) -> Outcome:
    async with unit_of_work(pool) as connection:
        return await Unit("provisioning", roster, SERVICE.worlds(Clock()), connection).apply(items)


async def row(pool: Any, site: str = SITE) -> Any:
    return await pool.fetchrow("SELECT version, doc, heard, fold, due_at, blocked FROM aggregate WHERE id = $1", site)


async def test_two_releases_take_turns_at_an_order_and_each_folds_it_by_its_own_rules(pool: Any) -> None:
    now, before = newer(surveys=False), SERVICE.roster()
    folds = []
    for number, roster in enumerate((now, before, now, before), 1):
        await told(pool, roster, rework(number))
        folds.append((await row(pool))["fold"])
        async with pool.acquire() as connection:
            assert (await verify(connection, roster))[1] == []
    assert folds == [2, 1, 2, 1]
    assert (await row(pool))["heard"] == f'{{"testing/{SITE}": 4}}'


async def test_an_order_that_only_the_newer_release_can_read_waits_for_it_and_nothing_of_it_is_written(pool: Any) -> None:
    now = newer(surveys=True)
    await told(pool, now, rework(1))
    before = await row(pool)
    assert await pool.fetchval("SELECT count(*) FROM fact WHERE type = 'RouteSurveyed'") == 1

    outcome = await told(pool, SERVICE.roster(), rework(2), rework(1, OTHER))
    after = await row(pool)
    assert outcome.blocked == [SITE]
    assert (await row(pool, OTHER))["version"] > 0, "its neighbour goes on"
    assert after["blocked"] == "NEWER_RELEASE"
    assert [after[name] for name in ("version", "doc", "heard", "fold", "due_at")] == [
        before[name] for name in ("version", "doc", "heard", "fold", "due_at")
    ]

    resources = Resources("provisioning", Settings(), now, SERVICE.worlds(Clock()), pool, pool, Clock())
    (result,) = await release(Sorter(resources, {}, {}, {}), pool, SITE)
    assert result.done
    assert (await row(pool))["heard"] == f'{{"testing/{SITE}": 2}}'
    assert await pool.fetchval("SELECT count(*) FROM fact WHERE type = 'RouteSurveyed'") == 2


async def test_a_clock_of_such_an_order_waits_too(pool: Any) -> None:
    await told(pool, newer(surveys=True), rework(1))
    await pool.execute("UPDATE aggregate SET due_at = now() - interval '1 minute' WHERE id = $1", SITE)
    before = await row(pool)
    resources = Resources("provisioning", Settings(), SERVICE.roster(), SERVICE.worlds(Clock()), pool, pool, Clock())
    assert await fire_due(resources) == 0
    after = await row(pool)
    assert after["blocked"] == "NEWER_RELEASE"
    assert [after[name] for name in ("version", "doc", "fold", "due_at")] == [
        before[name] for name in ("version", "doc", "fold", "due_at")
    ]

"""Replicas of two releases side by side on one schema: the older one never writes over what only the newer one can read."""

import copy
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, ClassVar, Final

import asyncpg
import pytest

from o2c.stack.postgres import Postgres
from services.provisioning.app import SERVICE
from shared import migrate
from shared.clock import Clock
from shared.contracts.base import SuborderFact, to_json
from shared.contracts.catalogue import fact_type
from shared.contracts.common import NoteAdded
from shared.contracts.testing import ReworkRequested
from shared.db import open_pool, unit_of_work
from shared.decider import Actor, Decider, Decision, Hears, Reaches, Refused, Target, World, hears
from shared.messaging import envelope
from shared.messaging.apply import Outcome, Unit
from shared.messaging.catching_up import catch_up
from shared.messaging.consumer import Sorter
from shared.messaging.envelope import headers_of, sort_fact
from shared.messaging.inbound import Dead, Item, Record, Skipped
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


def sorter(pool: Any, roster: Roster) -> Sorter:
    """What a replica of this release sorts its messages with."""
    return Sorter(Resources("provisioning", Settings(), roster, SERVICE.worlds(Clock()), pool, pool, Clock()), {}, {}, {})


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
    known = older().version
    assert folds == [known + 1, known, known + 1, known]
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

    assert await catch_up(sorter(pool, SERVICE.roster())) == [], "the older release leaves it alone"
    assert await catch_up(sorter(pool, now)) == [SITE]
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


class ReworkRequestedV2(SuborderFact):
    """A major of its own: what the known one requires is not in it."""

    MAJOR: ClassVar[int] = 2
    why: str


def second_major(number: int) -> Record:
    record = rework(number).record
    headers = dict(record.headers) | {"ce_type": "o2c.testing.ReworkRequested.v2"}
    return replace(record, headers=headers, value=to_json(ReworkRequestedV2(suborder=SITE, why="La fibra se cortó")))


async def test_a_newer_major_waits_unread_while_its_neighbours_go_on_and_the_release_that_knows_it_is_told_it_first(
    pool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    older_one = sorter(pool, SERVICE.roster())
    found = older_one.sort(second_major(1))
    assert isinstance(found, Item)
    outcome = await told(pool, SERVICE.roster(), found, rework(2), rework(1, OTHER))
    assert outcome.blocked == [SITE]
    assert ((await row(pool))["blocked"], (await row(pool))["heard"]) == ("NEWER_RELEASE", "{}")
    assert (await row(pool, OTHER))["version"] > 0, "its neighbour goes on"
    assert await catch_up(older_one) == []
    assert await pool.fetchval("SELECT count(*) FROM parked") == 2

    before = older()
    knows = hears(ReworkRequestedV2, lambda _state, fact, _world: [NoteAdded(note_id="v2", sha256="0" * 64, text=fact.why)])
    roster = Roster((Decider(**{**vars(before), "heard": (knows, *before.heard)}),))
    types = {"o2c.testing.ReworkRequested.v2": ("testing", ReworkRequestedV2)}
    monkeypatch.setattr(envelope, "fact_type", lambda name: types.get(name) or fact_type(name))
    assert await catch_up(sorter(pool, roster)) == [SITE]
    rows = await pool.fetch("SELECT type FROM fact WHERE aggregate = $1 ORDER BY seq", SITE)
    assert [one["type"] for one in rows if one["type"] != "WaitingChanged"] == ["NoteAdded", "FactKept"], (
        "in the order in which they came"
    )
    assert (await row(pool))["heard"] == f'{{"testing/{SITE}": 2}}'


def test_a_newer_major_that_does_not_say_whom_it_is_for_is_kept_and_one_of_an_unknown_fact_is_passed_over() -> None:
    record = second_major(1)
    dead = sort_fact(replace(record, value=b"[]"), SERVICE.roster())
    assert isinstance(dead, Dead)
    assert dead.aggregate == SITE, "nothing of its sender may overtake it"
    headers = dict(record.headers) | {"ce_type": "o2c.testing.FibreCut.v2"}
    assert sort_fact(replace(record, headers=headers), SERVICE.roster()) == Skipped("unknown_type")


async def test_an_order_stays_blocked_until_nothing_waits_behind_it_so_that_no_new_message_overtakes(pool: Any) -> None:
    roster = SERVICE.roster()
    await told(pool, roster, rework(1))
    await pool.execute("UPDATE aggregate SET blocked = 'for a test' WHERE id = $1", SITE)
    unreadable = rework(3)
    await told(pool, roster, rework(2), replace(unreadable, record=replace(unreadable.record, value=b"{")))
    results = await release(sorter(pool, roster), pool, SITE)
    assert [one.done for one in results] == [True, False]
    assert (await row(pool))["blocked"] == "for a test"
    await told(pool, roster, rework(4))
    assert (await row(pool))["heard"] == f'{{"testing/{SITE}": 2}}', "the fourth waits behind the third"


async def test_a_released_order_has_its_clocks_again(pool: Any) -> None:
    dated = {**vars(older()), "deadlines": lambda _state, _calendar: {"reservation_end": MONDAY}}
    roster = Roster((Decider(**dated),))
    await told(pool, roster, rework(1))

    def broken(*_: object) -> Decision:
        raise ZeroDivisionError

    rows: list[Hears[Any] | Reaches[Any]] = [
        Hears(one.message, broken, one.to) if isinstance(one, Hears) else one for one in older().heard
    ]
    await told(pool, Roster((Decider(**{**dated, "heard": tuple(rows)}),)), rework(2))
    assert (await row(pool))["due_at"] is None, "a blocked order has no clock"
    await pool.execute("DELETE FROM parked")  # as when a clock had blocked it: nothing waits
    assert await release(sorter(pool, roster), pool, SITE) == []
    after = await row(pool)
    assert (after["blocked"], after["due_at"]) == (None, MONDAY)

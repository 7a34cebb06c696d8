"""A decree on a real Postgres: every clock of every service is dated anew, and every replica decides by the new calendar."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import asyncpg
import pytest

from o2c.stack.postgres import Postgres
from shared import migrate
from shared.common.calendars import CALENDAR
from shared.contracts.acceptance import (
    AcceptanceClockRedated,
    AmendCalendar,
    ApproveRedating,
    CalendarAmended,
    DayChange,
    RecordActaRendered,
)
from shared.contracts.base import Command, Message
from shared.contracts.catalogue import SERVICES
from shared.contracts.intake import FulfilmentPlanned
from shared.contracts.shapes import Site
from shared.db import connect
from shared.decider import Actor
from shared.messaging.redating import run_calendars
from shared.messaging.verify import verify
from tests.builders import OTHER, PARENT, SUBORDER, card, doc, mail_sent, passed_tests, released, sale, site, terms
from tests.given import actor, day
from tests.kafka.replica import Replica, moved_to
from tests.unit.acceptance.acceptance_site import local
from tests.unit.intake.desk import Desk
from tests.unit.provisioning.delivery import Delivery

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
SUPERVISOR = actor("OM_SUPERVISOR", "sup-om-1")
SENT = local("2026-11-27 16:30")
SITES = [f"8015g00000Rd{number:03d}AAF" for number in range(230)]
"""More than two pages of clocks."""
FACTS = "SELECT type, data FROM fact WHERE aggregate = $1 ORDER BY seq"
DUE = "SELECT id, doc -> 'clock' ->> 'deadline' AS deadline, due_at FROM aggregate WHERE id = ANY($1) ORDER BY id"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    postgres = Postgres(Path(".o2c/test-redating").resolve())
    postgres.start()
    asyncio.run(migrate.upgrade(postgres.dsn, SERVICES))
    yield postgres
    postgres.stop()


@pytest.fixture
async def dsn(server: Postgres) -> str:
    admin = await asyncpg.connect(migrate.role_dsn(server.dsn, "postgres"))
    for name in SERVICES:
        await admin.execute(
            f"SET search_path = {name}; TRUNCATE aggregate, fact, outbox, inbox, parked, dead_letter, command_log"
        )
    await admin.close()
    return server.dsn


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    moved_to(tmp_path / "clock", SENT - timedelta(minutes=10))  # the acta is printed shortly before it goes out
    return tmp_path / "clock"


Start = Callable[[str], Awaitable[Replica]]


@pytest.fixture
async def start(dsn: str, clock: Path) -> AsyncIterator[Start]:
    """Starts a replica of a service; all of them stop with the test."""
    running: list[Replica] = []

    async def started(name: str) -> Replica:
        running.append(await Replica.started(dsn, name, clock))
        return running[-1]

    yield started
    for replica in running:
        await replica.stopped()


@pytest.fixture
async def acceptance(start: Start) -> Replica:
    return await start("acceptance")


async def opened(replica: Replica, suborder: str, department: Any = "S", unit: str = "BUSINESS") -> None:
    """The acta is out and the ten days run."""
    where: Site = site().model_copy(update={"department": department})
    ficha = card(suborder=suborder, site=where, terms=terms(suborder, acceptance={"n": 10, "unit": unit}))
    await replica.hears(released(ficha, suborder), "intake", f"{PARENT}/{suborder}", 1, suborder)
    await replica.hears(passed_tests(suborder=suborder), "testing", suborder, 1, suborder)
    acta = doc("ACTA_ENTREGA", f"{suborder}/acta/1/1", at=SENT)
    assert (await replica.told(RecordActaRendered(aggregate=suborder, revision=1, acta=acta))).ok
    sent = mail_sent("acta/1/1", SENT, service="acceptance", aggregate=suborder, attached=(acta,))
    await replica.hears(sent, "notifications", f"mail/{suborder}", 1, suborder)


def decreed(date: str, *, working: bool, calendar: str = "BO") -> Command:
    change = DayChange(calendar=calendar, date=day(date), working=working, decree="DS 9999", published=day("2026-11-28"))
    return AmendCalendar(aggregate=CALENDAR, changes=(change,))


async def deadlines(replica: Replica, *suborders: str) -> list[datetime]:
    return [datetime.fromisoformat(row["deadline"]) for row in await replica.rows(DUE, list(suborders))]


@pytest.mark.criterion("X.9")
async def test_a_day_off_moves_every_running_clock_later_keeps_both_and_is_the_calendar_from_then_on(
    dsn: str, start: Start, acceptance: Replica
) -> None:
    for suborder in SITES[:-2]:
        await opened(acceptance, suborder)
    in_days, elsewhere = SITES[-2:]
    await opened(acceptance, in_days, unit="CALENDAR")
    await opened(acceptance, elsewhere, "L")
    other = await start("acceptance")
    assert (await acceptance.told(decreed("2026-12-04", working=False, calendar="BO-S"), SUPERVISOR)).ok
    assert await acceptance.performs() == 1
    assert set(await deadlines(acceptance, *SITES[:-2])) == {local("2026-12-14 16:30")}
    assert await deadlines(acceptance, in_days, elsewhere) == [local("2026-12-07 16:30"), local("2026-12-11 16:30")]
    (moved,) = [
        AcceptanceClockRedated.model_validate_json(row["data"])
        for row in await acceptance.rows(FACTS, SITES[0])
        if row["type"] == "AcceptanceClockRedated"
    ]
    assert (moved.before, moved.after) == (local("2026-12-11 16:30"), local("2026-12-14 16:30"))
    told = [row["data"] for row in await acceptance.rows(FACTS, CALENDAR) if row["type"] == "CalendarAdopted"]
    assert [f'"redated":{len(SITES) - 2}' in one for one in told] == [True]
    assert await acceptance.performs() == 0, "once adopted nothing is wanted any more"
    assert acceptance.resources.worlds.calendar.version == 2
    asyncio.get_running_loop().call_later(1, other.resources.stopping.set)
    await run_calendars(other.resources)
    assert other.resources.worlds.calendar.version == 2, "the replica that did not perform it decides by it too"
    await opened(acceptance, "8015g00000RdNewAAF")  # a clock that starts after the decree
    assert await deadlines(acceptance, "8015g00000RdNewAAF") == [local("2026-12-14 16:30")]
    connection = await connect(dsn, "acceptance_ops")
    assert (await verify(connection, acceptance.service.roster()))[1] == []
    await connection.close()


@pytest.mark.criterion("X.9")
async def test_a_working_day_is_only_proposed_and_holds_when_a_supervisor_approves(acceptance: Replica) -> None:
    suborder = SITES[0]
    await opened(acceptance, suborder)
    assert (await acceptance.told(decreed("2026-12-05", working=True), SUPERVISOR)).ok
    await acceptance.performs()
    assert await deadlines(acceptance, suborder) == [local("2026-12-11 16:30")]
    assert [row["type"] for row in await acceptance.rows(FACTS, suborder)].count("RedatingProposed") == 1
    assert (await acceptance.told(ApproveRedating(aggregate=suborder, calendar_version=2), SUPERVISOR)).ok
    assert await deadlines(acceptance, suborder) == [local("2026-12-10 16:30")]


@pytest.mark.criterion("X.9")
async def test_a_proposal_that_a_later_decree_takes_back_no_longer_stands(acceptance: Replica) -> None:
    suborder = SITES[0]
    await opened(acceptance, suborder)
    for working in (True, False):
        assert (await acceptance.told(decreed("2026-12-05", working=working), SUPERVISOR)).ok
        await acceptance.performs()
    assert await deadlines(acceptance, suborder) == [local("2026-12-11 16:30")]
    answer = await acceptance.told(ApproveRedating(aggregate=suborder, calendar_version=2), SUPERVISOR)
    assert answer.body["code"] == "UNKNOWN_REDATING"


@pytest.mark.criterion("X.9", "14.5")
async def test_a_replica_that_did_not_hear_of_the_decree_yet_leaves_no_clock_behind(
    start: Start, acceptance: Replica, clock: Path
) -> None:
    stale = await start("acceptance")
    assert (await acceptance.told(decreed("2026-12-04", working=False), SUPERVISOR)).ok
    await acceptance.performs()
    await opened(stale, SITES[0])
    assert await deadlines(stale, SITES[0]) == [local("2026-12-11 16:30")]
    moved_to(clock, local("2026-12-11 16:31"))
    while await acceptance.fires():
        continue
    types = [row["type"] for row in await acceptance.rows(FACTS, SITES[0])]
    assert "AcceptanceExpired" not in types
    assert await deadlines(acceptance, SITES[0]) == [local("2026-12-14 16:30")]


@pytest.mark.criterion("X.9", "1.8")
async def test_an_order_nobody_claimed_is_dated_anew_in_intake(start: Start) -> None:
    intake = await start("intake")
    await intake.hears(sale(), "test", "sf", 1, PARENT)
    before = await intake.rows("SELECT due_at FROM aggregate WHERE id = $1", PARENT)
    change = DayChange(calendar="BO", date=day("2026-11-30"), working=False, decree="DS 9999", published=day("2026-11-28"))
    amended = CalendarAmended(version=2, changes=(change,))
    await intake.hears(amended, "acceptance", CALENDAR, 1, CALENDAR)
    await intake.performs()
    after = await intake.rows("SELECT due_at FROM aggregate WHERE id = $1", PARENT)
    assert (before[0]["due_at"], after[0]["due_at"]) == (
        after[0]["due_at"] - timedelta(days=1),
        before[0]["due_at"] + timedelta(days=1),
    )
    assert intake.resources.worlds.calendar.version == 2
    again = await start("intake")
    assert not again.resources.worlds.calendar.is_working(day("2026-11-30"))


def decree_of(date: str) -> CalendarAmended:
    change = DayChange(calendar="BO", date=day(date), working=False, decree="DS 9999", published=day("2026-11-28"))
    return CalendarAmended(version=2, changes=(change,))


class Recorded:
    """A story told to an aggregate under test, to be told again to a replica."""

    def __init__(self) -> None:
        self.messages: list[tuple[Message, Actor | None]] = []

    async def told_to(self, replica: Replica, aggregate: str) -> None:
        for seq, (message, by) in enumerate(self.messages, 1):
            if isinstance(message, Command):
                answer = await replica.told(message, by or actor("SYSTEM"))
                assert answer.ok, answer.body
            else:
                await replica.hears(message, f"test{seq}", aggregate, 1, aggregate)


class RecordedDesk(Recorded, Desk):
    def __init__(self) -> None:
        Recorded.__init__(self)
        Desk.__init__(self)

    def when(self, message: Message, by: Actor | None = None, **more: Any) -> Self:
        self.messages.append((message, by))
        return super().when(message, by, **more)


class RecordedDelivery(Recorded, Delivery):
    def __init__(self) -> None:
        Recorded.__init__(self)
        Delivery.__init__(self)

    def when(self, message: Message, by: Actor | None = None, **more: Any) -> Self:
        self.messages.append((message, by))
        return super().when(message, by, **more)


@pytest.mark.criterion("X.9", "3.8")
async def test_the_plan_of_an_order_whose_clocks_all_ended_is_dated_anew(start: Start, dsn: str) -> None:
    intake, desk = await start("intake"), RecordedDesk()
    desk.delivered()
    for suborder in (SUBORDER, OTHER):
        desk.answered(f"{suborder}/billing_account", account="BBD-4471902")
    await desk.told_to(intake, PARENT)
    assert [row["due_at"] for row in await intake.rows("SELECT due_at FROM aggregate WHERE id = $1", PARENT)] == [None]
    await intake.hears(decree_of("2026-12-04"), "acceptance", CALENDAR, 1, CALENDAR)
    await intake.performs()
    plans = [
        FulfilmentPlanned.model_validate_json(row["data"])
        for row in await intake.rows(FACTS, PARENT)
        if row["type"] == "FulfilmentPlanned"
    ]
    assert [one.plan_version for one in plans] == [1, 2]
    assert max(one.due for one in plans[1].steps) == max(one.due for one in plans[0].steps) + timedelta(days=1)
    connection = await connect(dsn, "intake_ops")
    assert (await verify(connection, intake.service.roster()))[1] == []
    await connection.close()


@pytest.mark.criterion("X.9", "7.2")
async def test_a_reservation_of_equipment_is_dated_anew(start: Start, dsn: str) -> None:
    provisioning, delivery = await start("provisioning"), RecordedDelivery()
    await delivery.networked().configured().stocked().told_to(provisioning, SUBORDER)
    (before,) = await provisioning.rows("SELECT due_at FROM aggregate WHERE id = $1", SUBORDER)
    await provisioning.hears(decree_of("2026-12-04"), "acceptance", CALENDAR, 1, CALENDAR)
    await provisioning.performs()
    (after,) = await provisioning.rows("SELECT due_at FROM aggregate WHERE id = $1", SUBORDER)
    assert after["due_at"] == before["due_at"] + timedelta(days=3)  # its last day was a Friday
    (adopted,) = [row["data"] for row in await provisioning.rows(FACTS, CALENDAR) if row["type"] == "CalendarAdopted"]
    assert '"redated":1' in adopted
    connection = await connect(dsn, "provisioning_ops")
    assert (await verify(connection, provisioning.service.roster()))[1] == []
    await connection.close()


@pytest.mark.criterion("X.9")
@pytest.mark.parametrize("name", ["intake", "provisioning", "testing", "billing"])
async def test_every_service_adopts_a_decree_of_acceptance_once(start: Start, name: str) -> None:
    replica = await start(name)
    change = DayChange(calendar="BO", date=day("2026-12-04"), working=False, decree="DS 9999", published=day("2026-11-28"))
    for seq in (1, 2):
        await replica.hears(CalendarAmended(version=2, changes=(change,)), "acceptance", CALENDAR, seq, CALENDAR)
        await replica.performs()
    assert [row["type"] for row in await replica.rows(FACTS, CALENDAR)] == ["FactKept", "CalendarAdopted"]
    assert replica.resources.worlds.calendar.version == 2

"""Each alert fires when its cause is there and clears when it is put right: the real rules over scrapes of a real database."""

import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest

from o2c.stack.postgres import Postgres
from services.notifications.adapters import smtp
from shared import migrate
from shared.contracts.acceptance import RecordActaRendered
from shared.contracts.billing import ConfirmBillingActivation
from shared.contracts.catalogue import SERVICES
from shared.contracts.intake import AttachDocument, ClaimOrder, GenerateWorkOrders, ReviewOrder, SubmitQuote, ValidateDocs
from shared.contracts.notifications import RecordDelivery, RetryNotification
from shared.db import unit_of_work
from shared.messaging import letters
from shared.messaging.apply import Unit
from shared.messaging.effects import perform_due
from shared.messaging.gauges import scrape
from shared.messaging.inbound import Dead, Record
from shared.metrics import Instruments
from tests import alarms
from tests.alarms import ALERTS, ONLY_READ
from tests.builders import OTHER, PARENT, SUBORDER, bob, doc, mail_sent, passed_tests, released, sale
from tests.exposition import samples
from tests.feeds import ACTIVATED, Change, Sent, Shelf, cdc, push_topic, records
from tests.given import MONDAY
from tests.kafka.replica import Replica, moved_to
from tests.promql import evaluate
from tests.samples import BANK, sample
from tests.unit.acceptance.acceptance_site import local
from tests.unit.billing.billing_group import BBD, account, expired, freed, notified, sold, validated
from tests.unit.intake.desk import ACTIVACIONES, OWNER, STILL_MISSING
from tests.unit.intake.test_assembly import pieces
from tests.unit.notifications.test_delivery import ID, OM, REQUEST

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]
RUNBOOKS: Final = Path(__file__).parents[2] / "docs" / "runbooks"
SENT, DEADLINE = local("2026-11-27 16:30"), local("2026-12-07 16:30")
HOUR: Final = timedelta(hours=1)
Start = Callable[[str], Awaitable[Replica]]


@pytest.fixture
async def dsn(server: Postgres) -> str:
    """Every schema with empty tables."""
    admin = await asyncpg.connect(migrate.role_dsn(server.dsn, "postgres"))
    for name in SERVICES:
        tables = ", ".join(f"{name}.{one}" for one in ("aggregate", "fact", "outbox", "inbox", "parked", "dead_letter"))
        await admin.execute(f"TRUNCATE {tables}, {name}.command_log")
    await admin.close()
    return server.dsn


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    moved_to(tmp_path / "clock", MONDAY)
    return tmp_path / "clock"


@pytest.fixture
async def start(dsn: str, clock: Path) -> AsyncIterator[Start]:
    running: list[Replica] = []

    async def started(name: str) -> Replica:
        one = await Replica.started(dsn, name, clock)
        one.resources.leads = True  # as its relay says once it has the lock
        running.append(one)
        return one

    yield started
    for one in running:
        await one.stopped()


async def firing(*replicas: Replica) -> set[str]:
    """What would alarm after a scrape of each, the ledger counted anew."""
    texts = {}
    for number, one in enumerate(replicas):
        one.resources.ledger_at = -math.inf
        texts[f"{one.service.name}-{number}"] = (await scrape(one.resources)).decode()
    return alarms.firing(texts)


async def as_admin(dsn: str, service: str, statement: str) -> None:
    admin = await asyncpg.connect(migrate.role_dsn(dsn, "postgres"))
    await admin.execute(f"SET search_path = {service}; {statement}")
    await admin.close()


async def without_outbox(dsn: str, service: str) -> None:
    """As if the relay had sent all of it."""
    await as_admin(dsn, service, "DELETE FROM outbox")


async def bury(replica: Replica, *offsets: int, aggregate: str | None = None) -> None:
    dead = [(Record("salesforce.orders", 0, one, None, b"{", {}), Dead("json_invalid", "", "", aggregate)) for one in offsets]
    async with unit_of_work(replica.resources.pool) as connection:
        await Unit(replica.service.name, replica.resources.roster, replica.resources.worlds, connection).apply([], dead)


async def opened(replica: Replica) -> None:
    """The acta is out and the ten days run."""
    await replica.hears(released(), "intake", PARENT, 1, SUBORDER)
    await replica.hears(passed_tests(), "testing", SUBORDER, 1, SUBORDER)
    acta = doc("ACTA_ENTREGA", f"{SUBORDER}/acta/1/1", at=SENT)
    assert (await replica.told(RecordActaRendered(aggregate=SUBORDER, revision=1, acta=acta))).ok
    sent = mail_sent("acta/1/1", SENT, service="acceptance", attached=(acta,))
    await replica.hears(sent, "notifications", "mail/acta", 1, SUBORDER)


async def test_nothing_fires_while_nothing_is_wrong(start: Start) -> None:
    assert await firing(*[await start(name) for name in SERVICES]) == set()


async def test_a_fact_that_nobody_sends_is_an_alarm_until_it_is_sent(start: Start, dsn: str, clock: Path) -> None:
    replica = await start("provisioning")
    await replica.hears(released(), "intake", PARENT, 1, SUBORDER)
    assert await firing(replica) == set()
    moved_to(clock, MONDAY + timedelta(seconds=90))
    assert await firing(replica) == {"outbox-stuck"}
    await without_outbox(dsn, "provisioning")
    assert await firing(replica) == set()


async def test_no_leader_and_two_are_alarms_and_one_among_several_is_none(start: Start) -> None:
    first, second = await start("billing"), await start("billing")
    assert await firing(first, second) == {"relay-leader"}
    first.resources.leads = False
    assert await firing(first, second) == set()
    second.resources.leads = False
    assert await firing(first, second) == {"relay-leader"}


async def test_a_consumer_that_does_not_poll_is_an_alarm_until_it_does(start: Start) -> None:
    replica = await start("testing")
    replica.resources.beat_at -= 61
    assert await firing(replica) == {"consumer-stuck"}
    replica.resources.beat()
    assert await firing(replica) == set()


async def test_a_blocked_order_and_what_waits_behind_it(start: Start, dsn: str) -> None:
    replica = await start("provisioning")
    await replica.hears(released(), "intake", PARENT, 1, SUBORDER)
    await bury(replica, 1, aggregate=SUBORDER)
    assert await firing(replica) == {"aggregate-blocked", "dead-letters"}
    await replica.hears(released(), "intake", PARENT, 2, SUBORDER)
    assert "parked-old" not in await firing(replica)
    await as_admin(dsn, "provisioning", "UPDATE parked SET at = at - interval '11 min'")
    assert await firing(replica) == {"aggregate-blocked", "dead-letters", "parked-old"}


async def test_one_dead_letter_is_a_ticket_many_call_somebody_and_a_reason_settles_them(start: Start, dsn: str) -> None:
    replica = await start("intake")
    await bury(replica, 0)
    assert await firing(replica) == {"dead-letters"}
    await bury(replica, *range(1, 12))
    assert await firing(replica) == {"dead-letters", "dead-letters!"}
    ops = await asyncpg.connect(migrate.role_dsn(dsn, "intake_ops"))
    for one in range(12):
        assert await letters.dismiss(ops, f"salesforce.orders/0/{one}", "ops", "prueba")
    await ops.close()
    assert await firing(replica) == set()


async def test_a_term_about_to_end_one_that_nobody_fires_and_a_notice_not_given(start: Start, dsn: str, clock: Path) -> None:
    moved_to(clock, SENT)
    replica = await start("acceptance")
    await opened(replica)
    await without_outbox(dsn, "acceptance")
    moved_to(clock, DEADLINE - 25 * HOUR)
    while await replica.fires():
        pass
    await without_outbox(dsn, "acceptance")
    assert await firing(replica) == set()
    moved_to(clock, DEADLINE - 2 * HOUR)
    while await replica.fires():
        pass
    await without_outbox(dsn, "acceptance")
    assert await firing(replica) == {"acceptance-tomorrow"}
    moved_to(clock, DEADLINE + timedelta(seconds=10))
    assert await firing(replica) == {"deadlines-late"}
    while await replica.fires():
        pass
    await without_outbox(dsn, "acceptance")
    assert await firing(replica) == set()
    moved_to(clock, DEADLINE + 2 * HOUR)
    assert await firing(replica) == {"expiry-notice-blocked"}
    sent = mail_sent("expiry/1/1", DEADLINE + 2 * HOUR, service="acceptance", cc=("EC", "GI"))
    await replica.hears(sent, "notifications", "mail/expiry", 1, SUBORDER)
    await without_outbox(dsn, "acceptance")
    assert await firing(replica) == set()


async def test_an_acta_that_nobody_renders_is_noticed(start: Start, dsn: str, clock: Path) -> None:
    replica = await start("acceptance")
    await replica.hears(released(), "intake", PARENT, 1, SUBORDER)
    await replica.hears(passed_tests(), "testing", SUBORDER, 1, SUBORDER)
    await without_outbox(dsn, "acceptance")
    assert await firing(replica) == set()
    moved_to(clock, MONDAY + timedelta(minutes=11))
    await as_admin(dsn, "acceptance", "UPDATE aggregate SET updated_at = updated_at - interval '11 min'")
    assert await firing(replica) == {"effects-late"}


async def test_a_clock_that_jumps_either_way_is_an_alarm(start: Start) -> None:
    replica = await start("acceptance")
    for seconds in (120.0, -240.0):
        replica.resources.guard._begun += seconds  # noqa: SLF001 - as a clock that somebody sets
        assert await firing(replica) == {"clock-skew"}
    replica.resources.guard._begun += 120.0  # noqa: SLF001
    assert await firing(replica) == set()


async def test_a_pool_without_a_free_connection_and_a_database_that_does_not_answer_are_two_alarms(start: Start) -> None:
    replica, other = await start("billing"), await start("testing")
    async with AsyncExitStack() as taken:
        for _ in range(2):
            await taken.enter_async_context(replica.resources.pool.acquire())
        assert await firing(replica, other) == {"db-saturated"}
        for _ in range(2):
            await taken.enter_async_context(replica.resources.command_pool.acquire())
        assert await firing(replica, other) == {"db-saturated", "database-away"}
    assert await firing(replica, other) == set()


async def test_a_mail_put_off_and_one_that_failed_are_alarms_until_a_person_retries(start: Start, dsn: str) -> None:
    replica = await start("notifications")
    await replica.hears(REQUEST, "acceptance", SUBORDER, 7, ID)
    await without_outbox(dsn, "notifications")
    assert await firing(replica) == set()
    unreachable = replica.resources.settings.smtp.model_copy(update={"port": 9})
    replica.resources.settings = replica.resources.settings.model_copy(update={"smtp": unreachable})
    assert await perform_due(replica.resources, {"SendMail": smtp.send}) == 1
    await without_outbox(dsn, "notifications")
    assert await firing(replica) == {"mail-failing"}
    assert replica.resources.counters["facts", "DeliveryDeferred"] == 1

    assert (await replica.told(RecordDelivery(aggregate=ID, attempt=2, outcome="FAILED", code="REJECTED"))).ok
    await without_outbox(dsn, "notifications")
    assert await firing(replica) == {"mail-failing"}
    assert (await replica.told(RetryNotification(aggregate=ID), OM)).ok
    await without_outbox(dsn, "notifications")
    assert await firing(replica) == set()


async def test_a_request_to_activaciones_past_its_day_is_listed_until_it_is_answered(start: Start, dsn: str, clock: Path) -> None:
    replica = await start("intake")
    await replica.hears(sale(), "salesforce", PARENT, 1, PARENT)
    steps: list[Any] = [ReviewOrder(aggregate=PARENT), ClaimOrder(aggregate=PARENT)]
    steps += [AttachDocument(aggregate=PARENT, doc=doc(kind)) for kind in STILL_MISSING]
    steps += [ValidateDocs(aggregate=PARENT), GenerateWorkOrders(aggregate=PARENT)]
    for step in steps:
        answer = await replica.told(step, OWNER)
        assert answer.ok, answer.body
    await replica.told(
        SubmitQuote(aggregate=PARENT, request_id=f"{SUBORDER}/quotes", contractor="Redes S.R.L.", total=bob("1")), ACTIVACIONES
    )
    await without_outbox(dsn, "intake")
    assert await firing(replica) == set()
    moved_to(clock, MONDAY + 26 * HOUR)
    while await replica.fires():
        pass
    await without_outbox(dsn, "intake")
    assert "activaciones-breach" in await firing(replica)


async def test_pieces_that_do_not_come_and_a_change_that_salesforce_does_not_tell_are_tickets_until_they_come(
    start: Start, dsn: str, clock: Path
) -> None:
    replica, shelf, numbers = await start("intake"), Shelf(), count(1)

    async def comes(*sent: Sent) -> None:
        for one in sent:
            for found in shelf.comes(one):
                await replica.hears(found.message, "salesforce", PARENT, next(numbers), PARENT)
        await without_outbox(dsn, "intake")

    row = next(one for one in records(sample(BANK)) if one.id == SUBORDER)
    await comes(*pieces(without=OTHER), cdc(Change("Order", SUBORDER, "GAP_UPDATE", {}, at_ms=ACTIVATED + 5)))
    moved_to(clock, MONDAY + timedelta(minutes=50))
    while await replica.fires():
        pass
    await without_outbox(dsn, "intake")
    assert await firing(replica) == set()
    moved_to(clock, MONDAY + 2 * HOUR)
    assert await firing(replica) == {"assembly-incomplete", "gap-open"}
    await comes(push_topic(Change("Order", SUBORDER, "UPDATE", row.fields, at_ms=ACTIVATED + 9)))
    assert await firing(replica) == {"assembly-incomplete"}
    await comes(*pieces())
    assert await firing(replica) == set()


async def test_a_request_to_billing_without_answer_is_a_ticket_until_it_is_confirmed(start: Start, dsn: str, clock: Path) -> None:
    replica = await start("billing")
    for seq, fact in enumerate((sold(), validated(), freed(), account()), 1):
        await replica.hears(fact, "intake", PARENT, seq, SUBORDER)
    await replica.hears(expired(), "acceptance", SUBORDER, 1, SUBORDER)
    await replica.hears(notified(), "acceptance", SUBORDER, 2, SUBORDER)
    await without_outbox(dsn, "billing")
    assert await firing(replica) == set()
    moved_to(clock, MONDAY + 27 * HOUR)
    while await replica.fires():
        pass
    await without_outbox(dsn, "billing")
    assert await firing(replica) == {"billing-unanswered"}
    confirmed = ConfirmBillingActivation(
        aggregate=SUBORDER, request_id=f"{SUBORDER}/1", activated_at=MONDAY, bbd_reference="ALTA-1"
    )
    assert (await replica.told(confirmed, BBD)).ok
    await without_outbox(dsn, "billing")
    assert await firing(replica) == set()


def test_messages_that_pile_up_on_a_topic_are_an_alarm_whatever_partition_they_are_in() -> None:
    def lagging(each: float) -> list[Any]:
        instruments = Instruments("billing", {})
        instruments.shown["lag"] = {("o2c.intake.v1", str(number)): each for number in range(12)}
        return evaluate(rule["expr"], samples(instruments.text().decode()))

    (rule,) = (one for one in ALERTS if "lag" in one["expr"])
    assert lagging(800.0) == []
    assert lagging(900.0) == [({"service": "billing", "topic": "o2c.intake.v1"}, 10_800.0)]


def test_each_alert_is_caused_by_a_test_or_said_to_be_read_only() -> None:
    here = Path(__file__)
    text = here.read_text(encoding="utf-8") + here.with_name("test_watch.py").read_text(encoding="utf-8")
    caused = set(re.findall(r'"([a-z-]+)"', text))
    assert {one["alert"] for one in ALERTS} == caused & {one["alert"] for one in ALERTS} | ONLY_READ
    assert not caused & ONLY_READ


@pytest.mark.parametrize("page", sorted(path.name for path in RUNBOOKS.glob("*.md")))
async def test_the_queries_of_a_page_run_in_every_schema_for_those_who_operate_it(page: str, dsn: str) -> None:
    text = (RUNBOOKS / page).read_text(encoding="utf-8")
    statements = [block.split("\n```")[0] for block in text.split("```sql\n")[1:]]
    for name in SERVICES:
        ops = await asyncpg.connect(migrate.role_dsn(dsn, f"{name}_ops"))
        try:
            for statement in statements:
                await ops.fetch(statement)
        finally:
            await ops.close()

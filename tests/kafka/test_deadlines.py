"""Deadlines on a real Postgres: thousands due at once, several replicas, clocks that jump; each decided exactly once."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from o2c.commands.dossier import facts_of
from o2c.stack.postgres import Postgres
from services.acceptance.domain.dossier import lines
from services.acceptance.domain.proving import problems, seal_of
from shared import migrate
from shared.contracts.acceptance import RecordActaRendered
from shared.contracts.catalogue import SERVICES
from tests.builders import PARENT, SUBORDER, doc, mail_sent, passed_tests, released
from tests.kafka.replica import Replica, moved_to
from tests.unit.acceptance.acceptance_site import local

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]
SENT, DEADLINE = local("2026-11-27 16:30"), local("2026-12-07 16:30")
MANY = 10_000
Start = Callable[[], Awaitable[Replica]]

COPIES = """
INSERT INTO aggregate (id, po, version, doc, heard, fold, due_at, updated_at)
SELECT one, po, version, replace(doc::text, $1, one)::jsonb, heard, fold, due_at, now()
FROM aggregate, unnest($2::text[]) AS one WHERE id = $1"""
THEIR_FACTS = """
INSERT INTO fact (aggregate, seq, type, at, caused_by, actor, role, trace, data)
SELECT one, seq, type, at, caused_by, actor, role, trace, replace(data::text, $1, one)::json
FROM fact, unnest($2::text[]) AS one WHERE aggregate = $1"""
DECIDED = """
SELECT count(*) AS facts, count(DISTINCT aggregate) AS sites FROM fact WHERE type = $1"""
OWED = "SELECT count(*) AS rows, count(DISTINCT (aggregate, seq)) AS facts FROM outbox"
LATEST = "SELECT count(*) FROM aggregate a WHERE version <> (SELECT max(seq) FROM fact f WHERE f.aggregate = a.id)"
TYPES = "SELECT type FROM fact WHERE aggregate = $1 ORDER BY seq"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    postgres = Postgres(Path(".o2c/test-deadlines").resolve())
    postgres.start()
    asyncio.run(migrate.upgrade(postgres.dsn, SERVICES))
    yield postgres
    postgres.stop()


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    moved_to(tmp_path / "clock", SENT - timedelta(minutes=10))
    return tmp_path / "clock"


@pytest.fixture
async def admin(server: Postgres) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(migrate.role_dsn(server.dsn, "postgres"))
    await connection.execute(
        "SET search_path = acceptance; TRUNCATE aggregate, fact, outbox, inbox, parked, dead_letter, command_log"
    )
    yield connection
    await connection.close()


@pytest.fixture
async def start(server: Postgres, admin: asyncpg.Connection, clock: Path) -> AsyncIterator[Start]:
    running: list[Replica] = []

    async def started() -> Replica:
        running.append(await Replica.started(server.dsn, "acceptance", clock))
        return running[-1]

    yield started
    for replica in running:
        await replica.stopped()


async def opened(replica: Replica) -> None:
    """The acta is out and the ten days run."""
    await replica.hears(released(), "intake", PARENT, 1, SUBORDER)
    await replica.hears(passed_tests(), "testing", SUBORDER, 1, SUBORDER)
    acta = doc("ACTA_ENTREGA", f"{SUBORDER}/acta/1/1", at=SENT)
    assert (await replica.told(RecordActaRendered(aggregate=SUBORDER, revision=1, acta=acta))).ok
    sent = mail_sent("acta/1/1", SENT, service="acceptance", attached=(acta,))
    await replica.hears(sent, "notifications", "mail/acta", 1, SUBORDER)


async def until_nothing_is_due(replica: Replica) -> int:
    made = 0
    while found := await replica.fires():
        made += found
    return made


async def types(replica: Replica) -> list[str]:
    return [row["type"] for row in await replica.rows(TYPES, SUBORDER)]


@pytest.mark.criterion("14.5")
async def test_ten_thousand_terms_that_end_together_expire_once_each_whoever_looks(
    start: Start, admin: asyncpg.Connection, clock: Path
) -> None:
    replicas = [await start() for _ in range(3)]
    await opened(replicas[0])
    others = [f"8015g{number:010d}AAF" for number in range(1, MANY)]
    await admin.execute(COPIES, SUBORDER, others)
    await admin.execute(THEIR_FACTS, SUBORDER, others)
    await admin.execute("TRUNCATE outbox")
    await admin.execute("ANALYZE")
    moved_to(clock, DEADLINE)
    made = await asyncio.gather(*map(until_nothing_is_due, replicas))
    while await replicas[0].fires():  # what a replica left locked when the others looked last
        continue
    expired = await replicas[0].rows(DECIDED, "AcceptanceExpired")
    assert tuple(expired[0]) == (MANY, MANY)
    told_late = await replicas[0].rows(DECIDED, "AcceptanceReminderFailed")
    assert tuple(told_late[0]) == (MANY, MANY), "missed reminders are told together, before the end"
    owed = await replicas[0].rows(OWED)
    assert owed[0]["rows"] == owed[0]["facts"], "each fact is owed to the relay once"
    assert (await replicas[0].rows(LATEST))[0]["count"] == 0
    assert min(made) > 0, f"every replica took its part: {made}"


@pytest.mark.criterion("14.4", "14.5")
@pytest.mark.parametrize("at", [local("2026-11-29 16:30"), DEADLINE])
async def test_a_jump_that_the_monotonic_clock_does_not_confirm_fires_nothing_that_cannot_be_taken_back(
    start: Start, clock: Path, monkeypatch: pytest.MonkeyPatch, at: datetime
) -> None:
    replica = await start()
    await opened(replica)
    before, real = await types(replica), time.time  # noqa: TID251 - the host's clock itself is under test
    moved_to(clock, at)
    with monkeypatch.context() as jumped:
        jumped.setattr(time, "time", lambda: real() + 864_000)
        await until_nothing_is_due(replica)
        assert await types(replica) == before, "neither a reminder nor the expiry"
    await until_nothing_is_due(replica)
    assert len(await types(replica)) > len(before), "once the clocks agree again it goes on"


@pytest.mark.criterion("14.4", "14.5", "14.6", "15.1")
async def test_the_dossier_of_the_database_proves_itself_off_line(
    start: Start, server: Postgres, clock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replica = await start()
    await opened(replica)
    for number, slot in enumerate((2, 4, 6, 8), 2):
        moved_to(clock, SENT + timedelta(days=slot))
        await until_nothing_is_due(replica)
        sent = mail_sent(f"reminder/1/1/{slot}", SENT + timedelta(days=slot), service="acceptance")
        await replica.hears(sent, "notifications", f"mail/{number}", 1, SUBORDER)
    moved_to(clock, DEADLINE)
    await until_nothing_is_due(replica)
    await replica.hears(
        mail_sent("expiry/1", DEADLINE, service="acceptance", cc=("EC", "GI")), "notifications", "mail/9", 1, SUBORDER
    )
    monkeypatch.setenv("O2C_POSTGRES__DSN", server.dsn)
    monkeypatch.chdir(tmp_path)  # no running stack here: the settings name the database
    file = b"".join(line + b"\n" for line in lines(await facts_of(SUBORDER)))
    assert problems(file) == ()
    told = await replica.rows("SELECT data FROM fact WHERE aggregate = $1 AND type = 'AcceptanceExpiryNotified'", SUBORDER)
    assert f'"dossier_sha256":"{seal_of(file)}"' in told[0]["data"]
    assert await facts_of("8015g00000NobodyAAF") == []

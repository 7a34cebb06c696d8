"""What keeps a service within its limits, on a real Postgres: 429 while too much waits, and pruning by age."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from o2c.stack.postgres import Postgres
from o2c.stack.tokens import key_file, token_for
from services.provisioning.app import SERVICE
from shared import migrate
from shared.auth import Tokens
from shared.clock import Clock
from shared.db import connect, open_pool
from shared.http import build_http
from shared.messaging.pruning import ALONE, prune
from shared.messaging.resources import Resources
from shared.messaging.timers import run_backlog
from shared.settings import Auth, Settings, Workers
from shared.settings import Postgres as PostgresSettings

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]
FOLDER = Path(".o2c/test-limits").resolve()
SITE = "8015g00000AbC01AAF"
PLAN = {
    "aggregate": SITE,
    "items": [{"item": "ENLACE-1", "kind": "PRIMARY_LINK", "executors": [{"kind": "CONTRACTOR", "name": "Redes del Altiplano"}]}],
}
BUILT = {"aggregate": SITE, "item": "ENLACE-1"}
AGED = """
INSERT INTO {table} SELECT {columns}, now() - $1::interval FROM generate_series($2::int, $3::int) AS n"""
COLUMNS = {"inbox": "'/noc', n::text", "command_log": "n::text, 'hash', 200, '{}'"}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    postgres = Postgres(FOLDER)
    postgres.start()
    asyncio.run(migrate.upgrade(postgres.dsn, ["provisioning"]))
    yield postgres
    postgres.stop()


@pytest.fixture
async def admin(server: Postgres) -> AsyncIterator[Any]:
    """A superuser in the empty schema of provisioning."""
    connection = await asyncpg.connect(migrate.role_dsn(server.dsn, "postgres"))
    await connection.execute("SET search_path = provisioning; TRUNCATE aggregate, fact, outbox, inbox, command_log, dead_letter")
    yield connection
    await connection.close()


async def test_new_work_waits_while_too_much_is_queued_and_everything_else_goes_on(server: Postgres, admin: Any) -> None:
    settings = Settings(
        postgres=PostgresSettings(dsn=server.dsn), auth=Auth(key_file=key_file(FOLDER)), workers=Workers(backlog_rows=3)
    )
    pool, clock = await open_pool(server.dsn, "provisioning_app", 4), Clock()
    resources = Resources("provisioning", settings, SERVICE.roster(), SERVICE.worlds(clock), pool, pool, clock)
    app = build_http(resources, Tokens(settings.auth, clock), lambda: asyncio.sleep(0, {}))
    looking = asyncio.create_task(run_backlog(resources))
    tokens = {role: token_for(FOLDER, role.lower(), [role]) for role in ("INGENIERO_B2B", "CONTRATISTA")}

    async def seen(waiting: int) -> None:
        async with asyncio.timeout(10):
            while True:
                if resources.backlog.waiting == waiting:
                    return
                await asyncio.sleep(0.05)

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://o2c") as http:

        async def ask(command: str, body: dict[str, Any], key: str, role: str = "INGENIERO_B2B") -> httpx2.Response:
            headers = {"authorization": f"Bearer {tokens[role]}", "idempotency-key": key, "content-type": "application/json"}
            return await http.post(f"/v1/commands/{command}", content=json.dumps(body), headers=headers)

        assert (await ask("PlanNetworkBuild", PLAN, "early")).status_code == 404
        await admin.execute("INSERT INTO outbox (po, aggregate, seq) SELECT 'po', 'a', n FROM generate_series(1, 4) AS n")
        await seen(4)
        turned = await ask("PlanNetworkBuild", PLAN, "late")
        assert (turned.status_code, turned.headers["retry-after"], turned.json()["code"]) == (429, "10", "BACKLOG")
        assert "misma clave" in turned.json()["why"]
        assert await admin.fetchval("SELECT count(*) FROM command_log") == 1, "a 429 is never stored"
        assert (await ask("CompleteBuildItem", BUILT, "built")).json()["code"] == "UNKNOWN_ORDER"
        assert (await ask("PlanNetworkBuild", PLAN, "no role", "CONTRATISTA")).status_code == 403
        again = await ask("PlanNetworkBuild", PLAN, "early")
        assert (again.status_code, again.headers["idempotency-replayed"]) == (404, "true")
        await admin.execute("DELETE FROM outbox")
        await seen(0)
        assert (await ask("PlanNetworkBuild", PLAN, "late")).status_code == 404
    looking.cancel()
    await pool.close()


async def test_a_stuck_outbox_is_noticed_by_its_age(server: Postgres, admin: Any) -> None:
    settings = Settings(workers=Workers(backlog_seconds=0.5))
    pool, clock = await open_pool(server.dsn, "provisioning_app", 1), Clock()
    resources = Resources("provisioning", settings, SERVICE.roster(), SERVICE.worlds(clock), pool, pool, clock)
    await admin.execute("INSERT INTO outbox (po, aggregate, seq) VALUES ('po', 'a', 1)")
    looking = asyncio.create_task(run_backlog(resources))
    async with asyncio.timeout(10):
        while True:
            if resources.backlog.waiting and resources.backlog.full(time.monotonic()):
                break
            await asyncio.sleep(0.05)
    looking.cancel()
    await pool.close()


async def aged(admin: Any, table: str, age_days: float, first: int, last: int) -> None:
    await admin.execute(AGED.format(table=table, columns=COLUMNS[table]), timedelta(days=age_days), first, last)


async def left(admin: Any) -> tuple[int, int]:
    return (
        await admin.fetchval("SELECT count(*) FROM inbox"),
        await admin.fetchval("SELECT count(*) FROM command_log"),
    )


async def test_what_is_older_than_its_keep_goes_in_pieces_and_the_rest_stays(server: Postgres, admin: Any) -> None:
    for table in COLUMNS:
        await aged(admin, table, 45.01, 1, 5001)
        await aged(admin, table, 44.99, 6001, 6010)
    ops = await connect(server.dsn, "provisioning_ops")
    try:
        assert await prune(ops, timedelta(days=45), timedelta(days=90)) == 10_000
        assert await left(admin) == (11, 11)
        assert await prune(ops, timedelta(days=45), timedelta(days=90)) == 2
        assert await prune(ops, timedelta(days=45), timedelta(days=90)) == 0
        assert await left(admin) == (10, 10)
    finally:
        await ops.close()


async def test_a_dead_letter_goes_ninety_days_after_it_was_settled_and_an_open_one_never(server: Postgres, admin: Any) -> None:
    await admin.execute("""
        INSERT INTO dead_letter (topic, partition, "offset", headers, reason, path, hint, at, replayed_at, dismissed_at)
        SELECT 'salesforce.orders', 0, n, '{}', 'contract', '', '', now() - interval '200 days', replayed, dismissed
        FROM (VALUES (1, now() - interval '90.01 days', NULL), (2, NULL, now() - interval '90.01 days'),
          (3, now() - interval '89.99 days', NULL), (4, NULL, NULL)) AS t (n, replayed, dismissed)""")
    ops = await connect(server.dsn, "provisioning_ops")
    try:
        assert await prune(ops, timedelta(days=45), timedelta(days=90)) == 2
        assert [row["offset"] for row in await admin.fetch('SELECT "offset" FROM dead_letter ORDER BY 1')] == [3, 4]
    finally:
        await ops.close()


async def test_one_replica_prunes_at_a_time(server: Postgres, admin: Any) -> None:
    await aged(admin, "inbox", 50, 1, 3)
    ops, other = await connect(server.dsn, "provisioning_ops"), await connect(server.dsn, "provisioning_ops")
    try:
        async with other.transaction():
            assert await other.fetchval(ALONE)
            assert await prune(ops, timedelta(days=45), timedelta(days=90)) == 0
        assert await prune(ops, timedelta(days=45), timedelta(days=90)) == 3
    finally:
        await ops.close()
        await other.close()

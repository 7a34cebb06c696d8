"""What `/metrics` of a real process says of a real database."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx2
import pytest

from o2c.stack.postgres import Postgres
from o2c.stack.tokens import key_file, token_for
from shared import migrate
from shared.auth import Tokens
from shared.http import build_http
from shared.messaging.gauges import scrape
from shared.settings import Auth
from tests.exposition import exported, samples
from tests.kafka.replica import Replica

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]
NEVER_ALONE = {"o2c_consumer_lag", "o2c_sequence_missing", "o2c_verify_mismatches"}
"""What only a process with a broker has, and what is told from outside."""


@pytest.fixture
async def replica(server: Postgres) -> AsyncIterator[Replica]:
    """Billing, on empty tables."""
    admin = await asyncpg.connect(migrate.role_dsn(server.dsn, "postgres"))
    await admin.execute("SET search_path = billing; TRUNCATE aggregate, fact, outbox, inbox, parked, dead_letter, command_log")
    await admin.close()
    one = await Replica.started(server.dsn, "billing")
    yield one
    await one.stopped()


async def test_a_scrape_has_each_gauge_of_schema_and_process_and_says_what_the_framework_measured(
    replica: Replica, tmp_path: Path
) -> None:
    auth = Auth(key_file=key_file(tmp_path))
    app = build_http(replica.resources, Tokens(auth, replica.resources.clock), dict_of_nothing)
    headers = {"authorization": f"Bearer {token_for(tmp_path, 'om-1', ['OM'])}"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://o2c", headers=headers) as client:
        assert (await client.post("/v1/commands/HoldOrder", json={})).status_code in {404, 405, 422}
        text = (await client.get("/metrics")).text
    found = {one.name for one in samples(text)}
    assert "http_server_request_duration_seconds_count" in found
    counted = {name for name in exported() if name.endswith(("_total", "_bucket", "_sum", "_count"))}
    ledger = {name for name in exported() if name.startswith(("o2c_orders", "o2c_task", "o2c_clocks", "o2c_fallout"))}
    assert exported().keys() - counted - ledger - NEVER_ALONE - found == set()
    assert {one.labels["service"] for one in samples(text) if one.name.startswith("o2c_")} == {"billing"}


async def dict_of_nothing() -> dict[str, str]:
    return {}


async def test_without_its_database_a_process_shows_no_queue_rather_than_an_empty_one(replica: Replica) -> None:
    assert "o2c_outbox_pending" in (await scrape(replica.resources)).decode()
    await replica.stopped()
    text = (await scrape(replica.resources)).decode()
    assert "o2c_outbox_pending" not in text
    assert "o2c_consumer_poll_age_seconds" in text

"""`o2c watch` as it runs, on a real broker and database: a fact that is lost and a document that lies are alarms."""

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime

import asyncpg
import pytest

from o2c.stack.ports import free_ports
from o2c.stack.postgres import Postgres
from shared import migrate, settings, topics
from shared.contracts.base import to_json
from shared.contracts.catalogue import SERVICES
from shared.contracts.intake import DocumentStored
from shared.messaging.envelope import headers_of
from shared.messaging.relay import producer
from tests import alarms
from tests.builders import PARENT, SUBORDER, released
from tests.kafka.replica import Replica

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
LIMIT_S = 120
AT = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.fixture
def environment(broker: settings.Kafka, server: Postgres) -> dict[str, str]:
    told = {"O2C_KAFKA__BOOTSTRAP_SERVERS": broker.bootstrap_servers[0], "O2C_POSTGRES__DSN": server.dsn}
    return {**os.environ, **told, "O2C_HTTP__PORT": str(free_ports(1)[0])}


class Watching:
    """The process; `until` waits for what a scrape of it would alarm."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._port = environment["O2C_HTTP__PORT"]
        command = [sys.executable, "-m", "o2c.commands.watch"]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)

    def text(self) -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=5) as answer:
                found: str = answer.read().decode()
                return found
        except (urllib.error.URLError, ConnectionError):
            return ""

    def until(self, *alerts: str) -> None:
        limit = time.monotonic() + LIMIT_S
        while True:
            text = self.text()
            known = "o2c_sequence_missing{" in text and "o2c_verify_mismatches{" in text
            if known and alarms.firing({"watch": text}) == set(alerts):
                return
            assert self.process.poll() is None
            assert time.monotonic() < limit, text
            time.sleep(0.2)


@pytest.fixture
def watching(environment: dict[str, str]) -> Iterator[list[Watching]]:
    started: list[Watching] = []
    yield started
    for one in started:
        one.process.kill()
        one.process.wait()


async def publish(broker: settings.Kafka, *numbers: int) -> None:
    """Facts of one order, under these of their numbers."""
    sender = producer(broker, "test")
    await sender.start()
    for seq in numbers:
        fact = DocumentStored(parent=PARENT, doc_id="d", sha256="0" * 64)
        headers = headers_of("intake", PARENT, seq, "DocumentStored", AT, "x", "SYSTEM", None)
        await sender.send_and_wait("o2c.intake.v1", to_json(fact), key=PARENT.encode(), headers=headers)
    await sender.stop()


async def test_a_fact_that_was_lost_and_a_document_that_lies_are_alarms_until_they_are_put_right(
    broker: settings.Kafka, server: Postgres, environment: dict[str, str], watching: list[Watching]
) -> None:
    await topics.create(broker)
    admin = await asyncpg.connect(migrate.role_dsn(server.dsn, "postgres"))
    for name in SERVICES:
        await admin.execute(f"TRUNCATE {name}.aggregate, {name}.fact, {name}.outbox")
    replica = await Replica.started(server.dsn, "testing")
    await replica.hears(released(), "intake", PARENT, 1, SUBORDER)
    await replica.stopped()
    await publish(broker, 1, 2, 5)

    watching.append(Watching(environment))
    watching[-1].until("fact-missing")
    await publish(broker, 3, 4, 5, 6)
    watching[-1].until()
    watching[-1].process.kill()

    await admin.execute("UPDATE testing.aggregate SET doc = jsonb_set(doc, '{stage}', '\"LIED\"')")
    command = [sys.executable, "-m", "o2c", "verify", "--json"]
    told = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, check=False)
    assert told.returncode == 1
    assert [one["aggregate"] for one in json.loads(told.stdout)["testing"]["differing"]] == [SUBORDER]
    watching.append(Watching(environment))
    watching[-1].until("verify-mismatch")
    await admin.execute("TRUNCATE testing.aggregate, testing.fact, testing.outbox")
    await admin.close()
    watching[-1].process.kill()
    watching.append(Watching(environment))
    watching[-1].until()

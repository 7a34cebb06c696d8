"""The kit for billers as a biller runs it: a process without this project, on a real broker, killed in mid-stream."""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from o2c.contracts.released import FOLDER
from o2c.stack.kafka import Kafka
from shared import settings, topics
from shared.contracts.billing import ConfirmBillingActivation
from shared.messaging.consumer import as_record
from shared.messaging.envelope import sort_command
from shared.messaging.inbound import Item
from shared.service import PARTNERS

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(500)]
GOLDEN = FOLDER / "golden" / "billing"
TOPIC, ANSWERS = "o2c.billing.v1", "o2c.billing.commands.v1"
LIMIT_S = 150
REQUESTS, KILLS = 800, 20
Message = tuple[bytes, bytes | None, list[tuple[str, bytes | None]]]


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[Kafka]:
    broker = Kafka(tmp_path / "kafka", print)
    try:
        broker.start()
        asyncio.run(topics.create(settings.Kafka(bootstrap_servers=[broker.bootstrap])))
        yield broker
    finally:
        broker.kill()
        shutil.rmtree(tmp_path / "kafka")


class Biller:
    """The example in a folder of its own, started and killed as often as one likes."""

    def __init__(self, folder: Path, bootstrap: str) -> None:
        self.folder, self.bootstrap = folder, bootstrap
        self.script = shutil.copy(FOLDER / "examples" / "billing_consumer.py", folder)
        shutil.copytree(FOLDER / "billing", folder / "schemas")
        self.database = folder / "requests.db"

    def start(self, group: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-I", self.script, self.bootstrap, "schemas", str(self.database), group, *words]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "O2C"))}
        with (self.folder / "biller.log").open("ab") as log:
            return subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)

    def rows(self, query: str) -> list[Any]:
        if not self.database.exists():
            return []
        # Only a connection that may write rolls back what a killed process left half done.
        connection = sqlite3.connect(f"file:{self.database}?mode=rw", uri=True, timeout=10)
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):  # a locked database is no loss, and must not look like one
                raise
            return []
        finally:
            connection.close()

    def count(self, table: str) -> int:
        return sum(int(one) for (one,) in self.rows(f"SELECT count(*) FROM {table}"))  # noqa: S608 - names of ours

    def until(self, process: subprocess.Popen[bytes], done: Callable[[], bool]) -> None:
        limit = time.monotonic() + LIMIT_S
        while not done():
            assert process.poll() is None, (self.folder / "biller.log").read_text()
            assert time.monotonic() < limit, (self.count("request"), self.count("seen"), self.count("invalid"))
            time.sleep(0.01)


def golden(kind: str) -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted((GOLDEN / kind / "v1.0").glob("*.json"))]


def as_sent(message: dict[str, Any], **headers: str) -> Message:
    told = {**message["headers"], **headers}
    return json.dumps(message["value"]).encode(), message["key"].encode(), [(name, one.encode()) for name, one in told.items()]


def stream(rng: Random) -> tuple[list[Message], set[str], int]:
    """Requests made of every golden one, some sent twice, among other types and damaged ones."""
    sent: list[Message] = []
    wanted: set[str] = set()
    templates = golden("BillingRequested")
    for at in range(REQUESTS):
        one = json.loads(json.dumps(templates[at % len(templates)]))
        one["value"]["request_id"] = f"{one['value']['billing_group']}/{at}"
        wanted.add(one["value"]["request_id"])
        made = as_sent(one, ce_id=f"billing/{one['value']['billing_group']}/{at + 100}")
        sent += [made] * rng.choice([1, 1, 1, 2])
    sent += [as_sent(one) for kind in ("BillingBlocked", "BillingGroupOpened") for one in golden(kind)] * 10
    whole = templates[0]
    damaged = [
        (b"{", None, as_sent(whole)[2]),
        (b"", None, as_sent(whole)[2]),
        (b"\xff\xfe", None, as_sent(whole)[2]),
        (b"[" * 100_000, None, as_sent(whole)[2]),
        as_sent({**whole, "value": {**whole["value"], "basis": "SIGNED"}}),
        as_sent({**whole, "value": {key: one for key, one in whole["value"].items() if key != "request_id"}}),
        as_sent(whole, ce_specversion="0.3"),
        as_sent(whole, ce_id=""),
        (*as_sent(whole)[:2], [*as_sent(whole)[2], ("ce_source", None)]),
    ]
    sent += damaged
    rng.shuffle(sent)
    return sent, wanted, len(damaged)


async def publish(bootstrap: str, messages: list[Message]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True) as producer:
        await asyncio.gather(*[await producer.send(TOPIC, value, key=key, headers=told) for value, key, told in messages])


async def confirmations(bootstrap: str, number: int) -> list[Any]:
    """Every confirmation the biller sent, read as billing reads it."""
    found: list[Any] = []
    async with (
        asyncio.timeout(LIMIT_S),
        AIOKafkaConsumer(ANSWERS, bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer,
    ):
        async for raw in consumer:
            item = sort_command(as_record(raw), "billing", PARTNERS)
            assert isinstance(item, Item), item
            found.append(item)
            if len({one.message.request_id for one in found}) == number:
                return found
    return found


@pytest.mark.criterion("15.6")
def test_a_biller_that_is_killed_again_and_again_has_each_request_once(kafka: Kafka, tmp_path: Path) -> None:
    rng = Random(7)
    messages, wanted, damaged = stream(rng)
    asyncio.run(publish(kafka.bootstrap, messages))
    biller = Biller(tmp_path, kafka.bootstrap)
    for _ in range(KILLS):
        process, enough = biller.start("biller.one"), biller.count("request") + rng.randint(1, 25)
        biller.until(process, lambda enough=enough: biller.count("request") >= enough)  # type: ignore[misc]
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert biller.count("request") < REQUESTS, "killed too late to be in the middle"
    process = biller.start("biller.one")
    biller.until(process, lambda: biller.count("request") == REQUESTS and biller.count("invalid") == damaged)
    process.kill()
    process.wait()
    assert {one for (one,) in biller.rows("SELECT request_id FROM request")} == wanted

    again = biller.start("biller.again", "--answer")  # the whole topic from its beginning, and the answers
    try:
        found = asyncio.run(confirmations(kafka.bootstrap, REQUESTS))
    except TimeoutError:
        answered = biller.rows("SELECT sum(answered) FROM request")
        pytest.fail(f"{answered} of {REQUESTS} answered after {LIMIT_S} s")
    finally:
        again.kill()
        again.wait()
    assert {one.message.request_id for one in found} == wanted
    assert all(isinstance(one.message, ConfirmBillingActivation) for one in found)
    assert (biller.count("request"), biller.count("seen"), biller.count("invalid")) == (REQUESTS, REQUESTS, damaged)


def test_the_newest_request_of_a_resend_replaces_the_older_one(kafka: Kafka, tmp_path: Path) -> None:
    (first, *_), (resent, *_) = golden("BillingRequested"), golden("BillingRequestResent")
    same = {"request_id": first["value"]["request_id"], "billing_group": first["value"]["billing_group"]}
    late = {**resent, "value": {**resent["value"], **same, "attempt": 3}}
    older = {**resent, "value": {**resent["value"], **same, "attempt": 2}}
    told = [as_sent(first), as_sent(late, ce_id="billing/x/3"), as_sent(older, ce_id="billing/x/2")]
    asyncio.run(publish(kafka.bootstrap, [(value, b"one", headers) for value, _, headers in told]))
    biller = Biller(tmp_path, kafka.bootstrap)
    process = biller.start("biller.one")
    try:
        biller.until(process, lambda: biller.count("seen") == 3)
    finally:
        process.kill()
        process.wait()
    assert biller.rows("SELECT request_id, attempt FROM request") == [(same["request_id"], 3)]

"""`o2c publish` on a real broker, database and intake: what becomes of a message is told as it is, also when nobody reads."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from o2c.commands.publish import told
from o2c.contracts.checker import Message, read
from o2c.local import topics_of
from o2c.publishing import Answer, UnknownTopicError, publish
from o2c.stack.kafka import Kafka
from o2c.stack.ports import free_ports
from o2c.stack.postgres import Postgres
from o2c.stack.tokens import key_file
from shared import migrate, settings, topics
from tests.builders import PARENT
from tests.feeds import cdc, records
from tests.samples import BANK, FOLDER, SHOP, sample

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
OTHER_ORDER = "8015g00000AbC99AAF"


@dataclass(frozen=True)
class Place:
    kafka: settings.Kafka
    dsn: str

    def publish(self, message: Message, topic: str = "salesforce.orders", wait: float = 60) -> Answer:
        return asyncio.run(publish(message, topic, self.kafka, self.dsn, wait))


@pytest.fixture(scope="module")
def idle() -> Iterator[Place]:
    """Everything but intake."""
    folder = Path(tempfile.mkdtemp(prefix="o2c-publish-"))
    kafka, postgres = Kafka(folder / "kafka", print), Postgres(Path(".o2c/test-publish").resolve())
    try:
        kafka.start()
        postgres.start()
        shutil.rmtree(Path(".o2c/test-publish") / "objects", ignore_errors=True)
        place = Place(settings.Kafka(bootstrap_servers=[kafka.bootstrap]), postgres.dsn)
        asyncio.run(migrate.upgrade(postgres.dsn, ["intake"]))
        asyncio.run(topics.create(place.kafka, topics_of(settings.Settings())))
        yield place
    finally:
        kafka.kill()
        postgres.stop()
        shutil.rmtree(folder)
        shutil.rmtree(".o2c/test-publish", ignore_errors=True)


@pytest.fixture(scope="module")
def place(idle: Place) -> Iterator[Place]:
    """Intake as it runs."""
    port, folder = free_ports(1)[0], Path(tempfile.mkdtemp(prefix="o2c-intake-"))
    env = {
        "O2C_KAFKA__BOOTSTRAP_SERVERS": idle.kafka.bootstrap_servers[0],
        "O2C_POSTGRES__DSN": idle.dsn,
        "O2C_HTTP__PORT": str(port),
        "O2C_AUTH__KEY_FILE": str(key_file(folder)),
        "O2C_OBJECTS__URL": f"file://{folder}/objects",
    }
    command = [sys.executable, "-m", "services.intake.app"]
    process = subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                if httpx2.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                    break
            except httpx2.HTTPError:
                pass
            time.sleep(0.1)
        yield idle
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        shutil.rmtree(folder)


def named(number: str) -> Message:
    return read(next(FOLDER.glob(f"{number}_*.json")))


def graph(**changed: Any) -> Message:
    """The bank's order under another id, with these fields changed."""
    content = sample(BANK)
    content["order"] |= {"Id": OTHER_ORDER, **changed}
    for one in content["suborders"]:
        one["ParentOrder__c"] = OTHER_ORDER
    return Message(json.dumps(content).encode())


async def marked(dsn: str, why: str | None) -> None:
    """Blocks the other order as a bug of ours would, or lets it go."""
    admin = await asyncpg.connect(migrate.role_dsn(dsn, "postgres"))
    await admin.execute("UPDATE intake.aggregate SET blocked = $2 WHERE id = $1", OTHER_ORDER, why)
    await admin.execute("DELETE FROM intake.parked")
    await admin.close()


def test_nobody_reads_and_that_is_said_after_the_wait(idle: Place) -> None:
    answer = idle.publish(Message(b"{}"), wait=0.5)
    assert (answer.outcome, answer.code) == ("UNANSWERED", 2)
    assert "¿está en marcha?" in told(answer)[0]


def test_an_order_is_accepted_and_the_same_message_again_changes_nothing(place: Place) -> None:
    first, second = place.publish(named("01")), place.publish(named("01"))
    assert (first.outcome, first.code) == ("ACCEPTED", 0)
    assert ("OrderReceived", PARENT) in {(one["type"], one["aggregate"]) for one in first.facts}
    assert (second.outcome, second.facts, second.code) == ("REPEATED", (), 0)


def test_the_same_order_by_another_message_has_no_effect(place: Place) -> None:
    place.publish(named("01"))
    assert place.publish(named("02")).outcome in {"NO_EFFECT", "REPEATED"}


def test_an_order_that_breaks_the_rules_is_rejected_with_every_violation_and_its_path(place: Place) -> None:
    answer = place.publish(graph(Segment__c="Residencial", TaxId__c="x"))
    assert (answer.outcome, answer.code) == ("REJECTED", 1)
    assert {one["code"]: one["path"] for one in answer.problems} == {
        "SEGMENT_OUT_OF_SCOPE": "$.order.Segment__c",
        "NIT_INVALID": "$.order.TaxId__c",
    }


def test_what_nobody_can_read_is_a_dead_letter_with_its_reason(place: Place) -> None:
    answer = place.publish(Message(b"no es json"))
    assert (answer.outcome, answer.code) == ("DEAD_LETTER", 1)
    assert answer.problems[0]["code"] == "not_json"


def test_an_order_in_pieces_over_the_topics_of_its_records_is_received_with_the_last(place: Place) -> None:
    sent = [
        place.publish(Message(one.value, one.key, one.headers), f"salesforce.{change.entity.lower()}")
        for change, one in ((change, cdc(change)) for change in records(sample(SHOP)))
    ]
    assert {one.topic for one in sent} == {"salesforce.order", "salesforce.orderitem"}
    assert [one.outcome for one in sent] == ["KEPT"] * (len(sent) - 1) + ["ACCEPTED"]
    assert "OrderReceived" in {one["type"] for one in sent[-1].facts}


def test_a_topic_that_no_mapping_names_is_refused_before_anything_is_sent(place: Place) -> None:
    with pytest.raises(UnknownTopicError, match=r"otro\.topico.*salesforce\.orders"):
        place.publish(named("01"), "otro.topico")


def test_a_message_for_an_order_that_a_bug_of_ours_blocked_waits_and_that_is_a_failure(place: Place) -> None:
    assert place.publish(graph(Version__c=8)).code == 0
    asyncio.run(marked(place.dsn, "KeyError receive:41"))
    try:
        answer = place.publish(graph(Version__c=9))
    finally:
        asyncio.run(marked(place.dsn, None))
    assert (answer.outcome, answer.code, answer.facts) == ("PARKED", 1, ())
    assert "o2c dlq list" in told(answer)[0]

"""`o2c tmf` as it runs: a process on a real broker, killed in mid-stream; every fact is told, in order, under its own id."""

import asyncio
import os
import signal
import subprocess
import sys
from random import Random

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from o2c.tmf.mapping import TOPIC
from shared import settings, topics
from shared.clock import Clock
from shared.contracts.base import Fact, to_json
from shared.contracts.intake import DocumentStored, OrderStateChanged
from shared.kafka import client
from shared.messaging.envelope import headers_of
from shared.messaging.relay import producer

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
ORDERS = [f"8015g00000Ab{number:03}AAF" for number in range(40)]
PATH = ["acknowledged", "inProgress", "held", "inProgress"]


def telling(broker: settings.Kafka) -> subprocess.Popen[bytes]:
    env = {**os.environ, "O2C_KAFKA__BOOTSTRAP_SERVERS": broker.bootstrap_servers[0]}
    return subprocess.Popen([sys.executable, "-m", "o2c.commands.tmf"], env=env, stdout=subprocess.DEVNULL)


async def publish(sender: AIOKafkaProducer, step: int) -> set[str]:
    """Each order goes one step, with a fact that is not told and a record that nobody can read; the ids that are awaited."""
    before, after, seq = (["start", *PATH])[step], PATH[step], 2 * step + 1
    for order in ORDERS:
        moved = OrderStateChanged.model_validate({"parent": order, "from": before, "to": after})
        stored = DocumentStored(parent=order, doc_id="d", sha256="0" * 64)
        for number, fact in enumerate((moved, stored), start=seq):
            await sender.send("o2c.intake.v1", to_json(fact), key=order.encode(), headers=told_of(order, number, fact))
    rubbish = OrderStateChanged.model_validate({"from": before, "to": after})
    await sender.send("o2c.intake.v1", b"{", key=ORDERS[0].encode(), headers=told_of(ORDERS[0], 99, rubbish))
    await sender.flush()
    return {f"tmf/intake/{order}/{seq}" for order in ORDERS}


def told_of(order: str, seq: int, fact: Fact) -> list[tuple[str, bytes]]:
    return headers_of("intake", order, seq, type(fact).__name__, Clock().now(), "x", "SYSTEM", None)


async def test_every_fact_is_told_in_order_however_often_the_process_is_killed(broker: settings.Kafka) -> None:
    await topics.create(broker)
    reader = AIOKafkaConsumer(TOPIC, **client(broker), auto_offset_reset="earliest", enable_auto_commit=False)
    sender = producer(broker, "test")
    await reader.start()
    await sender.start()
    random, process, seen, wanted = Random(7), telling(broker), list[tuple[str, str]](), set[str]()
    try:
        for step in range(len(PATH)):
            awaited = await publish(sender, step)
            wanted |= awaited
            enough = random.randint(1, len(ORDERS)) if step < len(PATH) - 1 else len(ORDERS)
            async with asyncio.timeout(60):
                while len(awaited & {one for _, one in seen}) < enough:
                    for records in (await reader.getmany(timeout_ms=100, max_records=5)).values():
                        seen += [(record.key.decode(), dict(record.headers)["ce_id"].decode()) for record in records]
            if step < len(PATH) - 1:
                process.send_signal(signal.SIGKILL)  # before or after it wrote down how far it has read
                process.wait()
                process = telling(broker)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, "told to stop, it stops by itself"
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        await sender.stop()
        await reader.stop()
    assert {one for _, one in seen} == wanted
    for order in ORDERS:
        first = dict.fromkeys(one for key, one in seen if key == order)
        assert [int(one.rpartition("/")[2]) for one in first] == [1, 3, 5, 7], "repeats aside, in the facts' order"

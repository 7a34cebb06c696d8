"""A bounce as it happens: the acta that the stack sent comes back to the mailbox, `o2c buzon` reads it, the clock is void."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer

from o2c.commands.demo import read_event
from o2c.play.cast import Cast
from o2c.play.driver import Driver, Heard
from o2c.stack.up import Stack
from shared.contracts.acceptance import AcceptanceClockStarted, AcceptanceClockVoided
from shared.contracts.base import Fact
from shared.contracts.catalogue import TOPIC, fact_type
from shared.contracts.notifications import NotificationBounced
from shared.kafka import client
from tests.bounces import block, postfix
from tests.imap import MailServer, settings_of

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]
FOLDER = Path(".o2c/test-bounces")


def acta_in(folder: Path, message_id: str) -> tuple[str, str]:
    """Headers of the mail that the stack sent, and whom it is addressed to."""
    for path in folder.glob("*.eml"):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        if mail["Message-ID"] == message_id:
            names = ("From", "To", "Cc", "Subject", "Message-ID", "In-Reply-To", "References")
            headers = "".join(f"{name}: {mail[name]}\n" for name in names if mail[name])
            return headers, mail["To"].addresses[0].addr_spec
    raise AssertionError(f"no mail {message_id} in {folder}")


def reading(stack: Stack, server: MailServer) -> subprocess.Popen[bytes]:
    told = settings_of(server, rest_seconds=0, poll_seconds=0.3)
    env = {f"O2C_MAILBOX__{name.upper()}": str(value) for name, value in told.items()}
    env = {**os.environ, **env, "O2C_KAFKA__BOOTSTRAP_SERVERS": ",".join(stack.bootstrap)}
    return subprocess.Popen([sys.executable, "-m", "o2c.commands.buzon"], env=env, stdout=subprocess.PIPE)


async def read_until(stack: Stack, wanted: type[Fact]) -> dict[str, Fact]:
    """Facts of notifications and acceptance by id, up to the first of the wanted kind and a little longer."""
    found: dict[str, Fact] = {}
    consumer = AIOKafkaConsumer(
        TOPIC("notifications"),
        TOPIC("acceptance"),
        **client(stack.broker),
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        while True:
            batches = await consumer.getmany(timeout_ms=2000)
            for record in (one for records in batches.values() for one in records):
                headers = {name: value.decode() for name, value in record.headers}
                if known := fact_type(headers["ce_type"]):
                    found[headers["ce_id"]] = known[1].model_validate_json(record.value)
            if not batches and any(isinstance(one, wanted) for one in found.values()):
                return found
    finally:
        await consumer.stop()


@pytest.mark.criterion("14.3", "X.11")
async def test_an_acta_that_comes_back_to_the_mailbox_voids_its_clock_once() -> None:
    heard: list[Heard] = []

    def started() -> list[AcceptanceClockStarted]:
        return [one.fact for one in heard if isinstance(one.fact, AcceptanceClockStarted)]

    async with Stack(FOLDER, sandbox=True, fresh=True, say=lambda _text: None) as stack:
        driver = Driver(stack, Cast(), heard.append, lambda: bool(started()))
        await driver.run(lambda: driver.publish("salesforce.orders", json.dumps(read_event(None)).encode()), limit_seconds=200)
        clock = started()[0]
        headers, address = acta_in(stack.mail.folder, clock.message_id)
        with MailServer() as server:
            for _ in range(2):  # delivered twice, the same report
                server.delivers(postfix(block((address, "failed", "5.1.1")), headers=headers))
            process = reading(stack, server)
            try:
                async with asyncio.timeout(120):
                    facts = await read_until(stack, AcceptanceClockVoided)
            finally:
                process.send_signal(signal.SIGTERM)
                output, _ = await asyncio.to_thread(process.communicate)
        assert process.returncode == 0, "told to stop, it stops by itself"
        assert address.encode() not in output
    assert [one.code for one in facts.values() if isinstance(one, AcceptanceClockVoided)] == ["5.1.1"]
    bounced = [one for one in facts.values() if isinstance(one, NotificationBounced)]
    assert [one.notification_id for one in bounced] == [clock.notification_id], "two deliveries of one report are one bounce"
    assert len(server.texts("o2c-leido")) == 2
    assert server.texts("INBOX") == []

"""A broker as production has it: TLS, SCRAM, and the access list of `o2c topics render`; each may what it needs, no more."""

import asyncio
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaConnectionError, TopicAuthorizationFailedError

from o2c.stack.kafka import ROOT, Guard, Kafka
from services.provisioning.app import SERVICE
from shared import topics
from shared.clock import Clock
from shared.contracts.catalogue import SERVICES
from shared.kafka import client
from shared.messaging.broker import make_broker
from shared.messaging.relay import producer
from shared.messaging.resources import Resources
from shared.settings import Kafka as KafkaSettings
from shared.settings import Settings
from tests.kafka import certificates

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]
TOPICS = {one.name: one for one in topics.TOPICS}
PRINCIPALS = sorted({one for topic in topics.TOPICS for one in (*topic.writers, *topic.readers)})
PASSWORDS = {one: f"secret-of-{one}" for one in (*PRINCIPALS, ROOT, topics.ADMIN)}


@pytest.fixture(scope="module")
def broker() -> Iterator[KafkaSettings]:
    """The settings of `root` on a guarded broker, with the topics made by the administrator's principal."""
    folder = Path(tempfile.mkdtemp(prefix="o2c-guarded-"))
    pem, ca_file = certificates.make(folder)
    kafka = Kafka(folder / "kafka", print, Guard(pem, PASSWORDS))
    try:
        kafka.start()
        root = KafkaSettings.model_validate(
            {
                "bootstrap_servers": [kafka.bootstrap],
                "security": "SASL_SSL",
                "username": ROOT,
                "password": PASSWORDS[ROOT],
                "ca_file": ca_file,
            }
        )
        asyncio.run(prepared(root))
        yield root
    finally:
        kafka.kill()
        shutil.rmtree(folder)


async def prepared(root: KafkaSettings) -> None:
    await topics.grant(root, topics.acls())
    assert (await topics.create(as_principal(root, topics.ADMIN))).differing == ()
    async with sending(root) as sender:
        for name in TOPICS:
            await sender.send_and_wait(name, b"{}", key=b"k", partition=0)


def as_principal(root: KafkaSettings, name: str, **changed: object) -> KafkaSettings:
    """The settings of one process: its own principal and password."""
    return KafkaSettings.model_validate({**root.model_dump(), "username": name, "password": PASSWORDS[name], **changed})


@asynccontextmanager
async def sending(kafka: KafkaSettings) -> AsyncIterator[AIOKafkaProducer]:
    sender = AIOKafkaProducer(**client(kafka), acks="all")
    await sender.start()
    try:
        yield sender
    finally:
        await sender.stop()


async def may_write(sender: AIOKafkaProducer, topic: str) -> bool:
    try:
        await sender.send_and_wait(topic, b"{}", key=b"k", partition=0)
    except TopicAuthorizationFailedError:
        return False
    return True


async def may_read(kafka: KafkaSettings, topic: str) -> bool:
    """Whether the first record of the topic comes: asking for its offsets alone would also be answered to a writer."""
    async with topics.administering(kafka) as admin:
        if (await admin.describe_topics([topic]))[0]["error_code"] == TopicAuthorizationFailedError.errno:
            return False  # the client would ask for its leader for ever
    part = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(**client(kafka), enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([part])
        return bool(await asyncio.wait_for(consumer.getone(part), 20))
    except TopicAuthorizationFailedError:
        return False
    finally:
        await consumer.stop()


@pytest.mark.parametrize("principal", PRINCIPALS)
async def test_a_principal_writes_and_reads_exactly_the_topics_of_its_lines(broker: KafkaSettings, principal: str) -> None:
    own = as_principal(broker, principal)
    async with sending(own) as sender:
        written = {name for name in TOPICS if await may_write(sender, name)}
    readable = await asyncio.gather(*(may_read(own, name) for name in TOPICS))
    read = {name for name, yes in zip(TOPICS, readable, strict=True) if yes}
    assert written == {name for name, topic in TOPICS.items() if principal in topic.writers}
    assert read == {name for name, topic in TOPICS.items() if principal in topic.readers}


async def joined(kafka: KafkaSettings, group: str) -> None:
    consumer = AIOKafkaConsumer("o2c.intake.v1", **client(kafka), group_id=group, auto_offset_reset="earliest")
    try:
        await consumer.start()
        await asyncio.wait_for(consumer.getone(), 20)
    finally:
        await consumer.stop()


async def test_a_principal_has_its_own_consumer_groups_alone(broker: KafkaSettings) -> None:
    await joined(as_principal(broker, "noc"), "noc.panel")
    await joined(as_principal(broker, "billing"), "billing.v1")
    for principal, group in (("noc", "billing.v1"), ("billing", "intake.v1"), ("billing", "billing.v2")):
        with pytest.raises(GroupAuthorizationFailedError):
            await joined(as_principal(broker, principal), group)


async def test_a_service_consumes_and_relays_with_its_own_principal(broker: KafkaSettings) -> None:
    settings = Settings(kafka=as_principal(broker, "provisioning"))
    resources = Resources("provisioning", settings, SERVICE.roster(), SERVICE.worlds(Clock()), None, None, Clock())
    heard = asyncio.Event()
    topics_heard: set[str] = set()

    async def on_batch(message: object) -> None:
        topics_heard.update(record.topic for record in message.raw_message)  # type: ignore[attr-defined]
        await message.ack()  # type: ignore[attr-defined]
        if topics_heard == set(SERVICE.topics({})):
            heard.set()

    consumer = make_broker(resources, on_batch, SERVICE.topics({}))
    relay = producer(settings.kafka, "provisioning-relay-0")
    try:
        await consumer.start()
        await relay.start()
        await relay.send_and_wait("o2c.provisioning.v1", b"{}", key=b"k")
        await asyncio.wait_for(heard.wait(), 30)
    finally:
        await relay.stop()
        await consumer.stop()


async def test_who_sends_commands_reads_where_their_refusals_are_told(broker: KafkaSettings) -> None:
    for service in SERVICES:
        for partner in topics.COMMANDERS[service]:
            assert await may_read(as_principal(broker, partner), f"o2c.{service}.v1"), f"{partner} never hears CommandRefused"


async def test_nobody_comes_in_with_a_wrong_password_or_without_one(broker: KafkaSettings) -> None:
    for changed in ({"password": "guessed"}, {"security": "SSL"}):
        with pytest.raises(KafkaConnectionError):
            await topics.create(as_principal(broker, "intake", **changed))


async def test_a_broker_that_cannot_prove_its_name_is_told_nothing(broker: KafkaSettings, tmp_path: Path) -> None:
    _, other_authority = certificates.make(tmp_path)
    with pytest.raises((KafkaConnectionError, ssl.SSLError)):
        await topics.create(as_principal(broker, topics.ADMIN, ca_file=other_authority))
    elsewhere = [one.replace("127.0.0.1", "localhost") for one in broker.bootstrap_servers]
    with pytest.raises((KafkaConnectionError, ssl.SSLError)):
        await topics.create(as_principal(broker, topics.ADMIN, bootstrap_servers=elsewhere))


async def test_no_principal_of_ours_may_change_the_access_list(broker: KafkaSettings) -> None:
    for principal in ("intake", topics.ADMIN):
        with pytest.raises(topics.TopicError, match="ClusterAuthorizationFailedError"):
            await topics.grant(as_principal(broker, principal), topics.acls()[:1])

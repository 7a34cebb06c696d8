"""Topics on a real broker: made with their settings, compared when they stand, refused aloud."""

import asyncio
from dataclasses import replace

import pytest
from aiokafka.admin import NewTopic

from shared import settings, topics

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]
NAMES = tuple(one.name for one in topics.TOPICS)
FACTS = topics.TOPICS[0]


async def seen(broker: settings.Kafka, name: str) -> None:
    """Kafka answers before its brokers know of a new topic."""
    async with topics.administering(broker) as admin, asyncio.timeout(15):
        while True:
            if name in await admin.list_topics():
                return
            await asyncio.sleep(0.05)


async def test_topics_are_made_once_with_the_settings_they_should_have(broker: settings.Kafka) -> None:
    assert await topics.create(broker) == topics.Report(NAMES, ())
    assert await topics.create(broker) == topics.Report((), ())


async def test_a_topic_that_stands_otherwise_is_reported_and_left_alone(broker: settings.Kafka) -> None:
    wanted = replace(FACTS, name="o2c.example.v1")
    configs = wanted.settings(1) | {"cleanup.policy": "compact"}
    async with topics.administering(broker) as admin:
        await admin.create_topics([NewTopic(wanted.name, 3, 1, topic_configs=configs)])
    await seen(broker, wanted.name)
    expected = (
        topics.Difference(wanted.name, "partitions", "3", "12"),
        topics.Difference(wanted.name, "cleanup.policy", "compact", "delete"),
    )
    assert await topics.create(broker, (wanted,)) == topics.Report((), expected)
    assert await topics.create(broker, (wanted,)) == topics.Report((), expected)


async def test_what_kafka_refuses_only_in_its_answer_is_raised_with_name_and_reason(broker: settings.Kafka) -> None:
    missing = replace(FACTS, name="o2c.absent.v1")
    misnamed = replace(FACTS, name="o2c absent")
    with pytest.raises(topics.TopicError, match=r"o2c\.absent.v1: 38 InvalidReplicationFactorError"):
        await topics.create(broker.model_copy(update={"replication": 3}), (missing,))
    with pytest.raises(topics.TopicError, match=r"o2c absent: 17 InvalidTopicError"):
        await topics.create(broker, (misnamed, missing))
    await seen(broker, missing.name)
    assert await topics.create(broker, (missing,)) == topics.Report((), ())

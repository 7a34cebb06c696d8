"""Each safety of the core on a real broker and database: nothing is lost or doubled, and without it the same checks say so."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from random import Random
from string import ascii_letters

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.contracts.catalogue import TOPIC
from shared.messaging.resources import EXIT_STUCK
from tests.faults.bench import Bench, Trial, standing

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with standing(Path(".o2c/faults-bench").resolve()) as made:
        yield made


# First of all: a killed broker forgets what was deleted of its topics, and the tables know it no more.
async def test_nothing_is_lost_or_doubled_when_kafka_is_killed_under_two_replicas_and_then_one_of_them(bench: Bench) -> None:
    async with bench.trial({}, replicas=2) as trial:
        await trial.send_notes(15, 2)
        await asyncio.to_thread(bench.kafka.kill)
        await asyncio.to_thread(bench.kafka.start)
        await trial.send_notes(15, 2, first=3)
        assert await trial.quiet()
        assert [child.starts for child in trial.supervisor.children] == [1, 1], "an outage needs no restart"
        trial.supervisor.kill("echo-0")
        await trial.send_notes(15, 2, first=5)
        assert await trial.quiet()
        assert await trial.complaints() == {}


async def test_nothing_is_lost_or_doubled_by_repeats_odd_headers_and_deaths_at_every_point(bench: Bench) -> None:
    points = ("batch_before_commit", "batch_after_commit", "batch_after_ack", "relay_after_read", "relay_after_send")
    async with bench.trial({"O2C_CRASH_AT": ",".join(points)}) as trial:
        for first in range(1, 40, 4):  # a death at one place can forestall another, so there is work until all have been
            await trial.send_notes(30, 4, first=first)
            assert await trial.quiet()
            if len(trial.deaths()) == len(points):
                break
        assert sorted(trial.deaths()) == sorted(points)
        assert await trial.complaints() == {}


async def crash_postgres_under_work(bench: Bench, trial: Trial) -> None:
    await trial.send_notes(15, 2)
    bench.postgres.stop("immediate")
    await trial.send_notes(15, 2, first=3)
    await asyncio.sleep(2)  # batches come while there is no database
    bench.postgres.start()
    await trial.send_notes(15, 2, first=5)
    assert await trial.quiet()


async def test_nothing_is_lost_or_doubled_when_postgres_crashes_under_work(bench: Bench) -> None:
    async with bench.trial({}) as trial:
        await crash_postgres_under_work(bench, trial)
        assert await trial.complaints() == {}
        assert [child.starts for child in trial.supervisor.children] == [1], "an outage needs no restart"


async def test_without_the_nack_a_crash_of_postgres_loses_messages(bench: Bench) -> None:
    async with bench.trial({"O2C_ECHO_WITHOUT": "nack"}) as trial:
        await crash_postgres_under_work(bench, trial)
        found = await trial.complaints()
    assert any("lost or doubled: a note" in name for name in found), found


@pytest.mark.parametrize(
    ("safety", "crash_at", "complaint"),
    [
        ("commit before ack", "batch_before_commit", "lost"),
        ("cursor", "", "lost or doubled: a note"),  # every note is sent twice
        ("inbox", "", "lost or doubled: a command"),  # every command too
        ("sending before deleting", "relay_after_read", "lost: a fact that never reached its topic"),
        ("tolerant parser", "", "lost: a message heard here"),
    ],
)
async def test_without_a_safety_the_same_checks_complain(bench: Bench, safety: str, crash_at: str, complaint: str) -> None:
    async with bench.trial(
        {"O2C_ECHO_WITHOUT": safety, "O2C_CRASH_AT": crash_at} if crash_at else {"O2C_ECHO_WITHOUT": safety}
    ) as trial:
        await trial.send_notes(15, 3)
        await trial.quiet(15)  # a batch that the framework throws away is at times never acknowledged either
        found = await trial.complaints()
    assert any(complaint in name for name in found), f"without {safety}: {found}"


async def limit_messages(bench: Bench, size_bytes: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bench.bootstrap)
    await admin.start()
    try:
        settings = {"max.message.bytes": str(size_bytes)}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, TOPIC("provisioning"), settings)])
    finally:
        await admin.close()


async def test_a_relay_that_fails_three_times_ends_its_process_with_70_and_the_next_one_sends_all(bench: Bench) -> None:
    async with bench.trial({}) as trial:
        (child,) = trial.supervisor.children
        assert child.process is not None
        await trial.execute("REVOKE DELETE ON provisioning.outbox FROM provisioning_relay")
        await trial.send_notes(5, 1)
        assert await child.process.wait() == EXIT_STUCK
        await trial.execute("GRANT DELETE ON provisioning.outbox TO provisioning_relay")
        assert await trial.quiet()
        assert await trial.complaints() == {}


async def test_a_fact_that_kafka_refuses_holds_back_its_own_order_alone_and_goes_once_it_may(bench: Bench) -> None:
    async with bench.trial({}) as trial:
        (child,) = trial.supervisor.children
        await limit_messages(bench, 3000)
        await trial.send_notes(5, 2)
        assert await trial.quiet()
        await trial.send_command(0, "".join(Random(7).choices(ascii_letters, k=4000)))
        await trial.send_notes(5, 2, first=3)
        assert await trial.quiet(waiting=3), "the long note and what followed it wait, and nothing else"
        assert await trial.fetchval("SELECT count(*) FROM provisioning.outbox WHERE refused = 'MessageSizeTooLargeError'") == 1
        assert await trial.fetchval("SELECT count(DISTINCT aggregate) FROM provisioning.outbox") == 1
        await limit_messages(bench, 1_048_588)
        assert await trial.quiet()
        assert child.starts == 1, "no relay gave up"
        assert await trial.complaints() == {}

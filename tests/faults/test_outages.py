"""Two replicas of every service over a whole order, while replicas, the broker and the database go away and come back."""

import asyncio
import signal
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Final

import pytest

from o2c.stack.up import Stack
from shared.contracts.catalogue import SERVICES
from tests.faults.holding import replica_at_work
from tests.faults.ordeal import ALL, ORDER, QUICK_EFFECTS, ROUNDS, Injury, Ordeal

FOLDER: Final = Path(".o2c/faults").resolve()
LONGER_THAN_A_SESSION: Final = 14.0
"""Kafka gives a silent member's partitions to the other replica after ten seconds."""


async def kill_for_good(stack: Stack) -> None:
    """The order can only go on through the other replica: a rebalance."""
    stack.supervisor.kill(await replica_at_work(stack, "provisioning", ORDER), signal.SIGKILL, rest_seconds=3600)


async def kill_at_work(stack: Stack) -> None:
    stack.supervisor.kill(await replica_at_work(stack, "intake", ORDER), signal.SIGKILL)


async def freeze_at_work(stack: Stack) -> None:
    """A process that comes back from the dead after another has taken its work."""
    victim = await replica_at_work(stack, "testing", ORDER)
    stack.supervisor.kill(victim, signal.SIGSTOP)
    await asyncio.sleep(LONGER_THAN_A_SESSION)
    stack.supervisor.kill(victim, signal.SIGCONT)


async def kill_kafka(stack: Stack) -> None:
    await asyncio.to_thread(stack.kafka.kill)
    await asyncio.sleep(3)
    await asyncio.to_thread(stack.kafka.start)


async def crash_postgres(stack: Stack) -> None:
    await asyncio.to_thread(stack.postgres.stop, "immediate")
    await asyncio.sleep(3)
    await asyncio.to_thread(stack.postgres.start)


INJURIES: Final = (
    Injury("DocsValidated", "the intake replica at work killed", kill_at_work),
    Injury("SuborderReleased", "the provisioning replica at work killed for good", kill_for_good),
    Injury("ServiceProvisioned", "the testing replica at work frozen for 14 s", freeze_at_work),
    Injury("TestsPassed", "Postgres crashed, 3 s down", crash_postgres),
    Injury("BillingRequested", "Kafka killed, 3 s down", kill_kafka),
)


def injuries_of(number: int) -> list[Injury]:
    """The table above; in further rounds the same faults at other moments, by a seed that is the round's number."""
    moments = [one.on for one in INJURIES]
    Random(number).shuffle(moments) if number else None
    return [replace(one, on=on) for one, on in zip(INJURIES, moments, strict=True)]


@pytest.mark.kafka
@pytest.mark.faults
@pytest.mark.skipif(not ALL, reason="twelve processes for minutes: `make faults`")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", range(ROUNDS))
async def test_an_order_ends_complete_though_replicas_broker_and_database_fail_one_after_the_other(number: int) -> None:
    extra = {f"{service}-{replica}": QUICK_EFFECTS for service in SERVICES for replica in range(2)}
    async with Stack(FOLDER, sandbox=True, fresh=True, environment="test", replicas=2, extra_env=extra) as stack:
        ordeal = Ordeal(stack, injuries_of(number))
        await ordeal.carry()
        complaints = await ordeal.complaints()
        resting = [child.name for child in stack.supervisor.children if child.rest_seconds]
    assert len(ordeal.injected) == len(INJURIES), f"injected only {ordeal.injected}"
    assert complaints == {}, f"after {ordeal.injected}"
    assert len(resting) == 1, "what the killed replica had was done by the other one, not by its next start"

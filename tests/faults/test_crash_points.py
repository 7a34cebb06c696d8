"""Processes that die at the worst places: what was not committed comes again, what was committed is known again."""

from collections import Counter
from pathlib import Path
from random import Random
from typing import Final, get_args

import asyncpg
import pytest

from o2c.stack.up import Stack
from shared.contracts.catalogue import SERVICES
from shared.settings import CrashPoint
from tests.faults.broken import unnoticed_by
from tests.faults.ordeal import QUICK_EFFECTS, ROUNDS, Ordeal, admin_of
from tests.lifecycle.test_lifecycle import bank, told

RUBBISH: Final = (
    b"{no json",
    b"\xff\xfe\x00",
    b"[]",
    b'{"order": 1, "suborders": []}',
    b'"' + b"x" * 900_000 + b'"',
    b'{"a":"\\u0000"}',
    None,
)
POINTS: Final = {
    "intake": {"batch_before_commit": 2, "relay_after_send": 1, "command_before_commit": 1},
    "provisioning": {"batch_after_commit": 2, "relay_after_read": 1},
    "testing": {"batch_after_ack": 1, "relay_after_send": 1},
    "acceptance": {"effect_after_act": 1, "deadline_before_commit": 2},
    "billing": {"batch_before_commit": 1, "batch_after_commit": 1},
    "notifications": {"effect_after_lease": 1, "effect_after_act": 1},
}
"""Every point at least once, each where it weighs most: a mail that was sent, a signature's deadline, a billing request."""
FOLDER: Final = Path(".o2c/faults").resolve()

TOLD: Final = "SELECT aggregate, type, count(*) AS n FROM {s}.fact GROUP BY aggregate, type"
BY_THE_CLOCK: Final = {
    *("WaitingChanged", "BillingDeferred"),
    *("AcceptanceReminderRequested", "AcceptanceReminderSent"),
    *("JeopardyRaised", "JeopardyCleared", "TaskEscalated"),
    *("NotificationRequested", "NotificationQueued", "NotificationSent", "DeliveryDeferred", "NotificationFailed"),
}
"""Facts of moments in between, and of what happens or not by how many days pass while a service is down."""


def points_of(number: int) -> dict[str, dict[str, int]]:
    """The table above; in further rounds five points of every service at random, by a seed that is the round's number."""
    if number == 0:
        return POINTS
    dice = Random(number)
    return {service: dict.fromkeys(dice.sample(get_args(CrashPoint), 5), 1) for service in SERVICES}


def dying_at(service: str, points: dict[str, int]) -> dict[str, str]:
    crash_log = FOLDER / "crashes" / service
    crash_log.parent.mkdir(parents=True, exist_ok=True)
    crash_log.write_text("")
    at = ",".join(f"{name}:{times}" for name, times in points.items())
    return {"O2C_CRASH_AT": at, "O2C_CRASH_LOG": str(crash_log), **QUICK_EFFECTS}


def deaths(service: str) -> Counter[str]:
    return Counter((FOLDER / "crashes" / service).read_text().split())


Said = Counter[tuple[str, str, str]]


def undisturbed() -> Said:
    """What the same order says in one process without any fault."""
    town = bank()
    town.live(14)
    return Counter({key: count for key, count in told(town).items() if key[2] not in BY_THE_CLOCK})


async def told_by(connection: asyncpg.Connection) -> Said:
    said: Said = Counter()
    for service in SERVICES:
        for row in await connection.fetch(TOLD.format(s=service)):
            aggregate = "" if service == "notifications" else row["aggregate"]
            if row["type"] not in BY_THE_CLOCK:
                said[service, aggregate, row["type"]] += row["n"]
    return said


@pytest.mark.kafka
@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.criterion("1.3", "14.5", "15.1", "15.2")
@pytest.mark.parametrize("number", range(ROUNDS))
async def test_an_order_ends_complete_though_its_services_die_at_every_crash_point(number: int) -> None:
    points = points_of(number)
    extra = {f"{service}-0": dying_at(service, points[service]) for service in points}
    async with Stack(FOLDER, sandbox=True, fresh=True, environment="test", extra_env=extra) as stack:
        ordeal = Ordeal(stack)
        await ordeal.carry(rubbish=RUBBISH)
        complaints = await ordeal.complaints()
        async with ordeal.checks() as checks:
            unnoticed = await unnoticed_by(checks)
        async with admin_of(stack) as connection:
            said = await told_by(connection)
            dead = await connection.fetchval("SELECT count(*) FROM intake.dead_letter")
    assert complaints == {}, f"after deaths at {points}"
    assert ordeal.types.count("OrderReceived") == 1
    assert dead == len(RUBBISH) - 1, "a tombstone is counted, everything else is kept with its reason"
    died = {service: deaths(service) for service in points}
    if number == 0:
        assert died == POINTS, "each process died where it was told to, and as often"
    else:
        assert sum(map(sum, (one.values() for one in died.values()))) > len(SERVICES), f"few of {points} were reached"
    assert unnoticed == []
    assert said == undisturbed(), f"after deaths at {points}"

"""One order on real Kafka and Postgres, every service its own process, while they are killed and fed rubbish."""

import json
import signal
from pathlib import Path

import asyncpg
import pytest
from rich.console import Console

from o2c.commands.demo import confirmed, read_event, silent_of
from o2c.commands.verify import verify_all
from o2c.play.cast import Cast
from o2c.play.driver import Driver, Heard
from o2c.stack.up import Stack
from shared.contracts.catalogue import SERVICES
from shared.contracts.intake import OrderCompleted
from shared.migrate import role_dsn

FIRST, SECOND = "8015g00000AbC02AAF", "8015g00000AbC03AAF"
RUBBISH = (
    b"{no json",
    b"\xff\xfe\x00",
    b"[]",
    b'{"order": 1, "suborders": []}',
    b'"' + b"x" * 900_000 + b'"',
    b'{"a":"\\u0000"}',
    None,
)
KILLED_ON = {
    "DocsValidated": "intake-0",
    "NetworkBuilt": "provisioning-0",
    "AtpPrepared": "testing-0",
    "AcceptanceSigned": "billing-0",
}
DOUBLED = "SELECT aggregate FROM {s}.fact GROUP BY aggregate HAVING count(*) <> max(seq)"
LEFT = """
SELECT (SELECT count(*) FROM {s}.outbox) + (SELECT count(*) FROM {s}.parked)
  + (SELECT count(*) FROM {s}.aggregate WHERE blocked IS NOT NULL)"""


@pytest.mark.kafka
@pytest.mark.faults
@pytest.mark.timeout(400)
@pytest.mark.criterion("1.3", "14.5", "15.1", "15.2")
async def test_an_order_ends_complete_while_services_are_killed_and_rubbish_and_repeats_arrive() -> None:
    event = read_event(None)
    types: list[str] = []
    async with Stack(Path(".o2c/test"), sandbox=True, fresh=True, environment="test") as stack:

        def on_fact(heard: Heard) -> None:
            name = type(heard.fact).__name__
            types.append(name)
            victim = KILLED_ON.pop(name, None)
            if victim:
                stack.supervisor.kill(victim, signal.SIGKILL)

        driver = Driver(stack, Cast(silent=silent_of(event)), on_fact, lambda: OrderCompleted.__name__ in types)

        async def begin() -> None:
            for value in RUBBISH:
                await driver.publish("salesforce.orders", value, key="rubbish", headers=[("broken", b"\xff\xfe")])
            for _ in range(3):
                await driver.publish("salesforce.orders", json.dumps(event).encode())

        await driver.run(begin, limit_seconds=300)
        activations = await confirmed(stack)
        differing = await verify_all(stack.dsn, Console(quiet=True))
        admin = await asyncpg.connect(role_dsn(stack.dsn, "postgres"))
        try:
            doubled = [await admin.fetch(DOUBLED.format(s=one)) for one in SERVICES]
            left = [await admin.fetchval(LEFT.format(s=one)) for one in SERVICES]
            dead = await admin.fetch("SELECT reason FROM intake.dead_letter ORDER BY reason")
        finally:
            await admin.close()
        starts = {child.name: child.starts for child in stack.supervisor.children}
    assert activations == {f"{site}/{phase}": 1 for site in (FIRST, SECOND) for phase in (1, 2)}
    assert differing == 0
    assert doubled == [[] for _ in SERVICES]
    assert left == [0 for _ in SERVICES]
    assert len(dead) == len(RUBBISH) - 1, "a tombstone is counted, everything else is kept with its reason"
    assert types.count("OrderReceived") == 1
    assert all(starts[name] >= 2 for name in ("intake-0", "provisioning-0", "testing-0", "billing-0")), "each was killed"

"""Two releases of whole processes side by side on real Kafka and Postgres, there, back and there again, while orders move."""

import asyncio
from itertools import islice
from pathlib import Path
from typing import Final

import pytest

from o2c.commands.demo import confirmed
from o2c.local import service_of
from shared.contracts.catalogue import SERVICES
from shared.contracts.intake import HoldOrder, OrderHeld, OrderResumed, ResumeOrder
from shared.contracts.provisioning import PlanNetworkBuild, ServiceProvisioned
from shared.contracts.testing import StartInternalTests, TestsPassed
from shared.messaging.resources import EXIT_UNFIT
from shared.messaging.store import NEWER
from tests.faults.checks import OVER_A_WHOLE_ORDER, Checks, Complaints
from tests.faults.ordeal import ALL, admin_of
from tests.upgrade.next_release import next_release
from tests.upgrade.rolling import Order, Play, Rolling, orders

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(600)]
FOLDER: Final = Path(".o2c/test-upgrade").resolve()
OLD: Final = None
"""This tree is the release that runs first."""
BACK: Final = ("provisioning-0", *(("testing-1", "testing-0") if ALL else ()))
"""What goes back: those that tell first. Every replica, those that hear too, in `make faults`."""
UNHEARD: Final = {
    "lost: what the next release alone hears, without exactly one answer": """
        SELECT p.aggregate, count(t.seq) FROM provisioning.fact p
        LEFT JOIN testing.fact t ON t.caused_by = 'provisioning/' || p.aggregate || '/' || p.seq
        WHERE p.type = 'AddressesAssigned' GROUP BY 1 HAVING count(t.seq) <> 1"""
}
LEFT: Final = "SELECT '{s}' AS service, id, blocked FROM {s}.aggregate WHERE blocked IS NOT NULL"
SAID: Final = "SELECT aggregate FROM provisioning.fact WHERE type = 'AddressesAssigned'"


async def complaints(stack: Rolling) -> Complaints:
    """What is still wrong when the last mails and facts have had a minute to go out."""
    found: Complaints = {}
    for _ in range(60):
        found = await complaints_now(stack)
        if not found:
            break
        await asyncio.sleep(1)
    return found


async def complaints_now(stack: Rolling) -> Complaints:
    async with admin_of(stack) as connection:
        services = {one: service_of(one) for one in SERVICES}
        checks = Checks(connection, stack.bootstrap, services, OVER_A_WHOLE_ORDER | UNHEARD)
        await checks.read()
        return await checks.complaints()


async def left(stack: Rolling) -> set[tuple[str, str, str]]:
    """Service, aggregate and reason of every order that waits for a repair or another release."""
    async with admin_of(stack) as connection:
        return {tuple(row) for row in await connection.fetch(" UNION ALL ".join(LEFT.format(s=one) for one in SERVICES))}


async def said_the_new_fact(stack: Rolling) -> set[str]:
    async with admin_of(stack) as connection:
        return {row["aggregate"] for row in await connection.fetch(SAID)}


async def test_orders_move_while_a_release_is_rolled_out_taken_back_and_rolled_out_again(tmp_path: Path) -> None:
    new = next_release(tmp_path / "next")
    (first, second), (third,) = islice(orders(lower=True), 2), islice(orders(lower=False), 1)
    async with Rolling(FOLDER, sandbox=True, fresh=True, environment="test") as stack:
        play = Play(stack)
        play.keeps_back(StartInternalTests, first, second)
        play.keeps_back(PlanNetworkBuild, second, third)
        playing = asyncio.create_task(play.driver.run(lambda: play.publish(first, second, third), 300))
        try:
            await rolled_out(stack, play, new, first)
            await mixed_with_new_facts(stack, play, new, second, third)
            await taken_back(stack, play, second)
            await rolled_out_again(stack, play, new)
        finally:
            play.over = True
            await playing
        assert await confirmed(stack) == {f"{one.suborder}/1": 1 for one in (first, second, third)}
        assert await complaints(stack) == {}
        assert await left(stack) == set()
        await stack.told(new, "verify")


async def rolled_out(stack: Rolling, play: Play, new: Path, first: Order) -> None:
    """Half of those that hear, once the schema has what they need; the other half works beside them."""
    begun = play.until("a site of the older release alone", lambda: play.tells(first, ServiceProvisioned))
    (code, output), _ = await asyncio.gather(stack.refused("testing", new), begun)
    assert (code, "falta testing_0001_pre_rack" in output) == (EXIT_UNFIT, True), output
    await stack.told(new, "db", "upgrade", "--phase", "pre")
    await stack.put("testing-0", new)
    play.goes_on(StartInternalTests, first)
    await play.work_of_each("testing-0", "testing-1")
    play.time_passes = True


async def mixed_with_new_facts(stack: Rolling, play: Play, new: Path, second: Order, third: Order) -> None:
    """When all hear, half of those that tell: an order begun by one release goes on under the other."""
    await stack.put("testing-1", new)
    await stack.put("provisioning-0", new)
    play.goes_on(PlanNetworkBuild, second, third)
    await play.work_of_each("provisioning-0", "provisioning-1")
    stack.preferred["provisioning"] = "provisioning-0"
    await play.until("sites of both releases", lambda: all(play.tells(one, ServiceProvisioned) for one in (second, third)))
    assert second.suborder in await said_the_new_fact(stack)
    assert await left(stack) == set()


async def taken_back(stack: Rolling, play: Play, second: Order) -> None:
    """The way back is open: what only the newer release can read waits, untouched, and everything else goes on."""
    stack.preferred.clear()
    for name in BACK:
        await stack.put(name, OLD)
    play.asks(HoldOrder(aggregate=second.parent, suborders=(second.suborder,), reason="Obra civil en la calle"))
    await play.until("the hold", lambda: play.tells(second, OrderHeld))
    play.asks(ResumeOrder(aggregate=second.parent, suborders=(second.suborder,), reason="La calle está abierta"))
    await play.until("the end of the hold", lambda: play.tells(second, OrderResumed))
    play.goes_on(StartInternalTests, second)
    await play.until("tests under the older release", lambda: play.tells(second, TestsPassed))
    assert await left(stack) == {("provisioning", second.suborder, NEWER)}


async def rolled_out_again(stack: Rolling, play: Play, new: Path) -> None:
    """To its end: what had waited is told by itself, and the older release may not come back."""
    for name in (*reversed(BACK), "provisioning-1"):
        await stack.put(name, new)
    await stack.told(new, "db", "upgrade", "--phase", "post")
    ended = play.until("the end of every order", play.complete)
    (code, output), _ = await asyncio.gather(stack.refused("testing", OLD), ended)
    assert (code, "desconocida testing_0002_post_rack" in output) == (EXIT_UNFIT, True), output

"""Processes that die at the worst places: what was not committed comes again, what was committed is known again."""

from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from o2c.stack.up import Stack
from tests.faults.ordeal import Ordeal

RUBBISH: Final = (
    b"{no json",
    b"\xff\xfe\x00",
    b"[]",
    b'{"order": 1, "suborders": []}',
    b'{"a":"\\u0000"}',
    None,
)
QUICK_EFFECTS: Final = {"O2C_WORKERS__EFFECT_LEASE_SECONDS": "4", "O2C_WORKERS__EFFECT_LIMIT_SECONDS": "3"}
"""What a dead process had claimed is taken up by the next one after seconds, not a minute."""
POINTS: Final = {
    "intake": {"batch_before_commit": 2, "relay_after_send": 1, "command_before_commit": 1},
    "provisioning": {"batch_after_commit": 2, "relay_after_read": 1},
    "testing": {"batch_after_ack": 1, "relay_after_send": 1},
    "acceptance": {"effect_after_act": 1, "deadline_before_commit": 2},
    "billing": {"batch_before_commit": 1, "batch_after_commit": 1},
    "notifications": {"effect_after_lease": 1, "effect_after_act": 1},
}
FOLDER: Final = Path(".o2c/faults").resolve()


def dying_at(service: str, points: dict[str, int]) -> dict[str, str]:
    crash_log = FOLDER / "crashes" / service
    crash_log.parent.mkdir(parents=True, exist_ok=True)
    crash_log.unlink(missing_ok=True)
    at = ",".join(f"{name}:{times}" for name, times in points.items())
    return {"O2C_CRASH_AT": at, "O2C_CRASH_LOG": str(crash_log), **QUICK_EFFECTS}


def deaths(service: str) -> Counter[str]:
    return Counter((FOLDER / "crashes" / service).read_text().split())


@pytest.mark.kafka
@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.criterion("1.3", "14.5", "15.1", "15.2")
async def test_an_order_ends_complete_though_its_services_die_at_every_crash_point() -> None:
    extra = {f"{service}-0": dying_at(service, points) for service, points in POINTS.items()}
    async with Stack(FOLDER, sandbox=True, fresh=True, environment="test", extra_env=extra) as stack:
        ordeal = Ordeal(stack)
        await ordeal.carry(rubbish=RUBBISH)
        complaints = await ordeal.complaints()
    assert {service: deaths(service) for service in POINTS} == POINTS, "each process died where it was told to, and as often"
    assert complaints == {}, f"after deaths at {POINTS}"

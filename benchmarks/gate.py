"""What must hold before a figure counts: a fast wrong run is a failed run (C1 to C3 and C7 of the promises, and the fold)."""

from typing import Final

import asyncpg
from rich.console import Console

from o2c.commands.demo import confirmed
from o2c.commands.verify import verify_all
from o2c.stack.up import Stack
from shared.contracts.catalogue import SERVICES
from shared.migrate import role_dsn

DOUBLED: Final = "SELECT count(*) FROM (SELECT FROM {s}.fact GROUP BY aggregate HAVING count(*) <> max(seq)) d"
LEFT: Final = """
SELECT (SELECT count(*) FROM {s}.outbox) + (SELECT count(*) FROM {s}.parked)
  + (SELECT count(*) FROM {s}.aggregate WHERE blocked IS NOT NULL)"""
DEAD: Final = "SELECT count(*) FROM {s}.dead_letter"


async def failures(stack: Stack, orders: int, phases: int) -> list[str]:
    """What is wrong with a run of so many orders that each bill in so many phases; nothing, if it counts."""
    wrong: list[str] = []
    admin = await asyncpg.connect(role_dsn(stack.dsn, "postgres"))
    try:
        for what, statement in (("doubled", DOUBLED), ("left over", LEFT), ("dead", DEAD)):
            for service in SERVICES:
                count = await admin.fetchval(statement.format(s=service))
                wrong += [f"{service}: {count} {what}"] if count else []
    finally:
        await admin.close()
    activations = await confirmed(stack)
    if len(activations) != orders * phases or set(activations.values()) != {1}:
        wrong.append(f"{len(activations)} activations, wanted {orders * phases}, each once")
    differing = await verify_all(stack.dsn, Console(quiet=True))
    return [*wrong, f"{differing} documents differ from their facts"] if differing else wrong

"""Replays a dead letter, or releases a blocked order: failing message first, then the parked, one transaction each (4.4).

An order stays blocked until nothing waits behind it any more: a new message that overtook a parked one of the same source
would move the cursor past it, and the parked one would be taken for a repeat.
"""

from dataclasses import dataclass
from typing import Any

from shared.db import unit_of_work
from shared.messaging import letters, store
from shared.messaging.apply import Unit
from shared.messaging.consumer import Sorter
from shared.messaging.fragments import whole
from shared.messaging.inbound import Item, Kept, Record


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one message: done, or why it still fails."""

    id: str
    done: bool
    why: str = ""


async def replay_letter(sorter: Sorter, pool: Any, letter: str, *, dry_run: bool = False) -> Result:
    """The letter goes through the same door with its original headers; success only when its effect is committed."""
    async with unit_of_work(pool) as connection:
        record = await letters.record_of(connection, letter, sorter.resources.seal)
        found = sorter.sort(record)
        why = letters.still_dead(found)
        if why is not None or not isinstance(found, Item | Kept):
            return Result(letter, done=False, why=why or "skipped")
        if dry_run:
            return Result(letter, done=True, why=f"se aplicaría: {named(found)}")
        items = await whole(connection, [await sorter.vouch(found)], again=True)
        targets = sorted({one for item in items for one in item.to.ids})
        held = await letters.unblock(connection, targets)
        outcome = await _unit(sorter, connection).apply(items)
        if outcome.blocked:
            return Result(letter, done=False, why="vuelve a fallar: la orden sigue bloqueada")
        await letters.block_again(connection, held)
        await connection.execute(letters.REPLAYED, *letters.split_id(letter))
    return Result(letter, done=True)


async def release(sorter: Sorter, pool: Any, aggregate: str, *, dry_run: bool = False) -> list[Result]:
    """Frees a blocked aggregate; stops at the next failure, where it is blocked again."""
    if dry_run:
        async with unit_of_work(pool) as connection:
            waiting = await letters.parked(connection, aggregate, sorter.resources.seal)
        return [_would(sorter, record) for _, record in waiting]
    results: list[Result] = []
    free = False
    while not free:
        async with unit_of_work(pool) as connection:
            result = await _next(sorter, connection, aggregate)
        if result is None:
            async with unit_of_work(pool) as connection:
                free = await _free(sorter, connection, aggregate)
            continue
        results.append(result)
        if not result.done:
            break
    return results


def _would(sorter: Sorter, record: Record) -> Result:
    found = sorter.sort(record)
    if not isinstance(found, Item | Kept):
        return Result(record.place, done=False, why=letters.still_dead(found) or "")
    return Result(record.place, done=True, why=f"se aplicaría: {named(found)}")


async def _next(sorter: Sorter, connection: Any, aggregate: str) -> Result | None:
    """What waits longest, applied and taken out; None when nothing waits."""
    await connection.execute(letters.ONE_RELEASES, aggregate)
    waiting = await letters.parked(connection, aggregate, sorter.resources.seal, limit=1)
    if not waiting:
        return None
    ((position, record),) = waiting
    found = sorter.sort(record)
    if not isinstance(found, Item | Kept):
        return Result(record.place, done=False, why=letters.still_dead(found) or "")
    unit = _unit(sorter, connection, frees=aggregate)
    why = await connection.fetchval(letters.WHY_BLOCKED, aggregate)
    outcome = await unit.apply(await whole(connection, [await sorter.vouch(found)], again=True))
    if outcome.blocked:
        return Result(record.place, done=False, why="vuelve a fallar")
    await connection.execute(letters.UNPARK, position)
    await letters.block_again(connection, {aggregate: why})
    return Result(record.place, done=True)


async def _free(sorter: Sorter, connection: Any, aggregate: str) -> bool:
    """Ends the block, unless something was parked until its row was locked; and dates its clocks, which a blocked row has not."""
    resources = sorter.resources
    cells = await store.load(connection, resources.roster, {aggregate: aggregate}, opens=False)
    if await letters.parked(connection, aggregate, resources.seal, limit=1):
        return False
    for cell in cells.values():
        cell.blocked, cell.touched = None, True
    await store.save(connection, store.Changes(cells), resources.worlds.at(), resources.seal)
    return True


def named(found: Item | Kept) -> str:
    """What would be applied."""
    return type(found.message if isinstance(found, Item) else found.fragment.piece).__name__


def _unit(sorter: Sorter, connection: Any, *, frees: str | None = None) -> Unit:
    resources = sorter.resources
    return Unit(resources.service, resources.roster, resources.worlds, connection, parks=False, frees=frees, seal=resources.seal)

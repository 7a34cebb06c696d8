"""Replays a dead letter, or releases a blocked order: failing message first, then the parked, one transaction each (4.4)."""

from dataclasses import dataclass
from typing import Any

from shared.db import unit_of_work
from shared.messaging import letters
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
        for aggregate in (one for item in items for one in item.to.ids):
            await connection.execute(letters.UNBLOCK, aggregate)
        unit = _unit(sorter, connection)
        outcome = await unit.apply(items)
        if outcome.blocked:
            return Result(letter, done=False, why="vuelve a fallar: la orden sigue bloqueada")
        await connection.execute(letters.REPLAYED, *letters.split_id(letter))
    return Result(letter, done=True)


async def release(sorter: Sorter, pool: Any, aggregate: str, *, dry_run: bool = False) -> list[Result]:
    """Frees a blocked aggregate; stops at the next failure, where it is blocked again."""
    async with unit_of_work(pool) as connection:
        waiting = await letters.parked(connection, aggregate, sorter.resources.seal)
        if not dry_run:
            await connection.execute(letters.UNBLOCK, aggregate)
    results = []
    for position, record in waiting:
        result = await _one(sorter, pool, position, record, dry_run=dry_run)
        results.append(result)
        if not result.done:
            break
    return results


async def _one(sorter: Sorter, pool: Any, position: int, record: Record, *, dry_run: bool) -> Result:
    identity = f"{record.topic}/{record.partition}/{record.offset}"
    found = sorter.sort(record)
    if not isinstance(found, Item | Kept):
        return Result(identity, done=False, why=letters.still_dead(found) or "")
    if dry_run:
        return Result(identity, done=True, why=f"se aplicaría: {named(found)}")
    async with unit_of_work(pool) as connection:
        if not await letters.still_parked(connection, position):
            return Result(identity, done=True, why="ya lo liberó otro")
        unit = _unit(sorter, connection, waited=True)
        outcome = await unit.apply(await whole(connection, [await sorter.vouch(found)], again=True))
        if outcome.blocked:
            return Result(identity, done=False, why="vuelve a fallar")
        await connection.execute(letters.UNPARK, position)
    return Result(identity, done=True)


def named(found: Item | Kept) -> str:
    """What would be applied."""
    return type(found.message if isinstance(found, Item) else found.fragment.piece).__name__


def _unit(sorter: Sorter, connection: Any, *, waited: bool = False) -> Unit:
    resources = sorter.resources
    return Unit(
        resources.service, resources.roster, resources.worlds, connection, parks=False, waited=waited, seal=resources.seal
    )

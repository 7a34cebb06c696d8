"""Orders that a replica of an older release had to leave go on by themselves, as soon as one runs that can read them."""

from typing import Final

import structlog

from shared.db import TRANSIENT, unit_of_work
from shared.messaging import letters, store
from shared.messaging.consumer import Sorter
from shared.messaging.inbound import Item, Kept, Unread
from shared.messaging.replay import release

log = structlog.get_logger()
LEFT: Final = "SELECT id FROM aggregate WHERE blocked = $1 ORDER BY id LIMIT 200"
PAUSE_SECONDS: Final = 2.0


async def run_catching_up(sorter: Sorter) -> None:
    """Looks for such orders until told to stop; a fault waits for the next look."""
    resources = sorter.resources
    while not resources.stopping.is_set():
        try:
            await catch_up(sorter)
        except TRANSIENT as error:
            log.debug("catching_up_retry", error=type(error).__name__)
        await resources.rest(PAUSE_SECONDS)


async def catch_up(sorter: Sorter) -> list[str]:
    """Releases what this release can read; answers those that go on. What it cannot read stays as it is."""
    resources, freed = sorter.resources, []
    for row in await resources.pool.fetch(LEFT, store.NEWER):
        if not await _readable(sorter, row["id"]):
            continue
        results = await release(sorter, resources.pool, row["id"])
        resources.committed()
        if all(one.done for one in results):
            log.info("caught_up", suborder_id=row["id"], messages=len(results))
            freed.append(row["id"])
    return freed


async def _readable(sorter: Sorter, aggregate: str) -> bool:
    """Whether this release knows every fact of its history and the first message that waits behind it."""
    resources = sorter.resources
    async with unit_of_work(resources.pool) as connection:
        cells = await store.load(connection, resources.roster, {aggregate: aggregate}, opens=False)
        waiting = await letters.parked(connection, aggregate, resources.seal, limit=1)
    found = [sorter.sort(record) for _, record in waiting]
    understood = all(isinstance(one, Kept) or (isinstance(one, Item) and not isinstance(one.message, Unread)) for one in found)
    return understood and not any(cell.newer for cell in cells.values())

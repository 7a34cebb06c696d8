"""Hands an amended calendar to every running clock, page by page; begun again it changes nothing twice (X.9)."""

from typing import Final

from shared import tracing
from shared.contracts.acceptance import AcceptanceClockRedated, CalendarAmended
from shared.contracts.common import RecordClocksRedated
from shared.db import unit_of_work
from shared.decider import THE_SYSTEM
from shared.messaging import store
from shared.messaging.apply import Unit
from shared.messaging.effects import Task

PAGE: Final = """
SELECT id, po FROM aggregate WHERE id > $1 AND due_at IS NOT NULL AND blocked IS NULL ORDER BY id LIMIT 100"""


async def redate_clocks(task: Task) -> RecordClocksRedated:
    """Each clock decides for itself; answers how many moved."""
    fact = CalendarAmended.model_validate({"version": task.effect.args["version"], "changes": task.effect.args["changes"]})
    after, moved = "", 0
    while True:
        async with unit_of_work(task.resources.command_pool) as connection:
            rows = await connection.fetch(PAGE, after)
            if not rows:
                return RecordClocksRedated(aggregate=task.aggregate, version=fact.version, redated=moved)
            unit = Unit(task.resources.service, task.resources.roster, task.resources.worlds, connection)
            cells = await store.load(connection, task.resources.roster, {row["id"]: row["po"] for row in rows}, opens=False)
            unit.changes.cells |= cells
            for cell in cells.values():
                unit.react(cell, fact, f"{task.aggregate}/{fact.version}", "/acceptance", THE_SYSTEM, tracing.current())
            await store.save(connection, unit.changes, task.resources.worlds.at())
            moved += sum(one.type == AcceptanceClockRedated.__name__ for one in unit.changes.facts)
        task.resources.committed()
        after = rows[-1]["id"]

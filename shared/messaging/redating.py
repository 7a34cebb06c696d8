"""An amended calendar at work: every replica decides by it, and each running clock is looked at again, page by page (X.9)."""

from collections.abc import Iterable
from typing import Any, Final

import structlog

from shared import tracing
from shared.calendar.calendar import Calendar
from shared.common.calendars import CALENDAR
from shared.contracts.acceptance import CalendarAmended
from shared.contracts.common import FactKept, RecordClocksRedated
from shared.db import TRANSIENT, unit_of_work
from shared.decider import THE_SYSTEM
from shared.messaging import store
from shared.messaging.apply import Unit
from shared.messaging.effects import Task
from shared.messaging.reaction import Cell, next_due
from shared.messaging.resources import Resources

log = structlog.get_logger()

AMENDMENTS: Final = """
SELECT type, data FROM fact WHERE aggregate = $1 AND type = ANY('{CalendarAmended,FactKept}'::text[]) ORDER BY seq"""
VERSION: Final = "SELECT version FROM aggregate WHERE id = $1"
PAGE: Final = """
SELECT id, po, due_at FROM aggregate
WHERE id > $1 AND blocked IS NULL AND (due_at IS NOT NULL OR doc -> 'waits' <> '{}'::jsonb) ORDER BY id LIMIT 100"""
"""Those with a deadline, and those somebody waits for: they may have dates that nothing fires at, as a plan has."""


async def calendar_in_force(connection: Any, saturdays: Iterable[str] = ()) -> Calendar:
    """The calendars as shipped, with all that decrees changed since, as this schema has heard it."""
    calendar = Calendar.bolivia().with_saturdays(saturdays)
    for row in await connection.fetch(AMENDMENTS, CALENDAR):
        told = row["data"]
        if row["type"] == FactKept.__name__:
            kept = FactKept.model_validate_json(told)
            fact = CalendarAmended.model_validate(kept.data)
        else:
            fact = CalendarAmended.model_validate_json(told)
        calendar = calendar.amended(fact.changes, fact.version)
    return calendar


async def adopt(resources: Resources) -> None:
    """From now on this process decides by the calendars in force."""
    async with unit_of_work(resources.command_pool) as connection:
        calendar = await calendar_in_force(connection, resources.worlds.calendar.saturdays)
    if calendar.version != resources.worlds.calendar.version:
        log.info("calendar_adopted", version=calendar.version)
        resources.worlds.calendar = calendar


async def run_calendars(resources: Resources) -> None:
    """Looks for an amendment until told to stop: one replica hears of it, all of them decide by it."""
    seen: int | None = None
    while not resources.stopping.is_set():
        try:
            latest = await resources.command_pool.fetchval(VERSION, CALENDAR)
            if latest != seen:
                await adopt(resources)
                seen = latest
        except TRANSIENT as error:
            log.warning("calendars_retry", error=type(error).__name__)
        await resources.rest(resources.settings.workers.deadline_poll_seconds)


async def redate_clocks(task: Task) -> RecordClocksRedated:
    """Each clock decides for itself, or is dated anew by what it is a function of; answers how many moved."""
    fact = CalendarAmended.model_validate({"version": task.effect.args["version"], "changes": task.effect.args["changes"]})
    await adopt(task.resources)
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
                _look_again(unit, cell, fact)
            await store.save(connection, unit.changes, task.resources.worlds.at())
            before = {row["id"]: row["due_at"] for row in rows}
            moved += sum(next_due(cell, task.resources.worlds.at()) != before[cell.id] for cell in cells.values())
        task.resources.committed()
        after = rows[-1]["id"]


def _look_again(unit: Unit, cell: Cell, fact: CalendarAmended) -> None:
    if cell.decider.row(CalendarAmended) is not None:
        unit.react(cell, fact, f"{CALENDAR}/{fact.version}", "/acceptance", THE_SYSTEM, tracing.current())
    cell.touched = True  # its due_at is computed anew, also where no fact says so

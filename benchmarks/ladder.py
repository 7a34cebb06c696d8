"""B10 and B8: what each layer of the core adds to a message, in CPU, and how many statements a batch takes.

Each rung does what the one below it does and one thing more, over the same messages in the same run. Many orders are
carried at once, so that the n-th message of each makes up a batch. Rungs and shares are compared; nothing is asserted.
"""

import asyncio
import gc
import json
import shutil
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from benchmarks.bare import START
from benchmarks.measure import where
from benchmarks.recording import History, batches, recorded
from o2c.stack.postgres import Postgres
from shared import migrate, tracing
from shared.clock import Clock
from shared.contracts.base import DeadlineReached
from shared.contracts.catalogue import SERVICES
from shared.db import open_pool, unit_of_work
from shared.messaging import spans
from shared.messaging.apply import Unit
from shared.messaging.envelope import parse
from shared.messaging.inbound import Item
from shared.messaging.reaction import Cell, react
from shared.service import Service
from tests.lifecycle.town import services

FOLDER: Final = Path(".o2c/bench-ladder")
RUNGS: Final = ("rules", "validation", "spans", "transaction")
FACTS: Final = "SELECT count(*) FROM fact"


@dataclass
class Moment(Clock):
    """A clock that stands where the recording stood."""

    at: datetime = START

    def now(self) -> datetime:
        """The moment of the recording."""
        return self.at


@dataclass
class Ladder:
    """One service with its cells in memory, and a schema of its own for the rung that writes."""

    service: Service
    pool: Any
    clock: Moment = field(default_factory=Moment)
    cells: dict[str, Cell] = field(default_factory=dict)
    statements: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.roster, self.worlds = self.service.roster(), self.service.worlds(self.clock)

    async def rules(self, items: Sequence[Item]) -> None:
        """Policy, decision, fold, what follows, waits."""
        for item in items:
            react(self._cell(item), item.message, self.worlds.at(item.actor, item.id, item.source))

    async def validation(self, items: Sequence[Item]) -> None:
        """And the body is parsed as its contract."""
        await self.rules([parsed(item) for item in items])

    async def spans(self, items: Sequence[Item]) -> None:
        """And each reaction and fact has its span, and each fact is encoded."""
        unit = Unit(self.service.name, self.roster, self.worlds, None)
        for item in map(parsed, items):
            cause = spans.message(item, self.service.name)
            unit.react(self._cell(item), item.message, item.id, item.source, item.actor, cause)

    async def transaction(self, items: Sequence[Item]) -> None:
        """And all is loaded under lock, and written with its outbox."""
        async with unit_of_work(self.pool) as connection:
            count: list[Any] = []
            with connection.query_logger(count.append):
                unit = Unit(self.service.name, self.roster, self.worlds, connection)
                outcome = await unit.apply([parsed(item) for item in items])
        self.statements.append(len(count))
        if outcome.blocked:
            raise AssertionError(unit.changes.cells[outcome.blocked[0]].blocked)

    def _cell(self, item: Item) -> Cell:
        (one,) = item.to.ids
        if one not in self.cells:
            decider = self.roster.of(one)
            self.cells[one] = Cell(one, one if decider.prefix else item.po, decider, decider.state())
        return self.cells[one]

    async def made(self) -> int:
        """How many facts there are now, in memory or in the schema."""
        return sum(cell.version for cell in self.cells.values()) or int(await self.pool.fetchval(FACTS))


def parsed(item: Item) -> Item:
    """The item with its body parsed anew; time has none."""
    if isinstance(item.message, DeadlineReached):
        return item
    return replace(item, message=parse(item.record, type(item.message)))  # type: ignore[arg-type]  # it was one before


async def climb(dsn: str, service: Service, first: History, others: Sequence[History]) -> dict[str, Any]:
    """Every rung; the first order alone warms it up. Raises AssertionError where it made other facts than the recording."""
    messages, spent, statements = sum(len(one.told) for one in others), {}, [0]
    for name in RUNGS:
        pool = await open_pool(dsn, f"{service.name}_app", 2)
        ladder = Ladder(service, pool)
        await _carry(ladder, name, [first])
        ladder.statements.clear()
        gc.collect()
        gc.freeze()
        spent[name] = 1e6 * await _carry(ladder, name, others) / messages
        statements = ladder.statements or statements
        made, wanted = await ladder.made(), first.facts + sum(one.facts for one in others)
        if made != wanted:
            raise AssertionError(f"{service.name} {name}: {made} facts, wanted {wanted}")
        await pool.close()
    return {"messages": messages, "us": {name: round(one) for name, one in spent.items()}, "statements": max(statements)}


async def _carry(ladder: Ladder, name: str, histories: Sequence[History]) -> float:
    rung: Callable[[Sequence[Item]], Awaitable[None]] = getattr(ladder, name)
    spent = 0.0
    for now, items in batches(ladder.service.name, histories):
        ladder.clock.at, began = now, time.process_time()
        await rung(items)
        spent += time.process_time() - began
    return spent


async def report(names: Sequence[str], orders: int) -> dict[str, Any]:
    """The ladder of each service, on a database of its own."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    postgres, running, histories = Postgres(FOLDER.resolve()), services(), recorded(range(orders + 1))
    await asyncio.to_thread(postgres.start)
    try:
        await migrate.upgrade(postgres.dsn, names)
        tracing.start_export("bench", "0", "0", "test")
        found = {
            name: await climb(postgres.dsn, running[name], histories[0][name], [one[name] for one in histories[1:]])
            for name in names
        }
    finally:
        postgres.stop()
    return {"case": "ladder", "batch": orders, **where(), "gate": "ok", "services": found}


def main(
    orders: Annotated[int, typer.Option(min=1, help="Mensajes por lote: uno de cada orden.")] = 50,
    service: Annotated[list[str] | None, typer.Option(help="Sólo estos servicios.")] = None,
    out: Annotated[Path, typer.Option(help="Archivo del resultado.")] = Path("bench-ladder.json"),
) -> None:
    """Mide qué agrega cada capa del núcleo a un mensaje, y cuántas sentencias pide un lote."""
    found = asyncio.run(report(service or SERVICES, orders))
    text = json.dumps(found, ensure_ascii=False, indent=1)
    out.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    typer.run(main)

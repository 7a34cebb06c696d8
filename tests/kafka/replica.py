"""One replica of a service on a real Postgres, without a broker: it hears facts, takes commands, lets time pass."""

from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from shared.clock import Clock
from shared.contracts.base import Command, Message, to_json
from shared.db import open_pool, unit_of_work
from shared.decider import THE_SYSTEM, Actor, Target
from shared.messaging.apply import Unit
from shared.messaging.commands import Answer, handle
from shared.messaging.effects import perform_due
from shared.messaging.envelope import headers_of
from shared.messaging.inbound import Item, Record
from shared.messaging.redating import adopt
from shared.messaging.resources import Resources
from shared.messaging.timers import fire_due
from shared.service import Service
from shared.settings import Settings
from tests.builders import PARENT


class Replica:
    """A process of the service: its pools, its worlds, its clock (which a file may move, as in a sandbox)."""

    def __init__(self, service: Service, resources: Resources) -> None:
        self.service, self.resources = service, resources
        self._count = 0

    @classmethod
    async def started(cls, dsn: str, name: str, clock_file: Path | None = None) -> Self:
        """As `serve` starts it, up to the broker."""
        service: Service = import_module(f"services.{name}.app").SERVICE
        clock = Clock(clock_file)
        pool, commands = await open_pool(dsn, f"{name}_app", 2), await open_pool(dsn, f"{name}_app", 2)
        resources = Resources(name, Settings(), service.roster(), service.worlds(clock), pool, commands, clock)
        await adopt(resources)
        return cls(service, resources)

    async def stopped(self) -> None:
        for pool in (self.resources.pool, self.resources.command_pool):
            await pool.close()

    async def hears(self, fact: Message, producer: str, subject: str, seq: int, *to: str) -> None:
        """A fact of another service, as its consumer has sorted it."""
        raw = headers_of(producer, subject, seq, type(fact).__name__, self.resources.clock.now(), "test", "test", None)
        headers = {key: value.decode() for key, value in raw}
        record = Record(f"o2c.{producer}.v1", 0, seq, PARENT.encode(), to_json(fact), headers)
        item = Item(record, fact, headers["ce_id"], producer, subject, THE_SYSTEM, Target(ids=to), PARENT, seq)
        async with unit_of_work(self.resources.pool) as connection:
            await Unit(self.service.name, self.resources.roster, self.resources.worlds, connection).apply([item])

    async def told(self, command: Command, by: Actor = THE_SYSTEM) -> Answer:
        """A command over HTTP or of an effect."""
        self._count += 1
        return await handle(self.resources, command, by, f"{id(self)}/{self._count}")

    async def performs(self) -> int:
        """One look at the effects that are wanted; the calendar's alone are done, the rest fail."""
        return await perform_due(self.resources, {"RedateClocks": self.service.adapters["RedateClocks"]})

    async def fires(self) -> int:
        """One look at the deadlines that are due."""
        return await fire_due(self.resources)

    async def rows(self, statement: str, *values: Any) -> list[Any]:
        found: list[Any] = await self.resources.command_pool.fetch(statement, *values)
        return found


def moved_to(clock_file: Path, at: datetime) -> None:
    """Moves the sandbox clock, so that the services see this moment."""
    offset: timedelta = at - Clock().wall()
    clock_file.write_text(str(offset.total_seconds()))

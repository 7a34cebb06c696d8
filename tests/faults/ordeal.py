"""One order carried from Salesforce to its end while faults are injected, each when a certain fact is first heard."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import asyncpg
import httpx2
from rich.console import Console

from o2c.commands.demo import confirmed, read_event, silent_of
from o2c.commands.verify import verify_all
from o2c.local import service_of
from o2c.play.cast import Cast
from o2c.play.driver import Driver, Heard
from o2c.stack.up import Stack
from shared.contracts.catalogue import SERVICES
from shared.contracts.intake import OrderCompleted
from shared.migrate import role_dsn
from tests.faults.checks import OVER_A_WHOLE_ORDER, Checks, Complaints

ORDER: Final = "8015g00000AbC01AAF"
SITES: Final = ("8015g00000AbC02AAF", "8015g00000AbC03AAF")
DRAINED_WITHIN: Final = 60.0
ROUNDS: Final = int(os.environ.get("O2C_FAULT_ROUNDS", "1"))
"""How often each story is told, every time with other faults by the number of the round; `make faults` tells more."""
ALL: Final = "O2C_FAULT_ROUNDS" in os.environ
"""Whether the long stories are told too."""
QUICK_EFFECTS: Final = {"O2C_WORKERS__EFFECT_LEASE_SECONDS": "4", "O2C_WORKERS__EFFECT_LIMIT_SECONDS": "3"}
"""What a dead process had claimed is taken up by the next one after seconds, not a minute."""
UNDER_WAY: Final = " UNION ALL ".join(
    f"SELECT count(*) AS n FROM {one}.outbox UNION ALL SELECT count(*) FROM {one}.aggregate WHERE effect_at <= $1"  # noqa: S608 - ours
    for one in SERVICES
)


@dataclass(frozen=True)
class Injury:
    """What is done to the stack when a fact of this type is first heard."""

    on: str
    what: str
    do: Callable[[Stack], Awaitable[None]]


@dataclass
class Ordeal:
    """Plays the order and injures the stack; afterwards it knows what was injected and what came of it."""

    stack: Stack
    injuries: Sequence[Injury] = ()
    injected: list[str] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    felt_at: float = 0.0
    _doing: list[asyncio.Task[None]] = field(default_factory=list)

    async def carry(self, *, copies: int = 3, rubbish: Sequence[bytes | None] = (), limit_seconds: float = 240) -> None:
        """Publishes the order (several times over) and plays it to its end. TimeoutError says what was injected."""
        event = read_event(None)
        driver = Driver(self.stack, Cast(silent=silent_of(event)), self._on_fact, self._done)
        driver.calm = lambda: self.felt_at > driver.last_heard

        async def begin() -> None:
            for value in rubbish:
                await driver.publish("salesforce.orders", value, key="rubbish", headers=[("broken", b"\xff\xfe")])
            for _ in range(copies):
                await driver.publish("salesforce.orders", json.dumps(event).encode())

        pulse = asyncio.create_task(self._feel(driver.now))
        try:
            await driver.run(begin, limit_seconds)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; injected: {self.injected}; last facts: {self.types[-5:]}") from error
        finally:
            for task in (pulse, *self._doing):
                task.cancel()

    @property
    def types(self) -> list[str]:
        """Names of the facts in the order of their coming."""
        return [type(one.fact).__name__ for one in self.heard]

    def _on_fact(self, heard: Heard) -> None:
        name, first = type(heard.fact).__name__, type(heard.fact).__name__ not in self.types
        self.heard.append(heard)
        if first:
            self._doing += [asyncio.create_task(self._injure(one)) for one in self.injuries if one.on == name]

    async def _injure(self, injury: Injury) -> None:
        self.felt_at = 0.0
        self.injected.append(f"{injury.what} on {injury.on}")
        await injury.do(self.stack)

    def _done(self) -> bool:
        ended = [one for one in self._doing if one.done()]
        for one in ended:
            one.result()  # an injury that could not be done ends the run
        return OrderCompleted.__name__ in self.types and len(ended) == len(self._doing)

    async def _feel(self, now: Callable[[], datetime]) -> None:
        """Notes when it last found no fault at work, every process ready, and nothing waiting to be sent or done."""
        async with httpx2.AsyncClient(timeout=2) as client:
            while True:
                began = time.monotonic()
                calm = all(one.done() for one in self._doing) and await self._ready(client) and await self._idle(now())
                self.felt_at = began if calm else 0.0
                await asyncio.sleep(0.4)

    async def _ready(self, client: httpx2.AsyncClient) -> bool:
        resting = {child.name for child in self.stack.supervisor.children if child.rest_seconds}
        urls = [f"{child.url}/readyz" for child in self.stack.supervisor.children if child.name not in resting]
        answers = await asyncio.gather(*(client.get(url) for url in urls), return_exceptions=True)
        return all(isinstance(answer, httpx2.Response) and answer.is_success for answer in answers)

    async def _idle(self, now: datetime) -> bool:
        try:
            async with admin_of(self.stack) as connection:
                return not any(row["n"] for row in await connection.fetch(UNDER_WAY, now))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False

    @asynccontextmanager
    async def checks(self) -> AsyncIterator[Checks]:
        """The checks over every service of this stack."""
        async with admin_of(self.stack) as connection:
            yield Checks(connection, self.stack.bootstrap, {one: service_of(one) for one in SERVICES}, OVER_A_WHOLE_ORDER)

    async def complaints(self) -> Complaints:
        """What is wrong when all is quiet, or still wrong a minute after the last fault."""
        until = time.monotonic() + DRAINED_WITHIN
        async with self.checks() as checks:
            await checks.read()
            while (found := await checks.complaints()) and time.monotonic() < until:
                await asyncio.sleep(1)
                await checks.read()
        activations = await confirmed(self.stack)
        if activations != {f"{site}/{phase}": 1 for site in SITES for phase in (1, 2)}:
            found["money: not exactly one activation per group and phase"] = [tuple(activations.items())]
        if differing := await verify_all(self.stack.dsn, Console(quiet=True)):
            found["verify: documents that their facts do not give"] = [(differing,)]
        return found


@asynccontextmanager
async def admin_of(stack: Stack) -> AsyncIterator[asyncpg.Connection]:
    """A connection that sees every schema."""
    connection: Any = await asyncpg.connect(role_dsn(stack.dsn, "postgres"), timeout=5)
    try:
        yield connection
    finally:
        await connection.close()

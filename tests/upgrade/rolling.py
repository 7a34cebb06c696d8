"""A stack whose replicas are put on another release one at a time, while the orders it plays keep moving."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from string import ascii_uppercase
from typing import Any, Final

import httpx2

from o2c.commands.demo import SAMPLES, platform_event
from o2c.play.cast import OWNER, Answer, Cast, Reply
from o2c.play.driver import Driver, Heard
from o2c.stack.supervisor import Child
from o2c.stack.up import Stack
from shared.contracts.base import Command, Fact
from shared.contracts.intake import OrderCompleted
from tests.exposition import samples
from tests.faults.holding import PARTITIONS, partition_of

ROLLED: Final = ("provisioning", "testing")
"""The services of which the next release differs; only these have two replicas here."""


class Rolling(Stack):
    """The stack with two replicas of each service that is rolled; commands go to them in turn."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.replicas, self._turn = 2, count()
        self.preferred: dict[str, str] = {}

    def _children(self) -> None:
        super()._children()
        self.supervisor.children = [
            one for one in self.supervisor.children if one.name.endswith("-0") or self.service(one) in ROLLED
        ]

    @staticmethod
    def service(child: Child) -> str:
        return child.name.rpartition("-")[0]

    def child(self, name: str) -> Child:
        return next(one for one in self.supervisor.children if one.name == name)

    def url(self, service: str) -> str:
        running = [one for one in self.supervisor.children if self.service(one) == service and one.running]
        running = [one for one in running if one.name == self.preferred.get(service)] or running
        return running[next(self._turn) % len(running)].url if running else super().url(service)

    async def put(self, name: str, release: Path | None) -> None:
        """Stops the replica as an operator does and waits until its next start, of this release, can work."""
        child = self.child(name)
        child.folder, starts = release, child.starts
        self.supervisor.kill(name, signal.SIGTERM)
        await seen(f"a new start of {name}", lambda: child.starts > starts)
        await self.supervisor.ready(child)

    async def refused(self, service: str, release: Path | None) -> tuple[int | None, str]:
        """How a further replica of this release ends that must not start."""
        env = os.environ | self.child(f"{service}-0").env | {"O2C_INSTANCE": "9"}
        return await ran("-m", f"services.{service}.app", env=env, cwd=release)

    async def told(self, release: Path, *words: str) -> str:
        """What the command line of this release answers; it must succeed."""
        own = {"O2C_POSTGRES__DSN": self.dsn, "O2C_KAFKA__BOOTSTRAP_SERVERS": ",".join(self.bootstrap)}
        code, output = await ran("-m", "o2c", *words, env=os.environ | own, cwd=release)
        assert code == 0, output
        return output

    async def facts_by(self, names: Iterable[str]) -> dict[str, float]:
        """How many facts each replica has made since its start."""
        async with httpx2.AsyncClient(timeout=10) as client:
            texts = {name: (await client.get(f"{self.child(name).url}/metrics")).text for name in names}
        return {name: sum(one.value for one in samples(text) if one.name == "o2c_facts_total") for name, text in texts.items()}


async def ran(*words: str, env: Any, cwd: Path | None) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, env=env, cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, output.decode()


async def seen(what: str, ready: Callable[[], bool], limit_seconds: float = 90) -> None:
    """Looks until it is so. Raises TimeoutError with what was waited for."""
    for _ in range(int(limit_seconds * 10)):
        if ready():
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"waited for {what}")


@dataclass(frozen=True)
class Order:
    """An order of one site, as Salesforce sends it; its parent and its suborder."""

    event: dict[str, Any]
    parent: str
    suborder: str


def orders(*, lower: bool) -> Iterable[Order]:
    """Orders whose messages are in the lower or the upper half of every topic: with two replicas, with one or the other."""
    text = (SAMPLES / "16_order_graph_negocio_one_site.json").read_text(encoding="utf-8")
    for number, letter in enumerate(ascii_uppercase):
        # A Salesforce id ends in a checksum of which of its letters are capitals, so a capital takes the place of one.
        own = text.replace("8015g00000Ng", f"8015g00000{letter}g").replace("8025g00000Ng", f"8025g00000{letter}g")
        graph = json.loads(own.replace('"000123', f'"{number:06d}'))
        parent, (site,) = graph["order"]["Id"], graph["suborders"]
        if (partition_of(parent) < PARTITIONS // 2) is lower:
            yield Order(platform_event(graph), parent, site["Id"])


@dataclass
class Patient(Cast):
    """The role players, who keep some commands back until they are told to go on."""

    kept: dict[tuple[type[Command], str], list[Answer]] = field(default_factory=dict)

    def hear(self, service: str, aggregate: str, fact: Fact, now: datetime) -> list[Answer]:
        said: list[Answer] = []
        for one in super().hear(service, aggregate, fact, now):
            back = self.kept.get((type(one.command), one.command.aggregate)) if isinstance(one, Reply) else None
            (said if back is None else back).append(one)
        return said


@dataclass
class Play:
    """The role players on this stack, and what was heard of each order."""

    stack: Rolling
    heard: list[Heard] = field(default_factory=list)
    published: list[Order] = field(default_factory=list)
    over: bool = False
    time_passes: bool = False

    def __post_init__(self) -> None:
        self.cast = Patient()
        self.driver = Driver(self.stack, self.cast, self.heard.append, lambda: self.over)
        self.driver.calm = lambda: self.time_passes

    async def publish(self, *chosen: Order) -> None:
        for one in chosen:
            await self.driver.publish("salesforce.orders", json.dumps(one.event).encode())
            self.published.append(one)

    def keeps_back(self, kind: type[Command], *chosen: Order) -> None:
        self.cast.kept |= {(kind, one.suborder): [] for one in chosen}

    def goes_on(self, kind: type[Command], *chosen: Order) -> None:
        for one in chosen:
            self.driver.pending += [said for said in self.cast.kept.pop((kind, one.suborder)) if isinstance(said, Reply)]

    def asks(self, command: Command) -> None:
        """The Order Manager sends a command to intake."""
        self.driver.pending.append(Reply("intake", command, "OM", OWNER))

    def tells(self, order: Order, kind: type[Fact]) -> bool:
        return any(isinstance(one.fact, kind) and one.key == order.parent for one in self.heard)

    def complete(self) -> bool:
        return all(self.tells(one, OrderCompleted) for one in self.published)

    async def until(self, what: str, ready: Callable[[], bool], limit_seconds: float = 90) -> None:
        """Waits while the orders move. Raises TimeoutError with what was last heard."""
        try:
            await seen(what, ready, limit_seconds)
        except TimeoutError as error:
            last = [(one.service, type(one.fact).__name__) for one in self.heard[-5:]]
            raise TimeoutError(f"{error}; last facts {last}; refused {self.driver.refusals[-3:]}") from error

    async def work_of_each(self, *names: str) -> None:
        """Waits until each of these replicas has made facts from now on."""
        before = now = await self.stack.facts_by(names)
        for _ in range(300):
            now = await self.stack.facts_by(names)
            if all(now[name] > before[name] for name in names):
                return
            await asyncio.sleep(0.2)
        raise TimeoutError(f"waited for work of each: {before} and {now} facts")

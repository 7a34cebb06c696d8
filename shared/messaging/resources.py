"""What the workers of one process share: settings, pools, clock, roster, wake-up, counters."""

import asyncio
import math
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from shared.clock import Clock, ClockGuard
from shared.messaging.backlog import Backlog
from shared.messaging.counting import Counts
from shared.messaging.roster import Roster
from shared.messaging.sealing import Seal
from shared.messaging.worlds import Worlds
from shared.metrics import Instruments
from shared.settings import CrashPoint, Settings

log = structlog.get_logger()

EXIT_STUCK: Final = 70
EXIT_BREAKER: Final = 71
EXIT_FORGETFUL: Final = 72
EXIT_KEYLESS: Final = 73
EXIT_UNFIT: Final = 74


@dataclass
class Resources:
    """One process of a service at work."""

    service: str
    settings: Settings
    roster: Roster
    worlds: Worlds
    pool: Any
    command_pool: Any
    clock: Clock
    counts: Counts = field(default_factory=dict)
    guard: ClockGuard = field(default_factory=ClockGuard)
    wake_relay: asyncio.Event = field(default_factory=asyncio.Event)
    wake_effects: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    counters: Counter[tuple[str, str]] = field(default_factory=Counter)
    put_contact: Callable[[str, bytes | None], Awaitable[None]] | None = None
    beat_at: float = field(default_factory=time.monotonic)
    consumers: list[Any] = field(default_factory=list)
    leads: bool = False
    ledger_at: float = -math.inf
    backlog: Backlog = field(init=False)
    seal: Seal = field(init=False)
    instruments: Instruments = field(init=False)

    def __post_init__(self) -> None:
        self.backlog = Backlog(self.settings.workers.backlog_rows, self.settings.workers.backlog_seconds)
        self.seal = Seal.of(self.settings.letters)
        self.instruments = Instruments(self.service, self.counters)

    @property
    def group(self) -> str:
        """The consumer group of the service."""
        return f"{self.service}.v1"

    @property
    def client(self) -> str:
        """The name this replica's consumer has at the broker."""
        return f"{self.service}-{self.settings.instance}"

    def beat(self) -> None:
        """The consumer polled or finished a batch."""
        self.beat_at = time.monotonic()

    def count(self, name: str, label: str = "", amount: int = 1) -> None:
        """Adds to a counter that `/metrics` shows; several labels are joined by a colon."""
        self.counters[name, label] += amount

    def count_all(self, name: str, labels: Iterable[str]) -> None:
        """Adds one under each of these labels."""
        self.counters.update((name, label) for label in labels)

    async def rest(self, seconds: float) -> None:
        """Waits so long, or until the process is told to stop."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)

    def committed(self) -> None:
        """Facts and wishes may have been written: wake the relay and the effects worker."""
        self.wake_relay.set()
        self.wake_effects.set()


def die(code: int, event: str, **details: object) -> None:
    """Ends the process at once; nothing is acknowledged, a new one starts from what was committed."""
    log.error(event, code=code, **details)
    sys.stdout.flush()
    os._exit(code)


def start_watchdog(resources: Resources) -> None:
    """A thread that ends the process when no beat came for too long: it never just looks alive (I14)."""
    limit = resources.settings.workers.watchdog_seconds

    def watch() -> None:
        while not resources.stopping.is_set():
            time.sleep(min(5.0, limit / 4))
            silent = time.monotonic() - resources.beat_at
            if silent > limit and not resources.stopping.is_set():
                die(EXIT_STUCK, "watchdog", silent_seconds=round(silent))

    threading.Thread(target=watch, name="watchdog", daemon=True).start()


def crash_point(settings: Settings, name: CrashPoint) -> None:
    """Test environment only: kills its own process with 9 the first times it passes here, counted over restarts."""
    times = settings.crash_at.get(name, 0)
    if not times or settings.environment != "test":
        return
    died = settings.crash_log.read_text().split() if settings.crash_log.exists() else []
    if died.count(name) < times:
        with settings.crash_log.open("a") as crashes:
            crashes.write(f"{name}\n")
        os.kill(os.getpid(), signal.SIGKILL)

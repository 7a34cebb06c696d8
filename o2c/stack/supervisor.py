"""Runs the services as child processes: ready in parallel, logs by name, started again when they die, stopped cleanly."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx2

START_LIMIT = 60.0
STOP_LIMIT = 20.0
SETTLED = 30.0
"""Seconds after which a death is no failed start any more."""


@dataclass
class Child:
    """One service process and how often it was started."""

    name: str
    module: str
    port: int
    env: Mapping[str, str]
    process: asyncio.subprocess.Process | None = None
    starts: int = 0
    started_at: float = 0.0
    quick_deaths: int = 0
    rest_seconds: float = 0.0
    folder: Path | None = None
    """The tree whose code its next start runs; without one, that of the current folder."""

    @property
    def running(self) -> bool:
        """Whether its process is alive."""
        return self.process is not None and self.process.returncode is None

    def pause(self) -> float:
        """How long to wait before the next start: longer each time while it keeps dying soon after its start."""
        lived = time.monotonic() - self.started_at
        self.quick_deaths = 0 if lived > SETTLED else self.quick_deaths + 1
        return self.rest_seconds or min(0.1 * 2 ** min(self.quick_deaths, 6), 5.0)

    @property
    def url(self) -> str:
        """Its HTTP address."""
        return f"http://127.0.0.1:{self.port}"


@dataclass
class Supervisor:
    """Keeps its children running until it is told to stop."""

    logs: Path
    children: list[Child] = field(default_factory=list)
    _watchers: list[asyncio.Task[None]] = field(default_factory=list)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Starts all and waits until each says it is ready. Raises TimeoutError naming those that are not."""
        self.logs.mkdir(parents=True, exist_ok=True)
        for child in self.children:
            await self._spawn(child)
        self._watchers = [asyncio.create_task(self._keep(child)) for child in self.children]
        await asyncio.gather(*(self.ready(child) for child in self.children))

    async def ready(self, child: Child) -> None:
        """Waits until the child can work."""
        async with httpx2.AsyncClient(timeout=2) as client:
            for _ in range(int(START_LIMIT * 10)):
                try:
                    answer = await client.get(f"{child.url}/readyz")
                    if answer.status_code == 200:  # noqa: PLR2004 - HTTP
                        return
                except httpx2.HTTPError:
                    pass
                await asyncio.sleep(0.1)
        raise TimeoutError(f"{child.name} no está listo; vea {self.logs / child.name}.log")

    async def _spawn(self, child: Child) -> None:
        log: IO[bytes] = (self.logs / f"{child.name}.log").open("ab")
        child.starts, child.started_at, child.rest_seconds = child.starts + 1, time.monotonic(), 0.0
        child.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            child.module,
            stdout=log,
            stderr=log,
            env={**os.environ, **child.env},
            cwd=child.folder,
            start_new_session=True,
        )
        log.close()

    async def _keep(self, child: Child) -> None:
        """Starts the child again, with a pause that grows while it keeps failing."""
        while True:
            assert child.process is not None  # noqa: S101 - spawned before it is watched
            await child.process.wait()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), child.pause())
            if self._stopping.is_set():
                return
            await self._spawn(child)
            if self._stopping.is_set():  # stop() came while it was being started, and did not see it
                child.process.terminate()

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL, *, rest_seconds: float = 0.0) -> None:
        """Signals a child; when it dies of it, it is started again, after a rest if one is named."""
        for child in self.children:
            if child.name == name and child.process is not None and child.running:
                child.rest_seconds = rest_seconds
                child.process.send_signal(how)

    async def stop(self) -> None:
        """SIGTERM to all, 20 seconds, then SIGKILL."""
        self._stopping.set()
        running = [child.process for child in self.children if child.process and child.process.returncode is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        waiting = [asyncio.create_task(process.wait()) for process in running]
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=STOP_LIMIT)
            if late:
                for process in running:
                    if process.returncode is None:
                        process.kill()
        if self._watchers:
            await asyncio.wait(self._watchers, timeout=STOP_LIMIT)
        for watcher in self._watchers:
            watcher.cancel()

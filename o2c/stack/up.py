"""The whole stack on one machine: Postgres, Kafka, mail, keys, schemas, topics, and every service as its own process."""

import asyncio
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from o2c.local import topics_of
from o2c.stack.kafka import Kafka
from o2c.stack.letters import letter_key_file
from o2c.stack.ports import free_ports
from o2c.stack.postgres import Postgres
from o2c.stack.smtp_sink import MailSink
from o2c.stack.staff import publish_staff
from o2c.stack.supervisor import Child, Supervisor
from o2c.stack.tokens import USERS, key_file, token_for
from o2c.trazas.app import Receiver
from shared import migrate, settings, topics
from shared.contracts.catalogue import SERVICES

OTLP: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
FETCH_WAIT_MS: Final = 500
"""Seven readers that each ask twenty times a second for nothing keep a quarter of a core busy in a broker of our own."""
AREAS: Final = (
    "activaciones",
    "noc",
    "jefe_producto",
    "contratistas",
    "regional",
    "tier2",
    "gerencia_ingenieria",
    "om_supervisor",
)
"""Every mailbox that a mail of ours may be addressed to by area; the supervisor's gets the escalations."""


@dataclass
class Stack:
    """Everything that runs; `async with Stack(folder)` starts it and stops it cleanly."""

    folder: Path
    sandbox: bool = False
    fresh: bool = False
    replicas: int = 1
    environment: str = "development"
    say: Callable[[str], None] = print
    extra_env: dict[str, dict[str, str]] = field(default_factory=dict)
    postgres: Postgres = field(init=False)
    kafka: Kafka = field(init=False)
    mail: MailSink = field(init=False)
    traces: Receiver | None = field(default=None, init=False)
    supervisor: Supervisor = field(init=False)
    dsn: str = field(default="", init=False)
    bootstrap: list[str] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.folder = self.folder.resolve()
        self.postgres = Postgres(self.folder / "postgres")
        self.kafka = Kafka(self.folder / "kafka", self.say)
        self.mail = MailSink(self.folder / "mail", free_ports(1)[0])
        self.supervisor = Supervisor(self.folder / "logs")

    @property
    def broker(self) -> settings.Kafka:
        """How clients of this stack reach Kafka: an embedded broker is open, another one as the settings say."""
        own = self.bootstrap == [self.kafka.bootstrap]
        return settings.Kafka(bootstrap_servers=self.bootstrap, fetch_wait_ms=FETCH_WAIT_MS) if own else settings.Settings().kafka

    @property
    def clock_file(self) -> Path:
        """The sandbox clock's offset, in seconds."""
        return self.folder / "sandbox" / "clock"

    async def __aenter__(self) -> Self:
        """Starts what the settings do not name already, in the order of need."""
        began = time.monotonic()
        if self.fresh:
            for name in ("postgres", "kafka", "mail", "objects", "logs", "sandbox", "traces"):
                shutil.rmtree(self.folder / name, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.sandbox:
            self.clock_file.parent.mkdir(parents=True, exist_ok=True)
            if not self.clock_file.exists():
                self.clock_file.write_text("0")
        try:
            await self._infrastructure()
            self.say(f"Iniciando los servicios ({time.monotonic() - began:.1f} s) ...")
            self._children()
            await self.supervisor.start()
        except BaseException:
            await self.stop()
            raise
        self._write_state()
        self.say(f"Listo en {time.monotonic() - began:.1f} s.")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stops everything; what was stored is there at the next start."""
        await self.stop()

    async def _infrastructure(self) -> None:
        self.say("Iniciando Postgres 18 y Apache Kafka 4.3.1 ...")
        own_dsn, own_kafka = os.environ.get("O2C_POSTGRES__DSN"), os.environ.get("O2C_KAFKA__BOOTSTRAP_SERVERS")
        await _in_threads(self._starters(own_dsn, own_kafka))
        self.dsn = own_dsn or self.postgres.dsn
        self.bootstrap = own_kafka.split(",") if own_kafka else [self.kafka.bootstrap]
        self.mail.start()
        self._receive_traces()
        await asyncio.gather(migrate.upgrade(self.dsn, SERVICES), topics.create(self.broker, topics_of(settings.Settings())))
        await publish_staff(self.broker)

    def _receive_traces(self) -> None:
        """Spans come to a receiver of our own, unless the standard variables name another."""
        if any(os.environ.get(name) for name in OTLP):
            return
        file = traces_file(self.folder)
        file.parent.mkdir(exist_ok=True)
        self.traces = Receiver(file, free_ports(1)[0])
        self.traces.start()

    def _starters(self, own_dsn: str | None, own_kafka: str | None) -> list[Callable[[], None]]:
        return [*([] if own_dsn else [self.postgres.start]), *([] if own_kafka else [self.kafka.start])]

    def _children(self) -> None:
        ports = free_ports(len(SERVICES) * self.replicas)
        for index, name in enumerate(SERVICES):
            for replica in range(self.replicas):
                port = ports[index * self.replicas + replica]
                env = self.environment_of(replica, port) | self.extra_env.get(f"{name}-{replica}", {})
                self.supervisor.children.append(Child(f"{name}-{replica}", f"services.{name}.app", port, env))

    def environment_of(self, replica: int, port: int) -> dict[str, str]:
        """The settings of one service process."""
        areas = {area: f"{area}@example.com" for area in AREAS}
        env = {
            "O2C_ENVIRONMENT": self.environment,
            "O2C_INSTANCE": str(replica),
            "O2C_HTTP__PORT": str(port),
            "O2C_KAFKA__BOOTSTRAP_SERVERS": ",".join(self.bootstrap),
            "O2C_KAFKA__FETCH_WAIT_MS": str(self.broker.fetch_wait_ms),
            "O2C_POSTGRES__DSN": self.dsn,
            "O2C_AUTH__KEY_FILE": str(key_file(self.folder)),
            "O2C_AUTH__USERS_FILE": str(USERS),
            "O2C_LETTERS__KEY_FILE": str(letter_key_file(self.folder)),
            "O2C_SMTP__PORT": str(self.mail.port),
            "O2C_SMTP__AREAS": json.dumps(areas),
            "O2C_OBJECTS__URL": f"file://{self.folder / 'objects'}",
            "PYTHONUNBUFFERED": "1",
        }
        if self.traces is not None:
            env |= {OTLP[0]: self.traces.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "1000"}
        if self.sandbox:
            env |= {"O2C_SANDBOX_CLOCK_FILE": str(self.clock_file), "O2C_WORKERS__DEADLINE_POLL_SECONDS": "0.25"}
        return env

    def url(self, service: str) -> str:
        """The HTTP address of a service's first replica that runs; while none does, where the first will be."""
        replicas = [child for child in self.supervisor.children if child.name.rpartition("-")[0] == service]
        return next((child.url for child in replicas if child.running), replicas[0].url)

    def token(self, user: str, roles: list[str] | None = None) -> str:
        """A token of the local mode."""
        return token_for(self.folder, user, roles)

    def pids(self) -> dict[str, int]:
        """The processes of the broker and the database that this stack started."""
        return {name: pid for name, pid in (("kafka", self.kafka.pid), ("postgres", self.postgres.pid)) if pid}

    def _write_state(self) -> None:
        """Where everything is, for the other commands."""
        state: dict[str, Any] = {
            "dsn": self.dsn,
            "bootstrap": self.bootstrap,
            "sandbox": self.sandbox,
            "traces": self.traces.url if self.traces else None,
            "environment": self.environment_of(0, 0),
            "services": {child.name: child.url for child in self.supervisor.children},
        }
        (self.folder / "stack.json").write_text(json.dumps(state, indent=1))

    async def stop(self) -> None:
        """Services first, which send their last spans, then the receiver, mail, Kafka and Postgres."""
        await self.supervisor.stop()
        self.mail.stop()
        if self.traces is not None:
            self.traces.stop()
        await asyncio.gather(asyncio.to_thread(self.kafka.stop), asyncio.to_thread(self.postgres.stop))
        (self.folder / "stack.json").unlink(missing_ok=True)


async def _in_threads(starters: list[Callable[[], None]]) -> None:
    """Runs them side by side, each to its end: a failure or Ctrl-C must not leave behind a server that nobody knows of."""
    starting = [asyncio.create_task(asyncio.to_thread(start)) for start in starters]
    try:
        await asyncio.gather(*map(asyncio.shield, starting))
    finally:
        if starting:
            await asyncio.wait(starting)


def traces_file(folder: Path) -> Path:
    """Where a stack keeps the spans that came to its own receiver."""
    return folder / "traces" / "spans.sqlite"

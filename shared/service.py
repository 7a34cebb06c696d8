"""What runs: one call turns a service's rules into a process that consumes, decides, relays, waits and answers."""

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog
import uvicorn
import uvloop
from fastapi import FastAPI

from shared import tracing
from shared.auth import Tokens, known_staff
from shared.calendar.calendar import Calendar, local_day
from shared.clock import Clock
from shared.common.sender import SENDER
from shared.db import TRANSIENT, open_pool
from shared.decider import Decider
from shared.http import build_http
from shared.logs import start_logs
from shared.messaging.broker import make_broker, stop_broker
from shared.messaging.catching_up import run_catching_up
from shared.messaging.consumer import Consumer, Sorter
from shared.messaging.counting import Counts
from shared.messaging.effects import Perform, run_effects
from shared.messaging.inbound import Edge, Mirror
from shared.messaging.pruning import run_pruning
from shared.messaging.redating import adopt, run_calendars
from shared.messaging.relay import Relay, producer
from shared.messaging.resources import EXIT_FORGETFUL, EXIT_KEYLESS, EXIT_STUCK, EXIT_UNFIT, Resources, die, start_watchdog
from shared.messaging.roster import Roster
from shared.messaging.sealing import Seal, SealError
from shared.messaging.tail import ForgetfulError, refuse_old_backup
from shared.messaging.timers import run_backlog, run_deadlines, run_reaper
from shared.messaging.worlds import Worlds
from shared.migrate import DONE, unfit
from shared.rules.load import COMMON_POLICY, load_dir, load_policy
from shared.rules.tables import Tables
from shared.settings import VERSION, Settings

log = structlog.get_logger()
CONTACTS: Final = "o2c.contacts.v1"
PARTNERS: Final[Mapping[str, frozenset[str]]] = {
    "/servicenow": frozenset({"REGIONAL"}),
    "/activaciones": frozenset({"ACTIVACIONES"}),
    "/noc": frozenset({"NOC"}),
    "/bbd": frozenset({"FACTURADOR_BBD"}),
    "/producto": frozenset({"JEFE_PRODUCTO"}),
    "/contratista": frozenset({"CONTRATISTA"}),
    "/firma": frozenset({"CLIENTE"}),
    "/buzon": frozenset({"OPS"}),
}
"""The role a sender of commands has, whatever its message says; the broker binds the sender to its principal."""


@dataclass(frozen=True)
class Service:
    """A service as data: its deciders, whose facts it reads, and what it reaches outside."""

    name: str
    deciders: tuple[Decider[Any], ...]
    listens: tuple[str, ...]
    adapters: Mapping[str, Perform] = field(default_factory=dict)
    edges: Callable[[Settings], Mapping[str, Edge]] = lambda _settings: {}
    mirrors: Mapping[str, Mirror] = field(default_factory=dict)
    routes: Callable[[FastAPI, Resources, Tokens], None] | None = None
    writes_contacts: bool = False
    check: Callable[[Tables], None] = lambda _tables: None
    counts: Counts = field(default_factory=dict)
    partners: Mapping[str, frozenset[str]] = field(default_factory=lambda: PARTNERS)

    @property
    def folder(self) -> Path:
        """Where its rules and migrations are."""
        return Path(__file__).parents[1] / "services" / self.name

    def roster(self) -> Roster:
        """Its deciders, and the one that answers senders of commands for unknown orders."""
        return Roster((*self.deciders, SENDER))

    def topics(self, edges: Mapping[str, Edge]) -> list[str]:
        """All topics of its one subscriber."""
        facts = [f"o2c.{one}.v1" for one in self.listens]
        return [*facts, f"o2c.{self.name}.commands.v1", *edges, *self.mirrors]

    def worlds(self, clock: Clock, rules_dir: Path | None = None, users_file: Path | None = None) -> Worlds:
        """Its tables, policy, calendar and known users; an operator's own folder goes before what is shipped.

        Raises RuleError for tables that may not be used, also where only the service itself can tell (`check`).
        """
        folder = rules_dir / self.name if rules_dir else self.folder / "rules"
        common = [COMMON_POLICY, *([rules_dir / "policy.yaml"] if rules_dir else [])]
        policy = load_policy(*common, folder / "policy.yaml")
        calendar = Calendar.bolivia().with_saturdays(policy.value("calendar.mon_sat", local_day(clock.now())))
        tables = load_dir([folder])
        self.check(tables)
        return Worlds(clock, calendar, tables, policy, known_staff(users_file))


def run(service: Service) -> None:
    """The main of every service: `--asyncapi` prints its document, otherwise it serves until told to stop.

    With `--hold-effects` it decides and publishes, but sends no mail and makes no document: to look first, after a restore.
    """
    if "--asyncapi" in sys.argv:
        from shared.messaging.asyncapi import document  # noqa: PLC0415 - only to print it

        print(json.dumps(document(service.name, service.roster(), service.listens), ensure_ascii=False, indent=1))  # noqa: T201
        return
    settings = Settings()
    settings.workers.hold_effects |= "--hold-effects" in sys.argv
    start_logs(service.name, settings)
    tracing.start_export(service.name, settings.instance, VERSION, settings.environment, settings.tracing.ratio)
    uvloop.run(serve(service, settings))


async def serve(service: Service, settings: Settings) -> None:
    """Runs one replica until SIGTERM: consumer, relay, deadlines, effects, HTTP."""
    edges = service.edges(settings)
    _sealed(edges, settings)
    resources = await _resources(service, settings)
    await _fit(service, resources)
    await _remember(service, settings, resources)
    await adopt(resources)
    sorter = Sorter(resources, edges, service.mirrors, service.partners)
    contacts = await _contacts(service, settings, resources)
    broker = make_broker(resources, Consumer(resources, sorter).on_batch, service.topics(edges))
    await broker.start()
    _beat_at_each_poll(broker, resources)
    tasks = [
        _guarded("relay", Relay(resources).run(), resources),
        _guarded("deadlines", run_deadlines(resources), resources),
        _guarded("effects", run_effects(resources, service.adapters), resources),
        _guarded("reaper", run_reaper(resources), resources),
        _guarded("calendars", run_calendars(resources), resources),
        _guarded("backlog", run_backlog(resources), resources),
        _guarded("catching up", run_catching_up(sorter), resources),
        _guarded("pruning", run_pruning(resources), resources),
    ]
    tokens = Tokens(settings.auth, resources.clock)
    app = build_http(resources, tokens, lambda: _ready(service, resources, broker))
    if service.routes:
        service.routes(app, resources, tokens)
    server = uvicorn.Server(
        uvicorn.Config(app, settings.http.host, settings.http.port, log_config=None, lifespan="off", access_log=False)
    )
    web = asyncio.create_task(_serve_http(server))
    start_watchdog(resources)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    log.info("ready", port=settings.http.port)
    await _until_told(resources)
    await _stop(resources, server, web, broker, tasks, contacts)


async def _resources(service: Service, settings: Settings) -> Resources:
    clock = Clock(settings.sandbox_clock_file if settings.environment != "production" else None)
    pool = await open_pool(settings.postgres.dsn, f"{service.name}_app", 2)
    command_pool = await open_pool(settings.postgres.dsn, f"{service.name}_app", 4)
    worlds = service.worlds(clock, settings.rules_dir, settings.auth.users_file)
    return Resources(service.name, settings, service.roster(), worlds, pool, command_pool, clock, service.counts)


async def _contacts(service: Service, settings: Settings, resources: Resources) -> Any:
    """The producer of the contacts topic, for the two services that write it."""
    if not service.writes_contacts:
        return None
    sender = producer(settings.kafka, f"{service.name}-contacts-{settings.instance}")
    await sender.start()

    async def put(ref: str, value: bytes | None) -> None:
        await sender.send_and_wait(CONTACTS, value, key=ref.encode())

    resources.put_contact = put
    return sender


def _sealed(edges: Mapping[str, Edge], settings: Settings) -> None:
    """Ends the process when its key is unusable, or when it would keep people's data as it came: in production, without one."""
    try:
        Seal.of(settings.letters, needed=bool(edges) and settings.environment == "production")
    except SealError as error:
        die(EXIT_KEYLESS, "letter_key_unusable", why=str(error))


async def _fit(service: Service, resources: Resources) -> None:
    """Ends the process when the schema is not one that this release can work on, before it reads or writes anything."""
    if reasons := await _unfit(service, resources):
        die(EXIT_UNFIT, "schema_unfit", why="; ".join(reasons))


async def _unfit(service: Service, resources: Resources) -> list[str]:
    return unfit(service.name, {row["name"] for row in await resources.command_pool.fetch(DONE)})


async def _remember(service: Service, settings: Settings, resources: Resources) -> None:
    """Ends the process when its database has forgotten what its topic knows, before anything is written."""
    try:
        await refuse_old_backup(service.name, settings.kafka, resources.pool)
    except ForgetfulError as error:
        die(EXIT_FORGETFUL, "database_forgot", why=str(error))


def _guarded(name: str, work: Coroutine[Any, Any, None], resources: Resources) -> asyncio.Task[None]:
    """A worker that ends with an error ends the process: it never just looks alive."""

    async def guard() -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.exception("worker_failed", worker=name, error=type(error).__name__)
            if not resources.stopping.is_set():
                die(EXIT_STUCK, "worker_failed", worker=name)

    return asyncio.create_task(guard(), name=name)


def _beat_at_each_poll(broker: Any, resources: Resources) -> None:
    """The client's own polls are the beats: an idle consumer gets no batch, and a hanging one must not look alive (K3)."""
    for subscriber in broker.subscribers:
        resources.consumers.append(subscriber.consumer)
        poll = subscriber.consumer.getmany

        async def polled(*args: Any, poll: Any = poll, **kwargs: Any) -> Any:
            resources.beat()
            return await poll(*args, **kwargs)

        subscriber.consumer.getmany = polled


async def _serve_http(server: uvicorn.Server) -> None:
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    with suppress(asyncio.CancelledError):
        await server._serve()  # noqa: SLF001 - `serve` would take over the signals, which are ours


async def _ready(service: Service, resources: Resources, broker: Any) -> dict[str, str]:
    checks = {"partitions": "ok", "database": "ok", "migrations": "ok"}
    consumers = [one.consumer for one in broker.subscribers if getattr(one, "consumer", None)]
    if not any(one.assignment() for one in consumers):
        checks["partitions"] = "sin particiones asignadas (o réplica en espera)"
    try:
        if reasons := await _unfit(service, resources):
            checks["migrations"] = f"{'; '.join(reasons)}: ejecute o2c db upgrade"
    except TRANSIENT as error:
        checks["database"] = checks["migrations"] = type(error).__name__
    return checks


async def _until_told(resources: Resources) -> None:
    told = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, told.set)
    await told.wait()
    resources.stopping.set()
    resources.committed()


async def _stop(
    resources: Resources,
    server: uvicorn.Server,
    web: asyncio.Task[None],
    broker: Any,
    tasks: list[asyncio.Task[None]],
    contacts: Any,
) -> None:
    """Commands first, then the batch, the relay's round, the clients; gone after 20 s in any case (4.8)."""
    asyncio.get_running_loop().call_later(20, os._exit, 0)
    log.info("stopping")
    server.should_exit = True
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(web), 3)
    await stop_broker(broker)
    await asyncio.wait(tasks, timeout=5)
    if contacts is not None:
        with suppress(Exception):
            await asyncio.wait_for(contacts.stop(), 3)
    for pool in (resources.pool, resources.command_pool):
        pool.terminate()
    await tracing.stop_export()
    log.info("stopped")
    sys.stdout.flush()
    os._exit(0)

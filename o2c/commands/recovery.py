"""`o2c restore reconcile`, `o2c offsets rewind`, `o2c republish`: what follows the loss of a part (docs/recovery.md)."""

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, NoReturn, TypeVar

import typer
from aiokafka.errors import KafkaError

from o2c.local import dsn_of, service_of, settings_of
from shared.calendar.calendar import LA_PAZ
from shared.clock import Clock
from shared.contracts.catalogue import SERVICES
from shared.db import TRANSIENT, open_pool
from shared.messaging.reconcile import Reconciled, ReconcileError, reconcile
from shared.messaging.republish import republish
from shared.messaging.resources import Resources
from shared.messaging.rewinding import Moved, RewindError, rewind
from shared.settings import Settings

restore: Final = typer.Typer(add_completion=False, help="Después de restaurar una base.", no_args_is_help=True)
offsets: Final = typer.Typer(add_completion=False, help="Hasta dónde leyó un servicio.", no_args_is_help=True)
republishing: Final = typer.Typer(add_completion=False, help="Publicar de nuevo los hechos.")
MARGIN: Final = timedelta(hours=1)
"""How far before the last known moment a group is put: what was appended by then may have been read later."""
T = TypeVar("T")


def _service(value: str) -> str:
    if value not in SERVICES:
        raise typer.BadParameter(f"No hay un servicio {value}. Elija entre {', '.join(SERVICES)}.")
    return value


def _service_or_all(value: str) -> str:
    return value if value == "all" else _service(value)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            "el momento tiene la forma 2026-11-25T14:30, hora de La Paz, o con zona: ...Z, ...-04:00"
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=LA_PAZ)


OfService = Annotated[str, typer.Option("--service", callback=_service, help="Servicio.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Sólo decir qué pasaría.")]
AsJson = Annotated[bool, typer.Option("--json", help="Salida JSON.")]


@restore.callback()
def _restore() -> None:
    """Después de restaurar una base."""


@offsets.callback()
def _offsets() -> None:
    """Hasta dónde leyó un servicio."""


def _fail(why: object) -> NoReturn:
    typer.echo(f"No se hizo nada: {why}.", err=True)
    raise typer.Exit(1)


def _done(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except (ReconcileError, RewindError) as error:
        _fail(error)
    except (*TRANSIENT, KafkaError) as error:
        _fail(f"Kafka o Postgres no responden ({type(error).__name__})")


def _say(found: Any, words: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(found, ensure_ascii=False, indent=1, default=str) if as_json else words)


def _settings() -> Settings:
    return settings_of()


@restore.command("reconcile")
def reconcile_(service: OfService, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Devuelve a una base restaurada los hechos que su tema todavía conoce, con los mismos números."""

    async def act() -> Reconciled:
        one, settings, clock = service_of(service), _settings(), Clock()
        pool = await open_pool(settings.postgres.dsn, f"{service}_app", 2)
        try:
            worlds = one.worlds(clock, settings.rules_dir, settings.auth.users_file)
            resources = Resources(service, settings, one.roster(), worlds, pool, pool, clock)
            return await reconcile(resources, one.listens, dry_run=dry_run)
        finally:
            await pool.close()

    found = _done(act())
    next_step = ""
    if found.facts and found.knew_until:
        to = (found.knew_until - MARGIN).astimezone(LA_PAZ)
        next_step = f" Siga con: o2c offsets rewind --service {service} --to {to:%Y-%m-%dT%H:%M:%S%z}"
    verb = "se recuperarían" if dry_run else "recuperados"
    words = f"{service}: {found.facts} hechos de {found.aggregates} agregados {verb}.{next_step}"
    _say(asdict(found) | {"service": service, "dry_run": dry_run}, words, as_json=as_json)


@offsets.command("rewind")
def rewind_(
    service: OfService,
    to: Annotated[str, typer.Option("--to", help="Momento desde el cual leerá de nuevo.")],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Pone el grupo de un servicio antes de un momento; lo que ya conoce no cambia nada."""
    moment, settings = _moment(to), _settings()

    async def act() -> list[Moved]:
        one = service_of(service)
        return await rewind(settings.kafka, f"{service}.v1", one.topics(one.edges(settings)), moment, dry_run=dry_run)

    moved = _done(act())
    again = sum(one.before - one.after for one in moved)
    verb = "se leerían" if dry_run else "se leerán"
    words = f"{service}: {len(moved)} particiones retroceden, {again} mensajes {verb} de nuevo."
    found = {"service": service, "to": moment.isoformat(), "dry_run": dry_run, "moved": list(map(asdict, moved))}
    _say(found, words, as_json=as_json)


@republishing.command()
def again(
    service: Annotated[str, typer.Option("--service", callback=_service_or_all, help="Servicio, o all: todos.")],
    since: Annotated[str | None, typer.Option("--since", help="Sólo los hechos desde este momento.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Publica de nuevo los mismos hechos con los mismos números; quien ya los tiene los descarta."""
    moment, dsn = _moment(since) if since else None, dsn_of()

    async def act() -> dict[str, int]:
        chosen = SERVICES if service == "all" else (service,)
        return {one: await republish(dsn, one, moment, dry_run=dry_run) for one in chosen}

    counts = _done(act())
    verb = "se publicarían" if dry_run else "en la bandeja de salida, se envían con el servicio en marcha"
    words = "\n".join(f"{name}: {count} hechos {verb}." for name, count in counts.items())
    _say({"dry_run": dry_run, "facts": counts}, words, as_json=as_json)

"""`o2c dlq list|show|replay|dismiss|release`: what no contract explained, and orders that a bug of ours blocked."""

import asyncio
import getpass
import json
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from functools import wraps
from inspect import Signature, signature
from typing import Annotated, Any, Final, NoReturn

import structlog
import typer

from o2c.local import dsn_of, service_of, settings_of
from o2c.masked import masked
from shared.auth import NoTokenError, Tokens
from shared.clock import Clock
from shared.contracts.catalogue import SERVICES
from shared.db import connected, open_pool
from shared.messaging import letters
from shared.messaging.consumer import Sorter
from shared.messaging.replay import Result, release, replay_letter
from shared.messaging.resources import Resources
from shared.messaging.sealing import Seal, SealError
from shared.settings import Settings

log = structlog.get_logger()
app: Final = typer.Typer(add_completion=False, help="Mensajes muertos y órdenes bloqueadas.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Salida JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Sólo decir qué pasaría.")]
Chosen = Annotated[str | None, typer.Argument(help="tema/partición/posición; o elija con las opciones.")]
OfTopic = Annotated[str | None, typer.Option("--topic", help="De este tema.")]
OfKind = Annotated[str | None, typer.Option("--type", help="De este tipo de mensaje.")]
OfOrder = Annotated[str | None, typer.Option("--order", help="De esta orden o agregado.")]
OfReason = Annotated[str | None, typer.Option("--reason", help="De este motivo.")]
OfAge = Annotated[str | None, typer.Option("--age", help="Más antiguos que: 2d, 6h, 30m.")]
ABSENT: Final = "no existe o ya fue atendido; vea o2c dlq list --all"
UNITS: Final = {"d": "days", "h": "hours", "m": "minutes"}
OfService = Annotated[str, typer.Option("--service", help="Servicio.")]


def chosen(
    topic: OfTopic = None, kind: OfKind = None, order: OfOrder = None, reason: OfReason = None, age: OfAge = None
) -> letters.Choice:
    """Which letters the options mean."""
    return letters.Choice(None, topic, kind, order, reason, _age(age))


def chooses(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of `chosen`; as its first argument it gets what they mean."""
    options, (_, *own) = signature(chosen).parameters, signature(command).parameters.values()

    @wraps(command)
    def choosing(**told: Any) -> None:
        choice = chosen(**{name: told.pop(name) for name in options})
        command(choice, **told)

    choosing.__signature__ = Signature([*own, *options.values()])  # type: ignore[attr-defined]
    choosing.__annotations__ = {one.name: one.annotation for one in (*own, *options.values())}
    return choosing


@app.callback()
def group() -> None:
    """Mensajes muertos y órdenes bloqueadas."""


async def _list(choice: letters.Choice) -> dict[str, dict[str, list[dict[str, Any]]]]:
    found = {}
    for name in SERVICES:
        async with connected(dsn_of(), f"{name}_ops") as connection:
            dead = [asdict(one) for one in await letters.dead_letters(connection, choice)]
            stuck = [dict(row) for row in await letters.blocked(connection, choice.order)]
        found[name] = {"dead": dead, "blocked": stuck}
    return found


@app.command("list")
@chooses
def list_(
    choice: letters.Choice,
    settled: Annotated[bool, typer.Option("--all", help="También los ya repetidos o descartados.")] = False,
    as_json: AsJson = False,
) -> None:
    """Lista los mensajes muertos y las órdenes bloqueadas, con su motivo."""
    found = asyncio.run(_list(replace(choice, settled=settled)))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1, default=str))
        return
    for name, parts in found.items():
        for one in parts["dead"]:
            typer.echo(f"{name:<14} {one['id']:<32} {one['reason']:<18} {one['path']} {one['hint']} {_settled(one)}".rstrip())
        for row in parts["blocked"]:
            typer.echo(f"{name:<14} {row['id']:<32} BLOQUEADA {row['blocked']}, {row['parked']} mensajes detrás")
    if not any(parts["dead"] or parts["blocked"] for parts in found.values()):
        typer.echo("No hay mensajes muertos ni órdenes bloqueadas.")


def _settled(one: dict[str, Any]) -> str:
    if one["replayed_at"]:
        return "(repetido)"
    return f"(descartado: {one['note']})" if one["dismissed_at"] else ""


def _age(text: str | None) -> timedelta | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d+)([dhm])", text)
    if match is None:
        raise typer.BadParameter("la edad tiene la forma 2d, 6h o 30m")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


@app.command()
def show(
    letter: Annotated[str, typer.Argument(help="tema/partición/posición, con @instante si hay varios")],
    service: OfService = "intake",
    raw: Annotated[bool, typer.Option("--raw", help="Los bytes tal como llegaron; pide un token con el rol OPS.")] = False,
    token: Annotated[str, typer.Option(envvar="O2C_TOKEN", help="Quién pide --raw: queda guardado con el mensaje.")] = "",
) -> None:
    """Muestra un mensaje muerto: motivo, tamaño y forma, sin los valores, que pueden ser datos personales."""
    found = asyncio.run(_chosen(service, letters.Choice(letter, settled=True)))
    if not found:
        _fail(f"No existe {letter}; vea o2c dlq list --all.")
    settings = settings_of()
    who = _ops(settings, token) if raw else None
    try:
        value = asyncio.run(_content(service, found[0].id, Seal.of(settings.letters), who))
    except SealError as error:
        if raw:
            _fail(f"No se puede mostrar: {error}.")
        content: Any = f"<{error}>"
    else:
        if raw:
            typer.get_binary_stream("stdout").write(value or b"")
            return
        content = masked(value)
    typer.echo(json.dumps(asdict(found[0]) | {"content": content}, ensure_ascii=False, indent=1))


def _fail(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(1)


def _ops(settings: Settings, token: str) -> str:
    """Who asks for what is sealed: the token must be valid and of the role OPS."""
    try:
        actor = Tokens(settings.auth, Clock()).actor(f"Bearer {token}")
    except (NoTokenError, OSError):
        _fail("Para ver los bytes hace falta un token válido: --token o O2C_TOKEN.")
    if "OPS" not in actor.roles:
        _fail(f"Sólo el rol OPS puede ver los bytes; {actor.id} no lo tiene.")
    return actor.id


async def _content(service: str, letter: str, seal: Seal, who: str | None) -> bytes | None:
    """The bytes of a letter. With `who`, that they were shown is committed before anybody sees them."""
    async with connected(dsn_of(), f"{service}_ops") as connection, connection.transaction():
        record = await letters.record_of(connection, letter, seal)
        if who:
            await letters.seen(connection, letter, who)
    if who:
        log.warning("dead_letter_shown", letter=letter, actor=who, role="OPS")
    return record.value


@app.command()
def reseal(service: OfService = "intake") -> None:
    """Cifra de nuevo con la primera llave lo que vino de afuera; después la llave anterior puede retirarse."""

    async def act() -> int:
        seal = Seal.of(settings_of().letters, needed=True)
        async with connected(dsn_of(), f"{service}_ops") as connection:
            return await letters.reseal(connection, seal)

    try:
        typer.echo(f"{asyncio.run(act())} mensajes cifrados con la primera llave.")
    except SealError as error:
        _fail(f"No se cifró nada: {error}.")


async def _chosen(service: str, choice: letters.Choice) -> list[letters.Letter]:
    async with connected(dsn_of(), f"{service}_ops") as connection:
        return await letters.dead_letters(connection, choice)


async def _with_sorter(service: str, act: Any) -> list[Result]:
    """Runs as the service itself would, in the role that applies."""
    one, settings = service_of(service), settings_of()
    pool = await open_pool(dsn_of(), f"{service}_app", 2)
    try:
        resources = Resources(service, settings, one.roster(), one.worlds(Clock()), pool, pool, Clock())
        found: list[Result] = await act(Sorter(resources, one.edges(settings), one.mirrors, one.partners), pool)
        return found
    finally:
        await pool.close()


def _run(service: str, act: Any) -> list[Result]:
    try:
        return asyncio.run(_with_sorter(service, act))
    except SealError as error:
        _fail(f"No se puede abrir lo guardado: {error}.")


def _report(results: list[Result]) -> None:
    for one in results:
        typer.echo(f"{'hecho' if one.done else 'sigue fallando'}  {one.id}  {one.why}")
    done = sum(one.done for one in results)
    typer.echo(f"Elegidos {len(results)}: {done} hechos, {len(results) - done} siguen fallando.")
    if done != len(results):
        raise typer.Exit(1)


def _stays_blocked(one: letters.Letter) -> str:
    return f"{one.aggregate} sigue bloqueada: o2c dlq release {one.aggregate}" if one.aggregate else ""


def _some(choice: letters.Choice, letter: str | None) -> letters.Choice:
    """The letter, or what the options choose; nothing chosen is a mistake, not everything."""
    found = replace(choice, letter=letter)
    if found == letters.Choice():
        typer.echo("Diga cuáles: el mensaje, o --order, --type, --topic, --reason o --age.", err=True)
        raise typer.Exit(2)
    return found


@app.command()
@chooses
def replay(choice: letters.Choice, letter: Chosen = None, service: OfService = "intake", dry_run: DryRun = False) -> None:
    """Vuelve a pasar mensajes muertos por la misma puerta, con sus cabeceras, en el orden en que llegaron."""
    choice = _some(choice, letter)

    async def act(sorter: Sorter, pool: Any) -> list[Result]:
        found = await letters.dead_letters(pool, choice)
        if letter and not found:
            return [Result(letter, done=False, why=ABSENT)]
        return [await replay_letter(sorter, pool, one.id, dry_run=dry_run) for one in found]

    _report(_run(service, act))


@app.command()
@chooses
def dismiss(
    choice: letters.Choice,
    why: Annotated[str, typer.Option(help="Por qué no se aplicará.")],
    letter: Chosen = None,
    service: OfService = "intake",
    dry_run: DryRun = False,
) -> None:
    """Descarta mensajes muertos con un motivo; quién, cuándo y por qué quedan guardados."""
    choice = _some(choice, letter)

    async def act() -> list[Result]:
        async with connected(dsn_of(), f"{service}_ops") as connection:
            found = await letters.dead_letters(connection, choice)
            if letter and not found:
                return [Result(letter, done=False, why=ABSENT)]
            if dry_run:
                return [Result(one.id, done=True, why=f"se descartaría: {one.reason}") for one in found]
            return [
                Result(one.id, await letters.dismiss(connection, one.id, getpass.getuser(), why), _stays_blocked(one))
                for one in found
            ]

    _report(asyncio.run(act()))


@app.command("release")
def release_(
    aggregate: Annotated[str, typer.Argument(help="Orden bloqueada.")],
    service: OfService = "intake",
    dry_run: DryRun = False,
) -> None:
    """Libera una orden bloqueada: el mensaje que falló primero, después los que esperan, en orden."""

    async def act(sorter: Sorter, pool: Any) -> list[Result]:
        return await release(sorter, pool, aggregate, dry_run=dry_run)

    _report(_run(service, act))

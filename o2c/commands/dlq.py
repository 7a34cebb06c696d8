"""`o2c dlq list|show|replay|release`: what no contract explained, and orders that a bug of ours blocked."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated, Any, Final

import typer

from o2c.commands.verify import dsn_of, service_of
from shared.clock import Clock
from shared.contracts.catalogue import SERVICES
from shared.db import connect, open_pool
from shared.messaging import letters
from shared.messaging.consumer import Sorter
from shared.messaging.replay import Result, release, replay_letter
from shared.messaging.resources import Resources
from shared.settings import Settings

app: Final = typer.Typer(help="Mensajes muertos y órdenes bloqueadas.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Salida JSON.")]
OfService = Annotated[str, typer.Option("--service", help="Servicio.")]


@app.callback()
def group() -> None:
    """Mensajes muertos y órdenes bloqueadas."""


async def _list(kind: str | None, order: str | None, *, everything: bool) -> dict[str, dict[str, list[dict[str, Any]]]]:
    found = {}
    for name in SERVICES:
        connection = await connect(dsn_of(), f"{name}_ops")
        try:
            dead = [asdict(one) for one in await letters.dead_letters(connection, kind=kind, order=order, everything=everything)]
            stuck = [dict(row) for row in await letters.blocked(connection, order)]
        finally:
            await connection.close()
        found[name] = {"dead": dead, "blocked": stuck}
    return found


@app.command("list")
def list_(
    kind: Annotated[str | None, typer.Option("--type", help="Tipo de mensaje.")] = None,
    order: Annotated[str | None, typer.Option(help="Orden o agregado.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="También los ya repetidos.")] = False,
    as_json: AsJson = False,
) -> None:
    """Lista los mensajes muertos y las órdenes bloqueadas, con su motivo."""
    found = asyncio.run(_list(kind, order, everything=everything))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1, default=str))
        return
    for name, parts in found.items():
        for one in parts["dead"]:
            typer.echo(f"{name:<14} {one['id']:<32} {one['reason']:<18} {one['path']} {one['hint']}")
        for row in parts["blocked"]:
            typer.echo(f"{name:<14} {row['id']:<32} BLOQUEADA {row['blocked']}, {row['parked']} mensajes detrás")


@app.command()
def show(letter: Annotated[str, typer.Argument(help="tema/partición/posición")], service: OfService = "intake") -> None:
    """Muestra un mensaje muerto: cabeceras, tamaño y motivo; nunca su contenido, que puede tener datos personales."""

    async def read() -> list[letters.Letter]:
        connection = await connect(dsn_of(), f"{service}_ops")
        try:
            return await letters.dead_letters(connection, letter=letter, everything=True)
        finally:
            await connection.close()

    for one in asyncio.run(read()):
        typer.echo(json.dumps(asdict(one), ensure_ascii=False, indent=1))


async def _with_intake(service: str, act: Any) -> list[Result]:
    one, settings = service_of(service), Settings()
    pool = await open_pool(dsn_of(), f"{service}_ops", 2)
    try:
        resources = Resources(service, settings, one.roster(), one.worlds(Clock()), pool, pool, Clock())
        found: list[Result] = await act(Sorter(resources, one.edges(settings), one.mirrors, one.partners), pool)
        return found
    finally:
        await pool.close()


def _report(results: list[Result]) -> None:
    for one in results:
        typer.echo(f"{'hecho' if one.done else 'sigue fallando'}  {one.id}  {one.why}")
    done = sum(one.done for one in results)
    typer.echo(f"Elegidos {len(results)}: {done} hechos, {len(results) - done} siguen fallando.")
    if done != len(results):
        raise typer.Exit(1)


@app.command()
def replay(
    letter: Annotated[str, typer.Argument(help="tema/partición/posición")],
    service: OfService = "intake",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Sólo decir qué pasaría.")] = False,
) -> None:
    """Vuelve a pasar un mensaje muerto por la misma puerta, con sus cabeceras."""

    async def act(sorter: Sorter, pool: Any) -> list[Result]:
        try:
            return [await replay_letter(sorter, pool, letter, dry_run=dry_run)]
        except (LookupError, ValueError):
            return [Result(letter, done=False, why="no existe; vea o2c dlq list")]

    _report(asyncio.run(_with_intake(service, act)))


@app.command("release")
def release_(
    aggregate: Annotated[str, typer.Argument(help="Orden bloqueada.")],
    service: OfService = "intake",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Sólo decir qué pasaría.")] = False,
) -> None:
    """Libera una orden bloqueada: el mensaje que falló primero, después los que esperan, en orden."""

    async def act(sorter: Sorter, pool: Any) -> list[Result]:
        return await release(sorter, pool, aggregate, dry_run=dry_run)

    _report(asyncio.run(_with_intake(service, act)))

"""`o2c dev`: the whole stack for a person to use, until Ctrl-C; `o2c sandbox` moves its clock, `o2c token` lets one in."""

import asyncio
import re
import signal
from contextlib import suppress
from datetime import timedelta
from typing import Annotated, Final

import typer
from rich.console import Console

from o2c.local import DEV as FOLDER
from o2c.local import running
from o2c.stack.tokens import UnknownUserError, token_for
from o2c.stack.up import Stack
from shared.calendar.calendar import LA_PAZ
from shared.clock import Clock

CLOCK: Final = FOLDER / "sandbox" / "clock"
app: Final = typer.Typer(add_completion=False, help="Levanta todo.")
token: Final = typer.Typer(add_completion=False, help="Tokens del modo local.")
sandbox: Final = typer.Typer(add_completion=False, help="El reloj de la caja de arena.", no_args_is_help=True)
UNITS: Final = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


@sandbox.callback()
def group() -> None:
    """El reloj de la caja de arena."""


async def _keep_up(stack: Stack, console: Console) -> None:
    async with stack:
        for child in stack.supervisor.children:
            console.print(f"{child.name:<18} {child.url}/docs")
        if stack.traces is not None:
            console.print(f"{'trazas':<18} {stack.traces.url}")
        console.print(f"Kafka {', '.join(stack.bootstrap)}   Postgres {stack.dsn}   correos {stack.mail.folder}")
        console.print("Ctrl-C para detener; lo guardado sigue ahí la próxima vez.")
        await asyncio.Event().wait()


async def _until_told(stack: Stack, console: Console) -> None:
    """Ctrl-C and SIGTERM stop it cleanly, also while it is starting; told again, it goes on stopping."""
    up = asyncio.create_task(_keep_up(stack, console))

    def tell() -> None:
        if not up.cancelling():
            console.print("Deteniendo ...")
            up.cancel()

    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, tell)
    with suppress(asyncio.CancelledError):
        await up


@app.command()
def dev(
    sandboxed: Annotated[bool, typer.Option("--sandbox", help="Con un reloj que se puede mover.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Empezar de cero.")] = False,
    replicas: Annotated[int, typer.Option(help="Réplicas de cada servicio.")] = 1,
) -> None:
    """Levanta todo y lo mantiene arriba hasta Ctrl-C."""
    console = Console(highlight=False)
    asyncio.run(_until_told(Stack(FOLDER, sandbox=sandboxed, fresh=fresh, replicas=replicas, say=console.print), console))


def _is_sandbox() -> bool:
    try:
        return bool(running(FOLDER)["sandbox"])
    except FileNotFoundError:
        return False


@sandbox.command()
def now() -> None:
    """Dice qué hora es en la caja de arena."""
    if not _is_sandbox():
        typer.echo("No hay una caja de arena en marcha (o2c dev --sandbox).", err=True)
        raise typer.Exit(2)
    typer.echo(f"{Clock(CLOCK).now().astimezone(LA_PAZ):%Y-%m-%d %H:%M:%S} (La Paz)")


@sandbox.command()
def advance(step: Annotated[str, typer.Argument(help="Cuánto: 2d, 6h, 30m, 15s.")]) -> None:
    """Adelanta el reloj de la caja de arena."""
    match = re.fullmatch(r"(\d+)([dhms])", step)
    if match is None or not _is_sandbox():
        typer.echo(
            "No hay una caja de arena en marcha (o2c dev --sandbox), o el paso no tiene la forma 2d, 6h, 30m, 15s.", err=True
        )
        raise typer.Exit(2)
    offset = float(CLOCK.read_text() or 0) + timedelta(**{UNITS[match[2]]: int(match[1])}).total_seconds()
    part = CLOCK.with_suffix(".new")
    part.write_text(str(offset))
    part.replace(CLOCK)
    typer.echo(f"El reloj está adelantado {timedelta(seconds=offset)}.")


@token.command()
def issue(user: Annotated[str, typer.Argument(help="Usuario de deploy/dev/users.yaml.")]) -> None:
    """Emite un token del modo local, válido por doce horas."""
    try:
        typer.echo(token_for(FOLDER, user))
    except UnknownUserError:
        typer.echo(f"No se conoce al usuario {user}.", err=True)
        raise typer.Exit(2) from None

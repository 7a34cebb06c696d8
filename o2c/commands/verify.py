"""`o2c verify`: folds every aggregate again from its facts and compares."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated, Final, NamedTuple

import typer
from rich.console import Console

from o2c.local import dsn_of, service_of
from shared.contracts.catalogue import SERVICES
from shared.db import connected
from shared.messaging.verify import Mismatch, verify

app: Final = typer.Typer(add_completion=False, help="Compara los documentos con sus hechos.")


class Folded(NamedTuple):
    """How many aggregates of a schema were folded again, and those whose document is another."""

    seen: int
    differing: list[Mismatch]


async def folded(dsn: str, services: tuple[str, ...] = SERVICES) -> dict[str, Folded]:
    """Folds the schemas, one after the other."""
    found = {}
    for name in services:
        async with connected(dsn, f"{name}_ops") as connection:
            found[name] = Folded(*await verify(connection, service_of(name).roster()))
    return found


async def verify_all(dsn: str, console: Console, services: tuple[str, ...] = SERVICES) -> int:
    """Verifies the schemas and says so; answers how many aggregates differ."""
    found = await folded(dsn, services)
    for name, one in found.items():
        console.print(f"verify {name}: {one.seen} agregados, {len(one.differing)} difieren")
        for wrong in one.differing[:20]:
            console.print(f"  {wrong.aggregate}: {wrong.why}")
    return sum(len(one.differing) for one in found.values())


@app.command()
def command(
    service: Annotated[str | None, typer.Option(help="Un servicio; sin él, todos.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Salida JSON.")] = False,
) -> None:
    """Vuelve a plegar los hechos de cada agregado y los compara con su documento."""
    chosen = (service,) if service else SERVICES
    if as_json:
        found = asyncio.run(folded(dsn_of(), chosen))
        told = {name: {"aggregates": one.seen, "differing": list(map(asdict, one.differing))} for name, one in found.items()}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
        differing = sum(len(one.differing) for one in found.values())
    else:
        differing = asyncio.run(verify_all(dsn_of(), Console(highlight=False), chosen))
    if differing:
        raise typer.Exit(1)

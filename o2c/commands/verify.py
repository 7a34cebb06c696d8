"""`o2c verify`: folds every aggregate again from its facts and compares."""

import asyncio
from typing import Annotated, Final

import typer
from rich.console import Console

from o2c.local import dsn_of, service_of
from shared.contracts.catalogue import SERVICES
from shared.db import connected
from shared.messaging.verify import verify

app: Final = typer.Typer(add_completion=False, help="Compara los documentos con sus hechos.")


async def verify_all(dsn: str, console: Console, services: tuple[str, ...] = SERVICES) -> int:
    """Verifies the schemas; answers how many aggregates differ."""
    differing = 0
    for name in services:
        async with connected(dsn, f"{name}_ops") as connection:
            seen, wrong = await verify(connection, service_of(name).roster())
        differing += len(wrong)
        console.print(f"verify {name}: {seen} agregados, {len(wrong)} difieren")
        for one in wrong[:20]:
            console.print(f"  {one.aggregate}: {one.why}")
    return differing


@app.command()
def command(
    service: Annotated[str | None, typer.Option(help="Un servicio; sin él, todos.")] = None,
) -> None:
    """Vuelve a plegar los hechos de cada agregado y los compara con su documento."""
    chosen = (service,) if service else SERVICES
    if asyncio.run(verify_all(dsn_of(), Console(highlight=False), chosen)):
        raise typer.Exit(1)

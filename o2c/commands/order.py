"""`o2c order show|events|why`: state, history, and what blocks an order, read from every service's schema."""

import asyncio
import json
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table

from o2c.local import dsn_of
from shared.calendar.calendar import LA_PAZ
from shared.contracts.catalogue import SERVICES
from shared.db import connected
from shared.http import EVENTS, ORDER

app: Final = typer.Typer(add_completion=False, help="Órdenes: estado, historia y por qué no avanzan.", no_args_is_help=True)
OrderId = Annotated[str, typer.Argument(help="Id de la orden padre, de una suborden o de un grupo.")]
AsJson = Annotated[bool, typer.Option("--json", help="Salida JSON.")]


@app.callback()
def group() -> None:
    """Órdenes."""


async def _read(statement: str, order: str) -> list[dict[str, Any]]:
    found = []
    for name in SERVICES:
        async with connected(dsn_of(), f"{name}_ops") as connection:
            rows = await connection.fetch(statement, order)
        found += [{"service": name, **dict(row)} for row in rows]
    return found


def _or_unknown(rows: list[dict[str, Any]], order: str) -> list[dict[str, Any]]:
    if not rows:
        typer.echo(f"No existe la orden {order}. Verifique el número.", err=True)
        raise typer.Exit(1)
    return rows


def _print(rows: Any) -> None:
    typer.echo(json.dumps(rows, ensure_ascii=False, indent=1, default=str))


@app.command()
def show(order: OrderId, as_json: AsJson = False) -> None:
    """Dónde está cada parte de la orden."""
    rows = _or_unknown(asyncio.run(_read(ORDER, order)), order)
    parts = [row | {"state": orjson.loads(row.pop("doc"))} for row in rows if row["service"] != "notifications"]
    if as_json:
        _print(parts)
        return
    table = Table(title=f"Orden {order}")
    for name in ("Servicio", "Agregado", "Etapa", "Versión", "Vence"):
        table.add_column(name)
    for row in parts:
        due = row["due_at"].astimezone(LA_PAZ).strftime("%d/%m/%Y %H:%M") if row["due_at"] else "—"
        table.add_row(row["service"], row["id"], row["state"].get("stage", ""), str(row["version"]), due)
    Console().print(table)


@app.command()
def events(order: OrderId, as_json: AsJson = False) -> None:
    """La historia: cada hecho, quién y cuándo."""
    rows = _or_unknown(asyncio.run(_read(EVENTS, order)), order)
    rows.sort(key=lambda row: (row["at"], row["service"], row["aggregate"], row["seq"]))
    if as_json:
        _print([row | {"data": orjson.loads(row["data"])} for row in rows])
        return
    for row in rows:
        if row["type"] != "WaitingChanged":
            when = row["at"].astimezone(LA_PAZ).strftime("%d/%m/%Y %H:%M:%S")
            typer.echo(f"{when}  {row['service']:<13} {row['aggregate']:<20} {row['type']:<28} {row['actor']}")


@app.command()
def why(order: OrderId, as_json: AsJson = False) -> None:
    """Por qué no avanza: quién tiene la pelota y con qué mensaje se mueve."""
    rows = _or_unknown(asyncio.run(_read(ORDER, order)), order)
    waits = [
        {"service": row["service"], "aggregate": row["id"], **wait}
        for row in rows
        for wait in orjson.loads(row["doc"]).get("waits", {}).values()
    ]
    blocked = [{"service": row["service"], "aggregate": row["id"], "blocked": row["blocked"]} for row in rows if row["blocked"]]
    if as_json:
        _print({"waits": waits, "blocked": blocked})
        return
    for one in blocked:
        typer.echo(f"BLOQUEADA {one['service']} {one['aggregate']}: {one['blocked']} (o2c dlq)")
    for wait in waits:
        what, moves = f"{wait['what']} [{wait['service']}]", " o ".join(wait["cleared_by"])
        typer.echo(f"{wait['party']:<16} {what}: se mueve con {moves}, desde {wait['since']}")
    if not waits and not blocked:
        typer.echo("Nadie tiene nada pendiente: la orden terminó.")

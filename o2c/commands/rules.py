"""`o2c rules check|explain`: what is wrong or missing in the decision tables, and why a row decides a case."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from shared.calendar.calendar import local_day
from shared.clock import Clock
from shared.contracts.catalogue import SERVICES
from shared.rules.error import RuleError
from shared.rules.inspect import Folder, Wrong, in_force, inspect, without_row
from shared.rules.tables import Table, Tables

if TYPE_CHECKING:
    from shared.service import Service

app: Final = typer.Typer(add_completion=False, help="Tablas de decisión: comprobarlas y explicar un caso.", no_args_is_help=True)
SHIPPED: Final = Path(__file__).parents[2] / "services"
SHOWN: Final = 6
"""Gaps told per table on screen; --json tells all."""
AsJson = Annotated[bool, typer.Option("--json", help="Salida JSON.")]
On = Annotated[str | None, typer.Option("--on", help="Fecha, como 2026-12-01; sin ella, hoy.")]
Rules = Annotated[Path | None, typer.Option(help="Carpeta del operador con una carpeta por servicio; sin ella, las entregadas.")]


@app.callback()
def group() -> None:
    """Tablas de decisión."""


def folders(own: Path | None) -> list[Folder]:
    """The rules of every service: those of the operator's folder, else those shipped."""
    found = ((path.name if own else path.parent.name, path) for path in sorted(own.glob("*") if own else SHIPPED.glob("*/rules")))
    return [inspect(name, path) for name, path in found if path.is_dir()]


def refused_by_service(folder: Folder) -> list[Wrong]:
    """What a service refuses on load beyond the form of its tables, such as a trigger that comes after billing."""
    if folder.name not in SERVICES:
        return []
    service: Service = import_module(f"services.{folder.name}.app").SERVICE
    try:
        service.check(Tables({one.name: one for one in folder.tables}))
    except RuleError as error:
        return [Wrong(folder.name, error.where, error.code, error.sentence)]
    return []


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text) if text else local_day(Clock().now())
    except ValueError as error:
        raise typer.BadParameter(f"{text} no es una fecha como 2026-12-01.") from error


def _about(folder: Folder, table: Table, day: date) -> dict[str, Any]:
    versions = [{"valid_from": one.valid_from.isoformat(), "rows": len(one.rows)} for one in table.versions]
    known = {"service": folder.name, "table": table.name, "file": table.file, "question": table.question, "versions": versions}
    return known | {"in_force": table.on(day).valid_from.isoformat(), "gaps": [_plain(case) for case in table.gaps(day)]}


def _plain(case: Any) -> dict[str, str]:
    return {name: str(value) for name, value in case.items()}


def lines_of(all_folders: Iterable[Folder], day: date) -> set[str]:
    """The lines of products that are sold: those that every table by line should know."""
    tables = [table for folder in all_folders for table in folder.tables if table.name == "PRODUCTS"]
    return {row.text("line") for table in tables for row in table.on(day).rows if not row.flag("charge_only")}


@app.command()
def check(
    as_json: AsJson = False,
    on: On = None,
    rules: Rules = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fallar también si una línea de producto no tiene filas.")] = False,
) -> None:
    """Comprueba todas las tablas: formas, solapes, huecos, versiones y líneas de producto sin filas."""
    day = _day(on)
    found = [in_force(one, day) for one in folders(rules)]
    wrong = [asdict(one) for folder in found for one in (*folder.wrong, *refused_by_service(folder))]
    about = [_about(folder, table, day) for folder in found for table in folder.tables]
    lines = lines_of(found, day)
    lacking = [
        {"service": folder.name, "table": table.name, "line": line}
        for folder in found
        for table, line in without_row(folder.tables, day, "line", lines)
    ]
    if as_json:
        told = {"on": day.isoformat(), "tables": about, "errors": wrong, "lines_without_row": lacking}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        _tell(about, wrong, lacking)
    if wrong or (strict and lacking):
        raise typer.Exit(1)


def _tell(about: list[dict[str, Any]], wrong: list[dict[str, str]], lacking: list[dict[str, str]]) -> None:
    for one in about:
        state = f"vigente desde {one['in_force']}" if one["in_force"] else "sin versión vigente"
        typer.echo(
            f"{one['service']:<13} {one['table']:<17} {state}, {len(one['versions'])} versión(es), huecos: {len(one['gaps'])}"
        )
        for case in one["gaps"][:SHOWN]:
            typer.echo("    sin fila: " + ", ".join(f"{name} {value}" for name, value in case.items()))
        if len(one["gaps"]) > SHOWN:
            typer.echo(f"    y {len(one['gaps']) - SHOWN} más")
    for row in lacking:
        typer.echo(
            f"{row['service']} {row['table']}: la línea {row['line']} no tiene filas; será un problema, no un valor supuesto"
        )
    for error in wrong:
        typer.echo(f"{error['code']} {error['folder']}/{error['where']}: {error['sentence']}", err=True)
    typer.echo(f"{len(about)} tablas, {len(wrong)} errores, {sum(len(one['gaps']) for one in about)} huecos")


@app.command()
def explain(
    table: Annotated[str, typer.Argument(help="Nombre de la tabla, como METHODS.")],
    case: Annotated[list[str] | None, typer.Argument(help="El caso: entrada=valor, como line=SDWAN access=LTE.")] = None,
    on: On = None,
    rules: Rules = None,
    as_json: AsJson = False,
) -> None:
    """Dice qué fila decide un caso y, de cada otra, por qué no."""
    day, known = _day(on), {one.name: one for folder in folders(rules) for one in folder.tables}
    given = dict(_pair(one) for one in case or ())
    if table not in known:
        typer.echo(f"No existe la tabla {table}; existen {', '.join(sorted(known))}.", err=True)
        raise typer.Exit(1)
    try:
        told = known[table].explain(day, **given)
    except RuleError as error:
        typer.echo(error.sentence, err=True)
        raise typer.Exit(1) from error
    if as_json:
        rows: list[dict[str, Any]] = [{"row": row.row, "then": dict(row.then)} for row in told.rows]
        whole: dict[str, Any] = {
            "table": told.table,
            "question": told.question,
            "version": told.version,
            "on": day.isoformat(),
            "given": given,
        }
        whole |= {"rows": rows, "verdicts": [asdict(one) for one in told.verdicts]}
        typer.echo(json.dumps(whole, ensure_ascii=False, indent=1, default=_json))
        return
    typer.echo(f"{told.table}: {told.question} (versión {told.version})")
    for row in told.rows:
        typer.echo(f"  {row.row} decide: " + ", ".join(f"{name} {_word(value)}" for name, value in row.then.items()))
    if not told.rows:
        typer.echo("  Ninguna fila decide: es un hueco, y será un problema para una persona.")
    for verdict in told.verdicts:
        if not verdict.decides:
            typer.echo(f"  {verdict.row} no: {verdict.because}")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text} no tiene la forma entrada=valor.")
    return name, value


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "sí" if value else "no"
    return ", ".join(map(_word, value)) if isinstance(value, tuple) else str(value)


def _json(value: Any) -> Any:
    """Exact numbers and read-only mappings as JSON knows them."""
    return dict(value) if isinstance(value, Mapping) else str(value)

"""`o2c criteria`: every acceptance criterion with the tests that prove it and what became of them in the last run."""

import json
from pathlib import Path
from typing import Annotated, Final

import typer

from o2c.criteria import PAGE, page, read, result, results

app: Final = typer.Typer(add_completion=False, help="Criterios de aceptación y sus pruebas.")
REPORT: Final = Path(".o2c/tests.xml")
SPANISH: Final = {"passed": "probado", "failed": "FALLA", "not run": "sin correr", "open": "abierto"}


@app.command()
def command(
    as_json: Annotated[bool, typer.Option("--json", help="Salida JSON.")] = False,
    report: Annotated[Path, typer.Option(help="Informe JUnit de la última corrida de pruebas.")] = REPORT,
    write: Annotated[bool, typer.Option("--write", help="Escribir docs/criteria.md.")] = False,
) -> None:
    """Muestra cada criterio de aceptación con sus pruebas; falla si uno no tiene ninguna o falla."""
    criteria, last = read(), results(report)
    if write:
        PAGE.write_text(page(criteria), encoding="utf-8")
    told = {one.id: result(one, last) for one in criteria.all}
    if as_json:
        rows = [
            {"id": one.id, "says": one.says, "chapter": one.chapter, "result": told[one.id], "open": one.open}
            | {
                "tests": [
                    {"file": test.file, "name": test.name, "result": last.get((test.file, test.name))} for test in one.tests
                ]
            }
            for one in criteria.all
        ]
        typer.echo(json.dumps({"criteria": rows, "problems": criteria.problems}, ensure_ascii=False, indent=1))
    else:
        for one in criteria.all:
            typer.echo(f"{one.id:>5}  {SPANISH[told[one.id]]:<10} {len(one.tests):>3}  {one.says}")
            if one.open:
                typer.echo(f"{'':>22}abierto: {one.open}")
        counts = ", ".join(f"{list(told.values()).count(name)} {word}" for name, word in SPANISH.items() if name in told.values())
        typer.echo(f"{len(told)} criterios: {counts}")
        for problem in criteria.problems:
            typer.echo(problem, err=True)
    if criteria.problems or "failed" in told.values():
        raise typer.Exit(1)

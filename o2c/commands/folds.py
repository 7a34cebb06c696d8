"""`o2c folds`: whether a fold changed under the same version of its decider, and what is to be done then."""

from typing import Annotated, Final

import typer

from o2c import folds

app: Final = typer.Typer(add_completion=False, help="Lo que cada hecho cambia, y la versión bajo la cual.")
MOST: Final = 5


@app.command()
def command(
    record: Annotated[bool, typer.Option("--record", help="Registrar lo que hay ahora en services/folds.json.")] = False,
) -> None:
    """Compara cómo se pliegan los hechos con lo registrado; un cambio sin versión nueva dejaría documentos equivocados."""
    if record:
        folds.record()
        typer.echo(f"Registrado en {folds.FILE.name}.")
        return
    problems = told()
    for problem in problems:
        typer.echo(problem)
    if problems:
        raise typer.Exit(1)
    typer.echo("Los pliegues son los registrados.")


def told() -> list[str]:
    """What is wrong, decider by decider, and what to do about it."""
    now, before = folds.folds(), folds.recorded()
    found = [
        f"{name}: cambió cómo se pliegan {', '.join(keys[:MOST])}{' …' if len(keys) > MOST else ''} y la versión sigue en"
        f" {now[name]['version']}. Suba `version` de este decisor en su app.py, para que los documentos guardados se plieguen"
        " de nuevo, y ejecute «o2c folds --record»; sólo esto último si el estado que resulta es el mismo."
        for name, keys in folds.unversioned(now, before).items()
    ]
    if found or now == before:
        return found
    return ["services/folds.json no corresponde a los decisores: ejecute «o2c folds --record»."]

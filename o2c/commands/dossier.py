"""`o2c dossier export|verify`: the dossier of an acceptance, to be kept and proved where our system is not."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer

from services.acceptance.domain.dossier import NotDecidedError, digest, lines
from services.acceptance.domain.evolve import evolve
from services.acceptance.domain.proving import documents_of, problems, seal_of

app: Final = typer.Typer(add_completion=False, help="Dossier de aceptación: exportar y comprobar.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Dossier de aceptación."""


async def facts_of(suborder: str) -> list[Any]:
    """The facts of a suborder's acceptance in their order; none when it is not known."""
    from o2c.local import dsn_of  # noqa: PLC0415 - whoever verifies a file needs no stack
    from shared.db import connected  # noqa: PLC0415
    from shared.http import EVENTS  # noqa: PLC0415

    async with connected(dsn_of(), "acceptance_ops") as connection:
        rows = await connection.fetch(EVENTS, suborder)
    own = sorted((row for row in rows if row["aggregate"] == suborder), key=lambda row: row["seq"])
    return [evolve.types[row["type"]].model_validate_json(row["data"]) for row in own]


@app.command()
def export(
    suborder: Annotated[str, typer.Argument(help="Id de la suborden.")],
    out: Annotated[Path | None, typer.Option(help="Archivo de salida; sin él, la salida estándar.")] = None,
) -> None:
    """Escribe el dossier: acta, envíos, recordatorios, decisión y avisos, cada línea con la huella de la anterior."""
    facts = asyncio.run(facts_of(suborder))
    if not facts:
        _fail(f"No existe la suborden {suborder}. Verifique el número.")
    try:
        file = b"".join(line + b"\n" for line in lines(facts))
    except NotDecidedError:
        _fail(f"La aceptación de {suborder} todavía no está decidida: no hay dossier.")
    if out is None:
        sys.stdout.buffer.write(file)
        return
    out.write_bytes(file)
    typer.echo(f"{out}: {len(file.splitlines())} líneas, huella {seal_of(file)}")


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Un dossier exportado.")],
    sha256: Annotated[str | None, typer.Option(help="La huella que llevó la solicitud de facturación.")] = None,
    document: Annotated[list[Path] | None, typer.Option(help="Un acta o firma en PDF, para ver si es la del dossier.")] = None,
) -> None:
    """Comprueba un dossier sin conexión: que nada cambió, que nada falta, y que lleva a su decisión."""
    told = file.read_bytes()
    found = list(problems(told))
    if not found and sha256 is not None and sha256.lower() != seal_of(told):
        found.append(f"La huella es {seal_of(told)}, no {sha256}.")
    if not found:
        named = documents_of(told)
        found += [
            f"{one}: el dossier no nombra este documento." for one in document or () if digest(one.read_bytes()) not in named
        ]
    if found:
        _fail("\n".join(found))
    typer.echo(f"El dossier es íntegro: {len(told.splitlines())} líneas, huella {seal_of(told)}")


def _fail(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(1)

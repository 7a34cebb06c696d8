"""`o2c doctor`: looks at everything an installation needs and says, for each, whether it is well and what to do."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated, Final

import typer
from pydantic import ValidationError

from o2c.doctor import Finding, bad, examine
from o2c.local import settings_of

app: Final = typer.Typer(add_completion=False, help="Revisa la instalación.")


def findings() -> list[Finding]:
    """What every check says; what the environment leaves open is taken from the running local stack."""
    try:
        settings = settings_of()
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_input=False)]
        return [bad("ajustes", "; ".join(wrong), "Corrija las variables O2C_* que se nombran.")]
    return asyncio.run(examine(settings))


@app.command()
def command(as_json: Annotated[bool, typer.Option("--json", help="Salida JSON.")] = False) -> None:
    """Revisa Kafka, temas, Postgres, migraciones, correo, documentos, relojes, llaves y reglas; termina en 1 si algo falla."""
    found = findings()
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1))
    else:
        for one in found:
            typer.echo(f"{'OK   ' if one.ok else 'FALLA'} {one.check:<12} {one.seen}")
            if one.do:
                typer.echo(f"{'':<18} → {one.do}")
    if not all(one.ok for one in found):
        raise typer.Exit(1)

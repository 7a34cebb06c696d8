"""`o2c contracts`: generates the published contracts, and tells when they have drifted from the models."""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from o2c.local import service_of
from shared.contracts.catalogue import SERVICES
from shared.messaging.asyncapi import document, schemas

app: Final = typer.Typer(add_completion=False, help="Contratos publicados: generarlos y comprobarlos.", no_args_is_help=True)
FOLDER: Final = Path(__file__).parents[2] / "docs" / "contracts"


@app.callback()
def group() -> None:
    """Contratos publicados."""


def generated() -> dict[str, str]:
    """Every generated file by its path below docs/contracts."""
    files: dict[str, dict[str, Any]] = schemas()
    for name in SERVICES:
        service = service_of(name)
        files[f"{name}.asyncapi.json"] = document(name, service.roster(), service.listens)
    return {path: json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n" for path, content in files.items()}


@app.command()
def generate(
    check: Annotated[bool, typer.Option("--check", help="Sólo comprobar: falla si algo cambió.")] = False,
) -> None:
    """Genera los esquemas JSON y los documentos AsyncAPI."""
    console, wanted = Console(highlight=False), generated()
    there = {str(path.relative_to(FOLDER)): path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.json")}
    drifted = sorted({path for path in wanted if there.get(path) != wanted[path]} | (set(there) - set(wanted)))
    if check:
        for path in drifted[:20]:
            console.print(f"difiere: docs/contracts/{path}")
        if drifted:
            console.print("Ejecute make contracts y revise los cambios.")
            raise typer.Exit(1)
        console.print(f"Contratos al día: {len(wanted)} archivos.")
        return
    for path in set(there) - set(wanted):
        (FOLDER / path).unlink()
    for path, text in wanted.items():
        (FOLDER / path).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / path).write_text(text, encoding="utf-8")
    console.print(f"Generados {len(wanted)} archivos; {len(drifted)} cambiaron.")

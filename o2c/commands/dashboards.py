"""`o2c dashboards`: the dashboards of Grafana as files that it is provisioned with."""

import json
from pathlib import Path
from typing import Final

import typer

from o2c.dashboards import DASHBOARDS, document

app = typer.Typer(no_args_is_help=True, help="Los tableros de Grafana.")
FOLDER: Final = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"


@app.callback()
def group() -> None:
    """Los tableros de Grafana."""


def rendered() -> dict[str, str]:
    """The text of each file by its name."""
    return {f"{uid}.json": json.dumps(document(uid), ensure_ascii=False, indent=1) + "\n" for uid in DASHBOARDS}


@app.command()
def render() -> None:
    """Escribe deploy/grafana/dashboards."""
    for name, text in rendered().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        typer.echo(f"deploy/grafana/dashboards/{name}")

"""`o2c topics create|grant|render`: makes the topics, puts their access lists on a cluster, writes both for an operator."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import yaml

from o2c.local import topics_of
from shared import topics
from shared.settings import Settings

app: Final = typer.Typer(add_completion=False, help="Los temas de Kafka.", no_args_is_help=True)
FILE: Final = Path(__file__).parents[2] / "deploy" / "kafka" / "topics.yaml"
REPLICATION: Final = 3
SHIPPED: Final = Settings(rules_dir=None, salesforce_topics=None)
"""The file tells of what is shipped, whatever the environment says."""
HEAD: Final = """\
# Generated from shared/topics.py and the mappings of Salesforce by `o2c topics render`; a test fails when the two differ.
# Principals are SASL users; what no line of `acls` allows is denied (allow.everyone.if.no.acl.found=false).
"""


@app.callback()
def group() -> None:
    """Los temas de Kafka."""


@app.command()
def create(as_json: Annotated[bool, typer.Option("--json", help="Salida JSON.")] = False) -> None:
    """Crea los temas que faltan; los que existen se comparan y nunca se cambian."""
    settings = Settings()
    try:
        report = asyncio.run(topics.create(settings.kafka, topics_of(settings)))
    except topics.TopicError as error:
        typer.echo(f"Kafka no creó los temas: {error}", err=True)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps(asdict(report), ensure_ascii=False, indent=1))
    else:
        typer.echo(f"Creados {len(report.created)} temas, {len(report.differing)} diferencias.")
        for one in report.differing:
            typer.echo(f"{one.topic}: {one.what} es {one.found}, debe ser {one.wanted}")
    if report.differing:
        raise typer.Exit(1)


@app.command()
def grant() -> None:
    """Pone en el clúster la lista de accesos; lo ejecuta un principal que puede alterar el clúster."""
    settings = Settings()
    lines = topics.acls(topics_of(settings))
    try:
        asyncio.run(topics.grant(settings.kafka, lines))
    except topics.TopicError as error:
        typer.echo(f"Kafka no aceptó la lista de accesos: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{len(lines)} líneas de acceso en el clúster.")


def document() -> str:
    """The file for `deploy/kafka`: topics with the settings of production, and the access lists."""
    wanted = topics_of(SHIPPED)
    rows: list[dict[str, Any]] = [
        {
            "name": one.name,
            "partitions": topics.PARTITIONS,
            "replication": REPLICATION,
            "writers": list(one.writers),
            "readers": list(one.readers),
            "config": one.settings(REPLICATION),
        }
        for one in wanted
    ]
    lists = [asdict(one) for one in topics.acls(wanted)]
    return (
        HEAD
        + yaml.safe_dump({"topics": rows}, sort_keys=False, allow_unicode=True, width=120)
        + "acls:\n"
        + "".join(f"- {yaml.safe_dump(one, sort_keys=False, default_flow_style=True, width=200)}" for one in lists)
    )


@app.command()
def render() -> None:
    """Escribe deploy/kafka/topics.yaml."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(document(), encoding="utf-8")
    typer.echo(f"{FILE.name}: {len(topics_of(SHIPPED))} temas")


if __name__ == "__main__":
    app()

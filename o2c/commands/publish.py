"""`o2c publish`: sends a connector's message to the running stack and tells what became of it."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Final

import asyncpg
import typer
from aiokafka.errors import KafkaError

from o2c.contracts.checker import UnusableFileError, read
from o2c.local import dsn_of, settings_of
from o2c.publishing import Answer, Outcome, UnknownTopicError, publish

app: Final = typer.Typer(add_completion=False, help="Publica un mensaje de Salesforce y dice qué pasó con él.")
DEFAULT: Final = "salesforce.orders"
SAID: Final[dict[Outcome, str]] = {
    "ACCEPTED": "Aceptado",
    "REJECTED": "Rechazado: la orden se leyó, pero no cumple",
    "KEPT": "Guardado: es parte de una orden que todavía no está completa",
    "REPEATED": "Repetido: este mismo mensaje ya se había recibido; no cambia nada",
    "NO_EFFECT": "Sin efecto: se leyó y la orden ya tenía lo mismo, o una versión más nueva",
    "SKIPPED": "Pasado por alto: no es para nosotros; se cuenta y nada más",
    "PARKED": "En espera: la orden está bloqueada (vea o2c dlq list); el mensaje se aplicará en su turno",
    "DEAD_LETTER": "No se pudo leer: quedó en los mensajes muertos (vea o2c dlq show)",
    "UNANSWERED": "Sin respuesta: intake no lo leyó a tiempo; ¿está en marcha? (vea o2c doctor)",
}


def told(answer: Answer) -> list[str]:
    """The answer in Spanish, a line each."""
    lines = [f"{SAID[answer.outcome]}."]
    lines += [f"    {one['type']} de {one['aggregate']}" for one in answer.facts]
    lines += [f"    problema en {one['path'] or '$'}: {one['detail']} [{one['code']}]" for one in answer.problems]
    where = f"{answer.topic}/{answer.partition}/{answer.offset}"
    return [*lines, f"    {where}, {answer.seconds} s, traza {answer.trace}"]


@app.command()
def command(
    file: Annotated[
        Path, typer.Argument(help="Mensaje en la forma de las muestras, o sólo su valor.", exists=True, dir_okay=False)
    ],
    topic: Annotated[str | None, typer.Option("--topic", help="Tópico; sin él el del archivo, o salesforce.orders.")] = None,
    wait: Annotated[float, typer.Option("--wait", help="Segundos que se espera la respuesta.")] = 15.0,
    as_json: Annotated[bool, typer.Option("--json", help="Salida JSON.")] = False,
) -> None:
    """Publica FILE y espera: salida 0 si se aceptó, 1 si se rechazó o no se entendió, 2 si no hubo respuesta."""
    try:
        message = read(file)
        answer = asyncio.run(publish(message, topic or message.topic or DEFAULT, settings_of().kafka, dsn_of(), wait))
    except (UnusableFileError, UnknownTopicError) as error:
        typer.echo(f"{file}: {error}.", err=True)
        raise typer.Exit(2) from error
    except (KafkaError, asyncpg.PostgresError, OSError) as error:
        typer.echo(f"No se llega a Kafka o Postgres ({type(error).__name__}): levante todo con o2c dev.", err=True)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps({"file": str(file), **answer.as_json()}, ensure_ascii=False, indent=1))
    else:
        for line in told(answer):
            typer.echo(line)
    raise typer.Exit(answer.code)

"""`o2c demo`: one order from Salesforce to confirmed billing, on real Kafka and Postgres, every role played."""

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from aiokafka import AIOKafkaConsumer
from rich.console import Console

from o2c.commands.trazas import retraced
from o2c.commands.verify import verify_all
from o2c.play.cast import Cast
from o2c.play.driver import Driver
from o2c.play.story import Story
from o2c.stack.up import Stack
from shared.kafka import client

SAMPLES: Final = Path(__file__).parents[2] / "shared" / "contracts" / "samples" / "salesforce"
FOLDER: Final = Path(".o2c/demo")
app: Final = typer.Typer(add_completion=False, help="Una orden de punta a punta.")
LINE: Final = 132
"""Columns where no terminal says how many."""
SECONDS_ALL: Final = 90
SECONDS_PER_SITE: Final = 20


def platform_event(graph: dict[str, Any]) -> dict[str, Any]:
    """An order graph as the platform event that carries it."""
    items = sum(len(one["items"]) for one in graph["suborders"])
    return {
        "EventUuid": f"demo-{graph['order']['Id']}",
        "CreatedDate": 1795529001000,
        "OrderId__c": graph["order"]["Id"],
        "OrderNumber__c": graph["order"]["OrderNumber"],
        "Action__c": "SUBMITTED",
        "SubOrderCount__c": float(len(graph["suborders"])),
        "ItemCount__c": float(items),
        "Payload__c": json.dumps(graph),
        "_ObjectType": "B2B_Order_Event__e",
        "_EventType": "ir4e6bGYBtJYSX5x2vc4DQ",
    }


def read_event(order: Path | None) -> dict[str, Any]:
    """The sample's platform event, or a graph of the caller's as one."""
    if order is None:
        event: dict[str, Any] = json.loads((SAMPLES / "01_platform_event_schemaless.json").read_text())["value"]
        return event
    return platform_event(json.loads(order.read_text(encoding="utf-8")))


def suborders_of(event: dict[str, Any]) -> list[str]:
    """The suborders of the event, one per site."""
    return [one["Id"] for one in json.loads(event["Payload__c"])["suborders"]]


def silent_of(event: dict[str, Any]) -> frozenset[str]:
    """The last site of several never answers its acta."""
    suborders = suborders_of(event)
    return frozenset(suborders[-1:]) if len(suborders) > 1 else frozenset()


async def confirmed(stack: Stack) -> dict[str, int]:
    """What the downstream side holds, read from Kafka by a consumer of its own: activations per billing group and phase."""
    consumer = AIOKafkaConsumer("o2c.billing.v1", **client(stack.broker), auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    found: dict[str, set[str]] = {}
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        while [part for part, end in ends.items() if await consumer.position(part) < end]:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    headers = dict(record.headers)
                    if headers["ce_type"] == b"o2c.billing.ServiceBillingActivated.v1":
                        body = json.loads(record.value)
                        found.setdefault(body["request_id"], set()).add(headers["ce_id"].decode())
    finally:
        await consumer.stop()
    return {request: len(ids) for request, ids in found.items()}


async def play(order: Path | None, console: Console) -> bool:
    """Plays the order; answers whether everything ended as it must."""
    event, began = read_event(order), time.monotonic()
    async with Stack(FOLDER, sandbox=True, fresh=True, say=lambda text: console.print(f"[dim]{text}[/]")) as stack:
        story = Story(console)
        driver = Driver(stack, Cast(silent=silent_of(event)), story.tell, lambda: bool(story.completed))

        async def begin() -> None:
            console.print("[dim]Publicando la orden en salesforce.orders ...[/]")
            await driver.publish("salesforce.orders", json.dumps(event).encode())

        await driver.run(begin, limit_seconds=SECONDS_ALL + SECONDS_PER_SITE * len(suborders_of(event)))
        console.print(story.table())
        activations = await confirmed(stack)
        differing = await verify_all(stack.dsn, console)
    wanted = {f"{group}/{phase}" for group, phase in _phases(activations)}
    exact = bool(activations) and all(count == 1 for count in activations.values()) and wanted == set(activations)
    console.print(f"Activaciones confirmadas aguas abajo: {len(activations)}, una por grupo y fase: {'sí' if exact else 'NO'}.")
    if stack.traces is not None:
        bills, back = retraced(stack.folder)
        console.print(f"Trazas: de {back} de {bills} altas se vuelve al mensaje de Salesforce (o2c trazas --folder {FOLDER}).")
    console.print(f"Terminado en {time.monotonic() - began:.1f} s.")
    return exact and not differing


def _phases(activations: dict[str, int]) -> list[tuple[str, int]]:
    """Every phase that must be there: each group's from 1 to its highest."""
    highest: dict[str, int] = {}
    for request in activations:
        group, _, phase = request.rpartition("/")
        highest[group] = max(highest.get(group, 0), int(phase))
    return [(group, phase) for group, most in highest.items() for phase in range(1, most + 1)]


async def _until_told(order: Path | None, console: Console) -> bool:
    """SIGTERM stops the stack as cleanly as Ctrl-C does."""
    playing = asyncio.create_task(play(order, console))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, playing.cancel)
    return await playing


@app.command()
def demo(
    order: Annotated[Path | None, typer.Option(help="Archivo JSON con un grafo de orden; sin él, la muestra del banco.")] = None,
) -> None:
    """Lleva una orden desde Salesforce hasta el alta confirmada y el kit de bienvenida."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else LINE)
    if not asyncio.run(_until_told(order, console)):
        raise typer.Exit(1)

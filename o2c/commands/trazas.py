"""`o2c trazas`: where the traces of a stack are seen, also those of one that has ended, as a demo's."""

import signal
import threading
from pathlib import Path
from typing import Annotated, Final

import typer

from o2c.local import DEV, running
from o2c.stack.ports import free_ports
from o2c.stack.up import traces_file
from o2c.trazas.app import Receiver
from o2c.trazas.store import Store

SALESFORCE: Final = "process salesforce.orders"
BILL: Final = "BillingRequested"
app: Final = typer.Typer(add_completion=False, help="Las trazas de una pila.")


@app.command()
def command(
    folder: Annotated[Path, typer.Option(help="Carpeta de la pila: .o2c/dev, .o2c/demo.")] = DEV,
    port: Annotated[int | None, typer.Option(help="Puerto; sin él, uno libre.")] = None,
) -> None:
    """Muestra las trazas guardadas hasta Ctrl-C; si la pila está en marcha, dice dónde las muestra ella."""
    try:
        url = running(folder)["traces"]
        typer.echo(url or "La pila envía sus trazas adonde dice OTEL_EXPORTER_OTLP_ENDPOINT.")
    except FileNotFoundError:
        _serve(traces_file(folder), port or free_ports(1)[0])


def _serve(file: Path, port: int) -> None:
    if not file.exists():
        typer.echo(f"No hay trazas en {file}.", err=True)
        raise typer.Exit(2)
    receiver, told = Receiver(file, port), threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: told.set())
    receiver.start()
    typer.echo(f"{receiver.url} (Ctrl-C para detener)")
    told.wait()
    receiver.stop()


def retraced(folder: Path) -> tuple[int, int]:
    """Of the bills asked for in a finished stack: how many, and from how many the trace leads back to Salesforce's message."""
    store = Store(traces_file(folder))
    try:
        bills = store.making(BILL)
        return len(bills), sum(SALESFORCE in store.past(*one) for one in bills)
    finally:
        store.close()

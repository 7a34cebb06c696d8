"""`o2c tmf`: tells our facts in the words of TM Forum's TMF622, for who reads those; an option, off while it does not run."""

import asyncio
import signal
from typing import Final

import typer

from o2c.local import settings_of
from o2c.tmf import bridge
from shared.logs import start_logs
from shared.settings import Settings

app: Final = typer.Typer(add_completion=False, help="Notificaciones TMF622 de nuestros hechos.")


async def _until_told(settings: Settings) -> None:
    stopping = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    await bridge.run(settings.kafka, settings, stopping)


@app.command()
def command() -> None:
    """Publica en o2c.tmf622.v1 una notificación TMF622 por cada hecho que la tiene, hasta Ctrl-C."""
    settings = settings_of()
    start_logs("tmf", settings)
    asyncio.run(_until_told(settings))


if __name__ == "__main__":
    app()

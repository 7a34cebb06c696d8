"""`o2c watch`: reads every fact from outside and tells `/metrics` of numbers that never came and documents that differ."""

import asyncio
import signal
from typing import Final

import typer

from o2c.local import dsn_of, settings_of
from o2c.watching import Watch
from shared.logs import start_logs

app: Final = typer.Typer(add_completion=False, help="Vigila que no falte ningún hecho.")


async def _until_told(watch: Watch) -> None:
    stopping = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    await watch.run(stopping)


@app.command()
def command() -> None:
    """Vigila hasta Ctrl-C que no falte ningún hecho y, una vez al día, lo que mira `o2c verify`; lo dice en /metrics."""
    settings = settings_of()
    start_logs("watch", settings)
    watch = Watch(settings, dsn_of())
    watch.instruments.serve(settings.http.host, settings.http.port)
    asyncio.run(_until_told(watch))


if __name__ == "__main__":
    app()

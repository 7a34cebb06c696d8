"""`o2c buzon`: reads the mailbox that undeliverable mail comes back to, for as long as it runs."""

import asyncio
import signal
from typing import Final

import typer

from o2c.buzon import reader
from o2c.local import settings_of
from shared.logs import start_logs
from shared.settings import Settings

app: Final = typer.Typer(add_completion=False, help="Lee el buzón de correos devueltos.")


async def _until_told(settings: Settings) -> None:
    stopping = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    await reader.run(settings, stopping)


@app.command()
def command() -> None:
    """Lee el buzón de correos devueltos y avisa a notifications, hasta Ctrl-C; vacía su bandeja de entrada."""
    settings = settings_of()
    if not (settings.mailbox.host and settings.mailbox.username):
        print("Falta el buzón: O2C_MAILBOX__HOST, O2C_MAILBOX__USERNAME y O2C_MAILBOX__PASSWORD.")
        raise typer.Exit(2)
    start_logs("buzon", settings)
    asyncio.run(_until_told(settings))


if __name__ == "__main__":
    app()

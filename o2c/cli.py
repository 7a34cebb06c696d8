"""The command line `o2c`: the stack, orders, dead letters, contracts. Words on screen are Spanish.

A command is loaded when it is called: an image without the local stack's packages has all the others, and none waits
for what it does not use.
"""

import logging
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

COMMANDS: Final = {
    "demo": "demo:app",
    "dev": "dev:app",
    "sandbox": "dev:sandbox",
    "token": "dev:token",
    "trazas": "trazas:app",
    "order": "order:app",
    "dossier": "dossier:app",
    "verify": "verify:app",
    "criteria": "criteria:app",
    "dlq": "dlq:app",
    "calendar": "calendar:app",
    "rules": "rules:app",
    "folds": "folds:app",
    "mail": "mail:app",
    "contracts": "contracts:app",
    "publish": "publish:app",
    "buzon": "buzon:app",
    "tmf": "tmf:app",
    "watch": "watch:app",
    "doctor": "doctor:app",
    "db": "db:app",
    "topics": "topics:app",
    "restore": "recovery:restore",
    "offsets": "recovery:offsets",
    "republish": "recovery:republishing",
    "dashboards": "dashboards:app",
}
"""Name of each command -> module of `o2c.commands` and the application in it."""


class OnDemand(TyperGroup):
    """The commands of the table; one whose packages are not installed does not exist here."""

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order of the table."""
        return [name for name in COMMANDS if self.get_command(ctx, name) is not None]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - as the base class has it
        """Loads the command, or answers None."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        try:
            found = getattr(import_module(f"o2c.commands.{module}"), attribute)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] in {"o2c", "services", "shared"}:
                raise
            return None
        command = get_command(found)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=OnDemand, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Entrega de órdenes B2B."
)


@app.callback()
def group() -> None:
    """Entrega de órdenes B2B."""


def main() -> None:
    """Runs the command line; of the clients' own complaints errors alone come on screen."""
    for client in ("aiokafka", "asyncio"):
        logging.getLogger(client).setLevel(logging.ERROR)
    app()

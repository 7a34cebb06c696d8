"""Where things are for the commands: what the environment sets, else the running local stack, else the defaults."""

import json
import os
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from shared.settings import Settings

if TYPE_CHECKING:
    from shared.service import Service
    from shared.topics import Topic

DEV: Final = Path(".o2c/dev")


def running(folder: Path = DEV) -> dict[str, Any]:
    """Where a running stack has everything. Raises FileNotFoundError when none runs."""
    found: dict[str, Any] = json.loads((folder / "stack.json").read_text())
    return found


def dsn_of() -> str:
    """The database by the same rule as every other setting."""
    return settings_of().postgres.dsn


def settings_of() -> Settings:
    """Each setting by one rule: the environment where it names it, else the running local stack, else the default."""
    with suppress(FileNotFoundError):
        for name, value in running()["environment"].items():
            os.environ.setdefault(name, value)
    return Settings()


def topics_of(settings: Settings) -> "tuple[Topic, ...]":
    """Every topic of this installation: ours, and those by which its mappings are reached from Salesforce."""
    from services.intake.adapters.edge import edges  # noqa: PLC0415 - intake's rules are for few commands
    from shared.topics import with_salesforce  # noqa: PLC0415 - likewise the clients of Kafka

    return with_salesforce(edges(settings))


def service_of(name: str) -> "Service":
    """The service as it runs; loaded only here, since it brings everything with it."""
    found: Service = import_module(f"services.{name}.app").SERVICE
    return found

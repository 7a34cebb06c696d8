"""Every message by service and name, and back from the type on the wire."""

from collections.abc import Callable
from typing import Final

from shared.contracts import acceptance, billing, intake, notifications, provisioning, testing
from shared.contracts.base import Command, Fact

SERVICES: Final = ("intake", "provisioning", "testing", "acceptance", "billing", "notifications")
TOPIC: Final[Callable[[str], str]] = "o2c.{}.v1".format
"""The topic of a service's facts: `o2c.intake.v1`."""

_MODULES: Final = {
    "intake": intake,
    "provisioning": provisioning,
    "testing": testing,
    "acceptance": acceptance,
    "billing": billing,
    "notifications": notifications,
}


def _by_name(kinds: tuple[type, ...]) -> dict[str, type]:
    return {kind.__name__: kind for kind in kinds}


FACTS: Final[dict[str, dict[str, type[Fact]]]] = {one: _by_name(module.FACTS) for one, module in _MODULES.items()}
"""Facts that each service publishes, by name."""

COMMANDS: Final[dict[str, dict[str, type[Command]]]] = {one: _by_name(module.COMMANDS) for one, module in _MODULES.items()}
"""Commands that each service understands, by name."""

_FACT_TYPES: Final = {f"o2c.{one}.{name}.v1": (one, kind) for one, kinds in FACTS.items() for name, kind in kinds.items()}
_COMMAND_TYPES: Final = {f"o2c.{one}.{name}.v1": (one, kind) for one, kinds in COMMANDS.items() for name, kind in kinds.items()}


def fact_type(ce_type: str) -> tuple[str, type[Fact]] | None:
    """Service and class of a fact's wire type, None when there is no such fact."""
    return _FACT_TYPES.get(ce_type)


def command_type(ce_type: str) -> tuple[str, type[Command]] | None:
    """Service and class of a command's wire type, None when there is no such command."""
    return _COMMAND_TYPES.get(ce_type)

"""Named policy values with effective dates (`domain.md` section 3). Frozen once loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.rules.error import RuleError


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """A value and since when it holds: what a decision stores of it."""

    value: Any
    version: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Policy values of a service: per name each value with the day it holds from, newest last."""

    values: Mapping[str, tuple[tuple[date, Any], ...]]

    def in_force(self, name: str, on: date) -> PolicyValue:
        """The value of a day with its version. Raises RuleError when there is none, or no such name."""
        for since, value in reversed(self.values.get(name, ())):
            if since <= on:
                return PolicyValue(value, since.isoformat())
        raise RuleError(f"La política {name} no tiene valor vigente el {on:%d/%m/%Y}.", code="RULE_NOT_IN_FORCE")

    def value(self, name: str, on: date) -> Any:
        """The bare value of a day. Raises RuleError as `in_force` does."""
        return self.in_force(name, on).value

    def version(self, name: str, on: date) -> str:
        """Since when the value of a day holds, as facts store it."""
        return self.in_force(name, on).version

"""Named policy values with effective dates (`domain.md` section 3). Frozen once loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from shared.rules.error import RuleError

OTHERS: Final = "others"
"""In a value by kind: every kind that is not named."""


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

    def value(self, name: str, on: date, kind: str = "") -> Any:
        """The bare value of a day, of that kind where the operator decided by kind. Raises RuleError as `in_force` does."""
        found = self.in_force(name, on).value
        return found.get(kind, found.get(OTHERS)) if kind and isinstance(found, Mapping) else found

    def version(self, name: str, on: date) -> str:
        """Since when the value of a day holds, as facts store it."""
        return self.in_force(name, on).version

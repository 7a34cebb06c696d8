"""The deciders of one service, found by aggregate id and by message."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from shared.contracts.base import Fact, Message
from shared.decider import Decider, Hears


class Roster:
    """Which decider an aggregate has (by the prefix of its id), and which rows hear a message."""

    def __init__(self, deciders: Sequence[Decider[Any]]) -> None:
        self.deciders = tuple(deciders)

    @cached_property
    def _by_prefix(self) -> list[Decider[Any]]:
        return sorted(self.deciders, key=lambda decider: -len(decider.prefix))

    def of(self, aggregate: str) -> Decider[Any]:
        """The decider of this aggregate."""
        return next(decider for decider in self._by_prefix if aggregate.startswith(decider.prefix))

    @cached_property
    def _rows(self) -> dict[type[Message], list[Hears[Any]]]:
        rows: dict[type[Message], list[Hears[Any]]] = {}
        for decider in self.deciders:
            for row in decider.heard:
                if isinstance(row, Hears):
                    rows.setdefault(row.message, []).append(row)
        return rows

    def hearing(self, message: type[Message]) -> list[Hears[Any]]:
        """Rows of all deciders that hear this type."""
        return self._rows.get(message, [])

    def facts(self) -> frozenset[type[Fact]]:
        """All facts of services that are heard here."""
        return frozenset(kind for kind in self._rows if issubclass(kind, Fact))

    def commands(self) -> list[type[Message]]:
        """All commands that are understood here."""
        return [row.command for row in self.policy()]

    def policy(self) -> list[Any]:
        """Policy rows of all deciders."""
        return [row for decider in self.deciders for row in decider.policy]

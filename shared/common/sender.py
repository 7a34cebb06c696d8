"""The aggregate `sender:<source>`: where a refusal is recorded when a command names an order that does not exist."""

from typing import Final

from shared.common.state import State
from shared.contracts.common import CommandRefused, WaitingChanged
from shared.decider import Decider, Fold

_evolve: Fold[State] = Fold()
_evolve.ignores(CommandRefused, WaitingChanged)

SENDER: Final[Decider[State]] = Decider(state=State, evolve=_evolve, heard=(), prefix="sender:")
"""It hears nothing and decides nothing; it only has a history."""

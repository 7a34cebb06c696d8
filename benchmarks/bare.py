"""The yardstick: the same deciders carry the same orders in this one process, with no broker, database or network."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from benchmarks.orders import order
from o2c.commands.demo import silent_of
from o2c.play.cast import Cast
from shared.contracts.intake import OrderCompleted
from tests.lifecycle.town import Town

START: Final = datetime(2026, 11, 24, 14, 3, 21, tzinfo=UTC)
DAYS: Final = 30


@dataclass(frozen=True)
class Bare:
    """What the chain did, and how long the deciders, folds and role players took for it."""

    orders: int
    facts: int
    seconds: float
    cpu_seconds: float

    @property
    def facts_per_second(self) -> float:
        """Its rate on one core."""
        return self.facts / self.seconds


def carry(numbers: range) -> Bare:
    """Carries each order alone from Salesforce to its end. Raises AssertionError when one does not get there."""
    town = Town(now=START)
    facts, began, cpu = 0, time.perf_counter(), time.process_time()
    for number in numbers:
        event = order(number)
        town.cells, town.log = {name: {} for name in town.services}, []  # the rules stay loaded, as in a service
        town.cast = Cast(silent=silent_of(event))
        town.salesforce(event)
        town.live(DAYS)
        if not town.of(OrderCompleted):
            raise AssertionError(f"order {number} did not end")
        facts += len(town.log)
    return Bare(len(numbers), facts, time.perf_counter() - began, time.process_time() - cpu)

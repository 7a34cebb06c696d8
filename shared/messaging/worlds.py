"""Makes the world a decision is given: now, calendar, tables, policy, actor."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.calendar.calendar import Calendar
from shared.clock import Clock
from shared.decider import THE_SYSTEM, Actor, World
from shared.rules.tables import Policy, Tables


@dataclass
class Worlds:
    """The fixed part of the world; each decision gets it with its own moment and actor."""

    clock: Clock
    calendar: Calendar
    tables: Tables
    policy: Policy
    staff: Mapping[str, frozenset[str]] | None = None

    def at(self, actor: Actor = THE_SYSTEM, identity: str = "", source: str = "") -> World:
        """The world as it is now."""
        return World(self.clock.now(), self.calendar, self.tables, self.policy, actor, identity, source, staff=self.staff)

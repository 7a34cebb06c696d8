"""Makes the world a decision is given: now, calendar, tables, policy, actor."""

from dataclasses import dataclass

from shared.calendar.calendar import Calendar
from shared.clock import Clock
from shared.decider import Actor, World
from shared.rules.tables import Policy, Tables

NOBODY = Actor("SYSTEM", frozenset({"SYSTEM"}))


@dataclass
class Worlds:
    """The fixed part of the world; each decision gets it with its own moment and actor."""

    clock: Clock
    calendar: Calendar
    tables: Tables
    policy: Policy

    def at(self, actor: Actor = NOBODY, identity: str = "", source: str = "") -> World:
        """The world as it is now."""
        return World(self.clock.now(), self.calendar, self.tables, self.policy, actor, identity, source)

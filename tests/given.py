"""The test language of a decider: given what was heard, when a message comes, then these facts. No I/O, no clock."""

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Self

from shared.calendar.calendar import Calendar
from shared.contracts.base import Fact, Message
from shared.contracts.refusals import REFUSALS
from shared.decider import Actor, Decider, Refused, World
from shared.messaging.reaction import Cell, Made, due_deadlines, react
from shared.rules.load import COMMON_POLICY, load_dir, load_policy
from shared.rules.policy import Policy

MONDAY = datetime(2026, 11, 30, 14, 0, tzinfo=UTC)
"""A Monday at ten in La Paz."""


def actor(role: str, who: str | None = None) -> Actor:
    """A person or system of that role."""
    return Actor(who or f"{role.lower()}-1", frozenset({role}))


@cache
def rules_of(service: str) -> tuple[Any, Any]:
    """The shipped tables and policy values of a service."""
    folder = Path(__file__).parents[1] / "services" / service / "rules"
    return load_dir([folder]), load_policy(COMMON_POLICY, folder / "policy.yaml")


class Given:
    """One aggregate under test. `when` tells it a message; facts made, state and refusal can be looked at."""

    def __init__(self, service: str, decider: Decider[Any], aggregate: str, parent: str, now: datetime = MONDAY) -> None:
        self.decider, self.now = decider, now
        self.cell = Cell(aggregate, parent, decider, decider.state())
        self.tables, self.policy = rules_of(service)
        self.calendar = Calendar.bolivia()
        self.staff: dict[str, frozenset[str]] | None = None
        self.facts: list[Fact] = []
        self._last: list[Fact] = []
        self.refusal: Refused | None = None
        self._count = 0

    @property
    def state(self) -> Any:
        return self.cell.state

    def world(self, who: Actor, source: str, identity: str) -> World:
        return World(self.now, self.calendar, self.tables, self.policy, who, identity, source, staff=self.staff)

    def choosing(self, **values: Any) -> Self:
        """The operator decided otherwise from now on; `__` stands for the dot of a policy value's name."""
        chosen = {name.replace("__", "."): ((date.min, value),) for name, value in values.items()}
        self.policy = Policy({**self.policy.values, **chosen})
        return self

    def knowing(self, **staff: str) -> Self:
        """These are the users with their role; `_` stands for the dash of an id."""
        self.staff = {who.replace("_", "-"): frozenset({role}) for who, role in staff.items()}
        return self

    def when(self, message: Message, by: Actor | None = None, *, at: datetime | None = None, source: str = "/test") -> Self:
        """Tells it the message; a refusal is kept in `refusal` and changes nothing."""
        self.now = at or self.now
        self._count += 1
        before = self.cell.state
        outcome = react(self.cell, message, self.world(by or actor("SYSTEM"), source, f"test/{self.cell.id}/{self._count}"))
        self.refusal = outcome if isinstance(outcome, Refused) else None
        if self.refusal is not None:
            assert self.cell.state is before, "a refusal changes nothing"
            assert REFUSALS[self.refusal.code].sentence.format_map(self.refusal.details), "its sentence says all it promises"
            self._last = []
        elif isinstance(outcome, list):
            self._keep(outcome)
        return self

    def until(self, at: datetime) -> Self:
        """Lets time pass: every deadline on the way fires at its own instant."""
        self._last, self.refusal = [], None
        for _ in range(100):
            dates = self.decider.deadlines(self.cell.state, self.calendar)
            due = min((d for d in dates.values() if d <= at), default=None)
            if due is None or self.cell.state.held or self.cell.state.stopped:
                break
            self.now = max(due, self.now)
            for reached in due_deadlines(self.cell, self.world(actor("SYSTEM"), "clock", f"due/{due.isoformat()}")):
                before = self.cell.version
                outcome = react(self.cell, reached, self.world(actor("SYSTEM"), "clock", f"due/{reached.name}/{due.isoformat()}"))
                assert isinstance(outcome, list)
                self.facts += [made.fact for made in outcome]
                self._last += [made.fact for made in outcome]
                assert self.cell.version > before, f"the deadline {reached.name} changed nothing and would fire for ever"
                break
        self.now = at
        return self

    def _keep(self, made: list[Made]) -> None:
        self._last = [one.fact for one in made]
        self.facts += self._last

    @property
    def last(self) -> list[Fact]:
        """What the last message made; one that was refused made nothing, and must not pass for one that changed nothing."""
        assert self.refusal is None, f"refused: {self.refusal}"
        return self._last

    def of(self, kind: type[Fact]) -> list[Any]:
        """All facts of this type so far."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def names(self) -> list[str]:
        """Types of the facts the last message made, without the waits."""
        return [type(fact).__name__ for fact in self.last if type(fact).__name__ != "WaitingChanged"]


def day(text: str) -> date:
    return date.fromisoformat(text)

"""The town in a storm: whatever may go wrong between two deciders does, and everybody asks for anything.

The order within one subject is the only thing kept, as the relay gives it (I5).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from random import Random
from typing import Any, Final, cast

from opentelemetry.trace import Span

from o2c.commands.demo import SAMPLES, read_event
from o2c.play.cast import OWNER, STAFF, Answer, Reply
from shared.common.behaviours import common_policy
from shared.contracts.base import Command, Message
from shared.contracts.common import RecordEffectFailed
from shared.decider import OWNER as OF_THE_OWNER
from shared.decider import SYSTEM, TEAM, Allow, Effect
from shared.messaging.reaction import Cell, Made
from shared.tracing import Cause
from tests.lifecycle.town import Told, Town
from tests.simulation.vocabulary import Vocabulary

START: Final = datetime(2026, 11, 24, 14, 3, 21, tzinfo=UTC)
ROLES: Final = (*STAFF, "EC", "OM", "OM_SUPERVISOR", "GI", "FACTURADOR_BBD", "CLIENTE", "OPS")
TRIES: Final = 6
"""How often somebody repeats what was refused, before giving up."""


@dataclass
class Storm(Town):
    """Everything random comes from `shuffle`; while `calm`, nothing goes wrong any more."""

    sale: str = "00_order_graph_payload__c.json"
    calm: bool = True
    tries: dict[int, int] = field(default_factory=dict)
    away: dict[tuple[str, str], int] = field(default_factory=dict)
    """Topics that a consumer does not get, for so many steps."""
    story: list[str] = field(default_factory=list)
    """What was done to it, shortly: what a failing seed prints."""

    def __post_init__(self) -> None:
        super().__post_init__()
        assert self.shuffle is not None
        self.random: Random = self.shuffle
        self.words = Vocabulary(self.random)

    def rage(self, steps: int) -> None:
        """The sale comes, and all goes well for a while; then so many steps of it, one thing at a time."""
        self.salesforce(self.sold())
        self._go_on(self.random.randint(0, 1500), GOOD_DAYS)
        self.calm, self.repeats = False, REPEATS
        self._go_on(steps, GOOD_DAYS + MISCHIEF)

    def _go_on(self, steps: int, doings: tuple[tuple["Doing", int], ...]) -> None:
        what, weights = zip(*doings, strict=True)
        for _ in range(steps):
            self.random.choices(what, weights)[0](self)
            self.away = {key: left - 1 for key, left in self.away.items() if left > 1}

    def rest(self, days: int) -> None:
        """No more mischief: what can go on goes on."""
        self.calm, self.repeats, self.away = True, 1, {}
        self.live(days)

    def sold(self) -> dict[str, Any]:
        """The sale, as Salesforce publishes it."""
        return read_event(SAMPLES / self.sale)

    # What the town does, disturbed

    def ready(self) -> list[tuple[str, str, str]]:
        """What comes by a topic that its consumer gets."""
        return [key for key in super().ready() if key[:2] not in self.away]

    def _publish(self, service: str, cell: Cell, made: list[Made], message: Message, cause: Cause | Span) -> None:
        for one in made:
            self.words.learn(one.fact)
        super()._publish(service, cell, made, message, cause)

    def _take(self, answer: Answer) -> None:
        if isinstance(answer, Reply):
            self.words.learn(answer.command)
        super()._take(answer)

    def _send(self, ready: list[Reply]) -> None:
        """Who is refused tries again some time later, and at last gives up."""
        for reply in ready:
            self.pending.remove(reply)
            known = self.cells[reply.service].get(reply.command.aggregate)
            if known is None or not known.exists or self._command(reply, known) is not None:
                self._again(reply)

    def _again(self, reply: Reply) -> None:
        self.tries[id(reply.command)] = self.tries.get(id(reply.command), 0) + 1
        if self.tries[id(reply.command)] < TRIES and type(reply.command).__name__ != "PutContact":
            later = self.now + timedelta(minutes=self.random.randint(1, 3000))
            self.pending.append(Reply(reply.service, reply.command, reply.role, reply.actor, later))

    def outcome_of(self, cell: Cell, effect: Effect) -> Command:
        """Something outside fails now and then."""
        if not self.calm and self.random.random() < FAILS:
            return RecordEffectFailed(aggregate=cell.id, key=effect.key, attempt=effect.attempt, code="CONNECTION_REFUSED")
        return super().outcome_of(cell, effect)

    # Mischief

    def advance_a_little(self) -> None:
        """Time passes, mostly to the next deadline."""
        moments = [due for name, cells in self.cells.items() for cell in cells.values() if (due := self.due(name, cell))]
        soon = min((at for at in moments if at > self.now), default=self.now + timedelta(hours=1))
        jump = soon - self.now if self.random.random() < 0.5 else timedelta(minutes=self.random.randint(1, 600))
        self.until(self.now + jump)

    def until(self, to: datetime) -> None:
        """Deadlines fire at their own instants, but nobody waits for what they set off."""
        while reached := sorted(
            (due, name, cell.id)
            for name, cells in self.cells.items()
            for cell in cells.values()
            if (due := self.due(name, cell)) and due <= to
        ):
            at, name, aggregate = reached[0]
            self.now = max(self.now, at)
            self._fire(name, self.cells[name][aggregate])
        self.now = to

    def somebody_answers(self) -> None:
        """Whoever was asked does what they should."""
        ready = [one for one in self.pending if one.not_before is None or one.not_before <= self.now]
        if ready:
            self._send([self.random.choice(ready)])

    def somebody_answers_otherwise(self) -> None:
        """Whoever was asked answers, but not as one hopes: no instead of yes, failed instead of passed."""
        if self.pending:
            reply = self.random.choice(self.pending)
            self.pending.remove(reply)
            self.pending.append(replace(reply, command=self.words.twisted(reply.command)))

    def somebody_asks(self) -> None:
        """Anybody asks for anything, of any aggregate: mostly what a policy row lets them."""
        name = self.random.choice(sorted(self.cells))
        cells = [cell for cell in self.cells[name].values() if cell.exists and cell.decider.policy]
        if not cells:
            return
        cell = self.random.choice(cells)
        open_rows = [row for row in cell.decider.policy if row.stages & cell.state.stages and SYSTEM not in row.roles]
        rows = open_rows if open_rows and self.random.random() > UNASKED else cell.decider.policy
        row = self.random.choices(rows, [1 if row.command in COMMON else 4 for row in rows])[0]
        command = self.words.command(cast("type[Command]", row.command), cell.id, self.now)
        if command is not None:
            role, who = self._who(row, cell)
            self.story.append(f"{self.now:%d %H:%M} {role} {name} {command!r}")
            self._command(Reply(name, command, role, who), cell)

    def _who(self, row: Allow, cell: Cell) -> tuple[str, str]:
        if self.random.random() < UNASKED:
            return self.random.choice(ROLES), "alguien"
        role = self.random.choice(sorted(row.roles - {SYSTEM}) or ["OPS"])
        if role == TEAM:
            role = self.random.choice(ROLES)
        if role == OF_THE_OWNER:
            role = self.random.choice(("OM", "OM", "OM", "OM_SUPERVISOR"))
        return role, (cell.state.owner or OWNER) if role == "OM" else STAFF.get(role, role.lower())

    def a_repeat(self) -> None:
        """A record from long ago comes again."""
        if not self.log:
            return
        told = self.random.choice(self.log)
        hearing = [name for name, other in self.services.items() if told.service in other.listens]
        for name in hearing:
            if self._was_heard(name, told):
                self._hear(name, told)

    def _was_heard(self, name: str, told: Told) -> bool:
        waiting = self.queue.get((name, told.service, told.subject), ())
        return bool(self.rosters[name].hearing(type(told.fact))) and all(one.seq > told.seq for one in waiting)

    def a_topic_is_held_back(self) -> None:
        """A consumer gets nothing of a topic for a while; what comes by the others comes early."""
        self.away[self.random.choice(sorted(self.services)), self.random.choice(sorted(self.services))] = 60

    def salesforce_again(self) -> None:
        """The sale once more, or a newer version of it, or its cancellation."""
        value = self.sold()
        version = self.random.choice((1, 1, 2, 3))
        value["Version__c"] = version
        value["Action__c"] = self.random.choice(("SUBMITTED", "AMENDED", "CANCELLED"))
        value["EventUuid"] = f"otra-{self.random.randint(0, 9)}"
        graph = json.loads(value["Payload__c"])
        graph["order"]["Version__c"] = version
        value["Payload__c"] = json.dumps(graph)
        self.salesforce(value)


COMMON: Final = frozenset(row.command for row in common_policy(frozenset()))
"""What everybody may ask always: asked less, to leave room for the rest."""
FAILS: Final = 0.1
"""How often something outside fails."""
UNASKED: Final = 0.1
"""How often somebody asks what is not theirs to ask."""
REPEATS: Final = 3
"""How often a fact comes at the most."""
Doing = Callable[[Storm], object]
GOOD_DAYS: Final[tuple[tuple[Doing, int], ...]] = (
    (Storm.deliver, 300),
    (Storm.somebody_answers, 90),
    (Storm.advance_a_little, 12),
)
"""What goes on anyway, and how often."""
MISCHIEF: Final[tuple[tuple[Doing, int], ...]] = (
    (Storm.somebody_answers_otherwise, 12),
    (Storm.somebody_asks, 40),
    (Storm.a_repeat, 10),
    (Storm.a_topic_is_held_back, 3),
    (Storm.salesforce_again, 1),
)


def everywhere(town: Town) -> list[tuple[str, Cell]]:
    """Every aggregate that something happened to."""
    return list(
        chain.from_iterable(((name, cell) for cell in cells.values() if cell.exists) for name, cells in town.cells.items())
    )

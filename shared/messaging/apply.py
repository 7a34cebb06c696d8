"""One unit of work: the messages of a batch, a command or a deadline, applied to their aggregates in one transaction."""

import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from opentelemetry.trace import Link, Span

from shared import span_names, tracing
from shared.contracts.base import Message, to_json
from shared.contracts.common import CommandRefused
from shared.contracts.refusals import sentence
from shared.decider import THE_SYSTEM, Actor, Refused, World
from shared.messaging import spans, store
from shared.messaging.inbound import Dead, Item, Record, Unread
from shared.messaging.reaction import Cell, Made, due_deadlines, react, record
from shared.messaging.roster import Roster
from shared.messaging.sealing import Seal
from shared.messaging.worlds import Worlds
from shared.tracing import Attributes, Cause

BREAKER_MINIMUM: Final = 5
BREAKER_SHARE: Final = 0.1
STUCK: Final = "DEADLINE_STUCK"


class BreakerError(Exception):
    """A large part of a batch fails alike: a bad release must not block ten thousand orders (D9)."""


@dataclass(slots=True)
class Outcome:
    """What a unit of work did, for metrics and logs."""

    facts: int = 0
    duplicates: int = 0
    blocked: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Unit:
    """One transaction's work on one service's schema."""

    service: str
    roster: Roster
    worlds: Worlds
    connection: Any
    batch_links: Sequence[Link] = ()
    parks: bool = True
    frees: str | None = None
    """The blocked aggregate whose waiting messages these are: it is told them, and the inbox has known them since they came."""
    seal: Seal = store.AS_THEY_CAME
    """For what is buried or parked: a batch and a replay have the service's own."""
    latest: dict[str, str | None] = field(default_factory=dict)
    changes: store.Changes = field(default_factory=store.Changes)
    outcome: Outcome = field(default_factory=Outcome)

    async def apply(self, items: Sequence[Item], dead: Sequence[tuple[Record, Dead]] = ()) -> Outcome:
        """Dead letters, inbox, load, react in memory, one write (3.2 of the design)."""
        if dead:
            await self._bury(dead)
        items = await self._new_only(items)
        targets = await self._targets(items)
        await self._load(items, targets, [one.aggregate for _, one in dead if one.aggregate])
        for item, ids in zip(items, targets, strict=True):
            for one in ids:
                self._tell(item, one)
        self._break_if_many(len(self.changes.cells))
        await store.save(self.connection, self.changes, self.worlds.at(), self.seal)
        self.outcome.facts = len(self.changes.facts)
        return self.outcome

    async def _bury(self, dead: Sequence[tuple[Record, Dead]]) -> None:
        columns = zip(
            *(
                (
                    r.topic,
                    r.partition,
                    r.offset,
                    r.appended_ms,
                    r.key,
                    *self.seal.close(r.topic, r.value),
                    orjson.dumps(dict(r.headers)).decode(),
                    d.reason,
                    d.path,
                    d.hint,
                    d.aggregate,
                )
                for r, d in dead
            ),
            strict=True,
        )
        await self.connection.execute(store.DEAD, *(list(column) for column in columns))

    async def _new_only(self, items: Sequence[Item]) -> list[Item]:
        """Messages without a sequence are known again by the inbox; the rest by the aggregate's cursor."""
        ids = sorted({(item.source, item.id) for item in items if item.seq is None})
        if not ids or self.frees:
            return list(items)
        rows = await self.connection.fetch(store.INBOX, [one[0] for one in ids], [one[1] for one in ids])
        fresh = {(row["source"], row["id"]) for row in rows}
        kept = []
        for item in items:
            if item.seq is not None:
                kept.append(item)
            elif (item.source, item.id) in fresh:
                fresh.discard((item.source, item.id))
                kept.append(item)
            else:
                self.outcome.duplicates += 1
        return kept

    async def _targets(self, items: Sequence[Item]) -> list[list[str]]:
        parents = sorted({item.to.parent for item in items if item.to.parent})
        members: dict[str, list[str]] = {}
        if parents:
            for row in await self.connection.fetch(store.OF_PARENT, parents):
                members.setdefault(row["po"], []).append(row["id"])
        targets = []
        for item in items:
            targets.append(list(item.to.ids) + self._members(item, members))
            if not item.is_command:  # what this batch opens is of the order for the messages after it
                known = members.setdefault(item.po, [])
                known += [one for one in item.to.ids if one not in known]
        return targets

    @staticmethod
    def _members(item: Item, members: dict[str, list[str]]) -> list[str]:
        if not item.to.parent:
            return []
        return [one for one in members.get(item.to.parent, []) if not item.to.only or one in item.to.only]

    async def _load(self, items: Sequence[Item], targets: Sequence[Sequence[str]], suspects: Iterable[str]) -> None:
        opening: dict[str, str] = {}
        asked: dict[str, str] = {}
        for item, ids in zip(items, targets, strict=True):
            for one in ids:
                (asked if item.is_command else opening)[one] = one if self.roster.of(one).prefix else item.po or one
        cells = self.changes.cells
        cells |= await store.load(self.connection, self.roster, opening)
        absent = {one: po for one, po in asked.items() if one not in cells}
        cells |= await store.load(self.connection, self.roster, absent, opens=False)
        unknown = {
            f"sender:{item.source}": f"sender:{item.source}" for item in items if item.is_command and not self._exists(item)
        }
        cells |= await store.load(self.connection, self.roster, unknown)
        mute = {one: one for one in suspects if one not in cells}
        cells |= await store.load(self.connection, self.roster, mute, opens=False)
        self.outcome.blocked += [one.id for one in cells.values() if one.newer]
        freed = cells.get(self.frees or "")
        if freed is not None and not freed.newer:
            freed.blocked = None
        for one in suspects:
            if one in cells:
                self._block(cells[one], "DEAD_LETTER")
        if asked:
            self.latest = await store.latest_contexts(self.connection, asked)

    def _exists(self, item: Item) -> bool:
        return all(one in self.changes.cells and self.changes.cells[one].exists for one in item.to.ids)

    def _tell(self, item: Item, aggregate: str) -> None:
        cell = self.changes.cells.get(aggregate)
        if cell is None or (item.is_command and not cell.exists):
            self._refuse(self.changes.cells[f"sender:{item.source}"], item, Refused("UNKNOWN_ORDER", {"order": aggregate}))
            return
        if item.seq is not None and cell.heard.get(item.cursor, 0) >= item.seq:
            self.outcome.duplicates += 1
            return
        if cell.blocked or isinstance(item.message, Unread):
            if not cell.blocked:
                self._block(cell, store.NEWER)
            if aggregate != self.frees:  # what is being freed waits in its place
                self.changes.parked.append((aggregate, item.record))
            return
        before = (cell.state, cell.version, dict(cell.heard), cell.touched, len(self.changes.facts))
        try:
            cause = self._cause(item, aggregate)
            answer = item.refused or self.react(cell, item.message, item.id, item.source, item.actor, cause)
        except Exception as error:  # noqa: BLE001 - any exception of the rules blocks this order alone (I10)
            cell.state, cell.version, cell.heard, cell.touched, count = before
            del self.changes.facts[count:]
            self._block(cell, place_of(error))
            if self.parks:
                self.changes.parked.append((aggregate, item.record))
            return
        if item.seq is not None:
            cell.heard[item.cursor] = item.seq
            cell.touched = True
        if isinstance(answer, Refused):
            self._refuse(cell, item, answer)

    def _cause(self, item: Item, aggregate: str) -> Cause:
        """A command of a partner also links to the aggregate's latest fact: what it answers."""
        answers = tracing.links_to([self.latest.get(aggregate)]) if item.is_command else []
        return spans.message(item, self.service, [*self.batch_links, *answers])

    def _block(self, cell: Cell, why: str) -> None:
        tracing.failed(tracing.current(), why.partition(" ")[0], "aggregate_blocked", **spans.of_cell(cell))
        cell.blocked, cell.touched = why, True
        self.outcome.blocked.append(cell.id)

    def _refuse(self, cell: Cell, item: Item, answer: Refused) -> None:
        """A command that came by Kafka and is refused becomes a published fact, never a dead letter."""
        fact = CommandRefused(
            command=type(item.message).__name__, command_id=item.id, code=answer.code, why=sentence(answer.code, answer.details)
        )
        world = self.worlds.at(item.actor, item.id, item.source)
        made = record(cell, [fact], world)
        if not isinstance(made, Refused):
            told = spans.answered(item.message, answer) | {span_names.FACT_TYPES: [CommandRefused.__name__]}
            self._keep(cell, made, world, self._cause(item, cell.id), told, tracing.now_ns())

    def react(
        self,
        cell: Cell,
        message: Message,
        identity: str,
        source: str,
        actor: Actor,
        cause: Cause | Span,
    ) -> list[Made] | Refused:
        """One message to one aggregate; its facts are kept with the trace context they were made in."""
        if cell.newer:
            return []
        world, started = self.worlds.at(actor, identity, source), tracing.now_ns()
        answer = react(cell, message, world)
        if not isinstance(answer, Refused):
            self._keep(cell, answer, world, cause, spans.answered(message, answer), started)
        return answer

    def _keep(
        self,
        cell: Cell,
        made: Sequence[Made],
        world: World,
        cause: Cause | Span,
        told: Attributes,
        started: int,
    ) -> None:
        if not made:  # late or a repeat: counted, and no span
            return
        contexts = spans.contexts_of(self.service, cell, made, cause, told, started)
        role = ",".join(sorted(world.actor.roles))
        rows = [
            store.NewFact(
                cell.po,
                cell.id,
                one.seq,
                type(one.fact).__name__,
                one.at,
                world.id,
                world.actor.id,
                role,
                context,
                to_json(one.fact).decode(),
            )
            for one, context in zip(made, contexts, strict=True)
        ]
        self.changes.facts += rows

    def fire(self, cell: Cell, *, clocks_agree: bool, latest: str | None) -> None:
        """All deadlines of one aggregate that are reached; one that twice changes nothing blocks it (D6)."""
        idle = 0
        while idle < 2:  # noqa: PLR2004 - the second no-op in a row
            world = self.worlds.at()
            reached = [one for one in due_deadlines(cell, world) if clocks_agree or not self._irreversible(cell, one.name)]
            if not reached:
                return
            one = reached[0]
            identity = f"{cell.id}/{one.name}/{one.due.isoformat()}"
            before = cell.version
            try:
                self.react(cell, one, identity, "clock", THE_SYSTEM, spans.deadline(one, world.now, latest))
            except Exception as error:  # noqa: BLE001 - a bug of the rules blocks this order alone
                self._block(cell, place_of(error))
                return
            idle = idle + 1 if cell.version == before else 0
        self._block(cell, STUCK)

    @staticmethod
    def _irreversible(cell: Cell, name: str) -> bool:
        row = cell.decider.deadline(name)
        return row is not None and row.irreversible

    def _break_if_many(self, cells: int) -> None:
        failed = len(self.outcome.blocked)
        if failed > BREAKER_MINIMUM and failed > cells * BREAKER_SHARE:
            raise BreakerError(f"{failed} of {cells} aggregates failed")


def place_of(error: BaseException) -> str:
    """Type and place of an error, without its values."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} {frame.name}:{frame.lineno}"

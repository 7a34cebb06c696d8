"""All services in one process, without a broker: the deciders, a log of facts, a clock, and everybody outside."""

import json
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

from opentelemetry.trace import Span, SpanKind

from o2c.play.cast import Answer, Cast, Reply
from o2c.play.papers import added_papers
from services.intake.adapters.edge import edges
from shared.clock import Clock
from shared.contracts.acceptance import RecordActaRendered
from shared.contracts.base import Command, Fact, Message, to_json
from shared.contracts.catalogue import SERVICES
from shared.contracts.common import NotificationRequested
from shared.contracts.intake import RecordDocumentStored
from shared.contracts.notifications import RecordDelivery
from shared.contracts.shapes import Doc, SentAttachment
from shared.decider import Actor, Effect, Refused, Target, World, by_message
from shared.messaging import spans
from shared.messaging.inbound import Inbound, Item, Record
from shared.messaging.reaction import Cell, Made, due_deadlines, next_due, react
from shared.service import Service
from shared.settings import Settings
from shared.tracing import Cause, links_to, now_ns, span, stored

ROOT = Path(__file__).parents[2]
SYSTEM = Actor("SYSTEM", frozenset({"SYSTEM"}))


def services() -> dict[str, Service]:
    """Every service of the system, as it runs."""
    return {name: import_module(f"services.{name}.app").SERVICE for name in SERVICES}


@dataclass(frozen=True)
class Told:
    """A fact on its way: what a consumer reads from its headers and body."""

    service: str
    subject: str
    seq: int
    po: str
    fact: Fact
    trace: str = ""

    @property
    def id(self) -> str:
        return f"{self.service}/{self.subject}/{self.seq}"

    @property
    def item(self) -> Item:
        """The fact as its consumer has sorted it."""
        topic = f"o2c.{self.service}.v1"
        return sorted_item(topic, self.po, self.fact, self.id, self.service, self.subject, self.seq, self.trace)


def sorted_item(
    topic: str, po: str, message: Message, identity: str, source: str, subject: str, seq: int | None = None, trace: str = ""
) -> Item:
    """A message as a consumer has sorted it."""
    record = Record(topic, 0, seq or 0, po.encode(), to_json(message), {})
    command = isinstance(message, Command)
    return Item(record, message, identity, source, subject, SYSTEM, Target(), po, seq, trace, is_command=command)


@dataclass
class Town:
    """The services, their aggregates, and the facts published so far. `shuffle` mixes messages of different subjects."""

    now: datetime
    shuffle: Random | None = None
    repeats: int = 1
    cast: Cast | None = None
    cells: dict[str, dict[str, Cell]] = field(default_factory=dict)
    log: list[Told] = field(default_factory=list)
    queue: dict[tuple[str, str, str], deque[Told]] = field(default_factory=dict)
    pending: list[Reply] = field(default_factory=list)
    refused: list[tuple[Message, Refused]] = field(default_factory=list)
    actors: dict[str, str] = field(default_factory=dict)
    latest: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.services = services()
        self.rosters = {name: service.roster() for name, service in self.services.items()}
        self.worlds = {name: service.worlds(Clock()) for name, service in self.services.items()}
        self.cells = {name: {} for name in self.services}
        self.edge = edges(Settings())["salesforce.orders"]

    def world(self, service: str, actor: Actor, identity: str, source: str) -> World:
        worlds = self.worlds[service]
        return World(self.now, worlds.calendar, worlds.tables, worlds.policy, actor, identity, source)

    def cell(self, service: str, aggregate: str, po: str) -> Cell:
        known = self.cells[service]
        if aggregate not in known:
            decider = self.rosters[service].of(aggregate)
            known[aggregate] = Cell(aggregate, aggregate if decider.prefix else po, decider, decider.state())
        return known[aggregate]

    def salesforce(self, value: dict[str, Any]) -> None:
        """Salesforce publishes one message."""
        found = self.edge(json.dumps(value).encode(), None, [])
        assert isinstance(found, Inbound), found
        identity = f"{found.source}/{found.id}"
        item = sorted_item("salesforce.orders", found.po, found.message, identity, found.source, found.aggregate)
        cause = spans.message(item, "intake")
        self.tell("intake", found.aggregate, found.po, found.message, SYSTEM, identity, found.source, cause)

    def tell(
        self,
        service: str,
        aggregate: str,
        po: str,
        message: Message,
        actor: Actor,
        identity: str,
        source: str,
        cause: Cause | Span,
    ) -> Refused | None:
        """One message to one aggregate; its facts go on their way."""
        cell = self.cell(service, aggregate, po)
        outcome = self.react(service, cell, message, self.world(service, actor, identity, source))
        if isinstance(outcome, Refused):
            self.refused.append((message, outcome))
            return outcome
        self._publish(service, cell, outcome, message, cause)
        return None

    def react(
        self,
        service: str,  # noqa: ARG002 - whoever listens in wants to know
        cell: Cell,
        message: Message,
        world: World,
    ) -> list[Made] | Refused:
        """What the aggregate makes of a message."""
        return react(cell, message, world)

    def _publish(self, service: str, cell: Cell, made: list[Made], message: Message, cause: Cause | Span) -> None:
        contexts: list[str] = []
        if made:
            contexts = spans.contexts_of(service, cell, made, cause, spans.answered(message, made), now_ns())
            self.latest[service, cell.id] = contexts[-1]
        stored = cell.decider.state.model_validate_json(to_json(cell.state))
        assert stored == cell.state, f"{service} {cell.id}: {differing(stored, cell.state)}"
        for one, context in zip(made, contexts, strict=True):
            told = Told(service, cell.id, one.seq, cell.po, one.fact, context)
            self.log.append(told)
            for name, other in self.services.items():
                if service in other.listens and self.rosters[name].hearing(type(one.fact)):
                    self.queue.setdefault((name, service, cell.id), deque()).append(told)
        for one in made:
            for answer in self.cast.hear(service, cell.id, one.fact, self.now) if self.cast else ():
                self._take(answer)
        self._effects(service, cell)

    def _take(self, answer: Answer) -> None:
        if isinstance(answer, Reply):
            self.pending.append(answer)
        else:
            self.salesforce(added_papers(answer))

    def _effects(self, service: str, cell: Cell) -> None:
        for effect in cell.decider.effects(cell.state):
            if effect.not_before > self.now:
                continue
            identity = f"{cell.id}/{effect.key}/{effect.attempt}"
            with span(spans.effect(effect, cell, self.latest.get((service, cell.id)))) as made:
                outcome = self.outcome_of(cell, effect)
                with span(spans.outcome(outcome, stored(made.get_span_context()))):
                    within = spans.answers(outcome, cell.po, self.latest.get((service, cell.id)))
                    self.tell(service, cell.id, cell.po, outcome, SYSTEM, identity, "effect", within)
            return

    def outcome_of(self, cell: Cell, effect: Effect) -> Command:
        """What the world outside makes of it."""
        return perform(cell, effect.kind, dict(effect.args), effect.attempt, self.now)

    def ready(self) -> list[tuple[str, str, str]]:
        """What can be delivered next: to which service, from which subject of which other."""
        return [key for key, waiting in self.queue.items() if waiting]

    def deliver(self) -> bool:
        """One fact reaches one service; order within a subject is kept, across subjects it may be anything."""
        ready = self.ready()
        if not ready:
            return False
        name, service, subject = self.shuffle.choice(ready) if self.shuffle else ready[0]
        told = self.queue[name, service, subject].popleft()
        for _ in range(self.shuffle.randint(1, self.repeats) if self.shuffle else 1):
            self._hear(name, told)
        return True

    def _hear(self, name: str, told: Told) -> None:
        targets: list[str] = []
        for row in self.rosters[name].hearing(type(told.fact)):
            target = Target(ids=(told.id,)) if row.to is by_message else (row.to or by_message)(told.fact, told.po)
            targets += [one for one in target.ids if one]
            if target.parent:
                targets += [
                    key
                    for key, cell in self.cells[name].items()
                    if cell.po == target.parent and cell.exists and (not target.only or key in target.only)
                ]
        for aggregate in dict.fromkeys(targets):
            cell = self.cell(name, aggregate, told.po)
            cursor = f"{told.service}/{told.subject}"
            if cell.heard.get(cursor, 0) >= told.seq:
                continue
            cell.heard[cursor] = told.seq
            outcome = self.react(name, cell, told.fact, self.world(name, SYSTEM, told.id, told.service))
            assert isinstance(outcome, list), outcome
            self._publish(name, cell, outcome, told.fact, spans.message(told.item, name))

    def settle(self) -> None:
        """Lets everything happen that needs no time to pass."""
        while True:
            if self.deliver():
                continue
            ready = [one for one in self.pending if one.not_before is None or one.not_before <= self.now]
            if not ready:
                return
            self._send(ready)

    def _send(self, ready: list[Reply]) -> None:
        progressed = False
        for reply in ready:
            self.pending.remove(reply)
            aggregate = reply.command.aggregate
            if reply.service == "notifications" and type(reply.command).__name__ == "PutContact":
                progressed = True
                continue
            known = self.cells[reply.service].get(aggregate)
            refusal: Refused | None = Refused("UNKNOWN_ORDER")
            if known is not None and known.exists:
                refusal = self._command(reply, known)
            if refusal is None:
                progressed = True
            else:
                self.pending.append(reply)
        if not progressed and not any(self.queue.values()):
            names = [(type(one.command).__name__, one.command.aggregate) for one in ready]
            raise AssertionError(f"nobody can go on: {names} {self.refused[-3:]}")

    def _command(self, reply: Reply, cell: Cell) -> Refused | None:
        """Partners send their commands by Kafka, people by HTTP: each under its own span."""
        command, latest = reply.command, self.latest.get((reply.service, cell.id))
        identity = sha256(f"{reply.actor}{command!r}".encode()).hexdigest()[:24]
        actor = Actor(reply.actor, frozenset({reply.role}))
        if reply.actor.startswith("/"):
            item = sorted_item(f"o2c.{reply.service}.commands.v1", cell.po, command, identity, reply.actor, cell.id)
            cause = spans.message(item, reply.service, links_to([latest]))
            return self.tell(reply.service, cell.id, cell.po, command, actor, identity, reply.actor, cause)
        with span(Cause(f"POST /v1/commands/{type(command).__name__}", SpanKind.SERVER, {})):  # the framework's
            made = spans.answers(command, cell.po, latest)
            return self.tell(reply.service, cell.id, cell.po, command, actor, identity, reply.actor, made)

    def advance(self, to: datetime) -> None:
        """Time passes; deadlines fire at their own instants, the earliest first."""
        while True:
            moments = [
                (due, name, cell.id)
                for name, cells in self.cells.items()
                for cell in cells.values()
                if (due := self.due(name, cell))
            ]
            moments += [(one.not_before, "", "") for one in self.pending if one.not_before]
            reached = [one for one in moments if one[0] <= to]
            if not reached:
                break
            at, name, aggregate = min(reached)
            self.now = max(self.now, at)
            if name:
                self._fire(name, self.cells[name][aggregate])
            self.settle()
        self.now = to

    def due(self, name: str, cell: Cell) -> datetime | None:
        """When time does something to it next."""
        return next_due(cell, self.world(name, SYSTEM, "", ""))

    def _fire(self, name: str, cell: Cell) -> None:
        world = self.world(name, SYSTEM, f"{cell.id}/due/{self.now.isoformat()}", "clock")
        for reached in due_deadlines(cell, world)[:1]:
            outcome = self.react(name, cell, reached, world)
            assert isinstance(outcome, list)
            assert outcome, f"deadline {reached.name} of {cell.id} changed nothing"
            cause = spans.deadline(reached, self.now, self.latest.get((name, cell.id)))
            self._publish(name, cell, outcome, reached, cause)

    def live(self, days: int) -> None:
        """Lives on for so many days."""
        self.settle()
        for _ in range(days):
            self.advance(self.now + timedelta(days=1))
            self.settle()

    def of(self, kind: type[Fact]) -> list[Any]:
        """All facts of a type so far."""
        return [told.fact for told in self.log if isinstance(told.fact, kind)]


def perform(cell: Cell, kind: str, args: dict[str, Any], attempt: int, now: datetime) -> Command:
    """The world outside at its best: files are stored, actas rendered, mails taken."""
    digest = sha256(json.dumps(args, sort_keys=True, default=str).encode()).hexdigest()
    match kind:
        case "StoreDocument":
            doc = Doc.model_validate(args["doc"])
            known = doc.sha256 if doc.hash_of == "CONTENT" else digest
            return RecordDocumentStored(aggregate=cell.id, doc_id=doc.doc_id, sha256=known)
        case "RenderActa":
            doc = Doc(doc_id=f"acta-{cell.id}-{digest[:8]}", kind="ACTA_ENTREGA", ref="actas/1", sha256=digest, at=now)
            return RecordActaRendered(aggregate=cell.id, revision=int(args["revision"]), acta=doc)
        case "SendMail":
            return RecordDelivery(
                aggregate=cell.id,
                attempt=attempt,
                outcome="SENT",
                message_id=f"<{cell.id}@o2c>",
                server_reply="250",
                content_sha256=digest,
                attachments=tuple(
                    SentAttachment(doc_id=one.doc_id, sha256=one.sha256)
                    for one in NotificationRequested.model_validate(args["request"]).attachments
                ),
            )
        case _:
            raise AssertionError(kind)


def differing(stored: Any, state: Any) -> list[str]:
    """Fields in which the stored document is another state."""
    return [name for name in type(state).model_fields if getattr(stored, name) != getattr(state, name)]

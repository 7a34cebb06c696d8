"""What each service is told while orders are carried, kept so that parts of the core can be fed with it again."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from benchmarks.bare import DAYS, START
from benchmarks.orders import order
from o2c.commands.demo import silent_of
from o2c.play.cast import Cast
from shared.contracts.base import Command, Fact, Message, to_json
from shared.decider import Refused, Target, World
from shared.messaging.envelope import headers_of
from shared.messaging.inbound import Item, Record
from shared.messaging.reaction import Cell
from tests.lifecycle.town import Town

TRACE: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass(frozen=True)
class Told:
    """One message as an aggregate was told it, in the world of that moment."""

    aggregate: str
    po: str
    message: Message
    world: World


@dataclass
class History:
    """What one service was told of one order, and how many facts it made of it."""

    told: list[Told] = field(default_factory=list)
    facts: int = 0


@dataclass
class Listener(Town):
    """A town that remembers what moved each service or came late; a refusal leaves nothing behind."""

    histories: dict[str, History] = field(default_factory=lambda: defaultdict(History))

    def react(self, service: str, cell: Cell, message: Message, world: World) -> Any:
        """As the town does it, and remembered."""
        answer = super().react(service, cell, message, world)
        if not isinstance(answer, Refused):
            self.histories[service].told.append(Told(cell.id, cell.po, message, world))
            self.histories[service].facts += len(answer)
        return answer


def recorded(numbers: range) -> list[dict[str, History]]:
    """The histories of these orders, by service."""
    found = []
    for number in numbers:
        event = order(number)
        town = Listener(now=START, cast=Cast(silent=silent_of(event)))
        town.salesforce(event)
        town.live(DAYS)
        found.append(town.histories)
    return found


def batches(service: str, histories: Sequence[History]) -> Iterator[tuple[datetime, list[Item]]]:
    """The n-th message of every order together, as a consumer has sorted them, and when that is."""
    for step in range(max(len(one.told) for one in histories)):
        told = [one.told[step] for one in histories if step < len(one.told)]
        yield max(one.world.now for one in told), [_item(service, one, step) for one in told]


def _item(service: str, one: Told, step: int) -> Item:
    """A fact comes from its service's topic under its sequence; all else is known by an id of its own."""
    world, headers = one.world, {}
    source, subject, identity, seq = world.source or service, one.aggregate, f"{world.id}/{one.aggregate}/{step}", None
    if isinstance(one.message, Fact):
        identity = world.id
        subject, _, count = identity.removeprefix(f"{source}/").rpartition("/")
        seq = int(count)
        raw = headers_of(source, subject, seq, type(one.message).__name__, world.now, "cause", source, TRACE)
        headers = {name: value.decode() for name, value in raw}
    record = Record(f"o2c.{source}.v1", 0, step, one.po.encode(), to_json(one.message), headers)
    command = isinstance(one.message, Command)
    to = Target(ids=(one.aggregate,))
    return Item(record, one.message, identity, source, subject, world.actor, to, one.po, seq, TRACE, is_command=command)

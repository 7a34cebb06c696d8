"""A service that answers every note with exactly one fact, so that a lost or doubled message shows; run as a process.

`O2C_ECHO_WITHOUT` names one safety of the core to take out first: what the checks of this folder must then notice.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any, Final

from shared.common.state import State
from shared.contracts.common import AddNote, CommandRefused, FactKept, NoteAdded, WaitingChanged
from shared.decider import Decider, Decision, Fold, World, allow, hears
from shared.messaging import broker, consumer, relay
from shared.messaging.apply import Unit
from shared.messaging.consumer import Consumer
from shared.messaging.inbound import Item
from shared.messaging.relay import Relay
from shared.service import Service, run


def echo(state: State, fact: NoteAdded, world: World) -> Decision:
    return [FactKept(of="intake", type="NoteAdded", data={"note": fact.note_id})]


def note(state: State, command: AddNote, world: World) -> Decision:
    return [NoteAdded(note_id=world.id, sha256="0" * 64, text=command.text)]


EVOLVE: Final[Fold[State]] = Fold()
EVOLVE.ignores(FactKept, NoteAdded, WaitingChanged, CommandRefused)
ECHO: Final[Decider[State]] = Decider(
    state=State,
    evolve=EVOLVE,
    heard=(hears(NoteAdded, echo), hears(AddNote, note)),
    policy=(allow(AddNote, {"NEW"}, {"NOC"}),),
)
SERVICE: Final = Service(name="provisioning", deciders=(ECHO,), listens=("intake",))
"""It lives in a schema and on a topic that exist; nothing of the real service runs beside it."""


def ack_before_commit() -> None:
    proper = Consumer.on_batch

    async def hasty(self: Consumer, message: Any) -> None:
        await message.ack()
        await proper(self, message)

    Consumer.on_batch = hasty  # type: ignore[method-assign]


def nack() -> None:
    async def leaking(self: Consumer, message: Any) -> None:
        await self.apply_together(*self._sort_out([consumer.as_record(raw) for raw in message.raw_message]))
        await consumer.quietly(message.ack(), self.resources)

    Consumer.on_batch = leaking  # type: ignore[method-assign]


def cursor() -> None:
    proper = Unit._tell

    def forgetful(self: Unit, item: Item, aggregate: str) -> None:
        if aggregate in self.changes.cells:
            self.changes.cells[aggregate].heard.clear()
        proper(self, item, aggregate)

    Unit._tell = forgetful  # type: ignore[method-assign]


def inbox() -> None:
    proper = Unit._new_only

    async def trusting(self: Unit, items: Sequence[Item]) -> list[Item]:
        await proper(self, items)
        return list(items)

    Unit._new_only = trusting  # type: ignore[method-assign]


def sending_before_deleting() -> None:
    proper = Relay._send

    async def careless(self: Relay, connection: Any, sender: Any, rows: list[Any]) -> None:
        await connection.execute(relay.SENT, [row["position"] for row in rows])
        await proper(self, connection, sender, rows)

    Relay._send = careless  # type: ignore[method-assign]


def tolerant_parser() -> None:
    async def strict(records: Sequence[Any], original: Any) -> Any:
        return await original(tuple(records))

    broker.parser = strict


WITHOUT: Final[dict[str, Callable[[], None]]] = {
    "commit before ack": ack_before_commit,
    "nack": nack,
    "cursor": cursor,
    "inbox": inbox,
    "sending before deleting": sending_before_deleting,
    "tolerant parser": tolerant_parser,
}

if __name__ == "__main__":
    missing = os.environ.get("O2C_ECHO_WITHOUT", "")
    if missing:
        WITHOUT[missing]()
    run(SERVICE)

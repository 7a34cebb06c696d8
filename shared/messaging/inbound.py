"""What a batch is sorted into: messages to apply, dead letters, and what is passed over."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.contracts.base import Message
from shared.decider import Actor, Refused, Target


@dataclass(frozen=True, slots=True)
class Record:
    """One Kafka record as it came: bytes, nothing parsed. Header names are lower case, of a repeated one the last counts.

    `appended_ms` is the record's own time: with it a place names one record also where offsets begin again, on a new cluster.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, str]
    appended_ms: int = 0

    @property
    def place(self) -> str:
        """Topic, partition, offset and time: the id of a dead letter."""
        return f"{self.topic}/{self.partition}/{self.offset}@{self.appended_ms}"


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact record for `o2c.contacts.v1`; no value erases it."""

    ref: str
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Inbound:
    """An outside message an edge has understood: whom it is for, and its inbox identity (source, id)."""

    message: Message
    aggregate: str
    po: str
    source: str
    id: str
    contacts: Sequence[Contact] = ()


@dataclass(frozen=True, slots=True)
class Dead:
    """What no contract explains: kept with its reason, the path of the problem and a hint, to be replayed."""

    reason: str
    path: str = ""
    hint: str = ""
    aggregate: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """Nothing for this service: counted."""

    why: str


class Unread(Message):
    """A message of a newer major than this release knows: it waits, unread, for one that does."""

    type: str


@dataclass(frozen=True, slots=True)
class Item:
    """One message ready to be applied. Facts carry `seq` (the cursor knows repeats), others an inbox identity."""

    record: Record
    message: Message
    id: str
    source: str
    subject: str
    actor: Actor
    to: Target
    po: str
    seq: int | None = None
    traceparent: str | None = None
    is_command: bool = False
    contacts: Sequence[Contact] = field(default=())
    refused: Refused | None = None
    """Known before it is told: a command that names documents nobody stored."""

    @property
    def cursor(self) -> str:
        """The entry of `heard`: producing service and its aggregate."""
        return f"{self.source}/{self.subject}"


Join = Callable[[Any, Sequence[Any]], Awaitable[Sequence[Inbound]]]
"""Keeps pieces in a table of the service, inside the batch's transaction, and answers the messages they now make."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a message that comes in several, possibly by several topics, with its inbox identity and who joins it."""

    piece: Any
    join: Join
    source: str
    id: str
    contacts: Sequence[Contact] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A fragment with the record it came in."""

    record: Record
    fragment: Fragment

    @property
    def contacts(self) -> Sequence[Contact]:
        """Contact records that were split off."""
        return self.fragment.contacts


Edge = Callable[[bytes | None, bytes | None, list[tuple[str, bytes]]], Inbound | Fragment | Dead | Skipped]
"""Turns a record of an outside topic into one message, or into a piece of one; never raises."""

Mirror = Callable[[Any, Sequence[tuple[str, bytes | None]]], Any]
"""Keeps a compacted topic in a table of the service, inside the batch's transaction: `await mirror(connection, records)`."""

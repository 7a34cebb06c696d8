"""What a batch is sorted into: messages to apply, dead letters, and what is passed over."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.contracts.base import Message
from shared.decider import Actor, Refused, Target


@dataclass(frozen=True, slots=True)
class Record:
    """One Kafka record as it came: bytes, nothing parsed. Header names are lower case, of a repeated one the last counts."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, str]


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


Edge = Callable[[bytes | None, bytes | None, list[tuple[str, bytes]]], Inbound | Dead | Skipped]
"""Turns a record of an outside topic into one message; never raises."""

Mirror = Callable[[Any, Sequence[tuple[str, bytes | None]]], Any]
"""Keeps a compacted topic in a table of the service, inside the batch's transaction: `await mirror(connection, records)`."""

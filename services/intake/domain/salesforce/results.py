"""What a Salesforce record may turn out to be (`partners.md` 1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal

from shared.contracts.contacts import ContactRecord
from shared.contracts.salesforce import SalesforceDocumentsAdded, SalesforceOrderCancelled, SalesforceOrderSubmitted

LONGEST_IDENTITY: Final = 160

Json = Mapping[str, Any]
"""A JSON object as it came; `Any` stops at the readers."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The inbox identity of 1.5: where it came from, and its id there; an empty id means partition and offset."""

    source: str
    id: str

    @classmethod
    def of(cls, source: str, name: str) -> "Identity":
        """An identity that a database key can hold, whatever the sender wrote."""
        return cls(_short(source), _short(name))


def _short(text: str) -> str:
    if len(text) <= LONGEST_IDENTITY and text.isprintable():
        return text
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Submitted:
    """A whole order or an amendment of one; the version tells which."""

    message: SalesforceOrderSubmitted
    identity: Identity
    contacts: tuple[ContactRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentsAdded:
    """Documents that follow their order."""

    message: SalesforceDocumentsAdded
    identity: Identity


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Salesforce cancelled the order."""

    message: SalesforceOrderCancelled
    identity: Identity


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing for us: counted and acknowledged."""

    why: str


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A dead letter: a stable reason of 1.10, the path of the problem, and what to do about it."""

    reason: str
    path: str = ""
    hint: str = ""


Entity = Literal["order", "item"]
"""What a Salesforce record is to us; the mapping says by which object names."""
Kind = Literal["CREATE", "UPDATE", "FULL", "DELETE", "UNDELETE", "GAP"]
"""What happened to it: FULL is a whole row of a query; of a GAP Salesforce does not say what changed."""


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """When a value was written: a create precedes all else of its record, then commit time, commit and sequence (1.5)."""

    later: int = 0
    at_ms: int = 0
    commit: int = 0
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One change of one record: raw values by the names of their Salesforce fields, None where one was cleared.

    `stale`: a field of ours changed and its value did not come. `known_by`: the order number of a record without an id.
    """

    entity: Entity
    id: str
    kind: Kind
    values: Mapping[str, Any]
    stamp: Stamp
    stale: bool = False
    known_by: str | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """Loose records: an order is put together from them (1.6)."""

    records: tuple[RecordChange, ...]
    identity: Identity
    contacts: tuple[ContactRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Resync:
    """A gap whose records nobody names: all of that entity may be stale (1.6)."""

    entity: Entity
    identity: Identity


@dataclass(frozen=True, slots=True)
class Announcement:
    """Names an order, perhaps with counts, and brings no content (1.2)."""

    parent: str
    identity: Identity
    number: str | None = None
    suborders: int | None = None
    items: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A numbered part of a whole order: its graph without contact data, which was split off (2.1)."""

    parent: str
    version: int
    number: int
    of: int
    graph: Json
    identity: Identity
    suborders: int | None = None
    items: int | None = None
    contacts: tuple[ContactRecord, ...] = ()


Decoded = Submitted | DocumentsAdded | Cancelled | Changes | Resync | Announcement | Part | Nothing | Undecodable


class UnreadableError(Exception):
    """Raised inside the decoder alone; `decode` answers it as Undecodable."""

    def __init__(self, reason: str, path: str = "", hint: str = "") -> None:
        super().__init__(reason)
        self.answer = Undecodable(reason, path, hint)

"""What a Salesforce record may turn out to be (`partners.md` 1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from shared.contracts.contacts import ContactRecord
from shared.contracts.salesforce import SalesforceDocumentsAdded, SalesforceOrderCancelled, SalesforceOrderSubmitted

LONGEST_IDENTITY: Final = 160


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


Decoded = Submitted | DocumentsAdded | Cancelled | Nothing | Undecodable


class UnreadableError(Exception):
    """Raised inside the decoder alone; `decode` answers it as Undecodable."""

    def __init__(self, reason: str, path: str = "", hint: str = "") -> None:
        super().__init__(reason)
        self.answer = Undecodable(reason, path, hint)


Json = Mapping[str, Any]
"""A JSON object as it came; `Any` stops at the readers."""

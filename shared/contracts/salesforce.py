"""What a Salesforce message says once decoded: normalised, without personal data (`facts.md` section 11)."""

from typing import Literal

from shared.contracts.base import Id, Message, Model, Name, Staff, Text
from shared.contracts.intake import OrderContent, Problem
from shared.contracts.shapes import Doc


class SentDocument(Model):
    """A document the sale names; `known` is false for a kind nobody knows, which counts for nothing.

    `undated`: the sale gives no time, and `doc.at` is to be replaced by the moment of receipt.
    """

    doc: Doc
    label: Name
    known: bool = True
    fetch: bool = False
    undated: bool = False


class SalesforceOrderSubmitted(Message):
    """A whole order, or every violation that makes it unusable."""

    parent: Id
    version: int
    order_number: Name = ""
    executive: Staff | None = None
    content: OrderContent | None = None
    violations: tuple[Problem, ...] = ()
    documents: tuple[SentDocument, ...] = ()
    content_sha256: Name = ""


class SalesforceDocumentsAdded(Message):
    """Documents that came after their order."""

    parent: Id
    documents: tuple[SentDocument, ...]


class SalesforceOrderCancelled(Message):
    """Salesforce cancelled the order; nothing is cancelled by itself."""

    parent: Id


class SalesforcePiecesArrived(Message):
    """What has come so far of an order in pieces: records, numbered parts, or only the news that there is one.

    `running`: its clock runs, since it is activated or announced. `complete`: nothing is missing. `settled`: the organisation
    takes what has come after `settle_s` instead of waiting for declared counts. `versioned`: the sale itself gives the version.
    """

    parent: Id
    pieces: Literal["RECORDS", "PARTS", "ANNOUNCEMENT"]
    order_number: Name = ""
    declared: dict[str, int] = {}
    found: dict[str, int] = {}
    missing: tuple[Text, ...] = ()
    stale: tuple[Name, ...] = ()
    deleted: tuple[Id, ...] = ()
    running: bool = False
    complete: bool = False
    settled: bool = False
    versioned: bool = False
    timeout_s: int
    settle_s: int
    order: SalesforceOrderSubmitted | None = None


class SalesforceResyncNeeded(Message):
    """A gap whose records Salesforce does not name: all of the object may be stale (`partners.md` 1.6)."""

    org: Name
    entity: Name

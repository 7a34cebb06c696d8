"""What a Salesforce message says once decoded: normalised, without personal data (`facts.md` section 11)."""

from shared.contracts.base import Id, Message, Model, Name, Staff
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

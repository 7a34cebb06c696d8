"""Documents that a sale names, by reference and hash (`partners.md` 2.2); their files are fetched later."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Final, Literal, cast

from services.intake.domain.salesforce.quirks import QuirkError
from services.intake.domain.salesforce.reader import Findings, Labels, Node, shown
from services.intake.domain.salesforce.results import Json, UnreadableError
from shared.contracts.salesforce import SentDocument
from shared.contracts.shapes import Doc, Money
from shared.rules.load import plain

HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
UNDATED: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_documents(root: Node, parent: str, staff: Mapping[str, str], at: datetime | None) -> tuple[SentDocument, ...]:
    """All documents of an order; the profitability analysis carries its approver's position and amount."""
    order = root.child("order")
    profitability = order.child("Profitability") if order else None
    found: dict[tuple[str, int], SentDocument] = {}
    for node in root.children("documents"):
        sent = read_document(node, parent, staff, at)
        if profitability and profitability.id("DocumentId") == sent.doc.doc_id:
            sent = _approved(sent, profitability)
        found[sent.doc.doc_id, sent.doc.version] = sent
    return tuple(found.values())


def read_added(graph: Json, parent: str, at: datetime | None, labels: Labels) -> tuple[SentDocument, ...]:
    """Documents that follow their order. There is no order to reject here, so a faulty one is a dead letter."""
    findings = Findings()
    documents = read_documents(Node(graph, "$", findings, labels), parent, {}, at)
    if findings.violations:
        first = findings.violations[0]
        raise UnreadableError("field_type", first.path, first.detail)
    if not documents:
        raise UnreadableError("field_type", "$.documents", "El mensaje no trae documentos.")
    return documents


def read_document(node: Node, parent: str, staff: Mapping[str, str], at: datetime | None) -> SentDocument:
    """One document. An unknown kind is kept with its label and counts for nothing."""
    label, title = node.need_text("Kind__c"), node.need_text("Title")
    kind = node.labels.get("document", {}).get(plain(label))
    version = node.count("VersionNumber") or 1
    identity = _identity(node, title)
    ref = f"documents/{parent}/{identity}/{version}"
    given = node.read("Sha256__c", _sha256)
    received = node.instant("ReceivedAt") or at
    doc = Doc(
        doc_id=identity,
        kind=kind or shown(label),
        title=title,
        ref=ref,
        sha256=given or sha256(ref.encode()).hexdigest(),
        hash_of="CONTENT" if given else "REFERENCE",
        version=version,
        source=cast("Literal['SALESFORCE', 'EMAIL', 'UPLOAD']", node.label("Channel__c", "channel") or "SALESFORCE"),
        origin=node.text("Origin__c"),
        uploader=_uploader(node, staff),
        at=received or UNDATED,
    )
    return SentDocument(doc=doc, label=shown(label), known=kind is not None, fetch=True, undated=received is None)


def _identity(node: Node, title: str) -> str:
    """The Salesforce file, or the mail with the title; a mail's own id looks like an address, so only its hash is kept."""
    file, mail = node.id("ContentDocumentId"), node.text("MailMessageId__c")
    if file:
        return file
    if mail:
        return "mail-" + sha256(f"{mail}\n{title}".encode()).hexdigest()[:32]
    if not node.has("ContentDocumentId"):
        node.violate("REQUIRED_FIELD", "ContentDocumentId")
    return "0"


def _sha256(raw: object) -> str:
    if not isinstance(raw, str) or not HEX.fullmatch(raw.strip().lower()):
        raise QuirkError("field_type")
    return raw.strip().lower()


def _uploader(node: Node, staff: Mapping[str, str]) -> str | None:
    """The user id of a member of the sale's team; a mere name is personal data and is not kept."""
    name = node.text("UploadedBy")
    return staff.get(name.casefold()) if name else None


def _approved(sent: SentDocument, node: Node) -> SentDocument:
    """With the approver's position: by its label, else as written, since a mismatch is billing's to show (15.5)."""
    position, amount = node.text("ApproverRole__c"), node.amount("Amount")
    named = node.labels.get("approver", {}).get(plain(position), shown(position)) if position else None
    currency = node.text("CurrencyIsoCode") or "BOB"
    money = Money(amount=Decimal(amount), currency=currency) if amount is not None else None
    return sent.model_copy(update={"doc": sent.doc.model_copy(update={"approver": named, "amount": money})})

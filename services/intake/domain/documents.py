"""Activity 2: documents are attached, replaced, stored; whether one counts is said with it (2.1, 2.2, 2.6, 2.8)."""

from collections.abc import Iterable

from services.intake.domain.state import State
from shared.calendar.calendar import local_day
from shared.contracts.base import Fact
from shared.contracts.common import FalloutRaised
from shared.contracts.intake import (
    AttachDocument,
    DocsRevalidationRequired,
    DocumentAttached,
    DocumentReplaced,
    DocumentStored,
    RecordDocumentStored,
)
from shared.contracts.salesforce import SalesforceDocumentsAdded, SentDocument
from shared.contracts.shapes import Doc
from shared.decider import Decision, World, refused


def item_of(kind: str, world: World) -> int | None:
    """The checklist item of a document kind; 0 for kinds outside the list, None for an unknown one."""
    row = world.tables["DOCUMENTS"].decide(local_day(world.now), kind=kind)
    return None if row is None else int(row.then["item"])


def why_not(state: State, doc: Doc, item: int | None, world: World) -> str | None:
    """Why a document does not count, or None when it does (2.2, 2.6, D1)."""
    if item is None:
        return "UNKNOWN_DOCUMENT_KIND"
    if doc.kind == "CERTIFICADO_APROBACION" and doc.source != "SALESFORCE":
        return "CERTIFICATE_NOT_IN_SALESFORCE"
    by_mail = world.policy.value("documents.mail_channel", local_day(world.now))
    segment = state.content.segment if state.content else None
    if doc.source == "EMAIL" and segment != "NEGOCIO" and by_mail != "ALL_SEGMENTS":
        return "CHANNEL_NOT_ALLOWED"
    return None


def attach_one(state: State, doc: Doc, world: World) -> list[Fact]:
    """One document, or a newer version of one; the same again changes nothing."""
    known = state.documents.get(doc.doc_id)
    if known is not None and known.doc.version >= doc.version:
        return []
    item = item_of(doc.kind, world)
    why = why_not(state, doc, item, world)
    if known is None:
        return [DocumentAttached(doc=doc, item=item, counts=why is None, why=why)]
    facts: list[Fact] = [DocumentReplaced(doc=doc, item=item, counts=why is None, why=why, replaces=doc.doc_id)]
    if state.docs_valid and item:
        facts.append(DocsRevalidationRequired(revision=state.revision, items=(item,)))
    return facts


def attach_all(state: State, sent: Iterable[SentDocument], world: World) -> list[Fact]:
    """The documents of a Salesforce message; one without a time gets the moment of receipt."""
    facts: list[Fact] = []
    for one in sent:
        doc = one.doc.model_copy(update={"at": world.now}) if one.undated else one.doc
        facts += attach_one(state, doc, world)
    return facts


def added(state: State, message: SalesforceDocumentsAdded, world: World) -> Decision:
    """Documents that follow their order; before it they are kept (2.1)."""
    return attach_all(state, message.documents, world)


def attach(state: State, command: AttachDocument, world: World) -> Decision:
    """A person attaches a document (2.1, 2.6)."""
    if item_of(command.doc.kind, world) is None:
        return refused("UNKNOWN_DOCUMENT_KIND", kind=command.doc.kind)
    known = state.documents.get(command.doc.doc_id)
    if known and known.doc.version == command.doc.version and known.doc.sha256 != command.doc.sha256:
        return refused("HASH_MISMATCH")
    return attach_one(state, command.doc, world)


def stored(state: State, command: RecordDocumentStored, world: World) -> Decision:
    """The file was fetched and written once; a hash that differs from the sale's is a fallout (2.8)."""
    known = state.documents.get(command.doc_id)
    if known is None or known.stored:
        return []
    if known.doc.hash_of == "CONTENT" and known.doc.sha256 != command.sha256:
        fallout = f"document/{command.doc_id}"
        detail = f"El archivo de {known.doc.kind} no coincide con su huella."
        return [FalloutRaised(fallout_id=fallout, fallout_class="HASH_MISMATCH", step="DOCUMENTS", detail=detail, queue="EC")]
    return [DocumentStored(doc_id=command.doc_id, sha256=command.sha256)]

"""Activity 2: documents are attached, replaced, stored; whether one counts is said with it (2.1, 2.2, 2.6, 2.8)."""

from collections.abc import Iterable

from services.intake.domain.evolve import evolve
from services.intake.domain.files import OTHER_FILE, given_up, store_key, troubles
from services.intake.domain.state import Attached, State
from shared.calendar.calendar import local_day
from shared.common.behaviours import TRIES
from shared.contracts.base import Fact
from shared.contracts.common import EffectDeferred, FalloutRaised, FalloutResolved
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


def attach(state: State, docs: Iterable[Doc], world: World) -> list[Fact]:
    """Documents, or newer versions of some; the same again changes nothing. Items that they open are told once (2.8)."""
    facts, opened = list[Fact](), set[int]()
    known = state
    for doc in docs:
        before = known.documents.get(doc.doc_id)
        if before is not None and before.doc.version >= doc.version:
            continue
        made = _attached(known, before, doc, world)
        facts += made
        for fact in made:
            known = evolve(known, fact)
        if before is not None and before.serves and before.item:
            opened.add(before.item)
    if state.docs_valid and opened:
        facts.append(DocsRevalidationRequired(revision=state.revision, items=tuple(sorted(opened))))
    return facts


def _attached(state: State, before: Attached | None, doc: Doc, world: World) -> list[Fact]:
    item = item_of(doc.kind, world)
    why = why_not(state, doc, item, world)
    rules = {"DOCUMENTS": world.tables.version("DOCUMENTS", local_day(world.now))}
    if before is None:
        return [DocumentAttached(doc=doc, item=item, counts=why is None, why=why, rules=rules)]
    replaced = DocumentReplaced(doc=doc, item=item, counts=why is None, why=why, replaces=doc.doc_id, rules=rules)
    newer = "Llegó una versión nueva del documento."
    over = [FalloutResolved(fallout_id=key, how="RETRY", reason=newer) for key in troubles(before.doc) if key in state.fallouts]
    return [replaced, *over]


def sent_by(sent: Iterable[SentDocument], world: World) -> list[Doc]:
    """The documents of a Salesforce message; one without a time gets the moment of receipt."""
    return [one.doc.model_copy(update={"at": world.now}) if one.undated else one.doc for one in sent]


def judged_again(state: State, world: World) -> list[Fact]:
    """Documents that came before their order, or before its segment changed, count by what is known now (2.6)."""
    facts: list[Fact] = []
    for one in state.documents.values():
        why = why_not(state, one.doc, one.item, world)
        if why != one.why:
            facts.append(DocumentAttached(doc=one.doc, item=one.item, counts=why is None, why=why))
    return facts


def added(state: State, message: SalesforceDocumentsAdded, world: World) -> Decision:
    """Documents that follow their order; before it they are kept (2.1)."""
    return attach(state, sent_by(message.documents, world), world)


def attach_by_hand(state: State, command: AttachDocument, world: World) -> Decision:
    """A person attaches a document (2.1, 2.6)."""
    if item_of(command.doc.kind, world) is None:
        return refused("UNKNOWN_DOCUMENT_KIND", kind=command.doc.kind)
    known = state.documents.get(command.doc.doc_id)
    if known and known.doc.version == command.doc.version and known.doc.sha256 != command.doc.sha256:
        return refused("HASH_MISMATCH")
    return attach(state, (command.doc,), world)


def stored(state: State, command: RecordDocumentStored, world: World) -> Decision:
    """The file was fetched and written once; a hash that differs from the sale's is a fallout (2.8)."""
    known = state.documents.get(command.doc_id)
    if known is None or known.stored:
        return []
    if known.doc.hash_of == "CONTENT" and known.doc.sha256 != command.sha256:
        return [] if given_up(state, known.doc) else _another_file(state, known.doc, world)
    ended = (key for key in troubles(known.doc) if key in state.fallouts)
    return [
        DocumentStored(doc_id=command.doc_id, sha256=command.sha256),
        *(FalloutResolved(fallout_id=key, how="RETRY", reason="El archivo se obtuvo.") for key in ended),
    ]


def _another_file(state: State, doc: Doc, world: World) -> list[Fact]:
    """It is not fetched again by itself: a person asks for another try, or for another file."""
    _, other_file = troubles(doc)
    no_more = EffectDeferred(key=store_key(doc), attempt=TRIES, code=OTHER_FILE, next_at=world.now)
    if other_file in state.fallouts:
        return [no_more]
    detail = f"El archivo de {doc.kind} no coincide con su huella."
    raised = FalloutRaised(fallout_id=other_file, fallout_class=OTHER_FILE, step="DOCUMENTS", detail=detail, queue="EC")
    return [no_more, raised]

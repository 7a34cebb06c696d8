"""How facts change the documents of an order and what is known of its checklist."""

from collections.abc import Mapping

from services.intake.domain.state import Attached, State
from shared.common.state import without
from shared.contracts.intake import (
    DocsFoundIncomplete,
    DocsRevalidationRequired,
    DocsValidated,
    DocumentAttached,
    DocumentReplaced,
    DocumentStored,
)
from shared.decider import Fold


def fold_documents(evolve: Fold[State]) -> None:
    """Registers all of them."""

    @evolve.on(DocumentAttached)
    def attached(state: State, fact: DocumentAttached) -> State:
        known = state.documents.get(fact.doc.doc_id)
        if known is None or known.doc.version != fact.doc.version:
            return _document(state, fact)
        # The same version judged again: what was stored or refused of it stays so.
        judged = known.model_copy(update={"item": fact.item, "counts": fact.counts, "why": fact.why})
        return state.having(documents={**state.documents, fact.doc.doc_id: judged})

    @evolve.on(DocumentReplaced)
    def replaced(state: State, fact: DocumentReplaced) -> State:
        return _document(state.having(documents=without(state.documents, fact.replaces)), fact)

    @evolve.on(DocumentStored)
    def stored(state: State, fact: DocumentStored) -> State:
        known = state.documents.get(fact.doc_id)
        if known is None:
            return state
        doc = known.doc.model_copy(update={"sha256": fact.sha256, "hash_of": "CONTENT"})
        return state.having(documents={**state.documents, fact.doc_id: known.model_copy(update={"doc": doc, "stored": True})})

    @evolve.on(DocsFoundIncomplete)
    def incomplete(state: State, fact: DocsFoundIncomplete) -> State:
        stage = "DOCS_INCOMPLETE" if state.stage in {"CLAIMED", "DOCS_INCOMPLETE"} else state.stage
        after = state.having(stage=stage, missing=tuple(one.item for one in fact.missing), docs_valid=False)
        return _refuse(after, {one.doc_id: one.why for one in fact.rejected})

    @evolve.on(DocsValidated)
    def validated(state: State, fact: DocsValidated) -> State:
        stage = "DOCS_VALID" if state.stage in {"CLAIMED", "DOCS_INCOMPLETE"} else state.stage
        accepted = {one.doc_id for one in fact.documents}
        left_out = {key: "No fue aceptado" for key, one in state.documents.items() if one.serves and key not in accepted}
        return _refuse(state.having(stage=stage, missing=(), docs_valid=True, revision=fact.revision), left_out)

    @evolve.on(DocsRevalidationRequired)
    def reopened(state: State, fact: DocsRevalidationRequired) -> State:
        return state.having(docs_valid=False, missing=fact.items)


def _document(state: State, fact: DocumentAttached | DocumentReplaced) -> State:
    fetch = fact.doc.source != "UPLOAD"  # what a person uploads is stored before its command comes
    one = Attached(doc=fact.doc, item=fact.item, counts=fact.counts, why=fact.why, fetch=fetch)
    return state.having(documents={**state.documents, fact.doc.doc_id: one}, parent=state.parent or fact.parent)


def _refuse(state: State, why: Mapping[str, str]) -> State:
    """A document that the owner did not accept counts again only in a newer version."""
    documents = {key: one.model_copy(update={"refused": why[key]}) if key in why else one for key, one in state.documents.items()}
    return state.having(documents=documents)

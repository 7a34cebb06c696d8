"""What an order wants done outside: files that Salesforce names are fetched and stored."""

from services.intake.domain.state import State
from shared.common.state import AT_ONCE, wanted
from shared.contracts.shapes import Doc
from shared.decider import Effect


def _given_up(state: State, doc: Doc) -> bool:
    """A person has the ball: the file could not be fetched, or is not the one that was announced."""
    return bool({f"effect/store/{doc.doc_id}/{doc.version}", f"document/{doc.doc_id}"} & set(state.fallouts))


def effects(state: State) -> tuple[Effect, ...]:
    """Documents known by reference alone (2.8)."""
    return tuple(
        wanted(
            state,
            "StoreDocument",
            f"store/{one.doc.doc_id}/{one.doc.version}",
            AT_ONCE,
            doc=one.doc.model_dump(mode="json"),
        )
        for one in state.documents.values()
        if one.fetch and not one.stored and not _given_up(state, one.doc)
    )

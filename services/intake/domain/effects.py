"""What an order wants done outside: files that Salesforce names are fetched and stored."""

from services.intake.domain.state import State
from shared.common.state import AT_ONCE, wanted
from shared.decider import Effect


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
        if one.fetch and not one.stored and f"effect/store/{one.doc.doc_id}/{one.doc.version}" not in state.fallouts
    )

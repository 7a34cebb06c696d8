"""What an order wants done outside: files that Salesforce names are fetched and stored."""

from services.intake.domain.files import store_key, troubles
from services.intake.domain.state import State
from shared.common.behaviours import TRIES
from shared.common.state import AT_ONCE, wanted
from shared.contracts.shapes import Doc
from shared.decider import Effect


def _given_up(state: State, doc: Doc) -> bool:
    """A person has the ball: the last try failed, or the file is not the one that was announced."""
    _, other_file = troubles(doc)
    failed = state.deferred.get(store_key(doc))
    return other_file in state.fallouts or (failed is not None and failed.attempt > TRIES)


def effects(state: State) -> tuple[Effect, ...]:
    """Every document that is not stored yet (2.8)."""
    return tuple(
        wanted(state, "StoreDocument", store_key(one.doc), AT_ONCE, doc=one.doc.model_dump(mode="json"))
        for one in state.documents.values()
        if one.fetch and not one.stored and not _given_up(state, one.doc)
    )

"""What an order wants done outside: files that Salesforce names are fetched and stored."""

from services.intake.domain.files import given_up, store_key
from services.intake.domain.state import State
from shared.common.state import AT_ONCE, wanted
from shared.decider import Effect


def effects(state: State) -> tuple[Effect, ...]:
    """Every document that is not stored yet (2.8)."""
    return tuple(
        wanted(state, "StoreDocument", store_key(one.doc), AT_ONCE, doc=one.doc.model_dump(mode="json"))
        for one in state.documents.values()
        if one.fetch and not one.stored and not given_up(state, one.doc)
    )

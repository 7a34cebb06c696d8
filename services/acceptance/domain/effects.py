"""What the state wants done outside: the file of an acta that is prepared and not yet rendered."""

from services.acceptance.domain.acta import content
from services.acceptance.domain.state import State
from shared.common.state import AT_ONCE, wanted
from shared.decider import Effect


def effects(state: State) -> tuple[Effect, ...]:
    """RenderActa, under the acta's own key, until its document is there (14.1)."""
    acta, card, tests = state.acta, state.card, state.tests
    if state.stopped or state.held or state.stage != "SENDING" or acta is None or acta.doc is not None:
        return ()
    if card is None or tests is None:
        return ()
    told = content(card, tests, acta)
    args = {"series": acta.series, "revision": acta.revision, "content_sha256": acta.content_sha256, "content": told}
    return (wanted(state, "RenderActa", acta.purpose, AT_ONCE, **args),)

"""What resolving a fallout of intake means: asked of the table again, tried again, done by hand, or skipped (X.4)."""

from services.intake.domain.assembly import collect
from services.intake.domain.files import OTHER_FILE, store_key, troubles
from services.intake.domain.products import classify, fallout_id, unknown
from services.intake.domain.receive import classified
from services.intake.domain.state import State, assembly_task
from shared.common.behaviours import resolve_fallout
from shared.contracts.base import Fact
from shared.contracts.common import EffectDeferred, ResolveFallout
from shared.decider import Decision, Refused, World, refused

ANOTHERS_TURN = {"VERSION_CONFLICT", "AMENDMENT_RECEIVED"}
"""Nothing here can be tried again: the sale sends another version, or the owner does by hand what it asks for."""


def resolve(state: State, command: ResolveFallout, world: World) -> Decision:
    """Resolved only with the step's own fact; fallouts of other services are resolved there."""
    decided = resolve_fallout(state, command, world)
    if not isinstance(decided, Refused) and command.fallout_id == assembly_task(state.parent):
        more = collect.resolve(state, command.how, world)
        return more if isinstance(more, Refused) else [*decided, *more]
    if isinstance(decided, Refused) or command.how != "RETRY":
        return decided
    raised = state.fallouts[command.fallout_id]
    if raised.kind in ANOTHERS_TURN:
        return refused(raised.kind)
    if raised.kind == "NO_RULE_ROW":
        return _classified_again(state, command.fallout_id, list(decided), world)
    tried = {"EFFECT_FAILED": raised.step, OTHER_FILE: _fetches(state, command.fallout_id)}.get(raised.kind)
    return [EffectDeferred(key=tried, attempt=0, code="RETRY", next_at=world.now)] if tried else decided


def _fetches(state: State, key: str) -> str | None:
    """The effect that fetches the file of this fallout; None when a newer version took its place."""
    return next((store_key(one.doc) for one in state.documents.values() if key in troubles(one.doc)), None)


def _classified_again(state: State, key: str, decided: list[Fact], world: World) -> Decision:
    """The row may be there by now; then the suborder's items are classified by it."""
    for sold in state.content.suborders if state.content else ():
        if fallout_id(sold.suborder) == key:
            missing = unknown(sold, world)
            if missing:
                return refused("NO_RULE_ROW", detail=", ".join(missing))
            again = sold.model_copy(update={"items": tuple(classify(item, world) for item in sold.items)})
            return [*classified(again, world), *decided]
    return decided

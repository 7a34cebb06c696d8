"""What resolving a fallout means for the step it stopped: tried again, done by hand, or skipped with a reason (X.4)."""

from services.testing.domain import atp, closing, information
from services.testing.domain.state import State
from shared.common.behaviours import resolve_fallout
from shared.contracts.common import FalloutResolved, ResolveFallout
from shared.decider import Decision, Refused, World, refused


def resolve(state: State, command: ResolveFallout, world: World) -> Decision:
    """Resolved only with the step's own fact; a table without a row still refuses the retry."""
    decided = resolve_fallout(state, command, world)
    card = state.card
    if isinstance(decided, Refused) or card is None:
        return decided
    fallout, again = state.fallouts[command.fallout_id], command.how == "RETRY"
    if fallout.kind == "NO_RULE_ROW":
        prepared, gaps = atp.plan(card, world, otherwise="" if again else command.how)
        return refused("NO_RULE_ROW", detail="; ".join(gaps)) if again and gaps else [prepared, *decided]
    if fallout.kind == "TICKET_NOT_SOLVED" and again:
        return [] if state.ticket.asked else [closing.request_ticket(state, card)]
    if fallout.step == information.STEP and not again:
        return [*information.by_hand(state, command.fallout_id), *decided]
    return decided


def folded(state: State, fact: FalloutResolved) -> dict[str, object]:
    """What a fallout that was not retried leaves behind: a gate that is open, a step that was skipped, a mail to ask anew."""
    raised = state.fallouts.get(fact.fallout_id)
    if raised is None:
        return {}
    changes: dict[str, object] = {}
    if raised.step == information.STEP:
        changes["information"] = state.information.model_copy(update={"pending": False})
    if fact.how != "RETRY" and raised.step == closing.STEP:
        changes["ticket"] = state.ticket.model_copy(update={"settled": True})
    if fact.how == "SKIP":
        changes["skipped"] = (*state.skipped, raised.step)
    return changes

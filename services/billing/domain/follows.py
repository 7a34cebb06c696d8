"""What the state leads to by itself: opening, evidence, BR018, release, request, whatever came first."""

from services.billing.domain import evidence, group, start
from services.billing.domain.request import request
from services.billing.domain.state import State
from shared.contracts.base import Fact
from shared.contracts.common import FalloutRaised, WorkStopped
from shared.decider import Facts, World


def follows(state: State, world: World) -> Facts:
    """The next facts due; one kind after the other, so that each sees what the one before it made."""
    if state.order is None or state.stopped or state.held:
        return ()
    return (
        group.opened(state)
        or _emptied(state)
        or evidence.accepted(state)
        or start.evaluate(state, world)
        or start.release(state, world)
        or request(state, world)
    )


def _emptied(state: State) -> list[Fact]:
    """The last member left: a request that crossed it stays, with a task (X.3)."""
    if state.members:
        return []
    facts: list[Fact] = []
    crossed = [one for one in state.phases.values() if one.stage == "REQUESTED"]
    for one in crossed:
        detail = f"La fase {one.phase.no} ya estaba solicitada cuando la suborden se dio por fallida."
        facts.append(
            FalloutRaised(
                fallout_id=f"{state.request_id(one.phase.no)}/failed",
                fallout_class="FAILED_AFTER_REQUEST",
                step="BILLING",
                detail=detail,
                queue="OM",
            )
        )
    return [*facts, WorkStopped(reason="No queda ninguna suborden en el grupo.")]

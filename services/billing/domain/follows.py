"""What the state leads to by itself: opening, evidence, BR018, release, request, whatever came first."""

from services.billing.domain import evidence, group, start
from services.billing.domain.request import request
from services.billing.domain.state import State
from shared.common.answers import redated
from shared.contracts.base import DeadlineReached, Fact
from shared.contracts.common import HoldApplied, HoldLifted, WorkStopped
from shared.decider import Decision, Facts, World


def follows(state: State, world: World) -> Facts:
    """The next facts due; one kind after the other, so that each sees what the one before it made."""
    if state.order is None or state.stopped:
        return ()
    return group.opened(state, world) or _emptied(state) or _held(state, world) or ([] if state.held else _billing(state, world))


def _billing(state: State, world: World) -> list[Fact]:
    moved = redated(state, world.calendar)
    return (
        moved
        or evidence.accepted(state, world)
        or start.evaluate(state, world)
        or start.release(state, world)
        or request(state, world)
    )


def date_reached(state: State, reached: DeadlineReached, world: World) -> Decision:
    """The local day that a phase waits for began (15.3)."""
    return follows(state, world)


def _emptied(state: State) -> list[Fact]:
    """The last member left: nothing is billed any more (X.3)."""
    return [] if state.members else [WorkStopped(reason="No queda ninguna suborden en el grupo.")]


def _held(state: State, world: World) -> list[Fact]:
    """The group stands still exactly while a member is held (X.1)."""
    held = state.halted & set(state.members)
    if held and state.held is None:
        return [HoldApplied(reason=state.halted_why, at=world.now)]
    if not held and state.held is not None:
        paused = (world.now - state.held.at).total_seconds()
        return [HoldLifted(reason=state.halted_why, held_for=paused, at=world.now)]
    return []

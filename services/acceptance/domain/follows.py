"""What the state leads to by itself: an acta when tests passed, a clock dated anew, onboarding, the kit, the completion."""

from services.acceptance.domain import acta, onboarding, redating
from services.acceptance.domain.state import State
from shared.calendar.calendar import local_day
from shared.contracts.acceptance import SuborderCompleted
from shared.decider import Facts, World


def follows(state: State, world: World) -> Facts:
    """The facts due now; a hold keeps what was heard until it ends (X.1)."""
    card = state.card
    if card is None or state.held or state.stopped:
        return ()
    if state.tests is not None and acta_owed(state):
        return (acta.prepare(state, card, state.tests, world),)
    if state.stage == "OPEN":
        return redating.owed(state, world.calendar, world)
    if state.stage in {"SIGNED", "EXPIRED"} and onboarding_due(state, world):
        return onboarding.start(state, card, world)
    running = state.onboarding
    if state.stage != "ONBOARDING" or running is None:
        return ()
    if running.trained and not running.kit_delivered and "kit" not in state.asked:
        return onboarding.kit(state, card, running)
    if running.done and billed_enough(state, world):
        return (SuborderCompleted(at=world.now),)
    return ()


def acta_owed(state: State) -> bool:
    """The tests of a series passed that has no acta yet, or the acta's mail came too late (14.1 to 14.3, 14.7)."""
    if state.tests is None:
        return False
    if state.acta is None:
        return True
    if state.stage == "REWORK":
        return state.tests.series > state.acta.series
    return state.stage == "SENDING" and state.fresh_owed


def onboarding_due(state: State, world: World) -> bool:
    """After the first activation that is not pre-acceptance, or at acceptance where the operator chose so (D13)."""
    starts_on = world.policy.value("onboarding.starts_on", local_day(world.now))
    return state.active or starts_on == "ACCEPTED"


def billed_enough(state: State, world: World) -> bool:
    """Every phase is active, or one where that is enough for the operator (18.1)."""
    needs = world.policy.value("completion.needs", local_day(world.now))
    return state.phases_left == 0 or (state.active and needs == "FIRST_ACTIVE")

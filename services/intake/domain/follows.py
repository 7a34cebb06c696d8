"""What the order leads to by itself, whatever came first."""

from services.intake.domain import release, requests, rollup, work_orders
from services.intake.domain.state import State
from shared.decider import Facts, World


def follows(state: State, world: World) -> Facts:
    """Clocks a newer calendar moves, late work orders, releases, the roll-up of acceptance, published states, completion."""
    return (
        requests.redated(state, world.calendar)
        or work_orders.late(state, world)
        or release.released(state, world)
        or rollup.accepted(state)
        or rollup.changed(state)
        or rollup.completed(state)
    )

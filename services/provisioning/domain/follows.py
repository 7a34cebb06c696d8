"""What the state leads to by itself: the next step opens when the one before it is done, whatever came first."""

from services.provisioning.domain import clock, logical, rework, stock, visit
from services.provisioning.domain.state import State
from shared.contracts.provisioning import EquipmentReleased, NetworkBuilt
from shared.decider import Facts, World


def follows(state: State, world: World) -> Facts:
    """The facts due now; empty while a person or partner has the ball."""
    card = state.card
    if state.stopped:
        return [EquipmentReleased(items=state.reserved, why="CANCELLED")] if state.reserved_until else []
    if card is None or state.held:
        return []
    moved = clock.redated(state, world.calendar)
    if moved:
        return moved
    again = rework.due(state)
    if again or state.stage == "PROVISIONED":
        return again
    asked = [*logical.circuit(state, card), *logical.configure(state, card, world)] if state.configures else []
    match state.step:
        case "NETWORK" if card.traits.build == "NONE" and state.rework is None:
            return [NetworkBuilt(required=False, attempt=state.attempt)]
        case "EQUIPMENT" if not state.stock_asked:
            return stock.ask(state, card)
        case "VISIT" if state.visit is None:
            return visit.order(state, card, world)
        case _:
            return asked

"""What testing asks to be done again: the named steps open, and when the last is done testing is told (13.5)."""

from services.provisioning.domain.state import Rework, State
from shared.contracts.base import Fact
from shared.contracts.provisioning import Delivered, ReworkCompleted, ReworkStarted


def due(state: State) -> list[Fact]:
    """A rework starts once the first delivery, or the rework before it, is over; it ends with its last open step."""
    running, wanted = state.rework, state.wanted_rework
    if running is not None and state.step is None and not state.circuit.pending:
        return [completed(state, running, state.equipment)]
    if running is None and wanted is not None and state.provisioned:
        return [ReworkStarted(rework_id=wanted.rework_id, steps=wanted.steps, attempt=state.attempt + 1)]
    return []


def completed(state: State, rework: Rework, equipment: tuple[Delivered, ...]) -> ReworkCompleted:
    """The named steps are done again."""
    return ReworkCompleted(
        rework_id=rework.rework_id,
        steps=rework.steps,
        attempt=rework.attempt,
        circuit_id=state.circuit.circuit_id,
        equipment=equipment,
    )

"""Activity 6: logical configuration by Activaciones, and the NOC's circuit of a managed FWaaS (6.1, 6.2)."""

from services.provisioning.domain.state import State
from shared.common.answers import cleared
from shared.contracts.base import Fact
from shared.contracts.intake import AnswerActivationsRequest
from shared.contracts.provisioning import ConfirmVirtualCircuit, LogicalConfigurationCompleted, VirtualCircuitEnabled
from shared.decider import Decision, World, refused


def answered(state: State, command: AnswerActivationsRequest, world: World) -> Decision:
    """Activaciones configured; a late answer is accepted and marked (3.5)."""
    request = state.requests.get(command.request_id)
    if request is None:
        return refused("UNKNOWN_REQUEST", request=command.request_id)
    if request.answered:
        return []
    late = world.now > request.due
    facts: list[Fact] = [LogicalConfigurationCompleted(request_id=command.request_id, late=late, values=command.values)]
    return facts + cleared(command.request_id, request)


def enabled(state: State, command: ConfirmVirtualCircuit, world: World) -> Decision:
    """The NOC enabled the circuit; any other product never has one (6.2)."""
    if state.card is None or not state.card.traits.noc_circuit or not state.circuit.asked:
        return refused("CIRCUIT_NOT_EXPECTED")
    if state.circuit.enabled == state.circuit.asked:
        return []
    attempt = state.circuit.asked
    return [
        VirtualCircuitEnabled(request_id=f"{state.suborder}/circuit/{attempt}", attempt=attempt, circuit_id=command.circuit_id)
    ]

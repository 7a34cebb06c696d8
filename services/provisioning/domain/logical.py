"""Activity 6: logical configuration by Activaciones, and the NOC's circuit of a managed FWaaS (6.1, 6.2)."""

from typing import Any, Final

from services.provisioning.domain.state import State
from shared.common.answers import cleared, clock
from shared.common.mails import area, heading, mail, owner
from shared.contracts.base import Fact
from shared.contracts.intake import AnswerActivationsRequest
from shared.contracts.provisioning import (
    ConfirmVirtualCircuit,
    LogicalConfigurationCompleted,
    LogicalConfigurationRequested,
    LogicalConfigurationSkipped,
    VirtualCircuitEnabled,
    VirtualCircuitRequested,
)
from shared.contracts.shapes import Card
from shared.decider import Decision, World, refused

KIND: Final = "LOGICAL_CONFIGURATION"
REFERENCE: Final = "CORP.SOL-PRO.1338 paso 6"


def configure(state: State, card: Card, world: World) -> list[Fact]:
    """What the step asks now: nothing when the product has no logical configuration, else Activaciones, once per attempt."""
    if not card.traits.logical:
        return [LogicalConfigurationSkipped(reason="El producto no lleva configuración lógica.")]
    request, until = f"{state.suborder}/logical/{state.attempt}", clock(world, KIND)
    if request in state.requests:
        return []
    values = heading(card) | {"solicitud": "Configuración lógica", "referencia": REFERENCE, "vence_el": until.due.isoformat()}
    to = [area("activaciones")]
    return [
        LogicalConfigurationRequested(request_id=request, reference=REFERENCE, **until.model_dump(), **for_partner(card)),
        mail("provisioning", state.suborder, "SOLICITUD_ACTIVACIONES", request, to, cc=owner(state), values=values),
    ]


def circuit(state: State, card: Card) -> list[Fact]:
    """Exactly one request to the NOC for a managed FWaaS, and one per rework of it (6.2)."""
    if not card.traits.noc_circuit or state.circuit.asked >= state.attempt:
        return []
    request = f"{state.suborder}/circuit/{state.attempt}"
    return [VirtualCircuitRequested(request_id=request, attempt=state.attempt, **for_partner(card))]


def for_partner(card: Card) -> dict[str, Any]:
    """What a request to a partner carries beside its own fields: where to answer, and which order, site and products."""
    return {
        "answer_to": "o2c.provisioning.commands.v1",
        "order_number": card.order_number,
        "suborder_number": card.suborder_number,
        "site": card.site,
        "product_codes": tuple(item.product_code for item in card.items),
    }


def answered(state: State, command: AnswerActivationsRequest, world: World) -> Decision:
    """Activaciones configured; a late answer is accepted and marked, and a hold stops the clock (3.5, X.1)."""
    request = state.requests.get(command.request_id)
    if request is None:
        return refused("UNKNOWN_REQUEST", request=command.request_id)
    if request.answered:
        return []
    stands_at = state.held.at if state.held else world.now
    late = stands_at > request.by(world.calendar).due
    done = LogicalConfigurationCompleted(request_id=command.request_id, late=late, values=command.values)
    return [done, *cleared(command.request_id, request)]


def enabled(state: State, command: ConfirmVirtualCircuit, world: World) -> Decision:
    """The NOC enabled the circuit; any other product never has one (6.2)."""
    attempt = state.circuit.asked
    if state.card is None or not state.card.traits.noc_circuit or not attempt:
        return refused("CIRCUIT_NOT_EXPECTED")
    if not state.circuit.pending:
        return []
    request = f"{state.suborder}/circuit/{attempt}"
    return [VirtualCircuitEnabled(request_id=request, attempt=attempt, circuit_id=command.circuit_id.strip())]

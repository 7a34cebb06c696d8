"""What the state leads to by itself: the next step opens when the one before it is done, whatever came first."""

from services.provisioning.domain.state import State
from shared.calendar.calendar import local_day
from shared.common.mails import area, heading, mail, owner
from shared.contracts.base import Fact
from shared.contracts.provisioning import (
    LogicalConfigurationRequested,
    LogicalConfigurationSkipped,
    NetworkBuilt,
    ReworkCompleted,
    ReworkStarted,
    StockCheckRequested,
    TechnicalVisitOrdered,
    VirtualCircuitRequested,
)
from shared.contracts.shapes import Card
from shared.decider import Facts, World

REFERENCE = "CORP.SOL-PRO.1338 paso 6"
ANSWER_TO = "o2c.provisioning.commands.v1"


def follows(state: State, world: World) -> Facts:
    """The facts due now; empty while a person or partner has the ball."""
    card = state.card
    if card is None or state.held or state.stopped:
        return ()
    if state.wanted_rework is not None and state.provisioned and state.rework is None:
        wanted = state.wanted_rework
        return (ReworkStarted(rework_id=wanted.rework_id, steps=wanted.steps, attempt=wanted.attempt),)
    return [*_circuit(state, card), *_step(state, card, world)]


def _circuit(state: State, card: Card) -> list[Fact]:
    """Exactly one request to the NOC for a managed FWaaS, and one per rework of it (6.2)."""
    due = card.traits.noc_circuit and "NETWORK" in state.done and "LOGICAL" not in state.done
    if not due or state.circuit.asked >= state.attempt:
        return []
    return [
        VirtualCircuitRequested(
            request_id=f"{state.suborder}/circuit/{state.attempt}",
            attempt=state.attempt,
            answer_to=ANSWER_TO,
            order_number=card.order_number,
            suborder_number=card.suborder_number,
            site=card.site,
            product_codes=tuple(item.product_code for item in card.items),
        )
    ]


def _step(state: State, card: Card, world: World) -> list[Fact]:
    match state.step:
        case "NETWORK" if card.traits.build == "NONE" and state.rework is None:
            return [NetworkBuilt(required=False, attempt=state.attempt)]
        case "LOGICAL" if not card.traits.logical:
            return [LogicalConfigurationSkipped(reason="El producto no lleva configuración lógica.")]
        case "LOGICAL" if _request(state) not in state.requests:
            return _ask_configuration(state, card, world)
        case "EQUIPMENT" if not state.stock_asked:
            return _ask_stock(state, card)
        case "VISIT" if state.visit is None:
            return _order_visit(state, card, world)
        case None if state.rework is not None:
            return [
                ReworkCompleted(
                    rework_id=state.rework.rework_id,
                    steps=state.rework.steps,
                    attempt=state.rework.attempt,
                    circuit_id=state.circuit.circuit_id,
                    equipment=state.equipment,
                )
            ]
        case _:
            return []


def _request(state: State) -> str:
    return f"{state.suborder}/logical/{state.attempt}"


def _ask_configuration(state: State, card: Card, world: World) -> list[Fact]:
    day = local_day(world.now)
    due = world.calendar.answer_due(
        world.now, world.policy.value("activations.answer_within", day), int(world.policy.value("activations.hours", day))
    )
    request = _request(state)
    values = heading(card) | {"solicitud": "Configuración lógica", "referencia": REFERENCE, "vence_el": due.isoformat()}
    return [
        LogicalConfigurationRequested(
            request_id=request,
            reference=REFERENCE,
            due=due,
            answer_to=ANSWER_TO,
            order_number=card.order_number,
            suborder_number=card.suborder_number,
            site=card.site,
            product_codes=tuple(item.product_code for item in card.items),
        ),
        mail(
            "provisioning",
            state.suborder,
            "SOLICITUD_ACTIVACIONES",
            request,
            [area("activaciones")],
            cc=owner(state),
            values=values,
        ),
    ]


def _ask_stock(state: State, card: Card) -> list[Fact]:
    equipment = ", ".join(f"{one.quantity} {one.sku}" for one in card.traits.equipment)
    values = heading(card) | {"equipos": equipment}
    return [
        StockCheckRequested(items=card.traits.equipment),
        mail(
            "provisioning",
            state.suborder,
            "CONSULTA_STOCK",
            f"stock/{state.attempt}",
            [area("jefe_producto")],
            cc=owner(state),
            values=values,
        ),
    ]


def _order_visit(state: State, card: Card, world: World) -> list[Fact]:
    attempt = state.visits + 1
    contractor = state.contractor or str(world.policy.value("contractor.default", local_day(world.now)))
    return [
        TechnicalVisitOrdered(attempt=attempt, contractor=contractor, work_order=f"{state.suborder}/visit/{attempt}"),
        mail(
            "provisioning",
            state.suborder,
            "VISITA_TECNICA",
            f"visit/{attempt}",
            [area("contratistas")],
            cc=owner(state),
            values=heading(card) | {"contratista": contractor},
        ),
    ]

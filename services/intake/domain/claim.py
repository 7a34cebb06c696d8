"""Activity 1: look, then own; return what is not ours; hand over; escalate what nobody takes (1.5, 1.6, 1.8, 1.9)."""

from datetime import datetime
from typing import Final

from services.intake.domain.escalation import with_mails
from services.intake.domain.state import State
from shared.calendar.calendar import Calendar
from shared.common.mails import mail, staff
from shared.common.people import stranger
from shared.contracts.base import DeadlineReached, Fact
from shared.contracts.common import JeopardyCleared, JeopardyRaised, TaskEscalated
from shared.contracts.intake import (
    ClaimOrder,
    OrderClaimed,
    OrderReassigned,
    OrderReturned,
    OrderReviewed,
    ReassignOrder,
    ReturnOrder,
    ReviewOrder,
)
from shared.decider import Decision, World, refused

JEOPARDY = "claim"


def review(state: State, command: ReviewOrder, world: World) -> Decision:
    """This Order Manager opened customer and offer of this version."""
    version = state.content.version if state.content else 0
    if state.reviewed.get(world.actor.id) == version:
        return []
    return [OrderReviewed(by=world.actor.id, version=version)]


def claim(state: State, command: ClaimOrder, world: World) -> Decision:
    """*Apropiarse*: two at once have one winner, and the loser is told the owner (1.5)."""
    if state.owner == world.actor.id:
        return []
    if state.owner is not None:
        return refused("ALREADY_CLAIMED", owner=state.owner)
    version = state.content.version if state.content else 0
    if state.reviewed.get(world.actor.id) != version:
        return refused("ORDER_NOT_REVIEWED")
    strange = not_homologated(state)
    if strange:
        return refused("NOT_HOMOLOGATED", items=", ".join(strange))
    facts: list[Fact] = [OrderClaimed(owner=world.actor.id), *_taken(state)]
    if state.stage != "RECEIVED":
        facts.append(OrderReassigned(to=world.actor.id, reason="Apropiada de la cola"))
    return facts


def _taken(state: State) -> list[Fact]:
    """Somebody decided on the order: that nobody did is no jeopardy any more (X.5)."""
    return [JeopardyCleared(name=JEOPARDY, why="La orden ya fue atendida.")] if state.escalations else []


def not_homologated(state: State) -> list[str]:
    """Items that may only be returned (1.7)."""
    content = state.content
    return [item.product_code for one in content.suborders for item in one.items if not item.homologated] if content else []


REASONS: Final = {
    "NO_HOMOLOGADO": "Productos no homologados",
    "CLIENTE_FUERA_DE_ALCANCE": "Cliente fuera de alcance",
    "DUPLICADA": "Orden duplicada",
    "VENTA_INCOMPLETA": "Venta incompleta",
    "CLIENTE_DESISTE": "El cliente desiste",
    "OTRO": "",
}
"""Why an order is returned, as the EC reads it; another reason has words of its own."""


def give_back(state: State, command: ReturnOrder, world: World) -> Decision:
    """Not for this team: returned with a reason, the EC is told, no suborder starts (1.6)."""
    if state.owner is not None and state.owner != world.actor.id and "OM_SUPERVISOR" not in world.actor.roles:
        return refused("NOT_OWNER", command="ReturnOrder", owner=state.owner)
    if command.reason == "OTRO" and not command.detail.strip():
        return refused("REASON_REQUIRED")
    facts: list[Fact] = [OrderReturned(reason=command.reason, detail=command.detail), *_taken(state)]
    content = state.content
    if content is not None:
        values = {
            "orden": content.order_number,
            "cliente": content.customer_name,
            "motivos": ": ".join(filter(None, (REASONS[command.reason], command.detail.strip()))),
        }
        purpose = f"returned/{content.version}"
        facts.append(mail("intake", state.parent, "ORDEN_DEVUELTA", purpose, staff("EC", content.executive), values=values))
    return facts


def reassign(state: State, command: ReassignOrder, world: World) -> Decision:
    """The owner changes; history, tasks and clocks go with the order (1.9)."""
    if not command.reason.strip():
        return refused("REASON_REQUIRED")
    if command.to == state.owner:
        return []
    if unknown := stranger(world, command.to, "OM"):
        return unknown
    return [OrderReassigned.model_validate({"from": state.owner, "to": command.to, "reason": command.reason})]


def unclaimed_at(state: State, calendar: Calendar) -> datetime | None:
    """Some business hours after it came, then each business day until somebody takes it (1.8)."""
    content = state.content
    if content is None or state.owner is not None or state.stage != "RECEIVED":
        return None
    if content.received_at is None or content.claim_hours is None:
        return None
    first = calendar.add_business_hours(content.received_at, content.claim_hours)
    return calendar.add_days(first, state.escalations, "BUSINESS") if state.escalations else first


def unclaimed(state: State, reached: DeadlineReached, world: World) -> Decision:
    """Nobody took the order: its supervisor is told (1.8)."""
    due = unclaimed_at(state, world.calendar)
    if due is None or due > world.now:
        return []
    why = "Nadie se apropió de la orden."
    facts: list[Fact] = [
        TaskEscalated(key=f"{state.parent}/ClaimOrder", level=state.escalations + 1, to="OM_SUPERVISOR", why=why)
    ]
    if state.escalations == 0:
        facts.append(JeopardyRaised(name=JEOPARDY, level="AMBER", why=why))
    return with_mails(state, facts)

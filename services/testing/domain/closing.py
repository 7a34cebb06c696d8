"""Activities 12.2 and 13.3: ServiceNow's ticket, the Digital Delivery Kit, and the closing of the work order."""

from services.testing.domain.state import State
from shared.contracts.base import Fact
from shared.contracts.common import FalloutRaised, FalloutResolved, RegionalTicketOpened
from shared.contracts.testing import (
    CloseRegionalTicket,
    DigitalDeliveryKitReceived,
    RecordDeliveryKit,
    RecordRegionalTicket,
    RegionalTicketClosed,
)
from shared.decider import Decision, World, refused


def same(one: str | None, other: str) -> bool:
    """Tickets are kept as given and compared without case."""
    return one is not None and one.strip().casefold() == other.strip().casefold()


def opened(state: State, command: RecordRegionalTicket, world: World) -> Decision:
    """ServiceNow opened the ticket for the tests (12.2)."""
    if state.card is None or not state.card.traits.regional:
        return refused("REGIONAL_NOT_EXPECTED")
    if same(state.ticket, command.ticket):
        return []
    return [RegionalTicketOpened(request_id=f"{state.suborder}/ticket/tests", purpose="TESTS", ticket=command.ticket.strip())]


def kit(state: State, command: RecordDeliveryKit, world: World) -> Decision:
    """Regional hands the kit of a managed firewall over; no other product has one (13.3)."""
    if state.card is None or not state.card.traits.delivery_kit:
        return refused("KIT_NOT_EXPECTED")
    if not same(state.ticket, command.ticket):
        return refused("UNKNOWN_TICKET", ticket=command.ticket)
    return [] if state.kit else [DigitalDeliveryKitReceived(kit=command.kit, ticket=command.ticket)]


def close(state: State, command: CloseRegionalTicket, world: World) -> Decision:
    """Regional closes the work order; other than solved it is a fallout and the gate stays shut (13.3)."""
    if not same(state.ticket, command.ticket):
        return refused("UNKNOWN_TICKET", ticket=command.ticket)
    if state.ticket_closed == command.outcome:
        return []
    facts: list[Fact] = [RegionalTicketClosed(ticket=command.ticket, outcome=command.outcome)]
    fallout = f"{state.suborder}/ticket"
    if command.outcome != "SOLVED":
        detail = f"El ticket {command.ticket} se cerró como {command.outcome}."
        facts.append(
            FalloutRaised(fallout_id=fallout, fallout_class="TICKET_NOT_SOLVED", step="CLOSING", detail=detail, queue="REGIONAL")
        )
    elif fallout in state.fallouts:
        facts.append(FalloutResolved(fallout_id=fallout, how="RETRY", reason="El ticket se cerró como resuelto."))
    return facts

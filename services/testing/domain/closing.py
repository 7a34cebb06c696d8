"""Activities 12.2 and 13.3: ServiceNow's ticket, the Digital Delivery Kit, and the closing of the work order."""

from typing import Final

from services.testing.domain.state import State
from shared.calendar.calendar import local_day
from shared.contracts.base import Fact
from shared.contracts.common import FalloutRaised, FalloutResolved, RegionalTicketOpened, RegionalTicketRequested
from shared.contracts.shapes import Card
from shared.contracts.testing import (
    CloseRegionalTicket,
    DigitalDeliveryKitReceived,
    RecordDeliveryKit,
    RecordRegionalTicket,
    RegionalTicketClosed,
)
from shared.decider import Decision, World, refused

STEP: Final = "CLOSING"


def same(one: str | None, other: str) -> bool:
    """Tickets are kept as given and compared without case."""
    return one is not None and one.strip().casefold() == other.strip().casefold()


def ticket_missing(state: State, world: World) -> bool:
    """Regional takes part without an open ticket; that of 3.6 serves, unless the operator wants a new one (12.2)."""
    if state.card is None or not state.card.traits.regional:
        return False
    new_only = world.policy.value("regional_ticket", local_day(world.now)) == "ALWAYS_NEW"
    return not state.ticket.open or (new_only and not state.ticket.for_tests)


def request_ticket(state: State, card: Card) -> RegionalTicketRequested:
    """ServiceNow is asked for a ticket with Regional."""
    return RegionalTicketRequested(
        request_id=request_id(state, state.ticket.requests + 1),
        purpose="TESTS",
        answer_to="o2c.testing.commands.v1",
        order_number=card.order_number,
        suborder_number=card.suborder_number,
        site=card.site,
        product_codes=tuple(item.product_code for item in card.items),
    )


def request_id(state: State, number: int) -> str:
    """The id of a ticket's request."""
    return f"{state.suborder}/ticket/{number}"


def ticket_owed(state: State, card: Card, world: World) -> list[Fact]:
    """Before the tests with the customer an open ticket exists, or is asked for once (12.2)."""
    if state.stage not in {"AGENDA", "SCHEDULED"} or state.ticket.asked:
        return []
    return [request_ticket(state, card)] if ticket_missing(state, world) else []


def opened(state: State, command: RecordRegionalTicket, world: World) -> Decision:
    """ServiceNow opened the ticket for the tests (12.2)."""
    if state.card is None or not state.card.traits.regional:
        return refused("REGIONAL_NOT_EXPECTED")
    if same(state.ticket.number, command.ticket):
        return []
    request = request_id(state, max(state.ticket.requests, 1))
    return [RegionalTicketOpened(request_id=request, purpose="TESTS", ticket=command.ticket.strip())]


def kit(state: State, command: RecordDeliveryKit, world: World) -> Decision:
    """Regional hands the kit of a managed firewall over; no other product has one (13.3)."""
    if state.card is None or not state.card.traits.delivery_kit:
        return refused("KIT_NOT_EXPECTED")
    if not same(state.ticket.number, command.ticket):
        return refused("UNKNOWN_TICKET", ticket=command.ticket)
    return [] if state.kit else [DigitalDeliveryKitReceived(kit=command.kit, ticket=command.ticket.strip())]


def close(state: State, command: CloseRegionalTicket, world: World) -> Decision:
    """Regional closes the work order; other than solved it is a fallout and the gate stays shut (13.3)."""
    if not same(state.ticket.number, command.ticket):
        return refused("UNKNOWN_TICKET", ticket=command.ticket)
    if state.ticket.outcome in {"SOLVED", command.outcome}:
        return []
    closed = RegionalTicketClosed(ticket=command.ticket.strip(), outcome=command.outcome)
    return [closed, *_consequence(state, closed)]


def _consequence(state: State, closed: RegionalTicketClosed) -> list[Fact]:
    standing = [key for key, one in state.fallouts.items() if one.step == STEP]
    if closed.outcome == "SOLVED":
        return [FalloutResolved(fallout_id=key, how="RETRY", reason="El ticket se cerró como resuelto.") for key in standing]
    if standing:
        return []
    return [
        FalloutRaised(
            fallout_id=f"{state.suborder}/ticket/{closed.ticket}",
            fallout_class="TICKET_NOT_SOLVED",
            step=STEP,
            detail=f"El ticket {closed.ticket} se cerró como {OUTCOMES[closed.outcome]}.",
            queue="REGIONAL",
        )
    ]


OUTCOMES: Final = {"CANCELLED": "cancelado", "REJECTED": "rechazado"}


def closed(state: State) -> bool:
    """Whether nothing more is due of Regional: a managed firewall has its kit, and its ticket is closed as solved (13.3)."""
    if state.card is None or not state.card.traits.delivery_kit:
        return True
    return state.kit is not None and (state.ticket.outcome == "SOLVED" or state.ticket.settled)

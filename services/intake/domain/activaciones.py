"""What Activaciones and ServiceNow answer: quotes, service records, accounts, tickets (3.4 to 3.7)."""

from services.intake.domain.hold import on_hold
from services.intake.domain.requests import stands_at
from services.intake.domain.state import Quote, State
from services.intake.domain.work_orders import ticket_id
from shared.calendar.calendar import local_day
from shared.common.answers import cleared
from shared.contracts.base import Fact
from shared.contracts.common import ActivationsResponded, OverrideRecorded, RegionalTicketOpened
from shared.contracts.intake import (
    AnswerActivationsRequest,
    BillingAccountPrepared,
    QuoteReceived,
    QuoteSelected,
    RecordRegionalTicket,
    SelectQuote,
    SubmitQuote,
)
from shared.decider import Decision, World, refused


def quote(state: State, command: SubmitQuote, world: World) -> Decision:
    """A quote of whom it was asked of; with the second the 24 hours end (3.4, 3.5, D6)."""
    request = state.requests.get(command.request_id)
    if request is None or request.kind != "QUOTES":
        return refused("UNKNOWN_REQUEST", request=command.request_id)
    request = request.by(world.calendar)
    if request.asked_of not in world.actor.roles:
        return refused("ROLE_NOT_ALLOWED", command="SubmitQuote")
    sub = state.subs[request.suborder]
    if sub.selected:
        return refused("QUOTE_CLOSED")
    if any(one.contractor == command.contractor and one.total == command.total for one in sub.quotes):
        return []
    number = len(sub.quotes) + 1
    facts: list[Fact] = [
        QuoteReceived(
            suborder=request.suborder,
            quote_id=f"{request.suborder}/quote/{number}",
            contractor=command.contractor,
            total=command.total,
            received_at=world.now,
        )
    ]
    if number == _minimum(world) and not request.answered:
        facts.append(
            ActivationsResponded(
                suborder=request.suborder,
                request_id=command.request_id,
                kind=request.kind,
                due=request.due,
                late=stands_at(state, request, world) > request.due,
            )
        )
        facts += cleared(command.request_id, request)
    return facts


def _minimum(world: World) -> int:
    return int(world.policy.value("quotes.minimum", local_day(world.now)))


def _cost(one: Quote) -> tuple[object, object]:
    """The lowest total in BOB, then the earliest received."""
    return one.total.amount * (one.total.rate or 1), one.received_at


def select(state: State, command: SelectQuote, world: World) -> Decision:
    """The cheapest by default; a dearer one needs a reason and is recorded as an override (3.4, D6)."""
    sub = state.subs.get(command.suborder)
    if sub is None or not sub.has("INSTALLATION"):
        return refused("UNKNOWN_QUOTE", quote=command.quote_id or command.suborder)
    if sub.stage != "PLANNED":
        return (
            []
            if sub.selected and command.quote_id in {None, sub.selected}
            else refused("WRONG_STAGE", command="SelectQuote", stage=sub.stage)
        )
    if halted := on_hold(state, (command.suborder,)):
        return halted
    if len(sub.quotes) < _minimum(world):
        return refused("TOO_FEW_QUOTES", found=len(sub.quotes), needed=_minimum(world))
    cheapest = min(sub.quotes, key=_cost)
    chosen = next((one for one in sub.quotes if one.quote_id == command.quote_id), None) if command.quote_id else cheapest
    if chosen is None:
        return refused("UNKNOWN_QUOTE", quote=command.quote_id)
    if sub.selected == chosen.quote_id:
        return []
    dearer = chosen.quote_id != cheapest.quote_id
    if dearer and not (command.reason or "").strip():
        return refused("REASON_REQUIRED")
    facts: list[Fact] = [
        QuoteSelected(
            suborder=command.suborder,
            quote_id=chosen.quote_id,
            contractor=chosen.contractor,
            total=chosen.total,
            cheapest=not dearer,
            reason=command.reason,
        )
    ]
    if dearer:
        record = OverrideRecorded(
            suborder=command.suborder,
            command="SelectQuote",
            default=cheapest.quote_id,
            chosen=chosen.quote_id,
            reason=command.reason or "",
        )
        facts.append(record)
    return facts


def answer(state: State, command: AnswerActivationsRequest, world: World) -> Decision:
    """Service record or billing account; a late answer is accepted and marked (3.5, 3.7)."""
    request = state.requests.get(command.request_id)
    if request is None or request.kind == "QUOTES":
        return refused("UNKNOWN_REQUEST", request=command.request_id)
    if request.answered:
        return []
    request = request.by(world.calendar)
    group = state.content_of(request.suborder).group
    facts: list[Fact] = [
        ActivationsResponded(
            suborder=request.suborder,
            request_id=command.request_id,
            kind=request.kind,
            due=request.due,
            late=stands_at(state, request, world) > request.due,
            values=command.values,
        ),
        *cleared(command.request_id, request),
    ]
    if request.kind == "BILLING_ACCOUNT":
        account = command.values.get("account", "").strip()
        if not account:
            return refused("INVALID_FIELDS", paths="values.account")
        facts.append(BillingAccountPrepared(suborder=request.suborder, billing_group=group, account=account))
    elif not command.values.get("service_id", "").strip():
        return refused("INVALID_FIELDS", paths="values.service_id")
    return facts


def ticket(state: State, command: RecordRegionalTicket, world: World) -> Decision:
    """ServiceNow gave the number; the release waits for it (3.6)."""
    sub = state.subs.get(command.suborder)
    if sub is None or not sub.has("PROVISIONING_START"):
        return refused("REGIONAL_NOT_EXPECTED")
    if sub.ticket and sub.ticket.casefold() == command.ticket.strip().casefold():
        return []
    number = command.ticket.strip()
    if not number:
        return refused("INVALID_FIELDS", paths="ticket")
    identity = ticket_id(command.suborder)
    return [RegionalTicketOpened(suborder=command.suborder, request_id=identity, purpose="PROVISIONING_START", ticket=number)]

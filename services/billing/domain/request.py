"""The request to the billing system: it follows from evidence alone, once per group and phase (15.1, 15.6)."""

from decimal import Decimal

from services.billing.domain.amounts import shares
from services.billing.domain.attachments import found, mismatch, missing
from services.billing.domain.evidence import complete
from services.billing.domain.state import PhaseState, State
from shared.calendar.calendar import local_day
from shared.common.mails import area, mail, owner
from shared.contracts.base import Fact
from shared.contracts.billing import (
    BilledItem,
    BilledSuborder,
    BillingBlocked,
    BillingRequest,
    BillingRequested,
    RequestedPhase,
)
from shared.contracts.intake import SuborderContent
from shared.decider import World

ANSWER_TO = "o2c.billing.commands.v1"


def request(state: State, world: World) -> list[Fact]:
    """Released phases: requested when everything is there, else blocked with the exact list."""
    facts: list[Fact] = []
    for one in state.phases.values():
        if one.released_at is None or one.requested:
            continue
        gaps = lacking(state, one, world)
        if not gaps:
            facts += _ask(state, one, world)
        elif tuple(gaps) != one.missing:
            facts.append(BillingBlocked(phase=one.phase.no, missing=tuple(gaps)))
            wrong = mismatch(state, world)
            if wrong is not None and not state.mismatch_told:
                facts.append(wrong)
    return facts


def lacking(state: State, one: PhaseState, world: World) -> list[str]:
    """Why a released phase may not be requested yet."""
    gaps = missing(state)
    checks = {
        "NO_ACCEPTANCE_EVIDENCE": not one.pre_acceptance and not complete(state),
        "OPEN_REJECTION": bool(state.rejected & set(state.members)),
        "DOCS_REOPENED": not state.docs_valid,
        "BILLING_ACCOUNT_MISSING": state.account is None,
        "APPROVER_MISMATCH": mismatch(state, world) is not None,
        "REGIONAL_TICKET_MISSING": _ticket_missing(state),
    }
    return gaps + [code for code, holds in checks.items() if holds]


def _ticket_missing(state: State) -> bool:
    regional = [one for one in state.members if one in state.cards and state.cards[one].traits.regional]
    return any(one not in state.tickets for one in regional)


def _ask(state: State, one: PhaseState, world: World) -> list[Fact]:
    asked = BillingRequested.model_validate(fields(state, one, world).model_dump(by_alias=True))
    values = {
        "orden": asked.order_number,
        "cliente": asked.customer_name,
        "fase": f"{one.phase.no} {one.phase.name} ({one.phase.percent} %)",
        "cuenta": asked.account,
        "monto": f"{one.amount.currency} {one.amount.amount}",
        "solicitud": asked.request_id,
    }
    copy = mail(
        "billing",
        state.billing_group,
        "SOLICITUD_ALTA",
        f"request/{one.phase.no}/{one.attempt}",
        [area("activaciones")],
        cc=owner(state),
        values=values,
        attachments=asked.attachments,
    )
    return [asked, copy]


def fields(state: State, one: PhaseState, world: World) -> BillingRequest:
    """The request as everything is now."""
    order = state.order
    if order is None or one.released_at is None or state.account is None:
        raise ValueError("a phase that is not released cannot be requested")
    day = local_day(world.now)
    due = world.calendar.answer_due(
        world.now, world.policy.value("activations.answer_within", day), int(world.policy.value("activations.hours", day))
    )
    activity = one.phase.trigger.activity or ""
    tickets = [state.tickets[member] for member in state.members if member in state.tickets]
    return BillingRequest(
        billing_group=state.billing_group,
        request_id=state.request_id(one.phase.no),
        order_number=order.order_number,
        customer_id=order.customer_id,
        customer_name=order.customer_name,
        segment=order.segment,
        payer=order.terms.payer,
        account=state.account,
        purchase_order=order.terms.purchase_order,
        contract_id=order.terms.contract_id,
        opportunity_code=order.opportunity_code,
        mechanism=order.terms.mechanism,
        phase=RequestedPhase(
            no=one.phase.no,
            of=len(state.phases),
            name=one.phase.name,
            percent=one.phase.percent,
            trigger=one.phase.trigger,
            pre_acceptance=one.pre_acceptance,
            amount=one.amount,
        ),
        suborders=_billed(state, one),
        prices_include_tax=order.terms.prices_include_tax,
        billing_start=local_day(one.released_at),
        basis=() if one.pre_acceptance else tuple(state.evidence[member] for member in state.members),
        triggered_by=tuple(state.triggers.get(activity, {}).values()) if one.pre_acceptance else (),
        clause=one.phase.clause if one.pre_acceptance else None,
        attachments=found(state),
        regional_ticket=tickets[0] if tickets else None,
        due=due,
        answer_to=ANSWER_TO,
        rules={"BR018": world.tables.version("BR018", day)},
    )


def _billed(state: State, one: PhaseState) -> tuple[BilledSuborder, ...]:
    order = state.order
    members = [content for content in order.suborders if content.suborder in state.members] if order else []
    items = [item for content in members for item in content.items]
    phases = [entry.phase for entry in state.phases.values()]
    share = shares(phases, items, one.phase.no)
    return tuple(_suborder(state, content, share) for content in members)


def _suborder(state: State, content: SuborderContent, share: dict[str, Decimal]) -> BilledSuborder:
    services = {one.item_id: one.service_id for one in state.services.get(content.suborder, ())}
    site = content.site
    return BilledSuborder(
        suborder=content.suborder,
        suborder_number=content.suborder_number,
        site_code=site.code,
        site_name=site.name,
        city=site.city,
        department=site.department,
        service_account=site.service_account,
        items=tuple(
            BilledItem(
                item_id=item.item_id,
                product_code=item.product_code,
                family=item.family,
                line=item.line,
                standard=item.standard,
                charge=item.charge,
                quantity=item.quantity,
                unit_price=item.unit_price,
                amount=item.unit_price.model_copy(update={"amount": share[item.item_id]}),
                service_id=services.get(item.item_id),
            )
            for item in content.items
        ),
    )

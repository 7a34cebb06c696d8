"""The request to the billing system: it follows from evidence alone, once per group and phase (15.1, 15.6)."""

from typing import Final

from services.billing.domain import evidence
from services.billing.domain.amounts import written
from services.billing.domain.attachments import found, mismatch, missing
from services.billing.domain.billed import amount_of, suborders
from services.billing.domain.evidence import proven
from services.billing.domain.start import agreed, known
from services.billing.domain.state import PhaseState, State
from shared.calendar.calendar import local_day
from shared.common.answers import clock
from shared.common.mails import area, mail, owner
from shared.contracts.base import Fact
from shared.contracts.billing import BillingBlocked, BillingRequest, BillingRequested, RequestedPhase
from shared.contracts.common import NotificationRequested
from shared.decider import World

KIND: Final = "BILLING_ACTIVATION"
SIGNS: Final = {"BOB": "Bs"}
ANSWER_TO: Final = "o2c.billing.commands.v1"


def request(state: State, world: World) -> list[Fact]:
    """Released phases: requested when everything is there, else blocked with the exact list."""
    facts: list[Fact] = []
    for one in state.in_order:
        if one.released_at is None or one.requested or not known(state):
            continue
        gaps = lacking(state, one, world)
        if not gaps:
            asked = BillingRequested.model_validate(fields(state, one, world).model_dump())
            facts += [asked, copy_by_mail(state, asked, attempt=1)]
        elif gaps != one.missing:
            facts += [*_mismatch(state, world), BillingBlocked(phase=one.phase.no, missing=gaps)]
    return facts


def _mismatch(state: State, world: World) -> list[Fact]:
    wrong = mismatch(state, world)
    return [wrong] if wrong and state.mismatch != (wrong.named, wrong.expected) else []


def lacking(state: State, one: PhaseState, world: World) -> tuple[str, ...]:
    """Why a released phase may not be requested yet: evidence first, whatever released it (15.1)."""
    before = one.pre_acceptance and agreed(state, world)
    checks = {
        "OPEN_REJECTION": evidence.rejected(state),
        "DOCS_REOPENED": not state.docs_valid,
        "APPROVER_MISMATCH": mismatch(state, world) is not None,
        "BILLING_ACCOUNT_MISSING": state.account is None,
        "REGIONAL_TICKET_MISSING": any(state.cards[one].traits.regional and one not in state.tickets for one in state.members),
    }
    unproven = [] if before else evidence.gaps(state)
    return (*unproven, *missing(state), *(code for code, holds in checks.items() if holds))


def copy_by_mail(state: State, asked: BillingRequest, attempt: int) -> NotificationRequested:
    """The mail to Activaciones, with the attachments: a copy, the fact is the request (15.6)."""
    amount = asked.phase.amount
    values = {
        "orden": asked.order_number,
        "cliente": asked.customer_name,
        "solicitud": asked.request_id,
        "fase": f"{asked.phase.no} de {asked.phase.of}, {asked.phase.name} ({written(asked.phase.percent)} %)",
        "cuenta": asked.account,
        "monto": f"{SIGNS.get(amount.currency, amount.currency)} {written(amount.amount)}",
        "vence_el": asked.due.isoformat(),
    }
    return mail(
        "billing",
        state.billing_group,
        "SOLICITUD_ALTA",
        f"request/{asked.phase.no}/{attempt}",
        [area("activaciones")],
        cc=owner(state),
        values=values,
        attachments=asked.attachments,
    )


def fields(state: State, one: PhaseState, world: World) -> BillingRequest:
    """The request as everything is now: before the acceptance it names trigger and clause, after it the evidence.

    Raises ValueError for a phase that is not released.
    """
    order, day = state.order, local_day(world.now)
    if order is None or one.released_at is None or state.account is None:
        raise ValueError("a phase that is not released cannot be requested")
    until = clock(world, KIND)
    early = not proven(state)
    because = state.triggers.get(one.phase.trigger.activity or "", {})
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
            pre_acceptance=early,
            amount=amount_of(state, order, one.phase.no),
        ),
        suborders=suborders(state, order, one.phase.no),
        prices_include_tax=order.terms.prices_include_tax,
        billing_start=local_day(one.released_at),
        basis=() if early else tuple(state.evidence[member] for member in state.members),
        triggered_by=tuple(because[member] for member in state.members if member in because) if early else (),
        clause=one.phase.clause if early else None,
        attachments=found(state),
        regional_ticket=next((state.tickets[member] for member in state.members if member in state.tickets), None),
        due=until.due,
        warn_at=until.warn_at,
        limit=until.limit,
        answer_to=ANSWER_TO,
        rules={"BR018": world.tables.version("BR018", day)},
    )

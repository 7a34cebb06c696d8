"""Activaciones takes the request up, Facturador BBD confirms or refuses it (15.6, 15.7)."""

from services.billing.domain.request import copy_by_mail, fields
from services.billing.domain.state import State
from shared.common.answers import cleared
from shared.common.mails import mail, owner, staff
from shared.contracts.base import Fact
from shared.contracts.billing import (
    BillingActivationRefused,
    BillingRequestResent,
    ConfirmBillingActivation,
    RefuseBillingActivation,
    ResendBillingRequest,
    ServiceBillingActivated,
)
from shared.contracts.common import ActivationsResponded, FalloutRaised, FalloutResolved
from shared.contracts.intake import AnswerActivationsRequest
from shared.decider import Decision, World, refused


def answered(state: State, command: AnswerActivationsRequest, world: World) -> Decision:
    """Activaciones took the request up; the 24 hours run on until the confirmation (15.6)."""
    request = state.requests.get(command.request_id)
    if request is None:
        return refused("UNKNOWN_REQUEST", request=command.request_id)
    if command.request_id in state.taken:
        return []
    due = request.by(world.calendar).due
    late = (state.held.at if state.held else world.now) > due  # a hold stops the clock (X.1)
    return [ActivationsResponded(request_id=command.request_id, kind=request.kind, due=due, late=late)]


def confirm(state: State, command: ConfirmBillingActivation, world: World) -> Decision:
    """The activation, once per phase; the first that is not pre-acceptance is told to the EC, once per group (15.7)."""
    one, request = state.phase_of(command.request_id), state.requests.get(command.request_id)
    if one is None:
        return refused("UNKNOWN_REQUEST", request=command.request_id)
    if one.stage == "ACTIVE":
        return []
    if request is None or one.stage != "REQUESTED" or one.refused:
        return refused("PHASE_NOT_REQUESTED")
    activated = ServiceBillingActivated(
        request_id=command.request_id,
        suborders=state.members,
        phase=one.phase.no,
        phases_left=sum(other.stage != "ACTIVE" for other in state.phases.values()) - 1,
        pre_acceptance=one.pre_acceptance,
        activated_at=command.activated_at,
        bbd_reference=command.bbd_reference,
    )
    return [activated, *cleared(command.request_id, request), *_told(state, activated)]


def _told(state: State, activated: ServiceBillingActivated) -> list[Fact]:
    order = state.order
    if activated.pre_acceptance or state.told or order is None:
        return []
    to = (*staff("EC", order.executive), *staff("SUPERVISOR_EC", order.account_supervisor))
    values = {"orden": order.order_number, "cliente": order.customer_name, "referencia": activated.bbd_reference}
    return [mail("billing", state.billing_group, "ALTA_REALIZADA", "activated", to, cc=owner(state), values=values)]


def refuse(state: State, command: RefuseBillingActivation, world: World) -> Decision:
    """A refusal is a fallout; the request is mended and sent again under the same key (15.6)."""
    one, request = state.phase_of(command.request_id), state.requests.get(command.request_id)
    if one is None:
        return refused("UNKNOWN_REQUEST", request=command.request_id)
    if request is None:
        return refused("PHASE_NOT_REQUESTED")
    if one.refused or one.stage == "ACTIVE":
        return []
    return [
        BillingActivationRefused(request_id=command.request_id, code=command.code, detail=command.detail),
        *cleared(command.request_id, request),
        FalloutRaised(
            fallout_id=f"{command.request_id}/refused/{one.attempt}",
            fallout_class="BILLING_REFUSED",
            step="BILLING",
            detail=f"{command.code}: {command.detail}",
            queue="OM",
        ),
    ]


def resend(state: State, command: ResendBillingRequest, world: World) -> Decision:
    """Everything anew as it is now, the same request_id, the next attempt (15.6)."""
    one = state.phase_of(command.request_id)
    if one is None or not one.refused:
        return refused("NOT_REFUSED")
    if not command.reason.strip():
        return refused("REASON_REQUIRED")
    attempt = one.attempt + 1
    again = BillingRequestResent.model_validate(fields(state, one, world).model_dump() | {"attempt": attempt})
    fallout = f"{command.request_id}/refused/{one.attempt}"
    solved: list[Fact] = [FalloutResolved(fallout_id=fallout, how="RETRY", reason=command.reason)]
    return [again, *(solved if fallout in state.fallouts else []), copy_by_mail(state, again, attempt)]

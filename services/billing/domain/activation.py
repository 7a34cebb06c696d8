"""Activaciones takes the request up, Facturador BBD confirms or refuses it (15.6, 15.7)."""

from services.billing.domain.request import fields
from services.billing.domain.state import PhaseState, State
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


def _phase(state: State, request_id: str) -> PhaseState | None:
    return next((one for one in state.phases.values() if state.request_id(one.phase.no) == request_id), None)


def answered(state: State, command: AnswerActivationsRequest, world: World) -> Decision:
    """Activaciones took the request up; the 24 hours end with the confirmation (15.6)."""
    request = state.requests.get(command.request_id)
    if request is None:
        return refused("UNKNOWN_REQUEST", request=command.request_id)
    return []


def confirm(state: State, command: ConfirmBillingActivation, world: World) -> Decision:
    """The activation, once per phase; the first that is not pre-acceptance is told to the EC, once per group (15.7)."""
    one, request = _phase(state, command.request_id), state.requests.get(command.request_id)
    if one is None:
        return refused("UNKNOWN_REQUEST", request=command.request_id)
    if one.stage == "ACTIVE":
        return []
    if request is None or one.stage != "REQUESTED" or one.refused:
        return refused("PHASE_NOT_REQUESTED")
    left = sum(other.stage != "ACTIVE" for other in state.phases.values()) - 1
    facts: list[Fact] = [
        ServiceBillingActivated(
            request_id=command.request_id,
            suborders=state.members,
            phase=one.phase.no,
            phases_left=left,
            pre_acceptance=one.pre_acceptance,
            activated_at=command.activated_at,
            bbd_reference=command.bbd_reference,
        ),
        ActivationsResponded(
            request_id=command.request_id, kind="BILLING_ACTIVATION", due=request.due, late=world.now > request.due
        ),
        *cleared(command.request_id, request),
    ]
    if not one.pre_acceptance and not state.told and state.order is not None:
        to = (*staff("EC", state.order.executive), *staff("SUPERVISOR_EC", state.order.account_supervisor))
        values = {"orden": state.order.order_number, "cliente": state.order.customer_name, "referencia": command.bbd_reference}
        facts.append(mail("billing", state.billing_group, "ALTA_REALIZADA", "activated", to, cc=owner(state), values=values))
    return facts


def refuse(state: State, command: RefuseBillingActivation, world: World) -> Decision:
    """A refusal is a fallout; the request is mended and sent again under the same key (15.6)."""
    one = _phase(state, command.request_id)
    if one is None or one.stage != "REQUESTED":
        return refused("UNKNOWN_REQUEST", request=command.request_id)
    if one.refused:
        return []
    return [
        BillingActivationRefused(request_id=command.request_id, code=command.code, detail=command.detail),
        FalloutRaised(
            fallout_id=f"{command.request_id}/refused",
            fallout_class="BILLING_REFUSED",
            step="BILLING",
            detail=f"{command.code}: {command.detail}",
            queue="OM",
        ),
    ]


def resend(state: State, command: ResendBillingRequest, world: World) -> Decision:
    """Everything anew as it is now, the same request_id, the next attempt (15.6)."""
    one = _phase(state, command.request_id)
    if one is None or not one.refused:
        return refused("NOT_REFUSED")
    if not command.reason.strip():
        return refused("REASON_REQUIRED")
    again = fields(state, one, world).model_dump(by_alias=True) | {"attempt": one.attempt + 1}
    return [
        BillingRequestResent.model_validate(again),
        FalloutResolved(fallout_id=f"{command.request_id}/refused", how="RETRY", reason=command.reason),
    ]

"""What billing hears and reaches, with the function for each (activity 15)."""

from typing import Any, Final

from services.billing.domain import activation, attachments, group, start
from services.billing.domain.state import State
from shared.common import answers
from shared.common.behaviours import COMMON_COMMANDS, hold, keep, reassign, resume
from shared.contracts.acceptance import (
    AcceptanceClockResumed,
    AcceptanceExpired,
    AcceptanceExpiryNotified,
    AcceptanceRejected,
    AcceptanceSigned,
    RejectionUpheld,
)
from shared.contracts.billing import (
    AttachBillingDocument,
    ConfirmBillingActivation,
    RefuseBillingActivation,
    ResendBillingRequest,
    SetBillingPhases,
)
from shared.contracts.intake import (
    AllSitesAccepted,
    AnswerActivationsRequest,
    BillingAccountPrepared,
    DocsRevalidationRequired,
    DocsValidated,
    DocumentAttached,
    DocumentReplaced,
    DocumentStored,
    OrderAmended,
    OrderClaimed,
    OrderHeld,
    OrderReassigned,
    OrderReceived,
    OrderResumed,
    SuborderCancelled,
    SuborderFailed,
    SuborderReleased,
)
from shared.contracts.provisioning import NetworkBuilt, ServiceProvisioned
from shared.contracts.testing import TestsPassed
from shared.decider import Decision, Target, World, by_group, hears, reaches


def named_groups(fact: OrderReceived | OrderAmended, po: str) -> Target:
    """To each group the order names."""
    return Target(ids=tuple(one.group for one in fact.groups))


def every_group(fact: Any, po: str) -> Target:
    """To every group of the order; a group is meant when one of its members is."""
    return Target(parent=fact.parent or po)


def hold_group(state: State, fact: OrderHeld, world: World) -> Decision:
    """A group stands still while a member is held (X.1)."""
    return hold(state, fact, world) if set(fact.suborders) & set(state.members) else []


def resume_group(state: State, fact: OrderResumed, world: World) -> Decision:
    """The group goes on with what was left (X.1)."""
    return resume(state, fact, world) if set(fact.suborders) & set(state.members) else []


HEARD: Final = (
    hears(OrderReceived, keep, named_groups),
    hears(OrderAmended, keep, named_groups),
    hears(OrderClaimed, keep, every_group),
    hears(DocumentAttached, keep, every_group),
    hears(DocumentReplaced, keep, every_group),
    hears(DocumentStored, keep, every_group),
    hears(DocsValidated, keep, every_group),
    hears(DocsRevalidationRequired, keep, every_group),
    hears(BillingAccountPrepared, keep, by_group),
    hears(SuborderReleased, keep, by_group),
    hears(AllSitesAccepted, keep, every_group),
    hears(SuborderCancelled, keep, by_group),
    hears(SuborderFailed, keep, by_group),
    hears(OrderReassigned, reassign, every_group),
    hears(OrderHeld, hold_group, every_group),
    hears(OrderResumed, resume_group, every_group),
    hears(NetworkBuilt, keep, by_group),
    hears(ServiceProvisioned, keep, by_group),
    hears(TestsPassed, keep, by_group),
    hears(AcceptanceSigned, keep, by_group),
    hears(AcceptanceExpired, keep, by_group),
    hears(AcceptanceExpiryNotified, keep, by_group),
    hears(AcceptanceRejected, keep, by_group),
    hears(RejectionUpheld, keep, by_group),
    hears(AcceptanceClockResumed, keep, by_group),
    hears(SetBillingPhases, group.set_phases),
    hears(AttachBillingDocument, attachments.attach),
    hears(AnswerActivationsRequest, activation.answered),
    hears(ConfirmBillingActivation, activation.confirm),
    hears(RefuseBillingActivation, activation.refuse),
    hears(ResendBillingRequest, activation.resend),
    reaches("billing_date", start.date_reached, irreversible=True),
    reaches("activations_warning", answers.warn),
    reaches("activations_due", answers.breach, irreversible=True),
    *COMMON_COMMANDS,
)

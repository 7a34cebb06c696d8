"""What billing hears and reaches, with the function for each (activity 15)."""

from typing import Any, Final

from services.billing.domain import activation, attachments, follows, group, hearing
from shared.common import answers
from shared.common.behaviours import COMMON_COMMANDS, keep, reassign
from shared.common.time_limits import looks_again
from shared.contracts.acceptance import (
    AcceptanceClockResumed,
    AcceptanceExpired,
    AcceptanceExpiryNotified,
    AcceptanceRejected,
    AcceptanceSigned,
    CalendarAmended,
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
from shared.decider import Hears, Reaches, Target, by_effect, by_group, hears, reaches


def named_groups(fact: OrderReceived, _po: str) -> Target:
    """To each group the order names, which opens it."""
    return Target(ids=tuple(one.group for one in fact.groups))


def all_groups(fact: OrderAmended, po: str) -> Target:
    """To each group the order names now, and to those it had."""
    return Target(ids=tuple(one.group for one in fact.groups), parent=fact.parent or po)


def every_group(fact: Any, po: str) -> Target:
    """To every group of the order; a group is meant when one of its members is."""
    return Target(parent=fact.parent or po)


HEARD: Final[tuple[Hears[Any] | Reaches[Any], ...]] = (
    hears(OrderReceived, hearing.order, named_groups),
    hears(OrderAmended, hearing.order, all_groups),
    hears(OrderClaimed, hearing.claimed, every_group),
    hears(DocumentAttached, hearing.document, every_group),
    hears(DocumentReplaced, hearing.document, every_group),
    hears(DocumentStored, hearing.stored, every_group),
    hears(DocsValidated, hearing.validated, every_group),
    hears(DocsRevalidationRequired, keep, every_group),
    hears(BillingAccountPrepared, keep, by_group),
    hears(SuborderReleased, keep, by_group),
    hears(AllSitesAccepted, keep, every_group),
    hears(SuborderCancelled, keep, by_group),
    hears(SuborderFailed, hearing.failed, by_group),
    hears(OrderReassigned, reassign, every_group),
    hears(OrderHeld, hearing.hold, every_group),
    hears(OrderResumed, hearing.hold, every_group),
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
    hears(CalendarAmended, looks_again(answers.redated), by_effect),  # RedateClocks hands it to every running clock
    reaches("billing_date", follows.date_reached, irreversible=True),
    reaches("activations_warning", answers.warn),
    reaches("activations_due", answers.breach, irreversible=True),
    *COMMON_COMMANDS,
)

"""Facts and commands of billing: activity 15 (`facts.md` section 8, `partners.md` section 4)."""

import datetime as dt
from typing import Final, Literal

from pydantic import Field

from shared.contracts.base import Amount, Command, GroupFact, Id, Instant, Key, Model, Name, Sha256, Text
from shared.contracts.common import (
    AFTER_INTAKE,
    ActivationsResponded,
    ActivationsSlaBreached,
    ClockRedated,
)
from shared.contracts.common import COMMANDS as COMMON_COMMANDS
from shared.contracts.intake import AnswerActivationsRequest
from shared.contracts.shapes import Basis, Charge, Doc, Mechanism, Money, Phase, Segment, TimeLimit, Trigger


class PhaseAmount(Model):
    """What one phase amounts to."""

    no: int
    amount: Money


class BilledItem(Model):
    """One item with this phase's share of its price."""

    item_id: Id
    product_code: Name
    family: Name
    line: Name
    standard: bool
    charge: Charge
    quantity: int
    unit_price: Money
    amount: Money
    service_id: Name | None = None


class BilledSuborder(Model):
    """One suborder of the request."""

    suborder: Id
    suborder_number: Name
    site_code: Name
    site_name: Name
    city: Name
    department: Name
    service_account: Name
    items: tuple[BilledItem, ...]


class RequestedPhase(Model):
    """The phase that is requested."""

    no: int
    of: int
    name: Name
    percent: Amount
    trigger: Trigger
    pre_acceptance: bool
    amount: Money


class BasisEntry(Model):
    """Why one suborder may be billed."""

    suborder: Id
    basis: Basis
    decided_at: Instant
    acta_sha256: Sha256
    dossier_sha256: Sha256
    notice_id: Name | None = None


class BillingGroupOpened(GroupFact):
    """A billing group with its members, phases and amounts (15.2)."""

    members: tuple[Id, ...]
    mechanism: Mechanism
    phases: tuple[Phase, ...] = ()
    amounts: tuple[PhaseAmount, ...] = ()
    account: Name | None = None
    suggested: tuple[Phase, ...] = Field(
        default=(), description="For an owner who is to set the phases that the sale left out; nothing counts until he does."
    )


class BillingPhasesSet(GroupFact):
    """The owner confirmed the contract's phases, where the sale gave none (15.2)."""

    phases: tuple[Phase, ...]
    clause: Name
    amounts: tuple[PhaseAmount, ...]


class BillingEvidenceAccepted(GroupFact):
    """The acceptance of a member is proven (15.1)."""

    suborder: Id
    basis: Basis
    decided_at: Instant
    acta_sha256: Sha256
    dossier_sha256: Sha256
    notice_id: Name | None = None


class BillingRuleEvaluated(GroupFact):
    """BR018 was asked for a phase (15.3)."""

    phase: int
    rule: Literal["IMMEDIATE", "WAIT_ACTIVITY", "WAIT_DATE"]
    activity: Name | None = None
    date: dt.date | None = None
    row: Name


class BillingDeferred(GroupFact):
    """BR018 says wait (15.3)."""

    phase: int
    rule: Literal["WAIT_ACTIVITY", "WAIT_DATE"]
    activity: Name | None = None
    date: dt.date | None = None
    row: Name


class BillingPhaseReleased(GroupFact):
    """The phase's trigger came (15.2)."""

    phase: int
    percent: Amount
    amount: Money
    pre_acceptance: bool
    at: Instant


class BillingBlocked(GroupFact):
    """A phase is released but something is missing (15.4, 15.5)."""

    phase: int
    missing: tuple[Name, ...]


class ProfitabilityApproverMismatched(GroupFact):
    """The named approver is not the matrix's (15.5)."""

    named: Name
    expected: Name
    amount: Money
    segment: Segment
    policy_segment: Name | None = Field(default=None, description="Where the operator's rules know three (D2).")


class BillingDocumentAttached(GroupFact):
    """The Order Manager attached a missing document (15.4)."""

    doc: Doc


class BillingRequest(GroupFact):
    """All a biller needs, so that nothing is asked back (`partners.md` 4.1)."""

    request_id: Key
    order_number: Name
    customer_id: Name
    customer_name: Name
    segment: Segment
    payer: Name | None = None
    account: Name
    purchase_order: Name | None = None
    contract_id: Name | None = None
    opportunity_code: Name | None = None
    mechanism: Mechanism
    phase: RequestedPhase
    suborders: tuple[BilledSuborder, ...]
    prices_include_tax: bool
    billing_start: dt.date
    basis: tuple[BasisEntry, ...]
    triggered_by: tuple[Name, ...] = ()
    clause: Name | None = None
    attachments: tuple[Doc, ...]
    regional_ticket: Name | None = None
    due: Instant
    warn_at: Instant | None = Field(default=None, description="When a missing answer is in jeopardy; without it, never.")
    limit: TimeLimit | None = Field(default=None, description="How `due` was counted.")
    answer_to: Name


class BillingRequested(BillingRequest):
    """Everything is there: the billing system is asked, once per group and phase (15.1, 15.3, 15.4, 15.6)."""


class BillingRequestResent(BillingRequest):
    """After a refusal was mended: the same request_id, everything as it is now (15.6)."""

    attempt: int


class BillingActivationRefused(GroupFact):
    """Facturador BBD or Activaciones said no (15.6)."""

    request_id: Key
    code: Name
    detail: Text


class ServiceBillingActivated(GroupFact):
    """Confirmed in Facturador BBD, once per phase (15.6, 15.7, 16)."""

    request_id: Key
    suborders: tuple[Id, ...]
    phase: int
    phases_left: int
    pre_acceptance: bool
    activated_at: Instant
    bbd_reference: Name


class SetBillingPhases(Command):
    """Confirm the contract's phases, where the sale gave none (15.2)."""

    phases: tuple[Phase, ...]
    clause: Name


class AttachBillingDocument(Command):
    """Attach a document that billing lacks (15.4)."""

    doc: Doc


class ConfirmBillingActivation(Command):
    """Facturador BBD confirms the activation (15.6)."""

    request_id: Key
    activated_at: Instant
    bbd_reference: Name


class RefuseBillingActivation(Command):
    """Facturador BBD or Activaciones refuses the activation (15.6)."""

    request_id: Key
    code: Name
    detail: Text


class ResendBillingRequest(Command):
    """Send a refused request again (15.6)."""

    request_id: Key
    reason: Text


FACTS: Final = (
    *AFTER_INTAKE,
    ClockRedated,
    BillingGroupOpened,
    BillingPhasesSet,
    BillingEvidenceAccepted,
    BillingRuleEvaluated,
    BillingDeferred,
    BillingPhaseReleased,
    BillingBlocked,
    ProfitabilityApproverMismatched,
    BillingDocumentAttached,
    BillingRequested,
    BillingRequestResent,
    BillingActivationRefused,
    ActivationsResponded,
    ActivationsSlaBreached,
    ServiceBillingActivated,
)
COMMANDS: Final = (
    *COMMON_COMMANDS,
    SetBillingPhases,
    AttachBillingDocument,
    AnswerActivationsRequest,
    ConfirmBillingActivation,
    RefuseBillingActivation,
    ResendBillingRequest,
)

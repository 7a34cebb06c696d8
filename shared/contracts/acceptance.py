"""Facts and commands of acceptance: activities 14 and 16 to 18, and the calendars (`facts.md` section 7)."""

import datetime as dt
from typing import Final, Literal

from shared.contracts.base import Command, Fact, Instant, Key, Model, Name, Ref, Sha256, Staff, SuborderFact, Text
from shared.contracts.common import AFTER_INTAKE
from shared.contracts.common import COMMANDS as COMMON_COMMANDS
from shared.contracts.shapes import CalendarUse, Doc, Evidence, SendingProof, Window


class Slot(Model):
    """A reminder slot and its instant."""

    slot: int
    at: Instant


class ClockPolicy(Model):
    """The term of the clock and how often it reminds."""

    n: int
    unit: Literal["CALENDAR", "BUSINESS"]
    reminder_every: int


class DayChange(Model):
    """One day that a decree makes a working day or a day off."""

    calendar: Name
    date: dt.date
    working: bool
    decree: Name
    published: dt.date


class FieldChange(Model):
    """A changed field; personal fields by name only."""

    field: Name
    before: Name | None = None
    after: Name | None = None


class ActaPrepared(SuborderFact):
    """An acta is owed: its content is fixed, its file is to be rendered (14.1, 14.2)."""

    series: int
    revision: int
    content_sha256: Sha256
    printed_deadline: Instant
    policy: ClockPolicy
    calendar: CalendarUse


class AcceptanceRequested(SuborderFact):
    """The acta is rendered and stored; its mail is asked for (14.1, 14.2)."""

    series: int
    revision: int
    acta: Doc
    printed_deadline: Instant


class AcceptanceClockStarted(SuborderFact):
    """The mail system took the acta: the ten days run (14.3, 14.4)."""

    sent_at: Instant
    deadline: Instant
    slots: tuple[Slot, ...]
    notification_id: Name
    message_id: Name
    proof: SendingProof | None = None


class AcceptanceClockVoided(SuborderFact):
    """The acta's mail bounced before the deadline (14.3)."""

    notification_id: Name
    code: Name


class AcceptanceReminderRequested(SuborderFact):
    """A reminder slot is due; missed ones join it (14.4)."""

    slots: tuple[int, ...]


class AcceptanceReminderSent(SuborderFact):
    """The mail system took the reminder (14.4)."""

    slots: tuple[int, ...]
    notification_id: Name
    sent_at: Instant
    proof: SendingProof | None = None


class AcceptanceReminderFailed(SuborderFact):
    """The reminder was not sent (14.4)."""

    slots: tuple[int, ...]
    notification_id: Name
    code: Name


class AcceptanceSigned(SuborderFact):
    """The signed acta is stored (14.1, 14.5, 15.1)."""

    evidence: Evidence
    regional_ticket: Name | None = None


class LateSignatureRecorded(SuborderFact):
    """A signature came after expiry; kept as evidence (14.5)."""

    signature: Doc
    signer: Ref
    at: Instant


class AcceptanceExpired(SuborderFact):
    """The deadline was reached without an answer; once (14.5, 15.1)."""

    evidence: Evidence
    regional_ticket: Name | None = None


class AcceptanceExpiryNotified(SuborderFact):
    """The notice with its copies was handed over (14.6, 15.1)."""

    notification_id: Name
    cc: tuple[Name, ...]
    proof: SendingProof | None = None
    dossier_sha256: Sha256


class ExpiryCallRecorded(SuborderFact):
    """The Order Manager called the customer about the expiry (14.6)."""

    person: Ref
    at: Instant
    outcome: Text


class AcceptanceRejected(SuborderFact):
    """The customer rejects; clock and reminders stop (14.7, 15.1)."""

    rejection_id: Key
    reason: Text
    items: tuple[Name, ...] = ()
    by: Ref
    remaining: float


class RejectionUpheld(SuborderFact):
    """A test did fail: back to delivery (14.7)."""

    rejection_id: Key
    items: tuple[Name, ...]
    cause: Name
    target: Name


class RejectionDismissed(SuborderFact):
    """The rejection is not a failed test (14.8)."""

    rejection_id: Key
    reasons: Text
    dismissal_no: int


class AcceptanceClockResumed(SuborderFact):
    """The clock goes on with what was left (14.8)."""

    deadline: Instant
    slots: tuple[Slot, ...]
    why: Text


class DisputeReferred(SuborderFact):
    """A commercial dispute goes to the Ejecutivo Comercial (14.8)."""

    rejection_id: Key
    subject: Text


class DisputeResolved(SuborderFact):
    """The Ejecutivo Comercial settled the dispute (14.8)."""

    rejection_id: Key
    outcome: Text


class RedatingProposed(SuborderFact):
    """An amended calendar would end the clock earlier; it waits for approval (X.9)."""

    before: Instant
    after: Instant
    calendar: CalendarUse


class AcceptanceClockRedated(SuborderFact):
    """The clock ends later, or earlier and approved (X.9)."""

    before: Instant
    after: Instant
    calendar: CalendarUse
    approved_by: Staff | None = None


class CalendarAmended(Fact):
    """A decree changed working days (X.9)."""

    version: int
    changes: tuple[DayChange, ...]


class OnboardingStarted(SuborderFact):
    """The service is billed: data, training and kit begin (16, 17, 18)."""

    training: Literal["NONE", "EMAIL", "LIVE"]
    kits: tuple[Name, ...]
    language: Name


class CustomerDataUpdated(SuborderFact):
    """The customer's record was updated; the difference (16)."""

    changed: tuple[FieldChange, ...]


class TrainingNotRequired(SuborderFact):
    """BR022 says none (17)."""

    row: Name


class TrainingScheduled(SuborderFact):
    """A live session was set (17)."""

    window: Window
    attendees: tuple[Ref, ...]
    material: Doc


class TrainingDelivered(SuborderFact):
    """The session was held, or the induction mail handed over (17)."""

    kind: Literal["EMAIL", "LIVE"]
    attendance: int | None = None
    notification_id: Name | None = None


class WelcomeKitDelivered(SuborderFact):
    """The kit was handed over, once (18)."""

    kits: tuple[Name, ...]
    language: Name
    notification_id: Name | None = None
    proof: Doc | None = None


class SuborderCompleted(SuborderFact):
    """Billing is active and 16 to 18 are done or not required (18.1)."""

    at: Instant


class RecordActaRendered(Command):
    """The file of the acta was rendered and stored (14.1)."""

    revision: int
    acta: Doc


class ResendActa(Command):
    """A fresh acta is owed (14.3)."""


class RecordSignature(Command):
    """The customer signed the acta (14.1, 14.5)."""

    document: Doc
    signer: Ref
    signer_role: Name
    signed_at: Instant
    attestation: Text | None = None


class RejectAcceptance(Command):
    """The customer rejects the acta (14.7)."""

    reason: Text
    items: tuple[Name, ...] = ()
    by: Ref
    channel: Name


class UpholdRejection(Command):
    """The rejection corresponds to a failed test (14.7)."""

    items: tuple[Name, ...]
    cause: Name


class DismissRejection(Command):
    """The rejection is not a failed test (14.8)."""

    reasons: Text


class ReferDispute(Command):
    """The rejection is a commercial dispute (14.8)."""

    subject: Text


class ResolveDispute(Command):
    """The dispute is settled (14.8)."""

    outcome: Text


class RecordExpiryCall(Command):
    """The Order Manager called the customer (14.6)."""

    person: Ref
    at: Instant
    outcome: Text


class AmendCalendar(Command):
    """A decree changes working days (X.9)."""

    changes: tuple[DayChange, ...]


class ApproveRedating(Command):
    """A supervisor approves an earlier deadline (X.9)."""

    calendar_version: int


class UpdateCustomerData(Command):
    """Update the customer's record (16)."""

    changes: tuple[FieldChange, ...]


class ScheduleTraining(Command):
    """Set the live session (17)."""

    window: Window
    attendees: tuple[Ref, ...]
    material: Doc


class RecordTraining(Command):
    """The live session was held (17)."""

    attendance: int
    at: Instant


class RecordKitDelivery(Command):
    """The kit was handed over in person (18)."""

    proof: Doc | None = None


FACTS: Final = (
    *AFTER_INTAKE,
    ActaPrepared,
    AcceptanceRequested,
    AcceptanceClockStarted,
    AcceptanceClockVoided,
    AcceptanceReminderRequested,
    AcceptanceReminderSent,
    AcceptanceReminderFailed,
    AcceptanceSigned,
    LateSignatureRecorded,
    AcceptanceExpired,
    AcceptanceExpiryNotified,
    ExpiryCallRecorded,
    AcceptanceRejected,
    RejectionUpheld,
    RejectionDismissed,
    AcceptanceClockResumed,
    DisputeReferred,
    DisputeResolved,
    RedatingProposed,
    AcceptanceClockRedated,
    CalendarAmended,
    OnboardingStarted,
    CustomerDataUpdated,
    TrainingNotRequired,
    TrainingScheduled,
    TrainingDelivered,
    WelcomeKitDelivered,
    SuborderCompleted,
)
COMMANDS: Final = (
    *COMMON_COMMANDS,
    RecordActaRendered,
    ResendActa,
    RecordSignature,
    RejectAcceptance,
    UpholdRejection,
    DismissRejection,
    ReferDispute,
    ResolveDispute,
    RecordExpiryCall,
    AmendCalendar,
    ApproveRedating,
    UpdateCustomerData,
    ScheduleTraining,
    RecordTraining,
    RecordKitDelivery,
)

"""How each fact changes an acceptance; nothing else does."""

from services.acceptance.domain.dossier import linked
from services.acceptance.domain.state import Acta, Clock, Notice, Onboarding, Redating, Rejection, State
from shared.common.state import fold_common
from shared.contracts.acceptance import (
    AcceptanceClockRedated,
    AcceptanceClockResumed,
    AcceptanceClockStarted,
    AcceptanceClockVoided,
    AcceptanceExpired,
    AcceptanceExpiryNotified,
    AcceptanceRejected,
    AcceptanceReminderFailed,
    AcceptanceReminderRequested,
    AcceptanceReminderSent,
    AcceptanceRequested,
    AcceptanceSigned,
    ActaPrepared,
    CustomerDataUpdated,
    DisputeReferred,
    DisputeResolved,
    ExpiryCallRecorded,
    LateSignatureRecorded,
    OnboardingStarted,
    RedatingProposed,
    RejectionDismissed,
    RejectionUpheld,
    SuborderCompleted,
    TrainingDelivered,
    TrainingNotRequired,
    TrainingScheduled,
    WelcomeKitDelivered,
)
from shared.contracts.base import Fact
from shared.contracts.billing import ServiceBillingActivated
from shared.contracts.common import (
    CalendarAdopted,
    CommandRefused,
    HoldLifted,
    JeopardyCleared,
    JeopardyRaised,
    NoteAdded,
    NotificationRequested,
    OverrideRecorded,
    TaskEscalated,
)
from shared.contracts.intake import SuborderReleased
from shared.contracts.notifications import NotificationFailed, NotificationSent
from shared.contracts.shapes import ReminderProof
from shared.contracts.testing import TestsPassed
from shared.decider import Fold


class Evolve(Fold[State]):
    """The fold of an acceptance; a fact of the dossier adds its link besides."""

    def __call__(self, state: State, fact: Fact) -> State:
        """The state after the fact."""
        after = super().__call__(state, fact)
        head = linked(state.dossier, fact)
        return after if head == after.dossier else after.having(dossier=head)


evolve = Evolve()
fold_common(evolve)
evolve.ignores(
    CalendarAdopted, CommandRefused, JeopardyCleared, JeopardyRaised, NoteAdded, OverrideRecorded, TaskEscalated, DisputeResolved
)


@evolve.on(SuborderReleased)
def released(state: State, fact: SuborderReleased) -> State:
    """The card says all that later facts leave out."""
    group, owner = fact.card.terms.group, state.owner or fact.card.owner
    return state.having(card=fact.card, suborder=fact.suborder, parent=fact.parent, billing_group=group, owner=owner)


@evolve.on(TestsPassed)
def tests_passed(state: State, fact: TestsPassed) -> State:
    """The latest series counts, whatever came first."""
    known = state.tests
    latest = fact if known is None or fact.series > known.series else known
    return state.having(tests=latest, suborder=fact.suborder, parent=fact.parent)


@evolve.on(ServiceBillingActivated)
def billing_activated(state: State, fact: ServiceBillingActivated) -> State:
    left = fact.phases_left if state.phases_left is None else min(state.phases_left, fact.phases_left)
    return state.having(phases_left=left, active=state.active or not fact.pre_acceptance)


@evolve.on(NotificationFailed)
def too_late_to_send(state: State, fact: NotificationFailed) -> State:
    """Kept only for the acta now out: a fresh one is owed."""
    return state.having(fresh_owed=True)


@evolve.on(NotificationSent)
def handed_over(state: State, fact: NotificationSent) -> State:
    """Kept only for a notice of expiry that waits for its call (D10)."""
    return state.having(handed_over=fact)


@evolve.on(NotificationRequested)
def mail_asked(state: State, fact: NotificationRequested) -> State:
    """Mails that are asked once, or counted, are known by their purpose; a reminder waits for its proof."""
    proofs = dict(state.reminders)
    if fact.purpose.startswith("reminder/"):
        slots = () if state.clock is None else _unproven(state)
        proofs[fact.purpose] = ReminderProof(slots=slots, notification_id="", outcome="REQUESTED")
    return state.having(asked=(*state.asked, fact.purpose), reminders=proofs)


def _unproven(state: State) -> tuple[int, ...]:
    used = state.clock.used if state.clock else ()
    proven = {slot for one in state.reminders.values() for slot in one.slots}
    return tuple(slot for slot in used if slot not in proven)


@evolve.on(HoldLifted)
def hold_lifted(state: State, fact: HoldLifted) -> State:
    """A clock that was running goes on with exactly what was left (X.1)."""
    if state.held is None or state.clock is None or state.stage != "OPEN":
        return state.having(held=None)
    stood = fact.at - max(state.held.at, state.clock.sent_at)
    return state.having(held=None, clock=state.clock.moved(stood))


@evolve.on(ActaPrepared)
def acta_prepared(state: State, fact: ActaPrepared) -> State:
    """A new acta begins anew: no clock, no reminders, no rejection of the one before."""
    acta = Acta(
        series=fact.series,
        revision=fact.revision,
        content_sha256=fact.content_sha256,
        printed_deadline=fact.printed_deadline,
        policy=fact.policy,
        calendar=fact.calendar,
    )
    return state.having(
        stage="SENDING", acta=acta, fresh_owed=False, clock=None, reminders={}, rejection=None, redating=None, dismissals=0
    )


@evolve.on(AcceptanceRequested)
def requested(state: State, fact: AcceptanceRequested) -> State:
    acta = state.acta.model_copy(update={"doc": fact.acta}) if state.acta else None
    return state.having(acta=acta)


@evolve.on(AcceptanceClockStarted)
def clock_started(state: State, fact: AcceptanceClockStarted) -> State:
    clock = Clock(
        sent_at=fact.sent_at,
        deadline=fact.deadline,
        slots=fact.slots,
        notification_id=fact.notification_id,
        message_id=fact.message_id,
    )
    return state.having(stage="OPEN", clock=clock)


@evolve.on(AcceptanceClockVoided)
def clock_voided(state: State, fact: AcceptanceClockVoided) -> State:
    """The clock stays readable, without effect, until the acta is sent again."""
    return state.having(stage="SENDING")


@evolve.on(AcceptanceReminderRequested)
def reminder_requested(state: State, fact: AcceptanceReminderRequested) -> State:
    return _used(state, fact.slots)


def _used(state: State, slots: tuple[int, ...]) -> State:
    if state.clock is None:
        return state
    used = tuple(dict.fromkeys((*state.clock.used, *slots)))
    return state.having(clock=state.clock.model_copy(update={"used": used}))


@evolve.on(AcceptanceReminderSent)
def reminder_sent(state: State, fact: AcceptanceReminderSent) -> State:
    return _proven(state, ReminderProof(slots=fact.slots, notification_id=fact.notification_id, outcome="SENT"))


@evolve.on(AcceptanceReminderFailed)
def reminder_failed(state: State, fact: AcceptanceReminderFailed) -> State:
    proof = ReminderProof(slots=fact.slots, notification_id=fact.notification_id, outcome=fact.code)
    return _proven(_used(state, fact.slots), proof)


def _proven(state: State, proof: ReminderProof) -> State:
    """The proof takes the place of the request for the same slots; slots nobody asked for get an entry of their own."""
    asked = next(
        (key for key, one in state.reminders.items() if one.slots == proof.slots), f"missed/{max(proof.slots, default=0)}"
    )
    return state.having(reminders={**state.reminders, asked: proof})


@evolve.on(AcceptanceSigned)
def signed(state: State, fact: AcceptanceSigned) -> State:
    return state.having(stage="SIGNED", evidence=fact.evidence, rejection=None, redating=None)


@evolve.on(AcceptanceExpired)
def expired(state: State, fact: AcceptanceExpired) -> State:
    return state.having(stage="EXPIRED", evidence=fact.evidence, rejection=None, redating=None)


@evolve.on(LateSignatureRecorded)
def late_signature(state: State, fact: LateSignatureRecorded) -> State:
    return state.having(late_signatures=(*state.late_signatures, fact.signature.sha256))


@evolve.on(AcceptanceExpiryNotified)
def expiry_notified(state: State, fact: AcceptanceExpiryNotified) -> State:
    return state.having(notice=Notice(notification_id=fact.notification_id, dossier_sha256=fact.dossier_sha256))


@evolve.on(ExpiryCallRecorded)
def expiry_called(state: State, fact: ExpiryCallRecorded) -> State:
    return state.having(called=True)


@evolve.on(AcceptanceRejected)
def rejected(state: State, fact: AcceptanceRejected) -> State:
    rejection = Rejection(rejection_id=fact.rejection_id, items=fact.items, remaining=fact.remaining)
    return state.having(stage="REVIEWING", rejection=rejection, rejections=state.rejections + 1)


@evolve.on(RejectionUpheld)
def upheld(state: State, fact: RejectionUpheld) -> State:
    return state.having(stage="REWORK", rejection=None, clock=None, redating=None)


@evolve.on(RejectionDismissed)
def dismissed(state: State, fact: RejectionDismissed) -> State:
    return state.having(dismissals=fact.dismissal_no)


@evolve.on(DisputeReferred)
def referred(state: State, fact: DisputeReferred) -> State:
    return state.having(stage="DISPUTED")


@evolve.on(AcceptanceClockResumed)
def clock_resumed(state: State, fact: AcceptanceClockResumed) -> State:
    if state.clock is None:
        return state
    clock = state.clock.model_copy(update={"deadline": fact.deadline, "slots": fact.slots})
    return state.having(stage="OPEN", rejection=None, clock=clock)


@evolve.on(RedatingProposed)
def redating_proposed(state: State, fact: RedatingProposed) -> State:
    return state.having(redating=Redating(by=fact.after - fact.before, calendar=fact.calendar))


@evolve.on(AcceptanceClockRedated)
def redated(state: State, fact: AcceptanceClockRedated) -> State:
    """Unused slots move with the clock, and what a rejection left of it; the dossier names the calendar it was decided by."""
    by, rejection = fact.after - fact.before, state.rejection
    acta = state.acta.model_copy(update={"calendar": fact.calendar}) if state.acta else None
    clock = state.clock.moved(by) if state.clock else None
    if rejection is not None:
        rejection = rejection.model_copy(update={"remaining": rejection.remaining + by.total_seconds()})
    return state.having(acta=acta, clock=clock, rejection=rejection, redating=None)


@evolve.on(OnboardingStarted)
def onboarding_started(state: State, fact: OnboardingStarted) -> State:
    running = Onboarding(training=fact.training, kits=fact.kits, language=fact.language)
    return state.having(stage="ONBOARDING", onboarding=running)


def _onboarded(state: State, **changes: bool) -> State:
    running = state.onboarding
    return state if running is None else state.having(onboarding=running.model_copy(update=changes))


@evolve.on(CustomerDataUpdated)
def customer_updated(state: State, fact: CustomerDataUpdated) -> State:
    return _onboarded(state, data_updated=True)


@evolve.on(TrainingScheduled)
def training_scheduled(state: State, fact: TrainingScheduled) -> State:
    return _onboarded(state, scheduled=True)


@evolve.on(TrainingNotRequired)
def training_not_required(state: State, fact: TrainingNotRequired) -> State:
    return _onboarded(state, trained=True)


@evolve.on(TrainingDelivered)
def training_delivered(state: State, fact: TrainingDelivered) -> State:
    return _onboarded(state, trained=True)


@evolve.on(WelcomeKitDelivered)
def kit_delivered(state: State, fact: WelcomeKitDelivered) -> State:
    return _onboarded(state, kit_delivered=True)


@evolve.on(SuborderCompleted)
def completed(state: State, fact: SuborderCompleted) -> State:
    return state.having(stage="DONE")

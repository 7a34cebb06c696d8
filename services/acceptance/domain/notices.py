"""What became of the mails acceptance asked for: each is known by its purpose (14.3, 14.4, 14.6, 17, 18)."""

from services.acceptance.domain import clock, dossier, onboarding
from services.acceptance.domain.evolve import evolve
from services.acceptance.domain.state import State
from shared.calendar.calendar import local_day
from shared.common.behaviours import keep
from shared.contracts.acceptance import (
    AcceptanceClockVoided,
    AcceptanceExpiryNotified,
    AcceptanceReminderFailed,
    AcceptanceReminderSent,
    ExpiryCallRecorded,
    RecordExpiryCall,
)
from shared.contracts.base import Fact
from shared.contracts.common import FalloutRaised, FalloutResolved
from shared.contracts.notifications import NotificationBounced, NotificationFailed, NotificationSent
from shared.decider import Decision, World


def sent(state: State, fact: NotificationSent, world: World) -> Decision:
    """The mail system took it: the clock starts, the reminder counts, the notice is given, the kit is delivered."""
    facts = _sent(state, fact, world)
    return [*facts, *_mended(state, fact.purpose, in_force=bool(facts))]


def _sent(state: State, fact: NotificationSent, world: World) -> list[Fact]:
    kind = fact.purpose.partition("/")[0]
    acta, card = state.acta, state.card
    if kind == "acta" and acta and card and acta.doc and state.stage == "SENDING" and fact.purpose == acta.purpose:
        return [clock.started(acta, card, fact, world)]
    if kind == "reminder" and (proof := state.reminders.get(fact.purpose)) and proof.outcome != "SENT":
        reminder = AcceptanceReminderSent(
            slots=proof.slots, notification_id=fact.notification_id, sent_at=fact.sent_at, proof=fact.proof
        )
        return [reminder]
    if kind == "expiry" and state.evidence and state.expired and state.notice is None:
        call_first = world.policy.value("acceptance.expiry_notice", local_day(world.now)) == "CALL_REQUIRED"
        if call_first and not state.called:
            return [] if state.handed_over else keep(state, fact, world)
        return [notified(state, fact)]
    return onboarding.handed_over(state, kind, fact.notification_id)


def notified(state: State, fact: NotificationSent) -> AcceptanceExpiryNotified:
    """The notice of expiry is given: from now on the site may be billed (14.6)."""
    notice = AcceptanceExpiryNotified(
        notification_id=fact.notification_id,
        cc=tuple(one.role for one in fact.cc),
        proof=fact.proof,
        dossier_sha256=dossier.UNSEALED,
    )
    return dossier.notified(state.dossier, notice)


def called(state: State, command: RecordExpiryCall, world: World) -> Decision:
    """The Order Manager told the customer of the expiry by call; where that is required, only now he is told (14.6, D10)."""
    if not state.expired or state.called:
        return []
    call = ExpiryCallRecorded(person=command.person, at=command.at, outcome=command.outcome)
    if state.notice is not None or state.handed_over is None:
        return [call]
    return [call, notified(evolve(state, call), state.handed_over)]


def failed(state: State, fact: NotificationFailed, world: World) -> Decision:
    """Not sent: a fresh acta is owed if it was too late, else a person mends it; a reminder is only noted."""
    kind = fact.purpose.partition("/")[0]
    if kind == "reminder":
        proof = state.reminders.get(fact.purpose)
        open_proof = proof is not None and proof.outcome == "REQUESTED"
        slots = proof.slots if proof else ()
        return [AcceptanceReminderFailed(slots=slots, notification_id=fact.notification_id, code=fact.code)] if open_proof else []
    current = state.acta is not None and state.stage == "SENDING" and fact.purpose == state.acta.purpose
    if kind == "acta" and not current:
        return []
    if kind == "acta" and fact.code == "TOO_LATE_TO_SEND":
        return keep(state, fact, world)
    return [_fallout(state, fact.purpose, fact.code, "El correo no se envió")]


def bounced(state: State, fact: NotificationBounced, world: World) -> Decision:
    """The acta came back: before the deadline the clock is void, after it a fallout that stays in the dossier (14.3)."""
    acta, running = state.acta, state.clock
    if acta is None or running is None or fact.purpose != acta.purpose:
        return []
    if state.evidence is not None and not state.expired:
        return []
    if state.stage == "OPEN" and world.now < running.deadline:
        return [AcceptanceClockVoided(notification_id=fact.notification_id, code=fact.code)]
    return [_fallout(state, fact.purpose, fact.code, "El correo del acta fue devuelto")]


def _fallout(state: State, purpose: str, code: str, what: str) -> FalloutRaised:
    return FalloutRaised(
        fallout_id=f"{state.suborder}/{purpose}", fallout_class=code, step=purpose, detail=f"{what}: {code}.", queue="OM"
    )


def _mended(state: State, purpose: str, *, in_force: bool) -> list[Fact]:
    """A mail that went out after all ends its fallout; the acta that is now out ends those of the actas before it."""
    kind = purpose.partition("/")[0]
    series = f"{state.suborder}/acta/"
    over = [
        key
        for key in state.fallouts
        if key == f"{state.suborder}/{purpose}" or (kind == "acta" and in_force and key.startswith(series))
    ]
    return [FalloutResolved(fallout_id=key, how="RETRY", reason="El correo fue entregado.") for key in over]

"""The ten days: they start when the mail system took the acta, remind on days 2, 4, 6, 8, and expire once (14.3 to 14.6)."""

from datetime import datetime, timedelta

from services.acceptance.domain.acta import CONSEQUENCE, in_words
from services.acceptance.domain.dossier import evidence_of
from services.acceptance.domain.evolve import reminder_purpose
from services.acceptance.domain.state import State
from shared.calendar.calendar import Calendar
from shared.common.mails import customer, heading, mail, owner, staff
from shared.contracts.acceptance import (
    AcceptanceClockStarted,
    AcceptanceClockVoided,
    AcceptanceExpired,
    AcceptanceExpiryNotified,
    AcceptanceReminderFailed,
    AcceptanceReminderRequested,
    AcceptanceReminderSent,
    ExpiryCallRecorded,
    RecordExpiryCall,
    Slot,
)
from shared.contracts.base import DeadlineReached, Fact
from shared.contracts.common import FalloutRaised
from shared.decider import Decision, World

NOTICE = "expiry"


def deadlines(state: State, calendar: Calendar) -> dict[str, datetime]:
    """The expiry and the earliest unused reminder slot of a running clock (14.4, 14.5)."""
    if state.stage != "OPEN" or state.clock is None:
        return {}
    unused = [slot.at for slot in state.clock.slots if slot.slot not in state.clock.used]
    return {"expiry": state.clock.deadline} | ({"reminder": min(unused)} if unused else {})


def start(state: State, world: World) -> list[Fact]:
    """The mail system took the acta: deadline is the later of the printed one and sending plus the term (14.3)."""
    acta, card = state.acta, state.card
    if (
        acta is None
        or card is None
        or state.stage != "SENDING"
        or acta.purpose not in state.sent
        or acta.purpose in state.bounced
    ):
        return []
    sent = state.sent[acta.purpose]
    counted = world.calendar.add_days(sent.sent_at, acta.policy.n, acta.policy.unit, card.site.department)
    deadline = max(acta.printed_deadline, counted)
    days = range(acta.policy.reminder_every, acta.policy.n, acta.policy.reminder_every)
    dated = [(day, world.calendar.add_days(sent.sent_at, day, acta.policy.unit, card.site.department)) for day in days]
    slots = tuple(Slot(slot=day, at=at) for day, at in dated if at < deadline)
    return [
        AcceptanceClockStarted(
            sent_at=sent.sent_at,
            deadline=deadline,
            slots=slots,
            notification_id=sent.notification_id,
            message_id=sent.message_id,
        )
    ]


def void(state: State, world: World) -> list[Fact]:
    """The acta's mail bounced before the deadline: no clock until it is sent again (14.3)."""
    acta = state.acta
    if acta is None or state.stage != "OPEN" or acta.purpose not in state.bounced or state.clock is None:
        return []
    return [AcceptanceClockVoided(notification_id=state.clock.notification_id, code=state.bounced[acta.purpose])]


def remind(state: State, reached: DeadlineReached, world: World) -> Decision:
    """A slot is due; slots missed while down join into one mail, none at or after the deadline (14.4)."""
    clock, card = state.clock, state.card
    if clock is None or card is None or state.stage != "OPEN":
        return []
    due = tuple(slot.slot for slot in clock.slots if slot.slot not in clock.used and slot.at <= world.now)
    if not due or world.now >= clock.deadline:
        return []
    values = heading(card) | {"plazo": in_words(clock.deadline), "consecuencia": CONSEQUENCE, "dia": str(max(due))}
    purpose = reminder_purpose(state, due)
    return [
        AcceptanceReminderRequested(slots=due),
        mail(
            "acceptance", state.suborder, "RECORDATORIO_ACTA", purpose, customer(card, "firmante"), cc=owner(state), values=values
        ),
    ]


def reminded(state: State) -> list[Fact]:
    """What became of each reminder, for the evidence (14.4)."""
    facts: list[Fact] = []
    proven = {slots for proof in state.reminders for slots in (proof.slots,)}
    for purpose, slots in state.requested.items():
        if slots in proven or purpose.split("/")[1] != str(state.acta.series if state.acta else 0):
            continue
        if purpose in state.sent:
            sent = state.sent[purpose]
            facts.append(AcceptanceReminderSent(slots=slots, notification_id=sent.notification_id, sent_at=sent.sent_at))
        elif purpose in state.undelivered:
            facts.append(AcceptanceReminderFailed(slots=slots, notification_id=purpose, code=state.undelivered[purpose]))
    return facts


def expire(state: State, reached: DeadlineReached, world: World) -> Decision:
    """The deadline passed without an answer: expired exactly once; customer, EC and GI are told (14.5, 14.6)."""
    clock, card = state.clock, state.card
    if clock is None or card is None or state.stage != "OPEN" or world.now < clock.deadline:
        return []
    evidence = evidence_of(state, "EXPIRED", world.now)
    values = heading(card) | {"plazo": in_words(clock.deadline)}
    return [
        AcceptanceExpired(evidence=evidence, regional_ticket=state.tests.regional_ticket if state.tests else None),
        mail(
            "acceptance",
            state.suborder,
            "ACEPTACION_VENCIDA",
            notice_purpose(state),
            customer(card, "firmante", "administrativo"),
            cc=(*staff("EC", card.executive), *staff("GI", card.engineering_manager)),
            all_cc_required=True,
            values=values,
        ),
    ]


def notice_purpose(state: State) -> str:
    """The key of the expiry notice."""
    return f"{NOTICE}/{state.acta.series if state.acta else 0}"


def notified(state: State) -> list[Fact]:
    """Evidence is complete once the notice with its copies was handed over; a notice that cannot go is a fallout (14.6)."""
    purpose = notice_purpose(state)
    if state.evidence is None or state.evidence.basis != "EXPIRED" or state.notified:
        return []
    if purpose in state.sent:
        sent = state.sent[purpose]
        return [
            AcceptanceExpiryNotified(
                notification_id=sent.notification_id, cc=sent.cc, dossier_sha256=state.evidence.dossier_sha256
            )
        ]
    fallout = f"{state.suborder}/{purpose}"
    if purpose in state.undelivered and fallout not in state.fallouts:
        code = state.undelivered[purpose]
        return [
            FalloutRaised(
                fallout_id=fallout,
                fallout_class=code,
                step="EXPIRY_NOTICE",
                detail="El aviso de vencimiento no salió.",
                queue="OM",
            )
        ]
    return []


def called(state: State, command: RecordExpiryCall, world: World) -> Decision:
    """The Order Manager called the customer about the expiry (14.6, D10)."""
    return [] if state.called else [ExpiryCallRecorded(person=command.person, at=command.at, outcome=command.outcome)]


def resumed(state: State, world: World, at_least_days: int) -> tuple[datetime, tuple[Slot, ...]]:
    """Deadline and slots after a pause: what was left, at least so many business days (14.8)."""
    rejection, card = state.rejection, state.card
    if rejection is None or card is None or state.clock is None:
        raise ValueError("no rejection is open")
    least = world.calendar.add_days(world.now, at_least_days, "BUSINESS", card.site.department)
    deadline = max(world.now + timedelta(seconds=rejection.remaining), least)
    pause = deadline - state.clock.deadline
    slots = tuple(Slot(slot=slot.slot, at=slot.at + pause) for slot in rejection.slots)
    return deadline, tuple(slot for slot in slots if slot.at < deadline)

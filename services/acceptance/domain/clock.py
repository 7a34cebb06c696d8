"""The ten days: they start when the mail system took the acta, remind every two days, and end by themselves (14.3 to 14.6)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from services.acceptance.domain.dossier import accepted
from services.acceptance.domain.evidence import evidence, regional_ticket
from services.acceptance.domain.redating import owed
from services.acceptance.domain.state import Acta, Clock, State
from services.acceptance.domain.term import day_of, ends_at
from services.acceptance.domain.wording import local, term
from shared.calendar.calendar import Calendar, local_day
from shared.common.mails import customer, heading, mail, owner, staff
from shared.contracts.acceptance import (
    AcceptanceClockRedated,
    AcceptanceClockStarted,
    AcceptanceExpired,
    AcceptanceReminderFailed,
    AcceptanceReminderRequested,
    Slot,
)
from shared.contracts.base import DeadlineReached
from shared.contracts.common import NotificationRequested
from shared.contracts.notifications import NotificationSent
from shared.contracts.shapes import Card
from shared.decider import Decision, World


def deadlines(state: State, calendar: Calendar) -> Mapping[str, datetime]:
    """The expiry, and the earliest unused slot, of a clock that runs."""
    if state.stage != "OPEN" or state.clock is None:
        return {}
    unused = [one.at for one in state.clock.open_slots]
    return {"expiry": state.clock.deadline} | ({"reminder": min(unused)} if unused else {})


def started(acta: Acta, card: Card, fact: NotificationSent, world: World) -> AcceptanceClockStarted:
    """The deadline is the later of the printed one and sending + the term; slots lie strictly before it (14.3, 14.4)."""
    term_of, department = acta.policy, card.site.department
    world = replace(world, calendar=world.calendar.as_of(acta.calendar.version))  # as printed; a newer one redates it
    deadline = max(acta.printed_deadline, ends_at(fact.sent_at, term_of, department, world))
    days = range(term_of.reminder_every, term_of.n, term_of.reminder_every)
    slots = [Slot(slot=day, at=day_of(fact.sent_at, day, term_of, department, world)) for day in days]
    return AcceptanceClockStarted(
        sent_at=fact.sent_at,
        deadline=deadline,
        slots=tuple(one for one in slots if one.at < deadline),
        notification_id=fact.notification_id,
        message_id=fact.message_id,
        proof=fact.proof,
    )


def remind(state: State, reached: DeadlineReached, world: World) -> Decision:
    """One mail for the slot that is due and all that were missed; none at or after the expiry (14.4)."""
    acta, clock, card = state.acta, state.clock, state.card
    if state.stage != "OPEN" or acta is None or clock is None or card is None:
        return []
    due = tuple(one.slot for one in clock.open_slots if one.at <= world.now)
    if not due:
        return []
    if world.now >= clock.deadline:  # we were down until the term was over: a reminder would be untrue
        return [AcceptanceReminderFailed(slots=due, notification_id="", code="TOO_LATE_TO_SEND")]
    return [
        AcceptanceReminderRequested(slots=due),
        mail(
            "acceptance",
            state.suborder,
            "RECORDATORIO_ACTA",
            f"reminder/{acta.series}/{acta.revision}/{max(due)}",
            customer(card, "firmante"),
            cc=owner(state),
            values=heading(card) | term(clock.deadline),
            attachments=(acta.doc,) if acta.doc else (),
            not_after=clock.deadline,
        ),
    ]


def expire(state: State, reached: DeadlineReached, world: World) -> Decision:
    """The deadline without an answer accepts by silence, once; the customer is told, EC and GI with him (14.5, 14.6)."""
    acta, clock, card = state.acta, state.clock, state.card
    if state.stage != "OPEN" or acta is None or clock is None or card is None or acta.doc is None:
        return []
    if world.now < clock.deadline:
        return []
    moved = owed(state, world.calendar, world)
    if moved and isinstance(moved[0], AcceptanceClockRedated):  # nobody has looked at this clock since the decree
        return moved
    proof = evidence(state, acta, acta.doc, clock, "EXPIRED", world.now)
    return [
        accepted(state.dossier, AcceptanceExpired(evidence=proof, regional_ticket=regional_ticket(state))),
        *_expiry_mails(state, acta, clock, card, world),
    ]


def _expiry_mails(state: State, acta: Acta, clock: Clock, card: Card, world: World) -> list[NotificationRequested]:
    """The mail that EC and GI have in copy, on which alone anything is billed, and one to the customer before it (D10)."""
    values = heading(card) | {
        "plazo": f"{local(clock.deadline)} (hora de Bolivia)",
        "enviada_el": local(clock.sent_at),
        "consecuencia": "El plazo terminó sin respuesta: el servicio se da por aceptado y será activado para su facturación.",
    }
    to = customer(card, "firmante", "administrativo")
    copies = (*staff("EC", card.executive), *staff("GI", card.engineering_manager))
    notice = mail(
        "acceptance",
        state.suborder,
        "ACEPTACION_VENCIDA",
        f"expiry/{acta.series}",
        to,
        cc=copies,
        all_cc_required=True,
        values=values,
        attachments=(acta.doc,) if acta.doc else (),
    )
    if world.policy.value("acceptance.expiry_notice", local_day(world.now)) != "TWO_MAILS":
        return [notice]
    first = mail("acceptance", state.suborder, "ACEPTACION_VENCIDA", f"expiry-first/{acta.series}", to, values=values)
    return [first, notice]


def left(state: State, clock: Clock, world: World) -> timedelta:
    """What is left of a running clock; in a hold it stands since the hold began (X.1, 14.7)."""
    stopped_at = max(state.held.at, clock.sent_at) if state.held else world.now
    return max(clock.deadline - stopped_at, timedelta())

"""An amended calendar moves a customer's deadline later at once, earlier only with a supervisor's approval (X.9)."""

from datetime import timedelta
from typing import Final

from services.acceptance.domain.state import UNDECIDED, State
from services.acceptance.domain.wording import STANDS, local, term
from shared.calendar.calendar import Calendar
from shared.common.mails import customer, heading, mail, owner
from shared.common.time_limits import calendar_of
from shared.contracts.acceptance import (
    AcceptanceClockRedated,
    ApproveRedating,
    CalendarAmended,
    RedatingProposed,
)
from shared.contracts.base import Fact
from shared.contracts.shapes import CalendarUse, Card
from shared.decider import Decision, World, refused

NOTICE_DAYS: Final = 2
"""Business days at least between the approval of an earlier deadline and that deadline."""


def redate(state: State, fact: CalendarAmended, world: World) -> Decision:
    """The clock is looked at again by the amended calendar; one that stands still is looked at when it goes on."""
    return [] if state.held else owed(state, calendar_of(fact, world), world)


def owed(state: State, calendar: Calendar, world: World) -> list[Fact]:
    """What a newer calendar changes of a running clock in business days; clocks in calendar days do not move (5.5)."""
    acta, clock, card = state.acta, state.clock, state.card
    if state.stage != "OPEN" or acta is None or clock is None or card is None:
        return []
    looked_at = state.redating.calendar.version if state.redating else acta.calendar.version
    if looked_at >= calendar.version:
        return []
    after = clock.deadline + shift(state, calendar)
    use = CalendarUse(id=acta.calendar.id, version=calendar.version)
    if after < clock.deadline:
        return [RedatingProposed(before=clock.deadline, after=after, calendar=use)]
    redated = AcceptanceClockRedated(before=clock.deadline, after=after, calendar=use)
    if after == clock.deadline:
        return [redated] if state.redating else []  # what was proposed no longer stands
    return _redated(state, card, redated)


def shift(state: State, calendar: Calendar) -> timedelta:
    """By how much the term itself, from its sending, ends later or earlier than by the calendar it was last dated by.

    The clock moves by as much: so it keeps what pauses added.
    """
    acta, clock, card = state.acta, state.clock, state.card
    if acta is None or clock is None or card is None or acta.policy.unit != "BUSINESS":
        return timedelta()
    by_then, by_now = (
        one.add_days(clock.sent_at, acta.policy.n, "BUSINESS", card.site.department)
        for one in (calendar.as_of(acta.calendar.version), calendar)
    )
    return by_now - by_then


def approve(state: State, command: ApproveRedating, world: World) -> Decision:
    """The term ends earlier, not nearer than two business days ahead; the customer is told.

    While a rejection is open the clock stands, and what is left of it is shortened: the dates are those of a clock that
    went on now. A decree that such a clock was not looked at for may have taken the proposal back.
    """
    proposed, acta, clock, card = state.redating, state.acta, state.clock, state.card
    if state.stage not in UNDECIDED or proposed is None or acta is None or clock is None or card is None:
        return refused("UNKNOWN_REDATING")
    newer = world.calendar.version > proposed.calendar.version
    by = shift(state, world.calendar) if newer else proposed.by
    if proposed.calendar.version != command.calendar_version or by >= timedelta():
        return refused("UNKNOWN_REDATING")
    ends = world.now + timedelta(seconds=state.rejection.remaining) if state.rejection else clock.deadline
    nearest = world.calendar.add_days(world.now, NOTICE_DAYS, "BUSINESS", card.site.department)
    after = min(max(ends + by, nearest), ends)
    use = CalendarUse(id=acta.calendar.id, version=max(world.calendar.version, proposed.calendar.version))
    redated = AcceptanceClockRedated(before=ends, after=after, calendar=use, approved_by=world.actor.id)
    return _redated(state, card, redated) if after < ends else [redated]


def _redated(state: State, card: Card, fact: AcceptanceClockRedated) -> list[Fact]:
    stands = {"consecuencia": STANDS} if state.rejection else {}
    values = heading(card) | term(fact.after) | {"plazo_anterior": local(fact.before)} | stands
    purpose = f"redated/{fact.calendar.version}"
    to = customer(card, "firmante")
    return [fact, mail("acceptance", state.suborder, "PLAZO_MODIFICADO", purpose, to, cc=owner(state), values=values)]

"""An amended calendar moves a customer's deadline later at once, earlier only with a supervisor's approval (X.9)."""

from typing import Final

from services.acceptance.domain.state import State
from services.acceptance.domain.wording import local, term
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
from shared.contracts.shapes import CalendarUse
from shared.decider import Decision, World, refused

NOTICE_DAYS: Final = 2
"""Business days at least between the approval of an earlier deadline and that deadline."""


def redate(state: State, fact: CalendarAmended, world: World) -> Decision:
    """The clock is looked at again by the amended calendar; one that stands still is looked at when it goes on."""
    return [] if state.held else owed(state, calendar_of(fact, world), world)


def owed(state: State, calendar: Calendar, world: World) -> list[Fact]:
    """What a newer calendar changes of a running clock in business days; clocks in calendar days do not move (5.5).

    The clock keeps what pauses added: it moves by as many working days as the term itself does.
    """
    acta, clock, card = state.acta, state.clock, state.card
    if state.stage != "OPEN" or acta is None or clock is None or card is None or acta.policy.unit != "BUSINESS":
        return []
    looked_at = state.redating.calendar.version if state.redating else acta.calendar.version
    if looked_at >= calendar.version:
        return []
    by_then, by_now = (
        one.add_days(clock.sent_at, acta.policy.n, "BUSINESS", card.site.department)
        for one in (calendar.as_of(acta.calendar.version), calendar)
    )
    after = clock.deadline + (by_now - by_then)
    use = CalendarUse(id=acta.calendar.id, version=calendar.version)
    if after < clock.deadline:
        return [RedatingProposed(before=clock.deadline, after=after, calendar=use)]
    redated = AcceptanceClockRedated(before=clock.deadline, after=after, calendar=use)
    if after == clock.deadline:
        return [redated] if state.redating else []  # what was proposed no longer stands
    return _redated(state, redated)


def approve(state: State, command: ApproveRedating, world: World) -> Decision:
    """The earlier deadline holds, not nearer than two business days ahead; the customer is told."""
    proposed, clock, card = state.redating, state.clock, state.card
    if proposed is None or clock is None or card is None or proposed.calendar.version != command.calendar_version:
        return refused("UNKNOWN_REDATING")
    nearest = world.calendar.add_days(world.now, NOTICE_DAYS, "BUSINESS", card.site.department)
    after = min(max(proposed.after, nearest), clock.deadline)
    redated = AcceptanceClockRedated(before=clock.deadline, after=after, calendar=proposed.calendar, approved_by=world.actor.id)
    return _redated(state, redated)


def _redated(state: State, fact: AcceptanceClockRedated) -> list[Fact]:
    card = state.card
    if card is None:
        return [fact]
    values = heading(card) | term(fact.after) | {"plazo_anterior": local(fact.before)}
    purpose = f"redated/{fact.calendar.version}"
    to = customer(card, "firmante")
    return [fact, mail("acceptance", state.suborder, "PLAZO_MODIFICADO", purpose, to, cc=owner(state), values=values)]

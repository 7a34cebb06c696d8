"""BR018: bill now, after an activity, or on a date; asked once the phase's evidence is there, and durable (15.3)."""

import datetime as dt
from typing import Final

from services.billing.domain.evidence import proven, rejected, triggered
from services.billing.domain.rule import NoRowError, ask
from services.billing.domain.state import PhaseState, State
from shared.calendar.calendar import Calendar, local_day, start_of
from shared.common.answers import answer_deadlines
from shared.contracts.base import Fact
from shared.contracts.billing import BillingBlocked, BillingDeferred, BillingPhaseReleased, BillingRuleEvaluated
from shared.contracts.common import FalloutRaised
from shared.decider import World

EARLY: Final = ("PRE_ACCEPTANCE_NOT_AGREED",)


def known(state: State) -> bool:
    """Whether every member is released: only then are documents, sites and tickets known, whatever came first."""
    return bool(state.members) and all(one in state.cards for one in state.members)


def comes_early(state: State, one: PhaseState, world: World) -> bool:
    """Whether the phase's own trigger came although the acceptance did not: an activity before it, or a date (D8)."""
    trigger = one.phase.trigger
    if trigger.on == "DATE":
        return trigger.date is not None and start_of(trigger.date) <= world.now
    row = world.tables["TRIGGERS"].decide(local_day(world.now), activity=trigger.activity or "")
    return row is not None and row.flag("pre_acceptance") and triggered(state, trigger.activity or "")


def agreed(state: State, world: World) -> bool:
    """Whether contract and operator let a phase be billed before the acceptance (D8)."""
    allowed = world.policy.value("billing.pre_acceptance", local_day(world.now)) == "IF_AGREED"
    return allowed and state.order is not None and state.order.terms.pre_acceptance_agreed


def evaluate(state: State, world: World) -> list[Fact]:
    """Asks BR018 for every phase whose evidence is there, and says when it must wait."""
    if not known(state) or rejected(state):
        return []
    facts: list[Fact] = []
    for one in state.in_order:
        if one.rule is not None:
            continue
        early = comes_early(state, one, world)
        if proven(state) or (early and agreed(state, world)):
            facts += _evaluated(state, one, world)
        elif early and one.missing != EARLY:
            facts.append(BillingBlocked(phase=one.phase.no, missing=EARLY))
    return facts


def _evaluated(state: State, one: PhaseState, world: World) -> list[Fact]:
    try:
        answer = ask(state, one, world)
    except NoRowError as gap:
        key = f"{state.request_id(one.phase.no)}/BR018"
        raised = FalloutRaised(fallout_id=key, fallout_class="NO_RULE_ROW", step="BILLING", detail=str(gap), queue="OM")
        return [] if key in state.fallouts else [raised]
    if answer.rule == "IMMEDIATE" or _met(state, answer, world):
        return [answer]
    waits = BillingDeferred(
        phase=answer.phase, rule=answer.rule, activity=answer.activity, date=answer.date, row=answer.row, rules=answer.rules
    )
    return [answer, waits]


def _met(state: State, asked: BillingRuleEvaluated | PhaseState, world: World) -> bool:
    match asked.rule:
        case "WAIT_ACTIVITY":
            return triggered(state, asked.activity or "")
        case "WAIT_DATE":
            return asked.date is not None and start_of(asked.date) <= world.now
        case _:
            return asked.rule == "IMMEDIATE"


def release(state: State, world: World) -> list[Fact]:
    """Phases whose trigger came, in the order of their numbers."""
    return [
        BillingPhaseReleased(
            phase=one.phase.no,
            percent=one.phase.percent,
            amount=one.amount,
            pre_acceptance=not proven(state),
            at=world.now,
        )
        for one in state.in_order
        if one.rule is not None and one.released_at is None and _met(state, one, world)
    ]


def deadlines(state: State, calendar: Calendar) -> dict[str, dt.datetime]:
    """Activaciones' 24 hours, and the start of the next local day that a phase waits for."""
    dates = [day for one in state.phases.values() if (day := _awaited(state, one)) is not None]
    return answer_deadlines(state, calendar) | ({"billing_date": start_of(min(dates))} if dates else {})


def _awaited(state: State, one: PhaseState) -> dt.date | None:
    """The date of WAIT_DATE; before the acceptance the phase's own, until it is known that it may not be billed then."""
    if one.rule == "WAIT_DATE" and one.released_at is None:
        return one.date
    unasked = one.rule is None and one.missing != EARLY and known(state) and not rejected(state)
    return one.phase.trigger.date if unasked and one.phase.trigger.on == "DATE" else None

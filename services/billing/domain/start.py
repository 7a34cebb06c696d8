"""BR018: bill now, after an activity, or on a date; asked once the phase's evidence is there, and durable (15.3)."""

import datetime as dt

from services.billing.domain.evidence import complete, triggered
from services.billing.domain.state import PhaseState, State
from shared.calendar.calendar import Calendar, local_day, start_of
from shared.common.answers import answer_deadlines
from shared.contracts.base import DeadlineReached, Fact
from shared.contracts.billing import BillingDeferred, BillingPhaseReleased, BillingRuleEvaluated
from shared.decider import Decision, World

BEFORE_ACCEPTANCE = frozenset({"NETWORK_BUILT", "SERVICE_PROVISIONED", "TESTS_PASSED"})


def precedes_acceptance(state: State, one: PhaseState) -> bool:
    """Whether the phase may be billed before the acceptance: its trigger comes first, and the contract says so (D8)."""
    agreed = state.order is not None and state.order.terms.pre_acceptance_agreed
    return agreed and one.phase.trigger.on == "ACTIVITY" and one.phase.trigger.activity in BEFORE_ACCEPTANCE


def may_be_asked(state: State, one: PhaseState) -> bool:
    """The phase's evidence is there: acceptance, or for an agreed pre-acceptance phase its trigger."""
    if complete(state):
        return True
    return precedes_acceptance(state, one) and triggered(state, one.phase.trigger.activity or "")


def evaluate(state: State, world: World) -> list[Fact]:
    """Asks BR018 for every phase whose evidence is there, and says when it must wait."""
    facts: list[Fact] = []
    for one in state.phases.values():
        if one.rule is not None or not may_be_asked(state, one):
            continue
        answer = _rule(state, one, world)
        facts.append(answer)
        if answer.rule != "IMMEDIATE" and not _met(state, answer.rule, answer.activity, answer.date, world):
            deferred = BillingDeferred(
                phase=answer.phase, rule=answer.rule, activity=answer.activity, date=answer.date, row=answer.row
            )
            facts.append(deferred)
    return facts


def _rule(state: State, one: PhaseState, world: World) -> BillingRuleEvaluated:
    """The rule of the table; a group with mixed lines takes the latest start (`domain.md` 6.6)."""
    day, order = local_day(world.now), state.order
    if order is None:
        raise ValueError("a phase without its order")
    begin = order.terms.contract_start
    given = "NONE" if begin is None else "AFTER_TODAY" if begin > day else "NOT_AFTER_TODAY"
    lines = dict.fromkeys(item.line for suborder in order.suborders for item in suborder.items)
    found = [
        world.tables["BR018"].decide(day, mechanism=order.terms.mechanism, line=line, contract_start=given) for line in lines
    ]
    rows = [row for row in found if row is not None]
    next_month = (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
    dates = {"IMMEDIATE": None, "CONTRACT_START": begin, "NEXT_MONTH": next_month}
    trigger, version = one.phase.trigger, {"BR018": world.tables.version("BR018", day)}
    if any(row.text("rule") == "TRIGGER" for row in rows):
        name = next(row.row for row in rows)
        match trigger.on:
            case "ACTIVITY":
                return BillingRuleEvaluated(
                    phase=one.phase.no, rule="WAIT_ACTIVITY", activity=trigger.activity, row=name, rules=version
                )
            case "DATE":
                return BillingRuleEvaluated(phase=one.phase.no, rule="WAIT_DATE", date=trigger.date, row=name, rules=version)
            case _:
                return BillingRuleEvaluated(phase=one.phase.no, rule="IMMEDIATE", row=name, rules=version)
    latest = max(rows, key=lambda row: dates[row.text("rule")] or dt.date.min)
    date = dates[latest.text("rule")]
    rule = "IMMEDIATE" if date is None else "WAIT_DATE"
    return BillingRuleEvaluated.model_validate(
        {"phase": one.phase.no, "rule": rule, "date": date, "row": latest.row, "rules": version}
    )


def _met(state: State, rule: str | None, activity: str | None, date: dt.date | None, world: World) -> bool:
    if rule == "WAIT_ACTIVITY":
        return triggered(state, activity or "")
    return date is not None and start_of(date) <= world.now if rule == "WAIT_DATE" else rule == "IMMEDIATE"


def release(state: State, world: World) -> list[Fact]:
    """Phases whose trigger came; a date is released by its own deadline."""
    return [_released(state, one, world) for one in state.phases.values() if _ready(state, one, world)]


def _ready(state: State, one: PhaseState, world: World) -> bool:
    return one.rule is not None and one.released_at is None and _met(state, one.rule, one.activity, one.date, world)


def _released(state: State, one: PhaseState, world: World) -> BillingPhaseReleased:
    return BillingPhaseReleased(
        phase=one.phase.no, percent=one.phase.percent, amount=one.amount, pre_acceptance=not complete(state), at=world.now
    )


def date_reached(state: State, reached: DeadlineReached, world: World) -> Decision:
    """The local day of WAIT_DATE began (15.3)."""
    return release(state, world)


def deadlines(state: State, calendar: Calendar) -> dict[str, dt.datetime]:
    """Activaciones' 24 hours, and the start of the next billing date."""
    dates = [
        start_of(one.date) for one in state.phases.values() if one.rule == "WAIT_DATE" and one.released_at is None and one.date
    ]
    return answer_deadlines(state) | ({"billing_date": min(dates)} if dates else {})

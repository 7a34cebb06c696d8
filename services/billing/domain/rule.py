"""One question to BR018, and its answer as a fact: the table's row, its version, and what the phase waits for (15.3)."""

import datetime as dt
from typing import Any

from services.billing.domain.state import Order, PhaseState, State
from shared.calendar.calendar import local_day
from shared.contracts.billing import BillingRuleEvaluated
from shared.decider import World
from shared.rules.tables import Row


class NoRowError(Exception):
    """A gap of the table: a fallout, never a guess."""


def ask(state: State, one: PhaseState, world: World) -> BillingRuleEvaluated:
    """The rule for a phase; a group with mixed lines takes the latest start (`domain.md` 6.6). Raises NoRowError."""
    order, day = state.order, local_day(world.now)
    if order is None:
        raise NoRowError("La orden no se conoce.")
    answers = [(_answer(row, one, order, day), row.row) for row in _rows(state, order, day, world)]
    answer, row = max(answers, key=lambda found: found[0].get("date") or dt.date.min)
    version = {"BR018": world.tables.version("BR018", day)}
    return BillingRuleEvaluated.model_validate({"phase": one.phase.no, "row": row, "rules": version, **answer})


def _rows(state: State, order: Order, day: dt.date, world: World) -> list[Row]:
    begin = order.terms.contract_start
    given = "NONE" if begin is None else "AFTER_TODAY" if begin > day else "NOT_AFTER_TODAY"
    items = [item for content in order.suborders if content.suborder in state.members for item in content.items]
    lines = sorted({item.line for item in items if not item.charge_only} or {item.line for item in items})
    rows: list[Row] = []
    for line in lines:
        row = world.tables["BR018"].decide(day, mechanism=order.terms.mechanism, line=line, contract_start=given)
        if row is None:
            raise NoRowError(f"BR018 no tiene fila para {order.terms.mechanism}, {line}, {given}.")
        rows.append(row)
    return rows


def _answer(row: Row, one: PhaseState, order: Order, day: dt.date) -> dict[str, Any]:
    """What the row means for this phase."""
    trigger = one.phase.trigger
    match row.text("rule"):
        case "CONTRACT_START":
            return {"rule": "WAIT_DATE", "date": order.terms.contract_start}
        case "NEXT_MONTH":
            return {"rule": "WAIT_DATE", "date": (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)}
        case "TRIGGER" if trigger.on == "ACTIVITY":
            return {"rule": "WAIT_ACTIVITY", "activity": trigger.activity}
        case "TRIGGER" if trigger.on == "DATE":
            return {"rule": "WAIT_DATE", "date": trigger.date}
        case _:
            return {"rule": "IMMEDIATE"}

"""Activity 13.2: a failed run is told, and what its cause names is done again, then tested again (13.5, 14.7)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from services.testing.domain.state import Reopening, State
from shared.calendar.calendar import Calendar, local_day
from shared.common.mails import escalation, heading, mail, owner, staff
from shared.contracts.base import DeadlineReached, Fact
from shared.contracts.common import NotificationRequested, TaskEscalated
from shared.contracts.shapes import Card, Run
from shared.contracts.testing import (
    CustomerTestsFailed,
    EndToEndTestsFailed,
    InternalTestsFailed,
    KeptPass,
    RetestOpened,
    ReworkRequested,
    TestsFailed,
    TestsReopened,
)
from shared.decider import Decision, World

FAILED: Final[dict[Run, type[InternalTestsFailed | CustomerTestsFailed | EndToEndTestsFailed]]] = {
    "INTERNAL": InternalTestsFailed,
    "CUSTOMER": CustomerTestsFailed,
    "E2E": EndToEndTestsFailed,
}
CAUSES: Final = {
    "NETWORK": "red",
    "LOGICAL": "configuración lógica",
    "EQUIPMENT": "equipo",
    "PROVISIONING": "aprovisionamiento",
    "CUSTOMER_SIDE": "lado del cliente",
    "TEST_SETUP": "preparación de la prueba",
}
ACTIVITY_STEPS: Final = {"5": "NETWORK", "6": "LOGICAL", "7": "EQUIPMENT", "8": "VISIT", "9": "METHOD"}
"""Where an operator may send every upheld rejection instead of by its cause (14.7)."""


def fail(state: State, run: Run, items: tuple[str, ...], cause: str, world: World) -> list[Fact]:
    """A failed run: the EC is told once, the GI from the third on, and what the cause names is done again."""
    attempt, number = state.attempt(run), state.failures + 1
    limit = int(world.policy.value("rework.failures", local_day(world.now)))
    failed = TestsFailed(run=run, attempt=attempt, failure_no=number, items=items, cause=cause)
    facts: list[Fact] = [FAILED[run](attempt=attempt, items=items), failed]
    if state.card is not None:
        facts.append(_bad_news(state, state.card, failed, copy_to_gi=number >= limit))
    if state.card is not None and number == limit:
        why = f"Van {number} pruebas fallidas en la suborden."
        told = TaskEscalated(key=f"{state.suborder}/TestsFailed", level=1, to="GI", why=why)
        facts += [told, escalation("testing", state, state.card, told)]
    return [*facts, rework(state, run, items, cause, world)]


def _bad_news(state: State, card: Card, told: TestsFailed, *, copy_to_gi: bool) -> NotificationRequested:
    values = {"corrida": told.run, "items": ", ".join(told.items), "causa": CAUSES[told.cause], "falla": str(told.failure_no)}
    copies = (*owner(state), *(staff("GI", card.engineering_manager) if copy_to_gi else ()))
    purpose, to = f"failure/{told.failure_no}", staff("EC", card.executive)
    return mail("testing", state.suborder, "PRUEBA_FALLIDA", purpose, to, cc=copies, values=heading(card) | values)


def rework(
    state: State, run: Run, items: tuple[str, ...], cause: str, world: World, target: str = "BY_CAUSE"
) -> ReworkRequested | RetestOpened:
    """The build steps that the cause names, or, when it names none, the failed items again at once (13.5)."""
    day = local_day(world.now)
    row = world.tables["CAUSES"].decide(day, cause=cause)
    named = row.texts("steps") if row else ()
    steps = (ACTIVITY_STEPS[target],) if target in ACTIVITY_STEPS else named
    rules = {"CAUSES": world.tables.version("CAUSES", day)}
    if not steps:
        return retest(state, run, items).model_copy(update={"rules": rules})
    return ReworkRequested(
        rework_id=f"{state.suborder}/rework/{state.series}/{state.failures + 1}",
        steps=steps,
        items=items,
        cause=cause,
        at=world.now,
        limit_days=int(world.policy.value("rework.business_days", day)),
        rules=rules,
    )


def retest(state: State, run: Run, items: tuple[str, ...], rework_id: str | None = None) -> RetestOpened:
    """What runs again, from this run on; every other pass stays, with the attempt it was made in."""
    again = {f"{one}/{item}" for one in state.runs_again(run, items) for item in items}
    stays = {
        (key.partition("/")[2], one.attempt) for key, one in state.results.items() if key not in again and one.outcome == "PASS"
    }
    kept = tuple(KeptPass(item=item, attempt=attempt) for item, attempt in sorted(stays))
    return RetestOpened(rework_id=rework_id, run=run, attempt=state.attempt(run) + 1, items=items, kept=kept)


def after_rework(state: State) -> list[Fact]:
    """Rework is done: the failed items and those that prove a reworked step, from the first run that tests one of them."""
    failure = state.failure
    if failure is None or not failure.reworked:
        return []
    proving = {one.item for one in state.items if set(one.proves) & set(failure.steps)}
    items = tuple(one.item for one in state.items if one.item in proving | set(failure.items))
    return [retest(state, state.first_run(items), items, failure.rework_id)]


def reopen(state: State, reopening: Reopening, world: World) -> list[Fact]:
    """An upheld rejection opens a new series: rework by cause, or where the operator sends all of them (14.7)."""
    items, run = reopening.items, state.first_run(reopening.items)
    opened = TestsReopened(series=state.series + 1, rejection_id=reopening.rejection_id, items=items, cause=reopening.cause)
    return [opened, rework(state, run, items, reopening.cause, world, reopening.target)]


def deadlines(state: State, calendar: Calendar) -> Mapping[str, datetime]:
    """The end of a running rework's business days; time with the customer is not in it (13.5)."""
    failure = state.failure
    if state.stage != "REWORK" or failure is None or failure.since is None or failure.escalated:
        return {}
    return {"rework_limit": calendar.add_days(failure.since, failure.limit_days, "BUSINESS")}


def too_long(state: State, reached: DeadlineReached, world: World) -> Decision:
    """Rework goes on for too long: the GI is told, once per rework (13.5)."""
    due, failure = deadlines(state, world.calendar).get("rework_limit"), state.failure
    if due is None or due > world.now or failure is None or state.card is None:
        return []
    why = f"La corrección supera los {failure.limit_days} días hábiles."
    told = TaskEscalated(key=f"{state.suborder}/ReworkCompleted/{failure.rework_id}", level=1, to="GI", why=why)
    return [told, escalation("testing", state, state.card, told)]

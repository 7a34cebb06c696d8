"""Activities 10, 12 and 13: runs of the ATP are started, recorded and closed; a failed run names its cause (10.2 to 13.5)."""

from services.testing.domain.state import State
from shared.calendar.calendar import local_day
from shared.common.mails import heading, mail, owner, staff
from shared.contracts.base import Fact
from shared.contracts.common import TaskEscalated
from shared.contracts.testing import (
    AtpResultsRecorded,
    CloseTestRun,
    CustomerTestsFailed,
    CustomerTestsPassed,
    EndToEndTestsFailed,
    EndToEndTestsPassed,
    EndToEndTestsStarted,
    InternalTestsFailed,
    InternalTestsPassed,
    InternalTestsStarted,
    RecordAtpResults,
    RetestOpened,
    ReworkRequested,
    StartInternalTests,
    TestsFailed,
)
from shared.decider import Decision, World, refused

PASSED = {"INTERNAL": InternalTestsPassed, "CUSTOMER": CustomerTestsPassed, "E2E": EndToEndTestsPassed}
FAILED = {"INTERNAL": InternalTestsFailed, "CUSTOMER": CustomerTestsFailed, "E2E": EndToEndTestsFailed}


def start_internal(state: State, command: StartInternalTests, world: World) -> Decision:
    """The engineer begins (10.1)."""
    return [] if state.started else [InternalTestsStarted(attempt=state.attempt("INTERNAL"))]


def record(state: State, command: RecordAtpResults, world: World) -> Decision:
    """Results of the run that is on; a mandatory item without its evidence does not pass (10.3, 12.1)."""
    if command.run != state.stage:
        return refused("WRONG_STAGE", command="RecordAtpResults", stage=state.stage)
    known = {item.item: item for item in state.of_run(command.run)}
    for one in command.results:
        if one.item not in known:
            return refused("UNKNOWN_ATP_ITEM", item=one.item)
        if one.outcome == "PASS" and known[one.item].mandatory and one.evidence is None:
            return refused("EVIDENCE_REQUIRED", item=one.item)
    return [AtpResultsRecorded(run=command.run, attempt=state.attempt(command.run), results=command.results)]


def close(state: State, command: CloseTestRun, world: World) -> Decision:
    """The run passes when every mandatory item passed; otherwise it failed, for a cause that says what is done again."""
    run = command.run
    if run != state.stage:
        return refused("WRONG_STAGE", command="CloseTestRun", stage=state.stage)
    outcomes = {
        item.item: result.outcome if (result := state.result(run, item.item)) else "NOT_RUN" for item in state.of_run(run)
    }
    mandatory = {item.item for item in state.of_run(run) if item.mandatory}
    open_items = sorted(item for item in mandatory if outcomes[item] == "NOT_RUN")
    failing = tuple(sorted(item for item in mandatory if outcomes[item] == "FAIL"))
    if open_items:
        return refused("RESULTS_INCOMPLETE", items=", ".join(open_items))
    if failing:
        return refused("CAUSE_REQUIRED") if command.cause is None else fail(state, run, failing, command.cause, world)
    return _passed(state, run, world)


def _passed(state: State, run: str, world: World) -> list[Fact]:
    attempt, items = state.attempt(run), tuple(item.item for item in state.of_run(run))
    facts: list[Fact] = [PASSED[run](attempt=attempt, items=items, at=world.now)]
    if run == "CUSTOMER":
        e2e = tuple(item.item for item in state.of_run("E2E"))
        facts.append(EndToEndTestsStarted(attempt=state.attempt("E2E"), items=e2e))
    return facts


def fail(state: State, run: str, items: tuple[str, ...], cause: str, world: World) -> list[Fact]:
    """A failed run: the EC is told once, the third failure goes to the GI, and what the cause names is done again."""
    attempt, number = state.attempt(run), state.failures + 1
    facts: list[Fact] = [
        FAILED[run](attempt=attempt, items=items),
        TestsFailed(run=run, attempt=attempt, failure_no=number, items=items, cause=cause),
    ]
    if state.card is not None:
        copies = (*owner(state), *(staff("GI", state.card.engineering_manager) if number >= _limit(world) else ()))
        values = heading(state.card) | {"corrida": run, "items": ", ".join(items), "causa": cause, "falla": str(number)}
        facts.append(
            mail(
                "testing",
                state.suborder,
                "PRUEBA_FALLIDA",
                f"failure/{state.series}/{number}",
                staff("EC", state.card.executive),
                cc=copies,
                values=values,
            )
        )
    if number == _limit(world):
        facts.append(TaskEscalated(key=f"{state.suborder}/rework", level=1, to="GI", why=f"{number} fallas de prueba."))
    return facts + rework(state, run, items, cause, world)


def rework(state: State, run: str, items: tuple[str, ...], cause: str, world: World) -> list[Fact]:
    """The build steps that the cause names, or a retest at once when it names none."""
    row = world.tables["CAUSES"].decide(local_day(world.now), cause=cause)
    steps = row.texts("steps") if row else ()
    if not steps:
        return [RetestOpened(run=run, attempt=state.attempt(run) + 1, items=items)]
    identity = f"{state.suborder}/rework/{state.series}/{state.failures + 1}"
    return [ReworkRequested(rework_id=identity, steps=steps, items=items, cause=cause)]


def retest(state: State) -> list[Fact]:
    """After rework: the failed items and those that prove a reworked step run again, internal ones first (13.5)."""
    failure = state.failure
    if failure is None or not failure.reworked:
        return []
    proving = {item.item for item in state.items if set(item.proves) & set(failure.steps)} | set(failure.items)
    internal = any("I" in item.runs for item in state.items if item.item in proving)
    run = "INTERNAL" if internal else failure.run
    items = tuple(item.item for item in state.items if item.item in proving)
    return [RetestOpened(rework_id=failure.rework_id, run=run, attempt=state.attempt(run) + 1, items=items)]


def _limit(world: World) -> int:
    return int(world.policy.value("rework.failures", local_day(world.now)))

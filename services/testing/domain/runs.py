"""Activities 10, 12 and 13: a run of the ATP is started, recorded, and closed as passed or failed (10.2 to 13.1)."""

from typing import Final

from services.testing.domain.failed import fail
from services.testing.domain.state import State
from shared.contracts.base import Fact
from shared.contracts.shapes import Run
from shared.contracts.testing import (
    AtpResultsRecorded,
    CloseTestRun,
    CustomerTestsPassed,
    EndToEndTestsPassed,
    EndToEndTestsStarted,
    InternalTestsPassed,
    InternalTestsStarted,
    RecordAtpResults,
    StartInternalTests,
)
from shared.decider import Decision, World, refused

PASSED: Final[dict[Run, type[InternalTestsPassed | CustomerTestsPassed | EndToEndTestsPassed]]] = {
    "INTERNAL": InternalTestsPassed,
    "CUSTOMER": CustomerTestsPassed,
    "E2E": EndToEndTestsPassed,
}


def start_internal(state: State, command: StartInternalTests, world: World) -> Decision:
    """The engineer begins (10.1)."""
    return [] if state.started else [InternalTestsStarted(attempt=state.attempt("INTERNAL"))]


def record(state: State, command: RecordAtpResults, world: World) -> Decision:
    """Results of the run that is on; a mandatory item without its evidence does not pass (10.3, 12.1)."""
    run = command.run
    if run != state.stage:
        return refused("WRONG_STAGE", command="RecordAtpResults", stage=state.stage)
    known = {one.item: one for one in state.of_run(run)}
    for one in command.results:
        if one.item not in known:
            return refused("UNKNOWN_ATP_ITEM", item=one.item)
        if one.outcome == "PASS" and known[one.item].mandatory and one.evidence is None:
            return refused("EVIDENCE_REQUIRED", item=one.item)
    if not command.results:
        return []
    began = [InternalTestsStarted(attempt=state.attempt(run))] if run == "INTERNAL" and not state.started else []
    return [*began, AtpResultsRecorded(run=run, attempt=state.attempt(run), results=command.results)]


def close(state: State, command: CloseTestRun, world: World) -> Decision:
    """Passed when every mandatory item passed; else failed, for a cause that says what is done again (13.1, 13.5)."""
    run = command.run
    if run != state.stage:
        return refused("WRONG_STAGE", command="CloseTestRun", stage=state.stage)
    results = {one.item: state.result(run, one.item) for one in state.of_run(run) if one.mandatory}
    unknown = sorted(item for item, result in results.items() if result is None)
    if unknown:
        return refused("RESULTS_INCOMPLETE", items=", ".join(unknown))
    failing = tuple(sorted(item for item, result in results.items() if result and result.outcome != "PASS"))
    if not failing:
        return _passed(state, run, world)
    if command.cause is not None:
        return fail(state, run, failing, command.cause, world)
    # An item that could not be run fails the run only where somebody says why.
    if all(result is None or result.outcome != "FAIL" for result in results.values()):
        return refused("RESULTS_INCOMPLETE", items=", ".join(failing))
    return refused("CAUSE_REQUIRED")


def _passed(state: State, run: Run, world: World) -> list[Fact]:
    items = tuple(one.item for one in state.of_run(run))
    passed = PASSED[run](attempt=state.attempt(run), items=items, at=world.now)
    goes_on = run == "CUSTOMER" or (run == "INTERNAL" and "CUSTOMER" in state.passed_at)
    return [passed, end_to_end(state)] if goes_on else [passed]


def end_to_end(state: State) -> EndToEndTestsStarted:
    """The end-to-end run opens, Regional standing by (13.1)."""
    items = tuple(one.item for one in state.of_run("E2E"))
    return EndToEndTestsStarted(attempt=state.attempt("E2E"), items=items)

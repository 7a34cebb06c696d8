"""How failures, rework, retests and an upheld rejection change the tests of a suborder (13.5, 14.7)."""

from datetime import timedelta

from services.testing.domain.state import Failure, Reopening, State
from shared.common.state import without
from shared.contracts.acceptance import RejectionUpheld
from shared.contracts.common import HoldLifted, TaskEscalated
from shared.contracts.provisioning import ReworkCompleted
from shared.contracts.shapes import Run
from shared.contracts.testing import RetestOpened, ReworkRequested, TestsFailed, TestsReopened
from shared.decider import Fold


def fold_failures(evolve: Fold[State]) -> None:
    """Registers what a failed run or an upheld rejection opens."""
    _fold_rework(evolve)

    @evolve.on(TestsFailed)
    def failed(state: State, fact: TestsFailed) -> State:
        failure = Failure(run=fact.run, items=fact.items, cause=fact.cause)
        return state.having(failures=fact.failure_no, failure=failure)

    @evolve.on(RejectionUpheld)
    def rejected(state: State, fact: RejectionUpheld) -> State:
        reopening = Reopening(rejection_id=fact.rejection_id, items=fact.items, cause=fact.cause, target=fact.target)
        return state.having(reopening=reopening)

    @evolve.on(TestsReopened)
    def reopened(state: State, fact: TestsReopened) -> State:
        """A new series: what had passed stands, but for the end-to-end run and for what is tested again."""
        failure = Failure(run="E2E", items=fact.items, cause=fact.cause)
        return state.having(series=fact.series, reopening=None, failure=failure, passed_at=without(state.passed_at, "E2E"))

    @evolve.on(TaskEscalated)
    def escalated(state: State, fact: TaskEscalated) -> State:
        """Only the limit of a rework is remembered: it is told once."""
        failure = state.failure
        if failure is None or failure.rework_id is None or not fact.key.endswith(f"/ReworkCompleted/{failure.rework_id}"):
            return state
        return state.having(failure=failure.model_copy(update={"escalated": True}))


def _fold_rework(evolve: Fold[State]) -> None:

    @evolve.on(ReworkCompleted)
    def reworked(state: State, fact: ReworkCompleted) -> State:
        if state.failure is None or state.failure.rework_id != fact.rework_id:
            return state
        circuit = fact.circuit_id or state.circuit_id
        return state.having(failure=state.failure.model_copy(update={"reworked": True}), circuit_id=circuit)

    @evolve.on(ReworkRequested)
    def rework_requested(state: State, fact: ReworkRequested) -> State:
        if state.failure is None:
            return state
        asked = {"rework_id": fact.rework_id, "steps": fact.steps, "since": fact.at, "limit_days": fact.limit_days or 0}
        return state.having(stage="REWORK", failure=state.failure.model_copy(update=asked))

    @evolve.on(RetestOpened)
    def retest_opened(state: State, fact: RetestOpened) -> State:
        """What runs again loses its result, not its history; a run that was over gets its next attempt."""
        again = state.runs_again(fact.run, fact.items)
        over = {*state.passed_at, state.failure.run if state.failure else fact.run}
        attempts = {run: state.attempt(run) + 1 for run in again if run in over}
        stage = _retest_stage(state, fact.run)
        opened = state.having(
            stage=stage,
            failure=None,
            attempts=state.attempts | attempts,
            passed_at=without(state.passed_at, *again),
            results=without(state.results, *(f"{run}/{item}" for run in again for item in fact.items)),
            started=state.started and fact.run != "INTERNAL",
        )
        return opened.having(date_agreed=None, session=None) if stage in {"INTERNAL", "AGENDA"} else opened

    @evolve.on(HoldLifted)
    def hold_lifted(state: State, fact: HoldLifted) -> State:
        failure = state.failure
        if failure is not None and failure.since is not None:
            failure = failure.model_copy(update={"since": failure.since + timedelta(seconds=fact.held_for)})
        return state.having(held=None, failure=failure)


def _retest_stage(state: State, run: Run) -> str:
    """Tests with the customer need a new date, unless the set-up alone was wrong; so does E2E that failed on his side."""
    cause = state.failure.cause if state.failure else ""
    if (run == "CUSTOMER" and cause != "TEST_SETUP") or (run == "E2E" and cause == "CUSTOMER_SIDE"):
        return "AGENDA"
    return run

"""Activity 8: the contractor's technical visit; a failed one is ordered again and the attempt is kept (8.1)."""

from services.provisioning.domain.state import State, applies
from shared.contracts.provisioning import (
    ReportTechnicalVisit,
    ScheduleTechnicalVisit,
    TechnicalVisitCompleted,
    TechnicalVisitFailed,
    TechnicalVisitScheduled,
)
from shared.decider import Decision, World, refused


def schedule(state: State, command: ScheduleTechnicalVisit, world: World) -> Decision:
    """Window, site contact and access needs; only after the stock was answered."""
    if not applies(state, "VISIT"):
        return refused("VISIT_NOT_APPLICABLE")
    if state.visit is None:
        return refused("STOCK_NOT_CHECKED") if "VISIT" not in state.done else []
    if command.window.start <= world.now or command.window.end <= command.window.start:
        return refused("WINDOW_IN_PAST")
    return [
        TechnicalVisitScheduled(
            attempt=state.visit.attempt,
            contractor=state.visit.contractor,
            window=command.window,
            site_contact=command.site_contact,
            access_needs=command.access_needs,
        )
    ]


def report(state: State, command: ReportTechnicalVisit, world: World) -> Decision:
    """Completed, unable with a reason, or cancelled."""
    if state.visit is None or not state.visit.scheduled:
        return refused("VISIT_NOT_SCHEDULED")
    attempt = state.visit.attempt
    if command.outcome == "COMPLETED":
        return [TechnicalVisitCompleted(attempt=attempt, serials=command.serials, evidence=command.evidence)]
    if not (command.reason or "").strip():
        return refused("REASON_REQUIRED")
    return [TechnicalVisitFailed(attempt=attempt, outcome=command.outcome, reason=command.reason or "")]

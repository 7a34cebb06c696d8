"""How each fact changes a billing group; nothing else does."""

from datetime import timedelta
from typing import Final

from services.billing.domain.evolve_heard import fold_heard
from services.billing.domain.request import KIND
from services.billing.domain.state import PhaseState, State
from shared.common.answers import Request, fold_requests, moved_on, with_request
from shared.common.state import fold_common, unkept
from shared.contracts.billing import (
    BasisEntry,
    BillingActivationRefused,
    BillingBlocked,
    BillingDeferred,
    BillingEvidenceAccepted,
    BillingGroupOpened,
    BillingPhaseReleased,
    BillingPhasesSet,
    BillingRequest,
    BillingRequested,
    BillingRequestResent,
    BillingRuleEvaluated,
    PhaseAmount,
    ProfitabilityApproverMismatched,
    ServiceBillingActivated,
)
from shared.contracts.common import (
    ActivationsResponded,
    CalendarAdopted,
    CommandRefused,
    FactKept,
    HoldLifted,
    JeopardyCleared,
    NoteAdded,
    NotificationRequested,
    OverrideRecorded,
    TaskEscalated,
)
from shared.contracts.shapes import Phase
from shared.decider import Fold

evolve: Fold[State] = Fold()
fold_common(evolve)
fold_requests(evolve)
fold_heard(evolve)
evolve.ignores(CalendarAdopted, CommandRefused, JeopardyCleared, NoteAdded, OverrideRecorded, TaskEscalated)

ACTIVITIES: Final = {
    "NetworkBuilt": "NETWORK_BUILT",
    "ServiceProvisioned": "SERVICE_PROVISIONED",
    "TestsPassed": "TESTS_PASSED",
}
"""The activity that each fact is, of those that may trigger a phase."""


@evolve.on(FactKept)
def kept(state: State, fact: FactKept) -> State:
    """A trigger is known by the ce_id of its fact, which a pre-acceptance request names."""
    after, activity = unkept(evolve, state, fact), ACTIVITIES.get(fact.type)
    if activity is None:
        return after
    because = {**after.triggers.get(activity, {}), str(fact.data["suborder"]): fact.of}
    return after.having(triggers={**after.triggers, activity: because})


@evolve.on(HoldLifted)
def hold_lifted(state: State, fact: HoldLifted) -> State:
    return state.having(held=None, requests=moved_on(state.requests, timedelta(seconds=fact.held_for)))


def _phases(phases: tuple[Phase, ...], amounts: tuple[PhaseAmount, ...]) -> dict[str, PhaseState]:
    by_number = {one.no: one.amount for one in amounts}
    return {str(one.no): PhaseState(phase=one, amount=by_number[one.no]) for one in phases}


@evolve.on(BillingGroupOpened)
def opened(state: State, fact: BillingGroupOpened) -> State:
    version = state.order.version if state.order else 1
    return state.having(opened=version, phases=_phases(fact.phases, fact.amounts), suggested=fact.suggested)


@evolve.on(BillingPhasesSet)
def phases_set(state: State, fact: BillingPhasesSet) -> State:
    return state.having(phases=_phases(fact.phases, fact.amounts))


@evolve.on(BillingEvidenceAccepted)
def evidence_accepted(state: State, fact: BillingEvidenceAccepted) -> State:
    entry = BasisEntry(
        suborder=fact.suborder,
        basis=fact.basis,
        decided_at=fact.decided_at,
        acta_sha256=fact.acta_sha256,
        dossier_sha256=fact.dossier_sha256,
        notice_id=fact.notice_id,
    )
    return state.having(evidence={**state.evidence, fact.suborder: entry})


@evolve.on(BillingRuleEvaluated)
def evaluated(state: State, fact: BillingRuleEvaluated) -> State:
    return state.phase(fact.phase, rule=fact.rule, activity=fact.activity, date=fact.date, stage="WAITING")


@evolve.on(BillingDeferred)
def deferred(state: State, fact: BillingDeferred) -> State:
    return state.phase(fact.phase, stage="DEFERRED")


@evolve.on(BillingPhaseReleased)
def phase_released(state: State, fact: BillingPhaseReleased) -> State:
    return state.phase(fact.phase, released_at=fact.at, pre_acceptance=fact.pre_acceptance, stage="WAITING", missing=())


@evolve.on(BillingBlocked)
def blocked(state: State, fact: BillingBlocked) -> State:
    return state.phase(fact.phase, stage="BLOCKED", missing=fact.missing)


@evolve.on(ProfitabilityApproverMismatched)
def mismatched(state: State, fact: ProfitabilityApproverMismatched) -> State:
    return state.having(mismatch=(fact.named, fact.expected))


def _requested(state: State, fact: BillingRequest, attempt: int) -> State:
    """The 24 hours run from now; a resend begins them anew."""
    asked = Request(kind=KIND, due=fact.due, warn_at=fact.warn_at, limit=fact.limit)
    known = state.having(requests={**state.requests, fact.request_id: asked})
    return known.phase(
        fact.phase.no,
        stage="REQUESTED",
        amount=fact.phase.amount,
        pre_acceptance=fact.phase.pre_acceptance,
        missing=(),
        requested=True,
        refused=False,
        attempt=attempt,
    )


@evolve.on(BillingRequested)
def requested(state: State, fact: BillingRequested) -> State:
    return _requested(state, fact, 1)


@evolve.on(BillingRequestResent)
def resent(state: State, fact: BillingRequestResent) -> State:
    return _requested(state.having(taken=tuple(one for one in state.taken if one != fact.request_id)), fact, fact.attempt)


@evolve.on(ActivationsResponded)
def taken_up(state: State, fact: ActivationsResponded) -> State:
    """Taken up is not yet done: the clock is closed by the confirmation (15.6)."""
    return state.having(taken=(*state.taken, fact.request_id))


@evolve.on(BillingActivationRefused)
def refused(state: State, fact: BillingActivationRefused) -> State:
    return with_request(state, fact.request_id, answered=True).phase(int(fact.request_id.rpartition("/")[2]), refused=True)


@evolve.on(ServiceBillingActivated)
def activated(state: State, fact: ServiceBillingActivated) -> State:
    return with_request(state, fact.request_id, answered=True).phase(fact.phase, stage="ACTIVE", refused=False)


@evolve.on(NotificationRequested)
def mail_asked(state: State, fact: NotificationRequested) -> State:
    return state.having(told=True) if fact.template == "ALTA_REALIZADA" else state

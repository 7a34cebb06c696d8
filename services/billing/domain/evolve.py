"""How each fact changes a billing group; nothing else does."""

from datetime import timedelta
from typing import Final

from services.billing.domain.request import KIND
from services.billing.domain.state import Notice, Order, PhaseState, State
from shared.common.answers import Request, fold_requests, moved_on, with_request
from shared.common.state import fold_common, unkept, without
from shared.contracts.acceptance import (
    AcceptanceClockResumed,
    AcceptanceExpired,
    AcceptanceExpiryNotified,
    AcceptanceRejected,
    AcceptanceSigned,
    RejectionUpheld,
)
from shared.contracts.billing import (
    BasisEntry,
    BillingActivationRefused,
    BillingBlocked,
    BillingDeferred,
    BillingDocumentAttached,
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
from shared.contracts.intake import (
    AllSitesAccepted,
    BillingAccountPrepared,
    DocsRevalidationRequired,
    DocsValidated,
    DocumentAttached,
    DocumentReplaced,
    DocumentStored,
    OrderAmended,
    OrderClaimed,
    OrderHeld,
    OrderReceived,
    OrderResumed,
    SuborderCancelled,
    SuborderFailed,
    SuborderReleased,
)
from shared.contracts.provisioning import NetworkBuilt, ServiceProvisioned
from shared.contracts.shapes import Doc, Evidence, Phase
from shared.contracts.testing import TestsPassed
from shared.decider import Fold

evolve: Fold[State] = Fold()
fold_common(evolve)
fold_requests(evolve)
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


def _order(state: State, fact: OrderReceived | OrderAmended) -> State:
    """What was kept is the group's own part: one group, its suborders; an older version changes nothing."""
    if state.order is not None and state.order.version >= fact.version:
        return state
    order = Order(
        version=fact.version,
        order_number=fact.order_number,
        customer_id=fact.customer_id,
        customer_name=fact.customer_name,
        segment=fact.segment,
        policy_segment=fact.policy_segment,
        opportunity_code=fact.opportunity_code,
        executive=fact.executive,
        account_supervisor=fact.account_supervisor,
        terms=fact.groups[0],
        suborders=fact.suborders,
    )
    return state.having(order=order, account=state.account or order.terms.account)


@evolve.on(OrderReceived)
def order_received(state: State, fact: OrderReceived) -> State:
    return _order(state, fact)


@evolve.on(OrderAmended)
def order_amended(state: State, fact: OrderAmended) -> State:
    return _order(state, fact)


@evolve.on(OrderClaimed)
def claimed(state: State, fact: OrderClaimed) -> State:
    return state.having(owner=fact.owner)


@evolve.on(OrderHeld)
def member_held(state: State, fact: OrderHeld) -> State:
    return state.having(halted=state.halted | set(fact.suborders), halted_why=fact.reason)


@evolve.on(OrderResumed)
def member_resumed(state: State, fact: OrderResumed) -> State:
    return state.having(halted=state.halted - set(fact.suborders), halted_why=fact.reason)


@evolve.on(SuborderReleased)
def released(state: State, fact: SuborderReleased) -> State:
    ticket = {fact.suborder: fact.card.regional_ticket} if fact.card.regional_ticket else {}
    owner = state.owner or fact.card.owner
    return state.having(cards={**state.cards, fact.suborder: fact.card}, owner=owner, tickets=ticket | state.tickets)


@evolve.on(SuborderCancelled)
def member_cancelled(state: State, fact: SuborderCancelled) -> State:
    return state.having(left=state.left | {fact.suborder})


@evolve.on(SuborderFailed)
def member_failed(state: State, fact: SuborderFailed) -> State:
    return state.having(left=state.left | {fact.suborder})


def _documented(state: State, doc: Doc, counts: bool, why: str | None) -> State:
    """What does not count has a reason; kinds outside the checklist have none."""
    return state.having(documents={**state.documents, doc.doc_id: doc}) if counts or why is None else state


@evolve.on(DocumentAttached)
def document_attached(state: State, fact: DocumentAttached) -> State:
    return _documented(state, fact.doc, fact.counts, fact.why)


@evolve.on(DocumentReplaced)
def document_replaced(state: State, fact: DocumentReplaced) -> State:
    old = state.having(documents=without(state.documents, fact.replaces))
    return _documented(old, fact.doc, fact.counts, fact.why)


@evolve.on(DocumentStored)
def document_stored(state: State, fact: DocumentStored) -> State:
    doc = state.documents.get(fact.doc_id)
    if doc is None:
        return state
    stored = doc.model_copy(update={"sha256": fact.sha256, "hash_of": "CONTENT"})
    return state.having(documents={**state.documents, fact.doc_id: stored})


@evolve.on(BillingDocumentAttached)
def billing_document(state: State, fact: BillingDocumentAttached) -> State:
    return state.having(attached={**state.attached, fact.doc.doc_id: fact.doc})


@evolve.on(DocsValidated)
def docs_validated(state: State, fact: DocsValidated) -> State:
    """The owner's judgement: all that count and no other, so what was rejected at the gate bills nobody."""
    return state.having(docs_valid=True, documents={doc.doc_id: doc for doc in fact.documents})


@evolve.on(DocsRevalidationRequired)
def docs_reopened(state: State, fact: DocsRevalidationRequired) -> State:
    return state.having(docs_valid=False)


@evolve.on(BillingAccountPrepared)
def account_prepared(state: State, fact: BillingAccountPrepared) -> State:
    return state.having(account=fact.account)


@evolve.on(AllSitesAccepted)
def all_sites(state: State, fact: AllSitesAccepted) -> State:
    return state.having(all_sites=True)


@evolve.on(NetworkBuilt)
def network_built(state: State, fact: NetworkBuilt) -> State:
    return state


@evolve.on(ServiceProvisioned)
def provisioned(state: State, fact: ServiceProvisioned) -> State:
    known = state.services.get(fact.suborder, fact.services)
    return state.having(services={**state.services, fact.suborder: known})


@evolve.on(TestsPassed)
def tests_passed(state: State, fact: TestsPassed) -> State:
    """The services as tested; the highest series counts."""
    if fact.series <= state.series.get(fact.suborder, 0):
        return state
    ticket = {fact.suborder: fact.regional_ticket} if fact.regional_ticket else {}
    services = {**state.services, fact.suborder: fact.services}
    series = {**state.series, fact.suborder: fact.series}
    return state.having(services=services, series=series, tickets=state.tickets | ticket)


def _entry(suborder: str, evidence: Evidence) -> BasisEntry:
    return BasisEntry(
        suborder=suborder,
        basis=evidence.basis,
        decided_at=evidence.decided_at,
        acta_sha256=evidence.acta.sha256,
        dossier_sha256=evidence.dossier_sha256,
    )


def _ticketed(state: State, suborder: str, ticket: str | None) -> dict[str, str]:
    return {**state.tickets, suborder: ticket} if ticket else state.tickets


@evolve.on(AcceptanceSigned)
def signed(state: State, fact: AcceptanceSigned) -> State:
    known = {**state.signed, fact.suborder: _entry(fact.suborder, fact.evidence)}
    return state.having(signed=known, tickets=_ticketed(state, fact.suborder, fact.regional_ticket))


@evolve.on(AcceptanceExpired)
def expired(state: State, fact: AcceptanceExpired) -> State:
    known = {**state.expired, fact.suborder: _entry(fact.suborder, fact.evidence)}
    return state.having(expired=known, tickets=_ticketed(state, fact.suborder, fact.regional_ticket))


@evolve.on(AcceptanceExpiryNotified)
def expiry_notified(state: State, fact: AcceptanceExpiryNotified) -> State:
    notice = Notice(notice_id=fact.notification_id, dossier_sha256=fact.dossier_sha256)
    return state.having(notices={**state.notices, fact.suborder: notice})


def _counted(counts: dict[str, int], suborder: str, change: int) -> dict[str, int]:
    return {**counts, suborder: counts.get(suborder, 0) + change}


@evolve.on(AcceptanceRejected)
def rejected(state: State, fact: AcceptanceRejected) -> State:
    """Counted, not flagged, so that the order of arrival leaves no trace."""
    return state.having(rejections=_counted(state.rejections, fact.suborder, 1))


@evolve.on(RejectionUpheld)
def upheld(state: State, fact: RejectionUpheld) -> State:
    """The old series is void (14.7)."""
    closed = _counted(state.rejections, fact.suborder, -1)
    return state.having(rejections=closed, upheld=_counted(state.upheld, fact.suborder, 1))


@evolve.on(AcceptanceClockResumed)
def clock_resumed(state: State, fact: AcceptanceClockResumed) -> State:
    return state.having(rejections=_counted(state.rejections, fact.suborder, -1))


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

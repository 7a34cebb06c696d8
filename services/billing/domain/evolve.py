"""How each fact changes a billing group; nothing else does."""

from datetime import timedelta

from services.billing.domain.state import Expired, Order, PhaseState, State
from shared.common.answers import Request, fold_requests, with_request
from shared.common.state import fold_common, without
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
    BillingRequested,
    BillingRequestResent,
    BillingRuleEvaluated,
    PhaseAmount,
    ProfitabilityApproverMismatched,
    ServiceBillingActivated,
)
from shared.contracts.common import (
    CalendarAdopted,
    CommandRefused,
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
    OrderReceived,
    SuborderCancelled,
    SuborderFailed,
    SuborderReleased,
)
from shared.contracts.provisioning import NetworkBuilt, ServiceProvisioned
from shared.contracts.shapes import Evidence, Phase
from shared.contracts.testing import TestsPassed
from shared.decider import Fold

evolve: Fold[State] = Fold()
fold_common(evolve)
fold_requests(evolve)
evolve.ignores(CalendarAdopted, CommandRefused, JeopardyCleared, NoteAdded, OverrideRecorded, TaskEscalated)


@evolve.on(OrderReceived, OrderAmended)
def order_known(state: State, fact: OrderReceived | OrderAmended) -> State:
    terms = next((one for one in fact.groups if one.group == state.billing_group), None) or fact.groups[0]
    order = Order(
        order_number=fact.order_number,
        customer_id=fact.customer_id,
        customer_name=fact.customer_name,
        segment=fact.segment,
        opportunity_code=fact.opportunity_code,
        executive=fact.executive,
        account_supervisor=fact.account_supervisor,
        contacts=fact.contacts,
        terms=terms,
        suborders=tuple(one for one in fact.suborders if one.suborder in terms.members),
    )
    reopened = {"opened": False} if isinstance(fact, OrderAmended) else {}
    return state.having(order=order, account=state.account or terms.account, parent=fact.parent, **reopened)


@evolve.on(OrderClaimed)
def claimed(state: State, fact: OrderClaimed) -> State:
    return state.having(owner=fact.owner)


@evolve.on(SuborderReleased)
def released(state: State, fact: SuborderReleased) -> State:
    tickets = state.tickets | ({fact.suborder: fact.card.regional_ticket} if fact.card.regional_ticket else {})
    return state.having(cards={**state.cards, fact.suborder: fact.card}, owner=fact.card.owner, tickets=tickets)


@evolve.on(SuborderCancelled, SuborderFailed)
def member_left(state: State, fact: SuborderCancelled | SuborderFailed) -> State:
    return state.having(left=state.left | {fact.suborder})


@evolve.on(DocumentAttached, DocumentReplaced)
def document_attached(state: State, fact: DocumentAttached | DocumentReplaced) -> State:
    kept = without(state.documents, fact.replaces) if isinstance(fact, DocumentReplaced) else state.documents
    return state.having(documents={**kept, fact.doc.doc_id: fact.doc}) if fact.counts else state


@evolve.on(DocumentStored)
def document_stored(state: State, fact: DocumentStored) -> State:
    doc = state.documents.get(fact.doc_id)
    if doc is None:
        return state
    stored = doc.model_copy(update={"sha256": fact.sha256, "hash_of": "CONTENT"})
    return state.having(documents={**state.documents, fact.doc_id: stored})


@evolve.on(BillingDocumentAttached)
def billing_document(state: State, fact: BillingDocumentAttached) -> State:
    return state.having(documents={**state.documents, fact.doc.doc_id: fact.doc})


@evolve.on(DocsValidated)
def docs_validated(state: State, fact: DocsValidated) -> State:
    new = {doc.doc_id: doc for doc in fact.documents if doc.doc_id not in state.documents}
    return state.having(docs_valid=True, documents=state.documents | new)


@evolve.on(DocsRevalidationRequired)
def docs_reopened(state: State, fact: DocsRevalidationRequired) -> State:
    return state.having(docs_valid=False)


@evolve.on(BillingAccountPrepared)
def account_prepared(state: State, fact: BillingAccountPrepared) -> State:
    return state.having(account=fact.account)


@evolve.on(AllSitesAccepted)
def all_sites(state: State, fact: AllSitesAccepted) -> State:
    return state.having(all_sites=True)


def _triggered(state: State, activity: str, suborder: str, because: str) -> State:
    return state.having(triggers={**state.triggers, activity: {**state.triggers.get(activity, {}), suborder: because}})


@evolve.on(NetworkBuilt)
def network_built(state: State, fact: NetworkBuilt) -> State:
    return _triggered(state, "NETWORK_BUILT", fact.suborder, f"provisioning/{fact.suborder}")


@evolve.on(ServiceProvisioned)
def provisioned(state: State, fact: ServiceProvisioned) -> State:
    known = state.having(services={**state.services, fact.suborder: fact.services})
    return _triggered(known, "SERVICE_PROVISIONED", fact.suborder, f"provisioning/{fact.suborder}")


@evolve.on(TestsPassed)
def tests_passed(state: State, fact: TestsPassed) -> State:
    ticket = {fact.suborder: fact.regional_ticket} if fact.regional_ticket else {}
    known = state.having(services={**state.services, fact.suborder: fact.services}, tickets=state.tickets | ticket)
    return _triggered(known, "TESTS_PASSED", fact.suborder, f"testing/{fact.suborder}")


def _entry(suborder: str, evidence: Evidence) -> BasisEntry:
    return BasisEntry(
        suborder=suborder,
        basis=evidence.basis,
        decided_at=evidence.decided_at,
        acta_sha256=evidence.acta.sha256,
        dossier_sha256=evidence.dossier_sha256,
    )


@evolve.on(AcceptanceSigned)
def signed(state: State, fact: AcceptanceSigned) -> State:
    known = {**state.signed, fact.suborder: _entry(fact.suborder, fact.evidence)}
    return state.having(signed=known, rejected=state.rejected - {fact.suborder})


@evolve.on(AcceptanceExpired)
def expired(state: State, fact: AcceptanceExpired) -> State:
    one = Expired(entry=_entry(fact.suborder, fact.evidence))
    return state.having(expired={**state.expired, fact.suborder: one})


@evolve.on(AcceptanceExpiryNotified)
def expiry_notified(state: State, fact: AcceptanceExpiryNotified) -> State:
    return state.having(notices={**state.notices, fact.suborder: fact.notification_id})


@evolve.on(AcceptanceRejected)
def rejected(state: State, fact: AcceptanceRejected) -> State:
    return state.having(rejected=state.rejected | {fact.suborder})


@evolve.on(RejectionUpheld, AcceptanceClockResumed)
def rejection_ended(state: State, fact: RejectionUpheld | AcceptanceClockResumed) -> State:
    return state.having(rejected=state.rejected - {fact.suborder})


@evolve.on(HoldLifted)
def hold_lifted(state: State, fact: HoldLifted) -> State:
    pause = timedelta(seconds=fact.held_for)
    moved = {
        key: one.model_copy(update={"due": one.due + pause, "asked_at": one.asked_at + pause})
        for key, one in state.requests.items()
    }
    return state.having(held=None, requests=moved)


def _phases(phases: tuple[Phase, ...], amounts: tuple[PhaseAmount, ...]) -> dict[str, PhaseState]:
    by_number = {one.no: one.amount for one in amounts}
    return {str(one.no): PhaseState(phase=one, amount=by_number[one.no]) for one in phases}


@evolve.on(BillingGroupOpened)
def opened(state: State, fact: BillingGroupOpened) -> State:
    phases = _phases(fact.phases, fact.amounts) if fact.phases else state.phases
    return state.having(opened=True, phases=phases)


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
    return state.phase(fact.phase, rule=fact.rule, activity=fact.activity, date=fact.date, row=fact.row)


@evolve.on(BillingDeferred)
def deferred(state: State, fact: BillingDeferred) -> State:
    return state.phase(fact.phase, stage="DEFERRED")


@evolve.on(BillingPhaseReleased)
def phase_released(state: State, fact: BillingPhaseReleased) -> State:
    return state.phase(fact.phase, released_at=fact.at, pre_acceptance=fact.pre_acceptance, stage="WAITING")


@evolve.on(BillingBlocked)
def blocked(state: State, fact: BillingBlocked) -> State:
    return state.phase(fact.phase, stage="BLOCKED", missing=fact.missing)


@evolve.on(ProfitabilityApproverMismatched)
def mismatched(state: State, fact: ProfitabilityApproverMismatched) -> State:
    return state.having(mismatch_told=True)


@evolve.on(BillingRequested, BillingRequestResent)
def requested(state: State, fact: BillingRequested | BillingRequestResent) -> State:
    asked = Request(kind="BILLING_ACTIVATION", asked_at=fact.due - timedelta(hours=24), due=fact.due)
    known = state.having(requests={**state.requests, fact.request_id: asked})
    attempt = fact.attempt if isinstance(fact, BillingRequestResent) else 1
    return known.phase(fact.phase.no, stage="REQUESTED", missing=(), requested=True, refused=False, attempt=attempt)


@evolve.on(BillingActivationRefused)
def refused(state: State, fact: BillingActivationRefused) -> State:
    return with_request(state, fact.request_id, answered=True).phase(int(fact.request_id.rpartition("/")[2]), refused=True)


@evolve.on(ServiceBillingActivated)
def activated(state: State, fact: ServiceBillingActivated) -> State:
    return with_request(state, fact.request_id, answered=True).phase(fact.phase, stage="ACTIVE", refused=False)


@evolve.on(NotificationRequested)
def mail_asked(state: State, fact: NotificationRequested) -> State:
    return state.having(told=True) if fact.template == "ALTA_REALIZADA" else state

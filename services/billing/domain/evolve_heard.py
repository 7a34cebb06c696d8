"""How what other services say changes a billing group: the sale, its papers, what was built, tested and accepted."""

from services.billing.domain.state import Notice, Order, State
from shared.common.state import without
from shared.contracts.acceptance import (
    AcceptanceClockResumed,
    AcceptanceExpired,
    AcceptanceExpiryNotified,
    AcceptanceRejected,
    AcceptanceSigned,
    RejectionUpheld,
)
from shared.contracts.billing import BasisEntry, BillingDocumentAttached
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
from shared.contracts.shapes import Doc, Evidence
from shared.contracts.testing import TestsPassed
from shared.decider import Fold


def fold_heard(evolve: Fold[State]) -> None:
    """Registers all of them."""
    _fold_sale(evolve)
    _fold_papers(evolve)
    _fold_evidence(evolve)


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


def _fold_sale(evolve: Fold[State]) -> None:
    """The sale, who owns it, and which suborders are left of it."""

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


def _fold_papers(evolve: Fold[State]) -> None:
    """The documents that the gate judged or the owner added, and the account."""

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


def _counted(counts: dict[str, int], suborder: str, change: int) -> dict[str, int]:
    return {**counts, suborder: counts.get(suborder, 0) + change}


def _fold_evidence(evolve: Fold[State]) -> None:
    """What was built and tested, and how each acceptance stands."""

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

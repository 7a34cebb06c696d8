"""How each fact changes an order; nothing else does."""

from datetime import timedelta

from services.intake.domain.state import Attached, Quote, State, Sub
from shared.common.answers import fold_requests, with_request
from shared.common.state import Fallout, fold_common, without
from shared.contracts.acceptance import AcceptanceExpired, AcceptanceSigned, SuborderCompleted
from shared.contracts.common import (
    ActivationsResponded,
    CalendarAdopted,
    CommandRefused,
    FalloutRaised,
    FalloutResolved,
    JeopardyCleared,
    NoteAdded,
    NotificationRequested,
    OverrideRecorded,
    RegionalTicketOpened,
    RegionalTicketRequested,
    TaskEscalated,
)
from shared.contracts.intake import (
    AllSitesAccepted,
    AmendmentReceived,
    ApplicabilitySet,
    AssemblyStarted,
    BillingAccountPrepared,
    DocsFoundIncomplete,
    DocsRevalidationRequired,
    DocsValidated,
    DocumentAttached,
    DocumentReplaced,
    DocumentStored,
    FulfilmentPlanned,
    HldPresented,
    OrderAmended,
    OrderClaimed,
    OrderCompleted,
    OrderContent,
    OrderDecomposed,
    OrderHeld,
    OrderReassigned,
    OrderReceived,
    OrderRejected,
    OrderResumed,
    OrderReturned,
    OrderReviewed,
    OrderStateChanged,
    ProductClassified,
    QuoteReceived,
    QuoteSelected,
    SuborderCancelled,
    SuborderFailed,
    SuborderReleased,
    SuborderStateChanged,
    TeamAssigned,
)
from shared.decider import Fold

evolve: Fold[State] = Fold()
fold_common(evolve)
fold_requests(evolve)
evolve.ignores(
    AmendmentReceived,
    AssemblyStarted,
    CalendarAdopted,
    CommandRefused,
    JeopardyCleared,
    NoteAdded,
    NotificationRequested,
    OverrideRecorded,
    ProductClassified,
)


@evolve.on(OrderReceived, OrderAmended)
def content(state: State, fact: OrderReceived | OrderAmended) -> State:
    subs = {one.suborder: state.subs.get(one.suborder, Sub()) for one in fact.suborders}
    stage = "CLAIMED" if state.owner else "RECEIVED"
    known = OrderContent(**{name: getattr(fact, name) for name in OrderContent.model_fields})
    return state.having(content=known, stage=stage, subs=subs, parent=fact.parent, docs_valid=False, rejected_version=0)


@evolve.on(OrderRejected)
def rejected(state: State, fact: OrderRejected) -> State:
    return state.having(stage="REJECTED", rejected_version=fact.version)


@evolve.on(OrderReviewed)
def reviewed(state: State, fact: OrderReviewed) -> State:
    return state.having(reviewed={**state.reviewed, fact.by: fact.version})


@evolve.on(OrderClaimed)
def claimed(state: State, fact: OrderClaimed) -> State:
    return state.having(owner=fact.owner, stage="CLAIMED" if state.stage == "RECEIVED" else state.stage)


@evolve.on(OrderReturned)
def returned(state: State, fact: OrderReturned) -> State:
    return state.having(stage="RETURNED", owner=None)


@evolve.on(OrderReassigned)
def reassigned(state: State, fact: OrderReassigned) -> State:
    return state.having(owner=fact.to)


@evolve.on(DocumentAttached, DocumentReplaced)
def attached(state: State, fact: DocumentAttached | DocumentReplaced) -> State:
    kept = without(state.documents, fact.replaces) if isinstance(fact, DocumentReplaced) else state.documents
    fetch = fact.doc.source != "UPLOAD"  # what a person uploads is stored before its command comes
    one = Attached(doc=fact.doc, item=fact.item, counts=fact.counts, why=fact.why, fetch=fetch)
    return state.having(documents={**kept, fact.doc.doc_id: one})


@evolve.on(DocumentStored)
def stored(state: State, fact: DocumentStored) -> State:
    known = state.documents.get(fact.doc_id)
    if known is None:
        return state
    doc = known.doc.model_copy(update={"sha256": fact.sha256, "hash_of": "CONTENT"})
    return state.having(documents={**state.documents, fact.doc_id: known.model_copy(update={"doc": doc, "stored": True})})


@evolve.on(ApplicabilitySet)
def applicability(state: State, fact: ApplicabilitySet) -> State:
    changed = state if fact.exceptions is None else state.having(exceptions=fact.exceptions)
    if fact.suborder is None:
        return changed
    given = {name: value for name, value in (("access", fact.access), ("connectivity", fact.connectivity)) if value is not None}
    return changed.sub(fact.suborder, **given)


@evolve.on(DocsFoundIncomplete)
def incomplete(state: State, fact: DocsFoundIncomplete) -> State:
    stage = "DOCS_INCOMPLETE" if state.stage in {"CLAIMED", "DOCS_INCOMPLETE"} else state.stage
    return state.having(stage=stage, missing=tuple(one.item for one in fact.missing), docs_valid=False)


@evolve.on(DocsValidated)
def validated(state: State, fact: DocsValidated) -> State:
    stage = "DOCS_VALID" if state.stage in {"CLAIMED", "DOCS_INCOMPLETE"} else state.stage
    return state.having(stage=stage, missing=(), docs_valid=True, revision=fact.revision)


@evolve.on(DocsRevalidationRequired)
def reopened(state: State, fact: DocsRevalidationRequired) -> State:
    return state.having(docs_valid=False, missing=fact.items)


@evolve.on(OrderDecomposed)
def decomposed(state: State, fact: OrderDecomposed) -> State:
    changed = state.having(stage="PLANNED")
    for one in fact.suborders:
        changed = changed.sub(one.suborder, stage="PLANNED", traits=one.traits, work_orders=one.work_orders)
    return changed


@evolve.on(FulfilmentPlanned)
def planned(state: State, fact: FulfilmentPlanned) -> State:
    return state.having(steps=fact.steps)


@evolve.on(ActivationsResponded)
def responded(state: State, fact: ActivationsResponded) -> State:
    answered = with_request(state, fact.request_id, answered=True, values=fact.values)
    if fact.kind != "SERVICE_CREATION" or not fact.suborder:
        return answered
    return answered.sub(fact.suborder, service_id=fact.values.get("service_id", ""))


@evolve.on(QuoteReceived)
def quoted(state: State, fact: QuoteReceived) -> State:
    one = Quote(quote_id=fact.quote_id, contractor=fact.contractor, total=fact.total, received_at=fact.received_at)
    return state.sub(fact.suborder, quotes=(*state.subs[fact.suborder].quotes, one))


@evolve.on(QuoteSelected)
def chosen(state: State, fact: QuoteSelected) -> State:
    return state.sub(fact.suborder, selected=fact.quote_id)


@evolve.on(RegionalTicketRequested)
def ticket_asked(state: State, fact: RegionalTicketRequested) -> State:
    return state.sub(fact.suborder, ticket_asked=True)


@evolve.on(RegionalTicketOpened)
def ticket_opened(state: State, fact: RegionalTicketOpened) -> State:
    return state.sub(fact.suborder, ticket=fact.ticket)


@evolve.on(BillingAccountPrepared)
def account(state: State, fact: BillingAccountPrepared) -> State:
    return state.having(accounts={**state.accounts, fact.billing_group: fact.account})


@evolve.on(TeamAssigned)
def team(state: State, fact: TeamAssigned) -> State:
    changed = state
    for suborder in fact.suborders:
        changed = changed.sub(suborder, team={**changed.subs[suborder].team, **fact.roles})
    return changed


@evolve.on(HldPresented)
def presented(state: State, fact: HldPresented) -> State:
    changed = state
    for suborder in fact.suborders:
        known = changed.subs[suborder].presented_to
        changed = changed.sub(suborder, hld=fact.document, presented_to=known | frozenset(fact.presented_to))
    return changed


@evolve.on(SuborderReleased)
def released(state: State, fact: SuborderReleased) -> State:
    return state.sub(fact.suborder, stage="RELEASED").having(stage="IN_DELIVERY")


@evolve.on(AcceptanceSigned, AcceptanceExpired)
def accepted(state: State, fact: AcceptanceSigned | AcceptanceExpired) -> State:
    return state.sub(fact.suborder, accepted=True)


@evolve.on(AllSitesAccepted)
def all_sites(state: State, fact: AllSitesAccepted) -> State:
    return state.having(all_accepted=True)


@evolve.on(SuborderCompleted)
def suborder_completed(state: State, fact: SuborderCompleted) -> State:
    known = state.subs.get(fact.suborder)
    return state if known is None or known.ended else state.sub(fact.suborder, stage="COMPLETED")


@evolve.on(SuborderStateChanged)
def suborder_state(state: State, fact: SuborderStateChanged) -> State:
    return state.sub(fact.suborder, state=fact.to_state)


@evolve.on(OrderStateChanged)
def order_state(state: State, fact: OrderStateChanged) -> State:
    return state.having(state=fact.to_state)


@evolve.on(OrderCompleted)
def order_completed(state: State, fact: OrderCompleted) -> State:
    return state.having(completed=True, stage="COMPLETED" if fact.outcome == "completed" else "PARTIAL")


@evolve.on(OrderHeld)
def held(state: State, fact: OrderHeld) -> State:
    changed = state
    for suborder in fact.suborders:
        changed = changed.sub(suborder, held=fact.reason, review_at=fact.review_at)
    return changed


@evolve.on(OrderResumed)
def resumed(state: State, fact: OrderResumed) -> State:
    changed = state
    for suborder in fact.suborders:
        changed = changed.sub(suborder, held=None, review_at=None)
    return changed


@evolve.on(SuborderCancelled)
def cancelled(state: State, fact: SuborderCancelled) -> State:
    return state.sub(fact.suborder, stage="CANCELLED", held=None)


@evolve.on(SuborderFailed)
def failed(state: State, fact: SuborderFailed) -> State:
    return state.sub(fact.suborder, stage="FAILED", held=None)


@evolve.on(FalloutRaised)
def trouble(state: State, fact: FalloutRaised) -> State:
    raised = Fallout(kind=fact.fallout_class, step=fact.step, queue=fact.queue)
    changed = state.having(fallouts={**state.fallouts, fact.fallout_id: raised})
    known = state.subs.get(fact.suborder)
    return changed.sub(fact.suborder, troubles=known.troubles | {fact.fallout_id}) if known else changed


@evolve.on(FalloutResolved)
def solved(state: State, fact: FalloutResolved) -> State:
    changed = state.having(fallouts=without(state.fallouts, fact.fallout_id))
    known = state.subs.get(fact.suborder)
    return changed.sub(fact.suborder, troubles=known.troubles - {fact.fallout_id}) if known else changed


@evolve.on(TaskEscalated)
def escalated(state: State, fact: TaskEscalated) -> State:
    if fact.key.endswith("/hold"):
        suborder = fact.key.removesuffix("/hold")
        known = state.subs[suborder]
        later = known.review_at + timedelta(days=7) if known.review_at else None
        return state.sub(suborder, review_at=later)
    return state.having(escalations=fact.level) if fact.key.endswith("/ClaimOrder") else state

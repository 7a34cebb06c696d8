"""How each fact changes an order; nothing else does. Documents and suborders have files of their own."""

from services.intake.domain.evolve_documents import fold_documents
from services.intake.domain.evolve_suborders import fold_suborders
from services.intake.domain.files import troubles
from services.intake.domain.requests import still_needed
from services.intake.domain.state import State, Sub
from shared.common.answers import fold_requests
from shared.common.state import Fallout, fold_common, handed_over, unkept, without
from shared.contracts.base import DeadlineReached
from shared.contracts.common import (
    CalendarAdopted,
    CommandRefused,
    FactKept,
    FalloutRaised,
    FalloutResolved,
    JeopardyCleared,
    NoteAdded,
    NotificationRequested,
    OverrideRecorded,
)
from shared.contracts.intake import (
    AllSitesAccepted,
    AmendmentReceived,
    AssemblyStarted,
    OrderAmended,
    OrderClaimed,
    OrderCompleted,
    OrderContent,
    OrderReassigned,
    OrderReceived,
    OrderRejected,
    OrderReturned,
    OrderReviewed,
    OrderStateChanged,
    ProductClassified,
)
from shared.contracts.salesforce import SalesforcePiecesArrived
from shared.decider import Fold

evolve: Fold[State] = Fold()
fold_common(evolve)
fold_requests(evolve)
fold_documents(evolve)
fold_suborders(evolve)
evolve.ignores(
    CalendarAdopted,
    CommandRefused,
    JeopardyCleared,
    NoteAdded,
    NotificationRequested,
    OverrideRecorded,
    ProductClassified,
)


@evolve.on(AssemblyStarted)
def assembling(state: State, fact: AssemblyStarted) -> State:
    stage = "ASSEMBLING" if state.stage == "NEW" else state.stage
    return state.collected(due=fact.due).having(stage=stage, parent=fact.parent)


@evolve.on(OrderReceived)
def received(state: State, fact: OrderReceived) -> State:
    # A corrected message after a rejection starts the order anew (4.1).
    return _content(state, fact).having(state="start", rejected=None)


@evolve.on(OrderAmended)
def amended(state: State, fact: OrderAmended) -> State:
    requests = still_needed(state.requests, fact)
    anew = state.content is not None and state.content.received_at != fact.received_at
    escalations = 0 if anew else state.escalations
    return _content(state, fact).having(requests=requests, escalations=escalations)


def _content(state: State, fact: OrderReceived | OrderAmended) -> State:
    """The content is replaced; what a suborder that is still sold has got so far stands, its plan is made again."""
    known = OrderContent(**{name: getattr(fact, name) for name in OrderContent.model_fields})
    subs = {one.suborder: _unplanned(state.subs.get(one.suborder, Sub())) for one in fact.suborders}
    stage = "CLAIMED" if state.owner else "RECEIVED"
    changed = _collected(state, fact.content_sha256)
    return changed.having(content=known, stage=stage, subs=subs, parent=fact.parent, docs_valid=False, missing=())


def _collected(state: State, taken: str = "") -> State:
    """Nothing is collected any more; whether what was taken came by records says how it may change later."""
    if state.assembly is None:
        return state
    come = state.assembly.come
    order = come.order if come is not None and come.pieces == "RECORDS" else None
    by_records = order is not None and order.content_sha256 == taken if taken else state.by_records
    return state.collected(due=None).having(by_records=by_records)


def _unplanned(sub: Sub) -> Sub:
    return sub.model_copy(update={"stage": "WAITING", "work_orders": (), "roles": ()}) if sub.stage == "PLANNED" else sub


@evolve.on(OrderRejected)
def rejected(state: State, fact: OrderRejected) -> State:
    return _collected(state).having(stage="REJECTED", rejected=fact, parent=fact.parent)


@evolve.on(AmendmentReceived)
def noted(state: State, fact: AmendmentReceived) -> State:
    return _collected(state).having(noted=max(state.noted, fact.version), parent=fact.parent)


@evolve.on(OrderReviewed)
def reviewed(state: State, fact: OrderReviewed) -> State:
    return state.having(reviewed={**state.reviewed, fact.by: fact.version})


@evolve.on(OrderClaimed)
def claimed(state: State, fact: OrderClaimed) -> State:
    stage = "CLAIMED" if state.stage == "RECEIVED" else state.stage
    return state.having(owner=fact.owner, stage=stage, escalations=0)


@evolve.on(OrderReturned)
def returned(state: State, fact: OrderReturned) -> State:
    return state.having(stage="RETURNED", owner=None, escalations=0)


@evolve.on(OrderReassigned)
def reassigned(state: State, fact: OrderReassigned) -> State:
    return handed_over(state, fact.to)


@evolve.on(AllSitesAccepted)
def all_sites(state: State, fact: AllSitesAccepted) -> State:
    return state.having(all_accepted=True)


ENDS = {"cancelled": "CANCELLED", "failed": "FAILED"}


@evolve.on(OrderStateChanged)
def order_state(state: State, fact: OrderStateChanged) -> State:
    return state.having(state=fact.to_state, stage=ENDS.get(fact.to_state, state.stage))


@evolve.on(OrderCompleted)
def order_completed(state: State, fact: OrderCompleted) -> State:
    return state.having(completed=True, stage="COMPLETED" if fact.outcome == "completed" else "PARTIAL")


@evolve.on(FactKept)
def kept(state: State, fact: FactKept) -> State:
    """A fallout of another service holds its suborders; it is resolved there, so it is none of ours."""
    if fact.type == SalesforcePiecesArrived.__name__:
        return state.collected(come=SalesforcePiecesArrived.model_validate(fact.data)).having(parent=fact.parent)
    if fact.type == DeadlineReached.__name__:
        return state.collected(due=None)
    if fact.type not in {"FalloutRaised", "FalloutResolved"}:
        return unkept(evolve, state, fact)
    told = FalloutRaised if fact.type == "FalloutRaised" else FalloutResolved
    one = told.model_validate(fact.data)
    service = fact.of.partition("/")[0]
    key = f"{service}:{one.suborder}/{one.fallout_id}"
    suborders = (one.suborder,) if one.suborder in state.subs else state.members(one.billing_group)
    return _troubled(state, suborders, key, raised=fact.type == "FalloutRaised")


@evolve.on(FalloutRaised)
def trouble(state: State, fact: FalloutRaised) -> State:
    raised = Fallout(kind=fact.fallout_class, step=fact.step, queue=fact.queue)
    problems = {**state.problems, fact.fallout_id: fact.detail}
    changed = state.having(fallouts={**state.fallouts, fact.fallout_id: raised}, problems=problems)
    return _troubled(changed, (fact.suborder,), fact.fallout_id, raised=True)


@evolve.on(FalloutResolved)
def solved(state: State, fact: FalloutResolved) -> State:
    key = fact.fallout_id
    changed = state.having(fallouts=without(state.fallouts, key), problems=without(state.problems, key))
    if fact.how != "RETRY":  # done by hand, or not wanted: the file is not fetched any more
        documents = {
            doc_id: one.model_copy(update={"fetch": False}) if key in troubles(one.doc) else one
            for doc_id, one in state.documents.items()
        }
        changed = changed.having(documents=documents)
    return _troubled(changed, tuple(state.subs), key, raised=False)


def _troubled(state: State, suborders: tuple[str, ...], key: str, *, raised: bool) -> State:
    for suborder in suborders:
        known = state.subs.get(suborder)
        if known is not None:
            state = state.sub(suborder, troubles=known.troubles | {key} if raised else known.troubles - {key})
    return state

"""How facts change the suborders of an order: plan, requests, team, release, hold, end."""

from datetime import timedelta

from services.intake.domain.state import Quote, State
from shared.common.answers import moved_on, with_request
from shared.contracts.acceptance import AcceptanceExpired, AcceptanceSigned, SuborderCompleted
from shared.contracts.common import ActivationsResponded, RegionalTicketOpened, RegionalTicketRequested, TaskEscalated
from shared.contracts.intake import (
    ApplicabilitySet,
    BillingAccountPrepared,
    FulfilmentPlanned,
    HldPresented,
    OrderDecomposed,
    OrderHeld,
    OrderResumed,
    QuoteReceived,
    QuoteSelected,
    SuborderCancelled,
    SuborderFailed,
    SuborderReleased,
    SuborderStateChanged,
    TeamAssigned,
)
from shared.decider import Fold

REVIEW_AGAIN = timedelta(days=7)


def fold_suborders(evolve: Fold[State]) -> None:
    """Registers all of them."""
    _fold_plan(evolve)
    _fold_answers(evolve)
    _fold_holds(evolve)
    _fold_ends(evolve)


def _fold_plan(evolve: Fold[State]) -> None:
    @evolve.on(ApplicabilitySet)
    def applicability(state: State, fact: ApplicabilitySet) -> State:
        changed = state if fact.exceptions is None else state.having(exceptions=fact.exceptions)
        given = {"access": fact.access, "connectivity": fact.connectivity}
        return changed.sub(fact.suborder or "", **{name: value for name, value in given.items() if value is not None})

    @evolve.on(OrderDecomposed)
    def decomposed(state: State, fact: OrderDecomposed) -> State:
        """Whom the sale names for a role of the plan fills it, until the owner says otherwise (4.2)."""
        named = state.content.team if state.content else {}
        changed = state.having(stage="IN_DELIVERY" if state.released else "PLANNED")
        for one in fact.suborders:
            known = named | changed.subs[one.suborder].team
            team = {role: known[role] for role in one.roles if role in known}
            plan = {"traits": one.traits, "work_orders": one.work_orders, "roles": one.roles}
            changed = changed.sub(one.suborder, stage="PLANNED", team=team, **plan)
        return changed

    @evolve.on(FulfilmentPlanned)
    def planned(state: State, fact: FulfilmentPlanned) -> State:
        return state.having(steps=fact.steps, plans=fact.plan_version)

    @evolve.on(TeamAssigned)
    def team(state: State, fact: TeamAssigned) -> State:
        changed = state
        for suborder in fact.suborders:
            known = changed.subs[suborder]
            own = {role: who for role, who in fact.roles.items() if role in known.roles or not known.roles}
            changed = changed.sub(suborder, team={**known.team, **own})
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


def _fold_answers(evolve: Fold[State]) -> None:
    @evolve.on(ActivationsResponded)
    def responded(state: State, fact: ActivationsResponded) -> State:
        answered = with_request(state, fact.request_id, answered=True, values=fact.values)
        if fact.kind != "SERVICE_CREATION":
            return answered
        return answered.sub(fact.suborder, service_id=fact.values.get("service_id", "").strip())

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


def _fold_holds(evolve: Fold[State]) -> None:
    @evolve.on(OrderHeld)
    def held(state: State, fact: OrderHeld) -> State:
        changed = state
        for suborder in fact.suborders:
            changed = changed.sub(suborder, held=fact.reason, held_at=fact.at, review_at=fact.review_at, reviews=0)
        return changed

    @evolve.on(OrderResumed)
    def resumed(state: State, fact: OrderResumed) -> State:
        """Every unanswered request of a resumed suborder has as long as it still had when the hold came (X.1)."""
        changed = state
        for suborder in fact.suborders:
            since = changed.subs[suborder].held_at
            paused = fact.at - since if fact.at and since else timedelta()
            changed = changed.having(requests=moved_on(changed.requests, paused, (suborder,)))
            changed = changed.sub(suborder, held=None, held_at=None, review_at=None)
        return changed

    @evolve.on(TaskEscalated)
    def escalated(state: State, fact: TaskEscalated) -> State:
        """What is remembered: how often nobody took the order, and when a hold is reviewed next."""
        if fact.key.endswith("/ClaimOrder"):
            return state.having(escalations=fact.level)
        known = state.subs.get(fact.key.removesuffix("/ResumeOrder"))
        if known is None or known.review_at is None:
            return state
        return state.sub(fact.suborder, review_at=known.review_at + REVIEW_AGAIN, reviews=fact.level)


def _fold_ends(evolve: Fold[State]) -> None:
    @evolve.on(AcceptanceSigned, AcceptanceExpired)
    def accepted(state: State, fact: AcceptanceSigned | AcceptanceExpired) -> State:
        return state.sub(fact.suborder, accepted=True)

    @evolve.on(SuborderCompleted)
    def completed(state: State, fact: SuborderCompleted) -> State:
        return state.sub(fact.suborder, stage="COMPLETED", held=None) if fact.suborder in state.live else state

    @evolve.on(SuborderCancelled)
    def cancelled(state: State, fact: SuborderCancelled) -> State:
        return state.sub(fact.suborder, stage="CANCELLED", held=None)

    @evolve.on(SuborderFailed)
    def failed(state: State, fact: SuborderFailed) -> State:
        return state.sub(fact.suborder, stage="FAILED", held=None)

    @evolve.on(SuborderStateChanged)
    def published(state: State, fact: SuborderStateChanged) -> State:
        return state.sub(fact.suborder, state=fact.to_state)

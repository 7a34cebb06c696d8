"""How each fact changes the tests of a suborder, or an engineer's agenda; nothing else does."""

from datetime import datetime

from services.testing.domain.evolve_failed import fold_failures
from services.testing.domain.fallout import folded
from services.testing.domain.information import session_of
from services.testing.domain.state import (
    Information,
    Result,
    Session,
    State,
    Ticket,
)
from shared.common.state import fold_common, without
from shared.contracts.common import (
    CalendarAdopted,
    CommandRefused,
    FalloutResolved,
    JeopardyCleared,
    JeopardyRaised,
    NoteAdded,
    NotificationRequested,
    OverrideRecorded,
    RegionalTicketOpened,
    RegionalTicketRequested,
)
from shared.contracts.intake import SuborderReleased
from shared.contracts.provisioning import ServiceProvisioned
from shared.contracts.shapes import Run
from shared.contracts.testing import (
    AtpPrepared,
    AtpResultsRecorded,
    CustomerTestDateAgreed,
    CustomerTestInformationSent,
    CustomerTestsFailed,
    CustomerTestsPassed,
    CustomerTestsScheduled,
    CustomerTestsStarted,
    DigitalDeliveryKitReceived,
    EndToEndTestsFailed,
    EndToEndTestsPassed,
    EndToEndTestsStarted,
    InternalTestsFailed,
    InternalTestsPassed,
    InternalTestsStarted,
    RegionalTicketClosed,
    SessionAnswered,
    SessionProposed,
    TestsPassed,
)
from shared.decider import Fold

evolve: Fold[State] = Fold()
fold_common(evolve)
fold_failures(evolve)
evolve.ignores(CalendarAdopted, CommandRefused, JeopardyCleared, JeopardyRaised, NoteAdded, OverrideRecorded)
evolve.ignores(InternalTestsFailed, CustomerTestsFailed, EndToEndTestsFailed)


@evolve.on(SuborderReleased)
def released(state: State, fact: SuborderReleased) -> State:
    return state.having(
        card=fact.card,
        suborder=fact.suborder,
        parent=fact.parent,
        billing_group=fact.card.terms.group,
        owner=fact.card.owner,
        ticket=Ticket(number=fact.card.regional_ticket),
    )


@evolve.on(ServiceProvisioned)
def provisioned(state: State, fact: ServiceProvisioned) -> State:
    return state.having(
        provisioned=True,
        services=fact.services,
        circuit_id=fact.circuit_id,
        skipped=fact.skipped,
        suborder=fact.suborder,
        parent=fact.parent,
    )


@evolve.on(FalloutResolved)
def fallout_resolved(state: State, fact: FalloutResolved) -> State:
    return state.having(fallouts=without(state.fallouts, fact.fallout_id), **folded(state, fact))


@evolve.on(AtpPrepared)
def prepared(state: State, fact: AtpPrepared) -> State:
    return state.having(stage="INTERNAL", atps=fact.atps, items=fact.items, methods=fact.method)


@evolve.on(InternalTestsStarted)
def internal_started(state: State, fact: InternalTestsStarted) -> State:
    return state.having(started=True)


@evolve.on(AtpResultsRecorded)
def recorded(state: State, fact: AtpResultsRecorded) -> State:
    new = {
        f"{fact.run}/{one.item}": Result(
            outcome=one.outcome,
            value=one.value,
            attempt=fact.attempt,
            evidence_sha256=one.evidence.sha256 if one.evidence else None,
        )
        for one in fact.results
    }
    return state.having(results={**state.results, **new})


@evolve.on(InternalTestsPassed)
def internal_passed(state: State, fact: InternalTestsPassed) -> State:
    return _passed(state, "INTERNAL", fact.at).having(stage="AGENDA")


def _passed(state: State, run: Run, at: datetime) -> State:
    return state.having(passed_at={**state.passed_at, run: at})


@evolve.on(CustomerTestDateAgreed)
def date_agreed(state: State, fact: CustomerTestDateAgreed) -> State:
    return state.having(date_agreed=fact.date)


@evolve.on(SessionProposed)
def proposed(state: State, fact: SessionProposed) -> State:
    session = Session(no=fact.session, mode=fact.mode, window=fact.window, parties=fact.parties, engineer=fact.engineer)
    return state.having(stage="AGENDA", session=session, sessions=fact.session)


@evolve.on(SessionAnswered)
def session_answered(state: State, fact: SessionAnswered) -> State:
    """A no opens the agenda again, also after all had said yes."""
    session = state.session
    if session is None or session.no != fact.session:
        return state
    if fact.accepted:
        return state.having(session=session.model_copy(update={"yes": session.yes | {fact.party}}))
    refused = session.model_copy(update={"no_from": session.no_from | {fact.party}, "scheduled": False})
    return state.having(session=refused, stage="STOPPED" if state.stopped else "AGENDA")


@evolve.on(CustomerTestsScheduled)
def scheduled(state: State, fact: CustomerTestsScheduled) -> State:
    session = state.session.model_copy(update={"scheduled": True}) if state.session else None
    return state.having(stage="SCHEDULED", session=session)


@evolve.on(CustomerTestInformationSent)
def information_sent(state: State, fact: CustomerTestInformationSent) -> State:
    if fact.session < state.information.session:
        return state
    return state.having(information=Information(session=fact.session, asks=state.information.asks, sent=True))


@evolve.on(RegionalTicketRequested)
def ticket_requested(state: State, fact: RegionalTicketRequested) -> State:
    asked = state.ticket.model_copy(update={"asked": True, "requests": state.ticket.requests + 1})
    return state.having(ticket=asked)


@evolve.on(RegionalTicketOpened)
def ticket_opened(state: State, fact: RegionalTicketOpened) -> State:
    return state.having(ticket=Ticket(number=fact.ticket, for_tests=True, requests=state.ticket.requests))


@evolve.on(CustomerTestsStarted)
def customer_started(state: State, fact: CustomerTestsStarted) -> State:
    return state.having(stage="CUSTOMER", mode=fact.mode, session=None)


@evolve.on(CustomerTestsPassed)
def customer_passed(state: State, fact: CustomerTestsPassed) -> State:
    return _passed(state, "CUSTOMER", fact.at)


@evolve.on(EndToEndTestsStarted)
def e2e_started(state: State, fact: EndToEndTestsStarted) -> State:
    return state.having(stage="E2E")


@evolve.on(EndToEndTestsPassed)
def e2e_passed(state: State, fact: EndToEndTestsPassed) -> State:
    return _passed(state, "E2E", fact.at).having(stage="CLOSING")


@evolve.on(NotificationRequested)
def mail_asked(state: State, fact: NotificationRequested) -> State:
    if fact.template == "SERVICIO_ENTREGADO":
        return state.having(told=True)
    session = session_of(fact.purpose)
    if session is None:
        return state
    asks = state.information.asks + 1 if state.information.session == session else 1
    return state.having(information=Information(session=session, asks=asks, pending=True))


@evolve.on(DigitalDeliveryKitReceived)
def kit_received(state: State, fact: DigitalDeliveryKitReceived) -> State:
    return state.having(kit=fact.kit)


@evolve.on(RegionalTicketClosed)
def ticket_closed(state: State, fact: RegionalTicketClosed) -> State:
    return state.having(ticket=state.ticket.model_copy(update={"outcome": fact.outcome}))


@evolve.on(TestsPassed)
def passed(state: State, fact: TestsPassed) -> State:
    return state.having(stage="PASSED")

"""How each fact changes the tests of a suborder, or an engineer's agenda; nothing else does."""

from services.testing.domain.state import Agenda, Booking, Failure, Reopening, Result, Session, State
from shared.common.state import fold_common, without
from shared.contracts.acceptance import RejectionUpheld
from shared.contracts.common import (
    CalendarAdopted,
    CommandRefused,
    JeopardyCleared,
    JeopardyRaised,
    NoteAdded,
    NotificationRequested,
    OverrideRecorded,
    RegionalTicketOpened,
    RegionalTicketRequested,
    TaskEscalated,
)
from shared.contracts.intake import SuborderReleased
from shared.contracts.notifications import NotificationFailed, NotificationSent
from shared.contracts.provisioning import ReworkCompleted, ServiceProvisioned
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
    RetestOpened,
    ReworkRequested,
    SessionAnswered,
    SessionProposed,
    SlotBooked,
    SlotFreed,
    SlotRefused,
    TestsFailed,
    TestsPassed,
    TestsReopened,
)
from shared.decider import Fold

evolve: Fold[State] = Fold()
fold_common(evolve)
evolve.ignores(
    CalendarAdopted, CommandRefused, JeopardyCleared, JeopardyRaised, NoteAdded, OverrideRecorded, SlotFreed, InternalTestsFailed
)
evolve.ignores(CustomerTestsFailed, EndToEndTestsFailed)


@evolve.on(SuborderReleased)
def released(state: State, fact: SuborderReleased) -> State:
    return state.having(
        card=fact.card,
        suborder=fact.suborder,
        parent=fact.parent,
        billing_group=fact.card.terms.group,
        owner=fact.card.owner,
        ticket=fact.card.regional_ticket,
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


@evolve.on(ReworkCompleted)
def reworked(state: State, fact: ReworkCompleted) -> State:
    if state.failure is None or state.failure.rework_id != fact.rework_id:
        return state
    circuit = fact.circuit_id or state.circuit_id
    return state.having(failure=state.failure.model_copy(update={"reworked": True}), circuit_id=circuit)


@evolve.on(RejectionUpheld)
def rejected(state: State, fact: RejectionUpheld) -> State:
    return state.having(reopening=Reopening(rejection_id=fact.rejection_id, items=fact.items, cause=fact.cause))


@evolve.on(NotificationSent)
def mail_sent(state: State, fact: NotificationSent) -> State:
    if not fact.purpose.startswith("information/"):
        return state
    return state.having(information_id=fact.notification_id, information_for=int(fact.purpose.rpartition("/")[2]))


evolve.ignores(NotificationFailed)


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
    return state.having(stage="AGENDA", internal_at=fact.at, failure=None)


@evolve.on(CustomerTestDateAgreed)
def date_agreed(state: State, fact: CustomerTestDateAgreed) -> State:
    return state.having(date_agreed=fact.date)


@evolve.on(SessionProposed)
def proposed(state: State, fact: SessionProposed) -> State:
    session = Session(no=fact.session, mode=fact.mode, window=fact.window, parties=fact.parties, engineer=fact.engineer)
    return state.having(stage="AGENDA", session=session, sessions=fact.session)


def _answered(state: State, session: int, party: str, *, accepted: bool) -> State:
    if state.session is None or state.session.no != session:
        return state
    changes = {"yes": state.session.yes | {party}} if accepted else {"no_from": state.session.no_from | {party}}
    return state.having(session=state.session.model_copy(update=changes), stage=state.stage if accepted else "AGENDA")


@evolve.on(SlotBooked)
def slot_booked(state: State, fact: SlotBooked) -> State:
    return _answered(state, fact.session, "INGENIERO_B2B", accepted=True)


@evolve.on(SlotRefused)
def slot_refused(state: State, fact: SlotRefused) -> State:
    return _answered(state, fact.session, "INGENIERO_B2B", accepted=False)


@evolve.on(SessionAnswered)
def session_answered(state: State, fact: SessionAnswered) -> State:
    return _answered(state, fact.session, fact.party, accepted=fact.accepted)


@evolve.on(CustomerTestsScheduled)
def scheduled(state: State, fact: CustomerTestsScheduled) -> State:
    session = state.session.model_copy(update={"scheduled": True}) if state.session else None
    return state.having(stage="SCHEDULED", session=session)


@evolve.on(CustomerTestInformationSent)
def information_sent(state: State, fact: CustomerTestInformationSent) -> State:
    return state.having(information_sent_for=fact.session)


@evolve.on(RegionalTicketRequested)
def ticket_requested(state: State, fact: RegionalTicketRequested) -> State:
    return state.having(ticket_asked=True)


@evolve.on(RegionalTicketOpened)
def ticket_opened(state: State, fact: RegionalTicketOpened) -> State:
    return state.having(ticket=fact.ticket)


@evolve.on(CustomerTestsStarted)
def customer_started(state: State, fact: CustomerTestsStarted) -> State:
    return state.having(stage="CUSTOMER", mode=fact.mode)


@evolve.on(CustomerTestsPassed)
def customer_passed(state: State, fact: CustomerTestsPassed) -> State:
    return state.having(customer_at=fact.at)


@evolve.on(EndToEndTestsStarted)
def e2e_started(state: State, fact: EndToEndTestsStarted) -> State:
    return state.having(stage="E2E")


@evolve.on(EndToEndTestsPassed)
def e2e_passed(state: State, fact: EndToEndTestsPassed) -> State:
    return state.having(stage="CLOSING", e2e_at=fact.at, failure=None)


@evolve.on(NotificationRequested)
def mail_asked(state: State, fact: NotificationRequested) -> State:
    return state.having(told=True) if fact.template == "SERVICIO_ENTREGADO" else state


@evolve.on(DigitalDeliveryKitReceived)
def kit_received(state: State, fact: DigitalDeliveryKitReceived) -> State:
    return state.having(kit=fact.kit)


@evolve.on(RegionalTicketClosed)
def ticket_closed(state: State, fact: RegionalTicketClosed) -> State:
    return state.having(ticket_closed=fact.outcome)


@evolve.on(TestsFailed)
def failed(state: State, fact: TestsFailed) -> State:
    failure = Failure(run=fact.run, attempt=fact.attempt, items=fact.items, cause=fact.cause)
    return state.having(failures=fact.failure_no, failure=failure)


@evolve.on(TestsReopened)
def reopened(state: State, fact: TestsReopened) -> State:
    failure = Failure(run="INTERNAL", attempt=state.attempt("INTERNAL"), items=fact.items, cause=fact.cause)
    return state.having(series=fact.series, reopening=None, failure=failure, internal_at=None, customer_at=None, e2e_at=None)


@evolve.on(ReworkRequested)
def rework_requested(state: State, fact: ReworkRequested) -> State:
    if state.failure is None:
        return state
    failure = state.failure.model_copy(update={"rework_id": fact.rework_id, "steps": fact.steps})
    return state.having(stage="REWORK", failure=failure)


@evolve.on(RetestOpened)
def retest_opened(state: State, fact: RetestOpened) -> State:
    """What runs again loses its result; what is kept stays with its attempt. A new session is owed unless only the set-up was wrong."""
    again = [f"{run}/{item}" for item in fact.items for run in ("INTERNAL", "CUSTOMER", "E2E")]
    stage = {"INTERNAL": "INTERNAL", "CUSTOMER": "AGENDA", "E2E": "E2E"}[fact.run]
    if state.failure and state.failure.cause == "TEST_SETUP" and fact.run == "CUSTOMER":
        stage = "CUSTOMER"
    new_date = {"date_agreed": None, "session": None} if stage in {"INTERNAL", "AGENDA"} else {}
    attempts = {**state.attempts, fact.run: fact.attempt}
    return state.having(stage=stage, results=without(state.results, *again), failure=None, attempts=attempts, **new_date)


@evolve.on(TestsPassed)
def passed(state: State, fact: TestsPassed) -> State:
    return state.having(stage="PASSED", passed_series=fact.series)


@evolve.on(TaskEscalated)
def escalated(state: State, fact: TaskEscalated) -> State:
    return state.having(escalated=True)


evolve_agenda: Fold[Agenda] = Fold()
fold_common(evolve_agenda)


def _key(suborder: str, session: int) -> str:
    return f"{suborder}/{session}"


@evolve_agenda.on(SlotBooked)
def agenda_booked(state: Agenda, fact: SlotBooked) -> Agenda:
    booking = Booking(suborder=fact.suborder, session=fact.session, window=fact.window)
    return state.having(bookings={**state.bookings, _key(fact.suborder, fact.session): booking})


@evolve_agenda.on(SlotFreed)
def agenda_freed(state: Agenda, fact: SlotFreed) -> Agenda:
    return state.having(bookings=without(state.bookings, _key(fact.suborder, fact.session)))


evolve_agenda.ignores(SlotRefused, CommandRefused)

"""Who has the ball, from the same guards that the decisions use."""

from services.testing.domain.state import State
from shared.decider import Wait


def waiting(state: State) -> tuple[Wait, ...]:
    """The open waits of a suborder's tests."""
    if state.stopped:
        return ()
    if state.held:
        return (_wait(state, "OM", "Reanudar la suborden en espera", "OrderResumed"),)
    match state.stage:
        case "WAITING" if state.fallouts:
            return (_wait(state, "INGENIERO_B2B", "Resolver la tabla BR009", "ResolveFallout"),)
        case "WAITING":
            return (_wait(state, "INGENIERO_B2B", "Terminar el aprovisionamiento", "ServiceProvisioned"),)
        case "INTERNAL" if not state.started:
            return (_wait(state, "INGENIERO_B2B", "Iniciar las pruebas internas", "StartInternalTests"),)
        case "INTERNAL" | "CUSTOMER" | "E2E":
            party = "OM" if state.stage == "E2E" else "INGENIERO_B2B"
            return (_wait(state, party, f"Registrar y cerrar la corrida {state.stage}", "CloseTestRun", "RecordAtpResults"),)
        case "AGENDA":
            return (*_agenda(state), *_ticket(state))
        case "SCHEDULED":
            return (*_scheduled(state), *_ticket(state))
        case "CLOSING":
            return (
                _wait(
                    state,
                    "REGIONAL",
                    "Entregar el Digital Delivery Kit y cerrar el ticket",
                    "RecordDeliveryKit",
                    "CloseRegionalTicket",
                ),
            )
        case "REWORK":
            return (_wait(state, "INGENIERO_B2B", "Rehacer los pasos fallidos", "ReworkCompleted"),)
        case _:
            return (_wait(state, "CLIENTE", "Aceptar el servicio", "RejectionUpheld"),)


def _wait(state: State, party: str, what: str, *cleared_by: str) -> Wait:
    return Wait(f"{state.suborder}/{cleared_by[0]}", party, what, cleared_by)


def _ticket(state: State) -> tuple[Wait, ...]:
    if state.ticket_asked and state.ticket is None:
        return (_wait(state, "REGIONAL", "Abrir el ticket de ServiceNow", "RecordRegionalTicket"),)
    return ()


def _agenda(state: State) -> tuple[Wait, ...]:
    session = state.session
    if state.date_agreed is None:
        return (_wait(state, "OM", "Acordar la fecha de pruebas con el cliente", "AgreeTestDate"),)
    if session is None or session.no_from:
        return (_wait(state, "OM", "Proponer la sesión de pruebas", "ProposeSession"),)
    missing = [party for party in session.parties if party not in session.yes and party != "INGENIERO_B2B"]
    if not missing:
        return (_wait(state, "INGENIERO_B2B", "Confirmar la agenda del ingeniero", "SlotBooked"),)
    return tuple(
        Wait(f"{state.suborder}/AnswerSession/{party}", party, "Confirmar la sesión de pruebas", ("AnswerSession",))
        for party in missing
    )


def _scheduled(state: State) -> tuple[Wait, ...]:
    if state.session and state.information_sent_for < state.session.no:
        return (_wait(state, "OM", "Enviar al cliente la información de las pruebas", "SendTestInformation"),)
    return (_wait(state, "OM", "Iniciar las pruebas con el cliente", "StartCustomerTests"),)

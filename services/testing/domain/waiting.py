"""Who has the ball, from the same guards that the decisions use."""

from collections.abc import Iterator
from typing import Final

from services.testing.domain.information import on_its_way
from services.testing.domain.session import ENGINEER, informed
from services.testing.domain.state import State
from shared.decider import Wait

RUN: Final[dict[str, tuple[str, str]]] = {
    "INTERNAL": ("INGENIERO_B2B", "Registrar y cerrar las pruebas internas"),
    "CUSTOMER": ("INGENIERO_B2B", "Registrar y cerrar las pruebas con el cliente"),
    "E2E": ("OM", "Registrar y cerrar las pruebas E2E"),
}


def waiting(state: State) -> tuple[Wait, ...]:
    """The open waits of a suborder's tests; none when it was given up."""
    if state.stopped:
        return ()
    if state.held:
        return (_wait(state, "OM", "Reanudar la suborden en espera", "OrderResumed"),)
    return tuple(_stage(state))


def _wait(state: State, party: str, what: str, *cleared_by: str) -> Wait:
    return Wait(f"{state.suborder}/{cleared_by[0]}", party, what, cleared_by)


def _stage(state: State) -> Iterator[Wait]:
    match state.stage:
        case "WAITING" if any(one.kind == "NO_RULE_ROW" for one in state.fallouts.values()):
            yield _wait(state, "INGENIERO_B2B", "Resolver la falta de método de pruebas (BR009)", "ResolveFallout")
        case "WAITING" if state.card is None:
            yield _wait(state, "OM", "Liberar la suborden", "SuborderReleased")
        case "WAITING":
            yield _wait(state, "INGENIERO_B2B", "Terminar el aprovisionamiento", "ServiceProvisioned")
        case "INTERNAL" if not state.started:
            yield _wait(state, "INGENIERO_B2B", "Iniciar las pruebas internas", "StartInternalTests")
        case "INTERNAL" | "CUSTOMER" | "E2E":
            party, what = RUN[state.stage]
            yield _wait(state, party, what, "CloseTestRun", "RecordAtpResults")
        case "AGENDA":
            yield from _agenda(state)
            yield from _ticket(state)
        case "SCHEDULED":
            yield from _scheduled(state)
            yield from _ticket(state)
        case "CLOSING":
            yield from _closing(state)
        case "REWORK":
            yield _wait(state, "INGENIERO_B2B", "Rehacer los pasos fallidos", "ReworkCompleted")
        case _:
            yield _wait(state, "CLIENTE", "Aceptar el servicio", "RejectionUpheld")


def _ticket(state: State) -> Iterator[Wait]:
    if state.ticket.asked:
        yield _wait(state, "REGIONAL", "Abrir el ticket de ServiceNow", "RecordRegionalTicket")


def _agenda(state: State) -> Iterator[Wait]:
    session = state.session
    if state.date_agreed is None:
        yield _wait(state, "OM", "Acordar la fecha de pruebas con el cliente", "AgreeTestDate")
    elif session is None or session.no_from:
        yield _wait(state, "OM", "Proponer la sesión de pruebas", "ProposeSession")
    else:
        for party in session.missing:
            if party == ENGINEER:
                yield _wait(state, party, "Confirmar la agenda del ingeniero", "SlotBooked", "SlotRefused")
            else:
                key = f"{state.suborder}/AnswerSession/{party}"
                yield Wait(key, party, "Confirmar la sesión de pruebas", ("AnswerSession",))


def _scheduled(state: State) -> Iterator[Wait]:
    if on_its_way(state):
        yield _wait(state, "OM", "Entregar al cliente el correo con la información de las pruebas", "NotificationSent")
    elif not informed(state):
        yield _wait(state, "OM", "Enviar al cliente la información de las pruebas", "SendTestInformation")
    elif not state.ticket.asked:
        yield _wait(state, "OM", "Iniciar las pruebas con el cliente", "StartCustomerTests")


def _closing(state: State) -> Iterator[Wait]:
    if state.kit is None:
        yield _wait(state, "REGIONAL", "Entregar el Digital Delivery Kit", "RecordDeliveryKit")
    if state.ticket.asked:
        yield from _ticket(state)
    elif state.ticket.outcome not in {None, "SOLVED"} and not state.ticket.settled:
        yield _wait(
            state, "REGIONAL", "Resolver el ticket que no se cerró como resuelto", "ResolveFallout", "RecordRegionalTicket"
        )
    elif state.ticket.open:
        yield _wait(state, "REGIONAL", "Cerrar el ticket de ServiceNow", "CloseRegionalTicket")

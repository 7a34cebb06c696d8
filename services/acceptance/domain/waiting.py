"""Who has the ball, from the same guards that the decisions use."""

from collections.abc import Iterator
from datetime import datetime

from services.acceptance.domain.state import Onboarding, State
from shared.decider import Wait


def waiting(state: State) -> tuple[Wait, ...]:
    """The open waits of a suborder's acceptance; none when it is done or given up."""
    if state.stopped or state.stage == "DONE":
        return ()
    if state.held:
        return (_wait(state, "OM", "Reanudar la suborden en espera", "OrderResumed"),)
    redating = (
        [_wait(state, "OM_SUPERVISOR", "Aprobar el plazo más corto propuesto", "ApproveRedating")] if state.redating else []
    )
    return (*_stage(state), *redating)


def _wait(state: State, party: str, what: str, *cleared_by: str, due: datetime | None = None) -> Wait:
    return Wait(f"{state.suborder}/{cleared_by[0]}", party, what, cleared_by, due)


def _stage(state: State) -> Iterator[Wait]:
    match state.stage:
        case "WAITING" if state.card is None:
            yield _wait(state, "OM", "Liberar la suborden", "SuborderReleased")
        case "WAITING" | "REWORK":
            yield _wait(state, "INGENIERO_B2B", "Completar las pruebas", "TestsPassed")
        case "SENDING":
            yield _sending(state)
        case "OPEN":
            due = state.clock.deadline if state.clock else None
            yield _wait(state, "CLIENTE", "Firmar o rechazar el acta de entrega", "RecordSignature", "RejectAcceptance", due=due)
        case "REVIEWING":
            what = "Revisar con el cliente el alcance del ATP y resolver el rechazo"
            party = "GI" if state.dismissals else "OM"
            yield _wait(state, party, what, "DismissRejection", "UpholdRejection", "ReferDispute")
        case "DISPUTED":
            yield _wait(state, "EC", "Resolver la disputa comercial", "ResolveDispute")
        case _:
            yield from _accepted(state)


def _sending(state: State) -> Wait:
    if state.acta is not None and state.acta.doc is None:
        return _wait(state, "OM", "Emitir el acta de entrega", "RecordActaRendered", "ResendActa")
    if f"{state.suborder}/{state.acta.purpose if state.acta else ''}" in state.fallouts or state.clock is not None:
        return _wait(state, "OM", "Reenviar el acta de entrega", "ResendActa")
    return _wait(state, "OM", "Entregar el acta al cliente por correo", "NotificationSent", "ResendActa")


def _accepted(state: State) -> Iterator[Wait]:
    if state.expired and state.notice is None:
        yield _wait(state, "OM", "Avisar el vencimiento al cliente, con copia a EC y GI", "NotificationSent")
    if state.expired and not state.called:
        yield _wait(state, "OM", "Llamar al cliente por la aceptación vencida", "RecordExpiryCall")
    if state.phases_left != 0:
        yield _wait(state, "FACTURADOR_BBD", "Activar la facturación del servicio", "ServiceBillingActivated")
    if state.onboarding is not None:
        yield from _onboarding(state, state.onboarding)
    elif state.phases_left == 0:
        yield _wait(state, "OM", "Resolver la regla de inducción y kit (BR022)", "ResolveFallout")


def _onboarding(state: State, running: Onboarding) -> Iterator[Wait]:
    if not running.data_updated:
        yield _wait(state, "OM", "Actualizar la información del cliente", "UpdateCustomerData")
    if running.trained and not running.kit_delivered:
        yield _wait(state, "OM", "Entregar el kit de bienvenida", "RecordKitDelivery", "NotificationSent")
    elif running.training == "EMAIL" and not running.trained:
        yield _wait(state, "OM", "Enviar la inducción al cliente", "NotificationSent")
    elif running.training == "LIVE" and not running.trained:
        command = "RecordTraining" if running.scheduled else "ScheduleTraining"
        what = "Realizar la capacitación" if running.scheduled else "Programar la capacitación con el cliente"
        yield _wait(state, "OM", what, command)

"""Who has the ball, from the same guards that the decisions use."""

from collections.abc import Iterator
from datetime import datetime

from services.provisioning.domain.state import State
from shared.decider import Wait


def waiting(state: State) -> tuple[Wait, ...]:
    """The open waits of a suborder's provisioning; none when it was given up."""
    if state.stopped:
        return ()
    if state.held:
        return (_wait(state, "OM", "Reanudar la suborden en espera", "OrderResumed"),)
    if state.card is None:
        return (_wait(state, "OM", "Liberar la suborden", "SuborderReleased"),)
    if state.stage == "PROVISIONED":
        return (_wait(state, "INGENIERO_B2B", "Realizar las pruebas", "ReworkRequested"),)
    return (*_circuit(state), *_configuration(state), *_step(state))


def _wait(state: State, party: str, what: str, *cleared_by: str, due: datetime | None = None) -> Wait:
    return Wait(f"{state.suborder}/{cleared_by[0]}", party, what, cleared_by, due)


def _circuit(state: State) -> Iterator[Wait]:
    if state.circuit.pending:
        yield _wait(state, "NOC", "Habilitar el circuito virtual", "ConfirmVirtualCircuit")


def _configuration(state: State) -> Iterator[Wait]:
    if state.configures:
        due = next((one.due for one in state.requests.values() if not one.answered), None)
        yield _wait(state, "ACTIVACIONES", "Configurar a nivel lógico", "AnswerActivationsRequest", due=due)


def _step(state: State) -> Iterator[Wait]:
    match state.step:
        case "NETWORK" if state.build:
            yield _wait(state, "CONTRATISTA", "Terminar la construcción de red", "CompleteBuildItem")
        case "NETWORK":
            yield _wait(state, "INGENIERO_B2B", "Planificar la construcción de red", "PlanNetworkBuild")
        case "EQUIPMENT":
            what = "Conseguir el equipo faltante" if state.short else "Confirmar stock y almacén"
            yield _wait(state, "JEFE_PRODUCTO", what, "ReportStock")
        case "VISIT" if state.visit and state.visit.window:
            yield _wait(state, "CONTRATISTA", "Realizar la visita técnica", "ReportTechnicalVisit")
        case "VISIT":
            yield _wait(state, "OM", "Programar la visita técnica", "ScheduleTechnicalVisit")
        case "METHOD":
            yield from _method(state)


def _method(state: State) -> Iterator[Wait]:
    if any(one.kind == "NO_RULE_ROW" for one in state.fallouts.values()):
        what = "Resolver la falta de método de aprovisionamiento"
        yield _wait(state, "INGENIERO_B2B", what, "ResolveFallout", "VerifyProvisioningMethod")
    elif not state.methods:
        yield _wait(state, "INGENIERO_B2B", "Verificar el método de aprovisionamiento", "VerifyProvisioningMethod")
    elif not state.circuit.pending:
        yield _wait(state, "INGENIERO_B2B", "Confirmar el servicio aprovisionado", "ConfirmServiceProvisioned")

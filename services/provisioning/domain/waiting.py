"""Who has the ball, from the same guards that the decisions use."""

from services.provisioning.domain.state import State
from shared.decider import Wait

FINAL = frozenset({"STOPPED"})


def waiting(state: State) -> tuple[Wait, ...]:
    """The open waits of a suborder's provisioning."""
    if state.stopped:
        return ()
    if state.held:
        return (_wait(state, "OM", "Reanudar la suborden en espera", "OrderResumed"),)
    if state.card is None:
        return (_wait(state, "OM", "Liberar la suborden", "SuborderReleased"),)
    if state.provisioned and state.rework is None:
        return (_wait(state, "INGENIERO_B2B", "Realizar las pruebas", "ReworkRequested"),)
    return (*_circuit(state), *_step(state))


def _wait(state: State, party: str, what: str, *cleared_by: str) -> Wait:
    return Wait(f"{state.suborder}/{cleared_by[0]}", party, what, cleared_by)


def _circuit(state: State) -> tuple[Wait, ...]:
    if state.circuit.asked > state.circuit.enabled:
        return (_wait(state, "NOC", "Habilitar el circuito virtual", "ConfirmVirtualCircuit"),)
    return ()


def _step(state: State) -> tuple[Wait, ...]:
    match state.step:
        case "NETWORK" if state.build:
            return (_wait(state, "CONTRATISTA", "Terminar la construcción de red", "CompleteBuildItem"),)
        case "NETWORK":
            return (_wait(state, "INGENIERO_B2B", "Planificar la construcción de red", "PlanNetworkBuild"),)
        case "LOGICAL":
            due = next((one.due for one in state.requests.values() if not one.answered), None)
            return (
                Wait(
                    f"{state.suborder}/AnswerActivationsRequest",
                    "ACTIVACIONES",
                    "Configurar a nivel lógico",
                    ("AnswerActivationsRequest",),
                    due,
                ),
            )
        case "EQUIPMENT":
            what = "Conseguir el equipo faltante" if state.short else "Confirmar stock y almacén"
            return (_wait(state, "JEFE_PRODUCTO", what, "ReportStock"),)
        case "VISIT" if state.visit and state.visit.scheduled:
            return (_wait(state, "CONTRATISTA", "Realizar la visita técnica", "ReportTechnicalVisit"),)
        case "VISIT":
            return (_wait(state, "OM", "Programar la visita técnica", "ScheduleTechnicalVisit"),)
        case _ if state.methods:
            return (_wait(state, "INGENIERO_B2B", "Confirmar el servicio aprovisionado", "ConfirmServiceProvisioned"),)
        case _:
            return (_wait(state, "INGENIERO_B2B", "Verificar el método de aprovisionamiento", "VerifyProvisioningMethod"),)

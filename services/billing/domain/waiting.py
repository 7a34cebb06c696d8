"""Who has the ball, from the same guards that the decisions use."""

from services.billing.domain.state import PhaseState, State
from shared.decider import Wait

ATTACH = "ATTACHMENT_MISSING"


def waiting(state: State) -> tuple[Wait, ...]:
    """The open waits of a billing group; none once every phase is active."""
    if state.stopped or (state.phases and all(one.stage == "ACTIVE" for one in state.phases.values())):
        return ()
    if state.held:
        return (Wait(f"{state.billing_group}/OrderResumed", "OM", "Reanudar la suborden en espera", ("OrderResumed",)),)
    if state.opened and not state.phases:
        what = "Definir las fases de facturación del contrato"
        return (Wait(f"{state.billing_group}/SetBillingPhases", "OM", what, ("SetBillingPhases",)),)
    if not state.phases:
        return (Wait(f"{state.billing_group}/OrderReceived", "EC", "Enviar la orden", ("OrderReceived",)),)
    return tuple(_phase(state, one) for one in state.phases.values() if one.stage != "ACTIVE")


def _phase(state: State, one: PhaseState) -> Wait:
    key, name = f"{state.request_id(one.phase.no)}", f"fase {one.phase.no} ({one.phase.name})"
    if one.refused:
        return Wait(f"{key}/ResendBillingRequest", "OM", f"Corregir y reenviar la {name}", ("ResendBillingRequest",))
    if one.stage == "REQUESTED":
        request = state.requests.get(state.request_id(one.phase.no))
        due = request.due if request else None
        answers = ("ConfirmBillingActivation", "RefuseBillingActivation")
        return Wait(f"{key}/ConfirmBillingActivation", "FACTURADOR_BBD", f"Activar la {name}", answers, due)
    if one.stage == "BLOCKED":
        what = f"Completar la {name}: {', '.join(one.missing)}"
        clears = ("AttachBillingDocument", "DocsValidated", "BillingAccountPrepared")
        return Wait(f"{key}/AttachBillingDocument", "OM", what, clears)
    if one.stage == "DEFERRED" and one.rule == "WAIT_DATE":
        return Wait(f"{key}/billing_date", "SYSTEM", f"Esperar el {one.date} para la {name}", ("billing_date",))
    if one.stage == "DEFERRED":
        return Wait(
            f"{key}/AllSitesAccepted", "CLIENTE", f"Esperar {one.activity} para la {name}", ("AllSitesAccepted", "NetworkBuilt")
        )
    clears = ("AcceptanceSigned", "AcceptanceExpiryNotified")
    return Wait(f"{key}/AcceptanceSigned", "CLIENTE", f"Aceptar el servicio para la {name}", clears)

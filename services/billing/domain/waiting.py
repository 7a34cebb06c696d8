"""Who has the ball, from the same guards that the decisions use."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from services.billing.domain.state import PhaseState, State
from shared.contracts.shapes import Phase
from shared.decider import Wait

MENDS: Final = {
    "ATTACHMENT_MISSING": ("OM", "Adjuntar", "AttachBillingDocument", "DocumentAttached"),
    "APPROVER_MISMATCH": ("OM", "Corregir el aprobador del análisis de rentabilidad", "AttachBillingDocument", "DocsValidated"),
    "DOCS_REOPENED": ("OM", "Validar de nuevo los documentos", "DocsValidated"),
    "BILLING_ACCOUNT_MISSING": ("ACTIVACIONES", "Preparar la cuenta de facturación", "BillingAccountPrepared"),
    "REGIONAL_TICKET_MISSING": ("REGIONAL", "Registrar el ticket de ServiceNow", "TestsPassed"),
    "OPEN_REJECTION": ("OM", "Resolver el rechazo abierto", "AcceptanceClockResumed", "RejectionUpheld", "AcceptanceSigned"),
    "EXPIRY_NOT_NOTIFIED": ("OM", "Avisar el vencimiento con sus copias", "AcceptanceExpiryNotified"),
}
"""What a missing thing waits for: the party, what to do, and the messages that bring it."""
ACCEPTANCE: Final = ("CLIENTE", "Aceptar el servicio", "AcceptanceSigned", "AcceptanceExpiryNotified")
ACTIVITIES: Final = {
    "NETWORK_BUILT": ("INGENIERO_B2B", "Construir la red", "NetworkBuilt"),
    "SERVICE_PROVISIONED": ("INGENIERO_B2B", "Aprovisionar el servicio", "ServiceProvisioned"),
    "TESTS_PASSED": ("INGENIERO_B2B", "Completar las pruebas", "TestsPassed"),
    "ALL_SITES_ACCEPTED": ("CLIENTE", "Aceptar todas las sedes", "AllSitesAccepted"),
}


def waiting(state: State) -> tuple[Wait, ...]:
    """The open waits of a billing group; none once every phase is active."""
    if state.stopped or state.done:
        return ()
    group = state.billing_group
    if state.held:
        return (_wait(group, "OM", "Reanudar la suborden en espera", "OrderResumed"),)
    if state.order is None:
        return (_wait(group, "EC", "Enviar la orden", "OrderReceived"),)
    if not state.phases:
        return (_wait(group, "OM", f"Definir las fases de facturación del contrato{_suggestion(state)}", "SetBillingPhases"),)
    return tuple(wait for one in state.in_order for wait in _phase(state, one))


def _suggestion(state: State) -> str:
    """What the operator suggests, in a sentence: nothing counts until the owner sets it with the clause (15.2)."""
    told = "; ".join(f"{one.no} {one.name}, {one.percent} %, al {_trigger(one)}" for one in state.suggested)
    return f" (sugerencia: {told})" if told else ""


def _trigger(phase: Phase) -> str:
    _, what, *_ = ACTIVITIES.get(phase.trigger.activity or "", ACCEPTANCE)
    return f"{what[0].lower()}{what[1:]}"


def _wait(key: str, party: str, what: str, *cleared_by: str, due: datetime | None = None) -> Wait:
    return Wait(f"{key}/{cleared_by[0]}", party, what, cleared_by, due)


def _phase(state: State, one: PhaseState) -> Iterator[Wait]:
    key, name = state.request_id(one.phase.no), f"fase {one.phase.no}, {one.phase.name}"
    if one.stage == "ACTIVE":
        return
    if one.refused:
        yield _wait(key, "OM", f"Corregir y reenviar la solicitud ({name})", "ResendBillingRequest")
    elif one.stage == "REQUESTED":
        due = state.requests[key].due
        answers = ("ConfirmBillingActivation", "RefuseBillingActivation")
        yield _wait(key, "FACTURADOR_BBD", f"Activar el servicio ({name})", *answers, due=due)
    elif one.stage == "BLOCKED":
        yield from _blocked(key, name, one)
    elif one.rule == "WAIT_DATE" and one.date is not None:
        yield _wait(key, "OM", f"Facturar desde el {one.date:%d/%m/%Y} ({name})", "billing_date")
    elif one.rule == "WAIT_ACTIVITY":
        party, what, *cleared_by = ACTIVITIES.get(one.activity or "", ACCEPTANCE)
        yield _wait(key, party, f"{what} ({name})", *cleared_by)
    elif not all(member in state.cards for member in state.members):
        yield _wait(key, "OM", f"Liberar las subórdenes ({name})", "SuborderReleased")
    else:
        party, what, *cleared_by = ACCEPTANCE
        yield _wait(key, party, f"{what} ({name})", *cleared_by)


def _blocked(key: str, name: str, one: PhaseState) -> Iterator[Wait]:
    """One wait for each way to mend it; what is missing is named in its wait."""
    seen: set[str] = set()
    for code in one.missing:
        kind, _, detail = code.partition(":")
        party, what, *cleared_by = MENDS.get(kind, ACCEPTANCE)
        if cleared_by[0] not in seen:
            seen.add(cleared_by[0])
            yield _wait(key, party, f"{what} {detail} ({name})".replace("  ", " "), *cleared_by)

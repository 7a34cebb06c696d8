"""Who has the ball, from the same guards that the decisions use."""

from services.intake.domain.state import FINAL, State, Sub
from shared.decider import Wait


def waiting(state: State) -> tuple[Wait, ...]:
    """The open waits of an order."""
    if state.stage in FINAL or state.stage in {"PARTIAL", "NEW"}:
        return ()
    return STAGE[state.stage](state)


def _wait(key: str, party: str, what: str, *cleared_by: str) -> Wait:
    return Wait(f"{key}/{cleared_by[0]}", party, what, cleared_by)


def _received(state: State) -> tuple[Wait, ...]:
    content = state.content
    if content is None:
        return ()
    sites = len(content.suborders)
    what = f"Revisar y apropiarse: {content.customer_name}, {content.offer}, {content.segment_label}, {sites} sede(s)"
    return (_wait(state.parent, "OM", what[:900], "ClaimOrder", "ReviewOrder", "ReturnOrder"),)


def _claimed(state: State) -> tuple[Wait, ...]:
    return (_wait(state.parent, "OM", "Validar los documentos", "ValidateDocs", "AttachDocument"),)


def _incomplete(state: State) -> tuple[Wait, ...]:
    what = f"Completar los documentos faltantes: ítems {', '.join(map(str, state.missing))}"
    return (_wait(state.parent, "EC", what, "AttachDocument", "SalesforceDocumentsAdded", "ValidateDocs"),)


def _valid(state: State) -> tuple[Wait, ...]:
    return (_wait(state.parent, "OM", "Generar las órdenes de trabajo", "GenerateWorkOrders"),)


def _outside(state: State) -> tuple[Wait, ...]:
    return (_wait(state.parent, "EC", "Corregir la orden en Salesforce", "SalesforceOrderSubmitted"),)


def _planned(state: State) -> tuple[Wait, ...]:
    waits = [] if state.docs_valid else [_wait(state.parent, "OM", "Validar de nuevo los documentos", "ValidateDocs")]
    for key, sub in state.live.items():
        waits += _released(key) if sub.stage == "RELEASED" else _open(state, key, sub)
    return tuple(waits)


def _released(key: str) -> list[Wait]:
    return [_wait(key, "OM", "Entregar el servicio", "SuborderCompleted")]


def _open(state: State, key: str, sub: Sub) -> list[Wait]:
    if sub.held:
        return [_wait(key, "OM", f"En espera: {sub.held}", "ResumeOrder")]
    waits = []
    for request in ("quotes", "service_creation"):
        asked = state.requests.get(f"{key}/{request}")
        if asked and not asked.answered:
            name = "SubmitQuote" if request == "quotes" else "AnswerActivationsRequest"
            what = "Enviar dos cotizaciones" if request == "quotes" else "Crear el servicio"
            waits.append(Wait(f"{key}/{name}", "ACTIVACIONES", what, (name,), asked.due))
    if sub.has("INSTALLATION") and sub.selected is None and state.requests[f"{key}/quotes"].answered:
        waits.append(_wait(key, "OM", "Elegir la cotización", "SelectQuote"))
    if sub.has("PROVISIONING_START") and sub.ticket is None:
        waits.append(_wait(key, "REGIONAL", "Abrir el ticket de ServiceNow", "RecordRegionalTicket"))
    # The plan's roles need the tables; whoever is not assigned yet is asked for until the release.
    waits.append(_wait(key, "OM", "Asignar el equipo de trabajo y presentar el HLD si corresponde", "AssignTeam", "PresentHld"))
    return waits


STAGE = {
    "RECEIVED": _received,
    "CLAIMED": _claimed,
    "DOCS_INCOMPLETE": _incomplete,
    "DOCS_VALID": _valid,
    "PLANNED": _planned,
    "IN_DELIVERY": _planned,
    "RETURNED": _outside,
    "REJECTED": _outside,
}

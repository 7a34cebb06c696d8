"""Who has the ball, from the same guards that the decisions use."""

from collections.abc import Iterator

from services.intake.domain.checklist import OPPORTUNITY
from services.intake.domain.requests import wanted
from services.intake.domain.state import FINAL, GENERATED, State, Sub
from shared.decider import Wait

ANSWERS = {
    "QUOTES": ("SubmitQuote", "Enviar las cotizaciones"),
    "SERVICE_CREATION": ("AnswerActivationsRequest", "Crear el servicio"),
    "BILLING_ACCOUNT": ("AnswerActivationsRequest", "Preparar la cuenta de facturación"),
}


def waiting(state: State) -> tuple[Wait, ...]:
    """The open waits of an order; none once it has ended."""
    return () if state.stage in FINAL else (*_order(state), *_fallouts(state), *_requests(state), *_suborders(state))


def _wait(key: str, party: str, what: str, *cleared_by: str) -> Wait:
    return Wait(f"{key}/{cleared_by[0]}", party, what[:900], cleared_by)


def _order(state: State) -> Iterator[Wait]:
    """What the order as a whole waits for."""
    parent = state.parent
    match state.stage:
        case "NEW" if parent:
            yield _wait(parent, "EC", "Enviar la orden desde Salesforce", "SalesforceOrderSubmitted")
        case "ASSEMBLING":
            come = state.assembly.come if state.assembly else None
            what = f"Enviar lo que falta de la orden: {'; '.join(come.missing) if come else ''}"
            wait = _wait(parent, "EC", what, "SalesforcePiecesArrived", "SalesforceOrderSubmitted")
            yield Wait(wait.key, wait.party, wait.what, wait.cleared_by, state.assembly_due)
        case "RETURNED" | "REJECTED":
            yield _wait(parent, "EC", "Corregir la orden en Salesforce", "SalesforceOrderSubmitted")
        case "RECEIVED":
            yield _wait(parent, "OM", _offer(state), "ClaimOrder", "ReviewOrder", "ReturnOrder")
        case "CLAIMED" | "DOCS_INCOMPLETE" | "DOCS_VALID" | "PLANNED" | "IN_DELIVERY":
            if state.owner is None:
                yield _wait(parent, "OM", _offer(state), "ClaimOrder", "ReviewOrder")
            yield from _documents(state)


def _offer(state: State) -> str:
    content = state.content
    if content is None:
        return "Revisar y apropiarse de la orden"
    sites = len(content.suborders)
    return f"Revisar y apropiarse: {content.customer_name}, {content.offer}, {content.segment_label}, {sites} sede(s)"


def _documents(state: State) -> Iterator[Wait]:
    brought = {one.item for one in state.documents.values() if one.serves}
    missing = [item for item in state.missing if item not in brought]
    if state.stage == "DOCS_INCOMPLETE" and missing:
        what = f"Completar los documentos faltantes: ítems {', '.join(map(str, missing))}"
        # The opportunity code is no document: only the sale itself can bring it.
        sale = ("SalesforceOrderSubmitted",) if OPPORTUNITY in missing else ()
        papers = ("AttachDocument", "SalesforceDocumentsAdded") if set(missing) - {OPPORTUNITY} else ()
        yield _wait(state.parent, "EC", what, *papers, *sale, "ValidateDocs")
    elif not state.docs_valid:
        what = "Validar los documentos" if state.stage == "CLAIMED" else "Validar de nuevo los documentos"
        yield _wait(state.parent, "OM", what, "ValidateDocs", "AttachDocument")
    elif state.stage == "DOCS_VALID":
        yield _wait(state.parent, "OM", "Generar las órdenes de trabajo", "GenerateWorkOrders")


def _fallouts(state: State) -> Iterator[Wait]:
    """Problems of intake's own steps; those of other services are waits there."""
    for key, one in state.fallouts.items():
        name = f"{state.parent}/ResolveFallout/{key}"
        yield Wait(name[:200], one.queue, state.problems.get(key, one.kind)[:900], ("ResolveFallout",))


def _requests(state: State) -> Iterator[Wait]:
    for _, one, suborder in wanted(state):
        name, what = ANSWERS[one.kind]
        yield Wait(f"{suborder}/{name}/{one.kind.lower()}", one.asked_of, what, (name,), one.due)


def _suborders(state: State) -> Iterator[Wait]:
    for key, sub in state.live.items():
        if sub.held:
            wait = _wait(key, "OM", f"Reanudar la suborden en espera: {sub.held}", "ResumeOrder")
            yield Wait(wait.key, wait.party, wait.what, wait.cleared_by, sub.review_at)
        elif sub.stage == "RELEASED":
            yield _wait(key, "OM", "Entregar el servicio", "SuborderCompleted")
        elif sub.stage == "PLANNED" and state.stage in GENERATED:
            yield from _unreleased(state, key, sub)


def _unreleased(state: State, key: str, sub: Sub) -> Iterator[Wait]:
    """The preconditions of its release that are a person's."""
    quotes = state.requests.get(f"{key}/quotes")
    if sub.has("INSTALLATION") and sub.selected is None and quotes is not None and quotes.answered:
        yield _wait(key, "OM", "Elegir la cotización", "SelectQuote")
    if sub.has("PROVISIONING_START") and sub.ticket is None:
        yield _wait(key, "REGIONAL", "Abrir el ticket de ServiceNow", "RecordRegionalTicket")
    if sub.unfilled:
        yield _wait(key, "OM", f"Asignar el equipo de trabajo: {', '.join(sub.unfilled)}", "AssignTeam")
    elif not sub.hld_done:
        yield _wait(key, "OM", f"Presentar el HLD a {', '.join(sub.not_shown)}", "PresentHld")

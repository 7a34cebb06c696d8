"""Whose turn it is and what they then send: a wait of an order, answered by the message it names."""

from services.intake.domain.checklist import OPPORTUNITY
from services.intake.domain.state import State
from shared.contracts.base import Message
from shared.contracts.common import ResolveFallout
from shared.contracts.intake import (
    AssignTeam,
    AttachDocument,
    ClaimOrder,
    GenerateWorkOrders,
    PresentHld,
    ResumeOrder,
    ReturnOrder,
    ReviewOrder,
    SelectQuote,
    ValidateDocs,
)
from shared.decider import Actor, Wait
from tests.builders import PARENT, doc, sale
from tests.given import MONDAY as NOW
from tests.given import actor
from tests.unit.intake.desk import OWNER, PEOPLE, SUPERVISOR, Desk

SERVES = {
    1: "CONTRATO_FIRMADO",
    2: "RELEVAMIENTO_PREVENTA",
    3: "PROPUESTA_COMERCIAL",
    4: "ANALISIS_RENTABILIDAD",
    5: "RIESGO_CREDITICIO",
    6: "APROBACION_EXCEPCION",
    7: "SOW",
}
"""A kind of document for each item of the checklist that a document satisfies."""


def answer(desk: Desk, wait: Wait) -> None:
    """Sends the first message that the wait names, as its party would."""
    suborder = wait.key.split("/")[0]
    match wait.cleared_by[0]:
        case "SalesforceOrderSubmitted":
            version = max(desk.state.content.version if desk.state.content else 0, desk.state.noted, 9) + 1
            desk.when(sale(version=version))
        case "SuborderCompleted":
            desk.accepted(suborder).completed(suborder)
        case "ClaimOrder":
            _decide(desk)
        case "AttachDocument":
            _bring(desk)
        case "SubmitQuote":
            desk.offered(suborder=suborder)
        case "AnswerActivationsRequest" if "billing_account" in wait.key:
            for key, one in desk.state.requests.items():
                if one.kind == "BILLING_ACCOUNT" and not one.answered:
                    desk.answered(key, account="BBD-4471")
        case "AnswerActivationsRequest":
            desk.created(suborder)
        case "RecordRegionalTicket":
            desk.with_ticket(suborder)
        case "ResolveFallout":
            fallout = wait.key.partition("/ResolveFallout/")[2]
            by_hand = ResolveFallout(aggregate=PARENT, fallout_id=fallout, how="MANUAL", reason="Se hizo a mano")
            desk.when(by_hand, actor(wait.party))
        case name:
            desk.when(owners(desk.state, suborder)[name], _who(desk))


def owners(state: State, suborder: str) -> dict[str, Message]:
    """The commands of the Order Manager, as the order stands."""
    sub = state.subs.get(suborder)
    roles = {role: PEOPLE[role] for role in sub.unfilled} if sub else {}
    shown = tuple(sub.not_shown) if sub else ()
    known: dict[str, Message] = {
        "ValidateDocs": ValidateDocs(aggregate=PARENT),
        "GenerateWorkOrders": GenerateWorkOrders(aggregate=PARENT),
        "SelectQuote": SelectQuote(aggregate=PARENT, suborder=suborder),
        "AssignTeam": AssignTeam(aggregate=PARENT, suborders=(suborder,), roles=roles),
        "ResumeOrder": ResumeOrder(aggregate=PARENT, suborders=(suborder,), reason="Sigue la entrega"),
        "PresentHld": PresentHld(aggregate=PARENT, suborders=(suborder,), document=doc("HLD"), at=NOW, presented_to=shown),
    }
    return {name: one.model_copy(update={"override_reason": "El dueño no está"}) for name, one in known.items()}


def _who(desk: Desk) -> Actor:
    return OWNER if desk.state.owner in {None, OWNER.id} else SUPERVISOR


def _decide(desk: Desk) -> None:
    """Looks, then owns; what may not be owned goes back."""
    desk.when(ReviewOrder(aggregate=PARENT), OWNER).when(ClaimOrder(aggregate=PARENT), OWNER)
    if desk.code() == "NOT_HOMOLOGATED":
        desk.when(ReturnOrder(aggregate=PARENT, reason="NO_HOMOLOGADO"), OWNER)


def _bring(desk: Desk) -> None:
    """The documents that are missing, in a newer version where one was not accepted."""
    for item in desk.state.missing:
        if item == OPPORTUNITY:
            continue
        kind = SERVES[item]
        known = [one.doc.version for one in desk.state.documents.values() if one.doc.kind == kind]
        paper = doc(kind, version=max(known, default=0) + 1)
        desk.when(AttachDocument(aggregate=PARENT, doc=paper, override_reason="El dueño no está"), SUPERVISOR)

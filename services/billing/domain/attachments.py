"""What a request must carry, and the right approver of a non-standard project (15.4, 15.5)."""

from decimal import Decimal

from services.billing.domain.state import State
from shared.calendar.calendar import local_day
from shared.contracts.base import Fact
from shared.contracts.billing import AttachBillingDocument, BillingDocumentAttached, ProfitabilityApproverMismatched
from shared.contracts.shapes import Doc
from shared.decider import Decision, World, refused

SUMMARY, PROFITABILITY = "FORMULARIO_RESUMEN_CONTRATO", "ANALISIS_RENTABILIDAD"
CONTRACT = ("CONTRATO_FIRMADO", "CERTIFICADO_APROBACION")
"""A purchase order satisfies the document gate but not billing."""
KINDS = frozenset({SUMMARY, PROFITABILITY, *CONTRACT})


def newest(state: State, *kinds: str) -> Doc | None:
    """The newest document of these kinds, the first kind before the next."""
    for kind in kinds:
        found = [doc for doc in state.documents.values() if doc.kind == kind]
        if found:
            return max(found, key=lambda doc: (doc.version, doc.at))
    return None


def non_standard(state: State) -> bool:
    """Whether any line of the group is non-standard."""
    return state.order is not None and any(not item.standard for one in state.order.suborders for item in one.items)


def required(state: State) -> tuple[tuple[str, ...], ...]:
    """The kinds a request carries; of several in one entry any serves."""
    return ((SUMMARY,), CONTRACT, *(((PROFITABILITY,),) if non_standard(state) else ()))


def found(state: State) -> tuple[Doc, ...]:
    """The attachments that are there."""
    return tuple(doc for kinds in required(state) if (doc := newest(state, *kinds)))


def missing(state: State) -> list[str]:
    """What is not there, with its kind."""
    return [f"ATTACHMENT_MISSING:{kinds[0]}" for kinds in required(state) if newest(state, *kinds) is None]


def expected_approver(state: State, world: World) -> str:
    """The position that the matrix names for amount and segment (`domain.md` 6.8)."""
    order, day = state.order, local_day(world.now)
    if order is None:
        return ""
    money = order.terms.contract_value
    amount = money.amount * (money.rate or Decimal(1))
    row = world.tables["APPROVERS"].decide(day, segment=order.segment, amount=amount)
    return row.text("approver") if row else ""


def mismatch(state: State, world: World) -> ProfitabilityApproverMismatched | None:
    """The approver named in the analysis is not the matrix's (15.5)."""
    analysis = newest(state, PROFITABILITY)
    if not non_standard(state) or analysis is None or state.order is None:
        return None
    named, expected = analysis.approver or "", expected_approver(state, world)
    if named == expected:
        return None
    return ProfitabilityApproverMismatched(
        named=named, expected=expected, amount=state.order.terms.contract_value, segment=state.order.segment
    )


def attach(state: State, command: AttachBillingDocument, world: World) -> Decision:
    """The owner attaches what is missing (15.4)."""
    if command.doc.kind not in KINDS:
        return refused("UNKNOWN_DOCUMENT_KIND", kind=command.doc.kind)
    known = state.documents.get(command.doc.doc_id)
    if known is not None:
        return [] if known.sha256 == command.doc.sha256 else refused("HASH_MISMATCH")
    facts: list[Fact] = [BillingDocumentAttached(doc=command.doc)]
    return facts

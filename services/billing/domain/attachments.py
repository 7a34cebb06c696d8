"""What a request must carry, and the right approver of a non-standard project (15.4, 15.5)."""

from decimal import Decimal
from typing import Final

from services.billing.domain.state import State
from shared.calendar.calendar import local_day
from shared.contracts.billing import AttachBillingDocument, BillingDocumentAttached, ProfitabilityApproverMismatched
from shared.contracts.shapes import Doc
from shared.decider import Decision, World, refused

SUMMARY: Final = "FORMULARIO_RESUMEN_CONTRATO"
PROFITABILITY: Final = "ANALISIS_RENTABILIDAD"
CONTRACT: Final = ("CONTRATO_FIRMADO", "CERTIFICADO_APROBACION")
"""A purchase order satisfies the document gate but not billing."""
KINDS: Final = frozenset({SUMMARY, PROFITABILITY, *CONTRACT})


def newest(state: State, *kinds: str) -> Doc | None:
    """The newest document of these kinds, the first kind before the next."""
    for kind in kinds:
        found = [doc for doc in (*state.documents.values(), *state.attached.values()) if doc.kind == kind]
        if found:
            return max(found, key=lambda doc: (doc.version, doc.at))
    return None


def non_standard(state: State) -> bool:
    """Whether any line that is billed is non-standard."""
    suborders = state.order.suborders if state.order else ()
    return any(not item.standard for one in suborders if one.suborder in state.members for item in one.items)


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
    """The position that the matrix names for amount in BOB and segment (`domain.md` 6.8)."""
    order = state.order
    if order is None:
        return ""
    value = order.terms.contract_value
    amount = value.amount * (value.rate or Decimal(1))
    row = world.tables["APPROVERS"].decide(local_day(world.now), segment=order.ruling_segment, amount=amount)
    return row.text("approver") if row else ""


def mismatch(state: State, world: World) -> ProfitabilityApproverMismatched | None:
    """The approver named in the analysis is not the matrix's: both are shown (15.5)."""
    analysis, order = newest(state, PROFITABILITY), state.order
    if not non_standard(state) or analysis is None or order is None:
        return None
    named, expected = analysis.approver or "", expected_approver(state, world)
    if named and named == expected:  # a gap of the matrix and an analysis that names nobody agree on nothing
        return None
    rules = {"APPROVERS": world.tables.version("APPROVERS", local_day(world.now))}
    return ProfitabilityApproverMismatched(
        named=named,
        expected=expected,
        amount=order.terms.contract_value,
        segment=order.segment,
        policy_segment=order.policy_segment,
        rules=rules,
    )


def attach(state: State, command: AttachBillingDocument, world: World) -> Decision:
    """The owner attaches what is missing, also after a refusal (15.4)."""
    open_phases = [one for one in state.phases.values() if one.stage not in {"REQUESTED", "ACTIVE"} or one.refused]
    if state.phases and not open_phases:
        return refused("WRONG_STAGE", command="AttachBillingDocument", stage=state.stage)
    if command.doc.kind not in KINDS:
        return refused("UNKNOWN_DOCUMENT_KIND", kind=command.doc.kind)
    known = state.attached.get(command.doc.doc_id) or state.documents.get(command.doc.doc_id)
    if known is not None and known.version >= command.doc.version:
        return [] if known.sha256 == command.doc.sha256 else refused("HASH_MISMATCH")
    return [BillingDocumentAttached(doc=command.doc)]

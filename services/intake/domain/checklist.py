"""Activity 2: the eight items of the checklist, which of them apply, and the exact list of what is missing (2.1 to 2.7)."""

import re

from services.intake.domain.state import State
from shared.calendar.calendar import local_day
from shared.common.mails import mail, owner, staff
from shared.contracts.base import Fact
from shared.contracts.intake import (
    ApplicabilitySet,
    ChecklistItem,
    DocRejection,
    DocsFoundIncomplete,
    DocsRevalidationRequired,
    DocsValidated,
    Missing,
    SetApplicability,
    ValidateDocs,
)
from shared.decider import Decision, World, refused

OPPORTUNITY = 8
ITEMS = range(1, 9)
NAMES = {
    1: "respaldo contractual (orden de compra, contrato, respaldo o certificado de aprobación)",
    2: "formulario de relevamiento PREVENTA",
    3: "propuesta comercial",
    4: "análisis de rentabilidad",
    5: "respaldo de riesgo crediticio",
    6: "aprobación de excepciones",
    7: "SOW",
    8: "código de oportunidad",
}
LACKS = "Falta "


def checklist(state: State, world: World, rejected: frozenset[str] = frozenset()) -> tuple[ChecklistItem, ...]:
    """Each item: whether it is required, and what satisfies it."""
    return tuple(
        ChecklistItem(item=item, required=_needed(state, item, world), satisfied_by=_by(state, item, world, rejected))
        for item in ITEMS
    )


def _needed(state: State, item: int, world: World) -> bool:
    content = state.content
    if content is None:
        return True
    exceptions = content.exceptions if state.exceptions is None else state.exceptions
    special = any(not one.standard for sub in content.suborders for one in sub.items)
    limit = world.policy.value("documents.mail_channel", local_day(world.now))
    if limit == "LIST_NEGOCIO_ONLY" and content.segment != "NEGOCIO":
        return False
    row = world.tables["NEEDED_DOCUMENTS"].decide(
        local_day(world.now), item=str(item), non_standard=special, exception=bool(exceptions), segment=content.ruling_segment
    )
    return row is None or row.flag("needed")


def _by(state: State, item: int, world: World, rejected: frozenset[str]) -> str | None:
    if item == OPPORTUNITY:
        pattern = str(world.policy.value("opportunity.pattern", local_day(world.now)))
        code = state.content.opportunity_code if state.content else None
        return code if code and re.fullmatch(pattern, code) else None
    found = (one.doc.doc_id for one in state.documents.values() if one.item == item and one.serves)
    return max((one for one in found if one not in rejected), default=None)


def validate(state: State, command: ValidateDocs, world: World) -> Decision:
    """Satisfied: DocsValidated, once per revision. Else the exact list, and the EC is told (2.7)."""
    if state.docs_valid:
        return []
    refusals = {one.doc.doc_id: one.refused for one in state.documents.values() if one.refused}
    refusals |= {one.doc_id: one.why for one in command.rejections if one.doc_id in state.documents}
    items = checklist(state, world, frozenset(refusals))
    missing = tuple(
        Missing(item=one.item, why=_why(state, one.item, refusals)) for one in items if one.required and not one.satisfied_by
    )
    if missing:
        rejected = tuple(DocRejection(doc_id=doc_id, why=why) for doc_id, why in refusals.items())
        return _incomplete(state, missing, rejected)
    counting = tuple(one.doc for one in state.documents.values() if one.counts and one.doc.doc_id not in refusals)
    rules = {name: world.tables.version(name, local_day(world.now)) for name in ("DOCUMENTS", "NEEDED_DOCUMENTS")}
    return [DocsValidated(revision=state.revision + 1, documents=counting, checklist=items, rules=rules)]


def _why(state: State, item: int, refusals: dict[str, str]) -> str:
    """What a person must bring, and why what is there does not serve."""
    reasons = [refusals[one.doc.doc_id] for one in state.documents.values() if one.item == item and one.doc.doc_id in refusals]
    reasons += [one.why for one in state.documents.values() if one.item == item and one.why]
    return f"{LACKS}{NAMES[item]}" + (f": {'; '.join(reasons)}" if reasons else "")


def _incomplete(state: State, missing: tuple[Missing, ...], rejected: tuple[DocRejection, ...]) -> list[Fact]:
    facts: list[Fact] = [DocsFoundIncomplete(missing=missing, rejected=rejected)]
    content = state.content
    if content is not None:
        listed = "\n".join(f"{one.item}. {one.why.removeprefix(LACKS)}" for one in missing)
        numbers = "-".join(str(one.item) for one in missing)
        values = {"orden": content.order_number, "cliente": content.customer_name, "faltantes": listed}
        facts.append(
            mail(
                "intake",
                state.parent,
                "DOCUMENTOS_FALTANTES",
                f"missing/{state.revision}/{numbers}",
                staff("EC", content.executive),
                cc=owner(state),
                values=values,
            )
        )
    return facts


def set_applicability(state: State, command: SetApplicability, world: World) -> Decision:
    """The owner corrects what applies, from the survey; an item it opens is to be validated anew (2.3, 2.4)."""
    if command.suborder is not None and command.suborder not in state.subs:
        return refused("INVALID_FIELDS", paths="suborder")
    accesses = world.tables["SCENARIOS"].inputs["access"].values
    if command.access is not None and command.access not in accesses:
        return refused("INVALID_FIELDS", paths=f"access ({', '.join(accesses)})")
    given = (command.exceptions, command.access, command.connectivity)
    if all(value is None for value in given) or (command.suborder is None and command.exceptions is None):
        return refused("INVALID_FIELDS", paths="exceptions, access, connectivity")
    fact = ApplicabilitySet(
        exceptions=command.exceptions, suborder=command.suborder, access=command.access, connectivity=command.connectivity
    )
    after = state.having(exceptions=command.exceptions) if command.exceptions is not None else state
    opened = tuple(one.item for one in checklist(after, world) if one.required and not one.satisfied_by)
    if state.docs_valid and opened:
        return [fact, DocsRevalidationRequired(revision=state.revision, items=opened)]
    return [fact]

"""What a group keeps of facts about the whole order: its own part, the kinds it bills with, the members it has (X.1, X.3)."""

from services.billing.domain.attachments import KINDS
from services.billing.domain.state import State
from shared.common.behaviours import keep
from shared.contracts.base import Fact
from shared.contracts.common import FalloutRaised, WorkStopped
from shared.contracts.intake import (
    DocsValidated,
    DocumentAttached,
    DocumentReplaced,
    DocumentStored,
    OrderAmended,
    OrderClaimed,
    OrderHeld,
    OrderReceived,
    OrderResumed,
    SuborderFailed,
)
from shared.decider import Decision, World


def order(state: State, fact: OrderReceived | OrderAmended, world: World) -> Decision:
    """A group keeps its own terms and suborders; one that an amendment no longer names stops (1.3, 15.2)."""
    terms = next((one for one in fact.groups if one.group == world.aggregate), None)
    if terms is None:
        return [] if state.stopped else [WorkStopped(reason="La orden corregida ya no tiene este grupo de facturación.")]
    own = tuple(one for one in fact.suborders if one.suborder in terms.members)
    return keep(state, fact.model_copy(update={"groups": (terms,), "suborders": own, "exceptions": (), "warnings": ()}), world)


def claimed(state: State, fact: OrderClaimed, world: World) -> Decision:
    """The owner, who may set phases before the release."""
    return [] if state.owner == fact.owner else keep(state, fact, world)


def document(state: State, fact: DocumentAttached | DocumentReplaced, world: World) -> Decision:
    """A document of a kind that a request carries, also one that comes after the gate (15.4)."""
    return keep(state, fact, world) if fact.doc.kind in KINDS else []


def stored(state: State, fact: DocumentStored, world: World) -> Decision:
    """The hash of an attachment is of its content from now on."""
    return keep(state, fact, world) if fact.doc_id in state.documents else []


def validated(state: State, fact: DocsValidated, world: World) -> Decision:
    """The gate is passed, with the documents that a request carries (15.4, 15.5)."""
    own = tuple(one for one in fact.documents if one.kind in KINDS)
    return keep(state, fact.model_copy(update={"documents": own, "checklist": ()}), world)


def hold(state: State, fact: OrderHeld | OrderResumed, world: World) -> Decision:
    """A hold of any member holds the group, until none is held any more (X.1)."""
    return keep(state, fact, world) if set(fact.suborders) & set(state.members) else []


def failed(state: State, fact: SuborderFailed, world: World) -> Decision:
    """A member that was given up leaves; what was already asked of the biller stays, and becomes a task (X.3)."""
    if fact.suborder in state.left:
        return []
    crossed: list[Fact] = [
        FalloutRaised(
            fallout_id=f"{state.request_id(one.phase.no)}/failed/{fact.suborder}",
            fallout_class="FAILED_AFTER_REQUEST",
            step="BILLING",
            detail=f"La fase {one.phase.no} ya estaba solicitada cuando la suborden se dio por fallida.",
            queue="OM",
        )
        for one in state.in_order
        if one.requested and fact.suborder in state.members
    ]
    return [*keep(state, fact, world), *crossed]  # keep never refuses

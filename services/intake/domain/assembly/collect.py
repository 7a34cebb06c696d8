"""An order that does not come whole: its clock, what becomes of it when complete, and the task when it is not (1.2, 1.3).

What has come is kept by `FactKept`; the deadline `assembly_due` is kept so too, since it must not fire twice.
"""

from datetime import timedelta
from typing import Final

from services.intake.domain import receive
from services.intake.domain.state import State, assembly_task
from shared.common.state import without
from shared.contracts.base import DeadlineReached, Fact
from shared.contracts.common import FactKept, FalloutRaised, FalloutResolved
from shared.contracts.intake import AmendmentReceived, AssemblyStarted
from shared.contracts.salesforce import SalesforceOrderSubmitted, SalesforcePiecesArrived
from shared.decider import Decision, Refused, World, refused

STEP: Final = "ASSEMBLE"
INCOMPLETE, GAP = "ORDER_INCOMPLETE", "GAP"


def arrived(state: State, message: SalesforcePiecesArrived, world: World) -> Decision:
    """Complete, it is an order like any other; incomplete, its clock runs from the first activated piece."""
    facts = _gap(state, message)
    if state.content is not None:
        return [*facts, *_changed(state, message, world)]
    if not message.running:
        return facts  # a draft waits without limit and without a task
    started = [*facts, *_started(state, message, world)]
    if not message.complete or message.order is None:
        return started
    return [*started, *_received(state, message.order, world)]


def _received(state: State, order: SalesforceOrderSubmitted, world: World) -> list[Fact]:
    decided = receive.submitted(state, order, world)
    if isinstance(decided, Refused):
        return []
    key = assembly_task(order.parent)
    noted = any(isinstance(one, AmendmentReceived) for one in decided) and key in state.fallouts
    return [*decided, *_absent(state, order), *([receive.assembled(key)] if noted else [])]


def _absent(state: State, order: SalesforceOrderSubmitted) -> list[Fact]:
    """What loose records never bring and nobody knows yet is a task, not a violation (partners 1.6)."""
    warnings = order.content.warnings if order.content else ()
    listed = ", ".join(one.path for one in warnings if one.code == "FIELD_ABSENT")
    key = f"{order.parent}/absent"
    if not listed or key in state.fallouts:
        return []
    return [_task(key, INCOMPLETE, f"La venta por registros no trae: {listed}"[:900])]


def _task(key: str, kind: str, detail: str) -> FalloutRaised:
    return FalloutRaised(fallout_id=key, fallout_class=kind, step=STEP, detail=detail, queue="OM")


def _started(state: State, message: SalesforcePiecesArrived, world: World) -> list[Fact]:
    """The clock of the first piece, and what has come, where that is new; what is missing by an open task needs no clock."""
    known = state.assembly
    if known is not None and known.come == message:
        return []
    settles = message.settled or (state.content is not None and message.complete)
    due = world.now + timedelta(seconds=message.settle_s if settles else message.timeout_s)
    facts: list[Fact] = []
    if (known is None or known.due is None) and (message.complete or assembly_task(message.parent) not in state.fallouts):
        facts.append(AssemblyStarted(pieces=message.pieces, declared=message.declared, due=due))
    data = message.model_dump(mode="json", exclude_none=True)
    return [*facts, FactKept(of=world.id, type=SalesforcePiecesArrived.__name__, data=data)]


def _changed(state: State, message: SalesforcePiecesArrived, world: World) -> list[Fact]:
    """After receipt: parts are a version like any other; records become one amendment, once they have settled."""
    content, order = state.content, message.order
    if content is None or message.pieces == "ANNOUNCEMENT":
        return []
    if message.pieces == "PARTS":
        if order is None or not message.complete:
            return _started(state, message, world)
        return [*_started(state, message, world), *_received(state, order, world)]
    if not state.by_records:
        return []  # an order that came whole is amended by what comes whole
    gone = _deleted(state, message)
    if gone or order is None or set(message.deleted) & set(state.subs):
        return gone
    if order.content_sha256 == content.content_sha256 and state.assembly_due is None:
        return []
    return _started(state, message, world)


def _deleted(state: State, message: SalesforcePiecesArrived) -> list[Fact]:
    """A delete destroys nothing of ours: it is a task, never a cancellation (partners 1.3)."""
    gone = [one for one in message.deleted if one in state.subs]
    keys = {one: f"{one}/deleted" for one in gone}
    return [
        _task(key, "VERSION_CONFLICT", f"Salesforce borró la suborden {one}. Decida qué se hace con ella.")
        for one, key in keys.items()
        if key not in state.fallouts
    ]


def _gap(state: State, message: SalesforcePiecesArrived) -> list[Fact]:
    """Stale records are a task until a whole record comes; after receipt the order goes on as it is (partners 1.6)."""
    key = f"{message.parent}/gap"
    if message.stale and key not in state.fallouts:
        listed = ", ".join(message.stale)
        return [_task(key, GAP, f"Salesforce no dijo qué cambió: vuelva a enviar o confirme {listed}"[:900])]
    if not message.stale and message.pieces == "RECORDS" and key in state.fallouts:
        return [FalloutResolved(fallout_id=key, how="RETRY", reason="Llegó el registro completo.")]
    return []


def due(state: State, reached: DeadlineReached, world: World) -> Decision:
    """Past due: what is complete, or has settled, is taken; else a task names what is missing."""
    if state.assembly is None or state.assembly_due is None:
        return []
    come, content = state.assembly.come, state.content
    ended: list[Fact] = [FactKept(of=world.id, type=DeadlineReached.__name__, data=reached.model_dump(mode="json"))]
    if come is None or come.order is None or not (come.complete or come.settled):
        number = (come.order_number if come else "") or state.parent
        missing = "; ".join(come.missing) if come else ""
        return [*ended, _task(assembly_task(state.parent), INCOMPLETE, f"Orden {number}: {missing}"[:900])]
    if content is not None and content.content_sha256 == come.order.content_sha256:
        return ended  # it changed, and changed back
    return [*ended, *_received(state, next_version(state, come.order, versioned=come.versioned), world)]


def next_version(state: State, order: SalesforceOrderSubmitted, *, versioned: bool) -> SalesforceOrderSubmitted:
    """Changes of an order without a version of its own are the next one."""
    if state.content is None or versioned:
        return order
    version = max(state.content.version, state.noted) + 1
    content = order.content.model_copy(update={"version": version}) if order.content else None
    return order.model_copy(update={"version": version, "content": content})


def resolve(state: State, how: str, world: World) -> Decision:
    """RETRY starts the clock anew; with MANUAL a supervisor confirms that what has come is all there is (partners 1.6)."""
    come = state.assembly.come if state.assembly else None
    if come is None or how == "SKIP":
        return []
    if how == "RETRY":
        due_at = world.now + timedelta(seconds=come.timeout_s)
        return [AssemblyStarted(pieces=come.pieces, declared=come.declared, due=due_at)]
    if "OM_SUPERVISOR" not in world.actor.roles:
        return refused("SKIP_NOT_ALLOWED")
    cleared = state.having(fallouts=without(state.fallouts, assembly_task(state.parent)))
    order = come.order
    return [] if order is None else _received(cleared, next_version(state, order, versioned=come.versioned), world)

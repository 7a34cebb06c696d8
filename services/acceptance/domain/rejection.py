"""Activity 14: the customer rejects. A failed test goes back to delivery, anything else is answered with reasons (14.7, 14.8)."""

from datetime import timedelta
from typing import Final

from services.acceptance.domain import clock as ten_days
from services.acceptance.domain.state import Clock, Rejection, State
from services.acceptance.domain.wording import term
from shared.calendar.calendar import local_day
from shared.common.mails import customer, heading, mail, staff
from shared.contracts.acceptance import (
    AcceptanceClockResumed,
    AcceptanceRejected,
    DismissRejection,
    DisputeReferred,
    DisputeResolved,
    ReferDispute,
    RejectAcceptance,
    RejectionDismissed,
    RejectionUpheld,
    ResolveDispute,
    UpholdRejection,
)
from shared.contracts.base import Fact
from shared.contracts.common import FalloutRaised, FalloutResolved
from shared.decider import Decision, World, refused

CAUSES: Final = frozenset({"NETWORK", "LOGICAL", "EQUIPMENT", "PROVISIONING", "CUSTOMER_SIDE", "TEST_SETUP"})


def reject(state: State, command: RejectAcceptance, world: World) -> Decision:
    """Clock and reminders stop with what is left; a repeat changes nothing (14.7)."""
    if state.rejection is not None:
        return []
    if state.stage != "OPEN" or state.clock is None:
        return refused("ACCEPTANCE_CLOSED")
    if not command.reason.strip():
        return refused("REASON_REQUIRED")
    return [
        AcceptanceRejected(
            rejection_id=f"{state.suborder}/rejections/{state.rejections + 1}",
            reason=command.reason,
            items=command.items,
            by=command.by,
            remaining=ten_days.left(state, state.clock, world).total_seconds(),
        )
    ]


def uphold(state: State, command: UpholdRejection, world: World) -> Decision:
    """A test did fail: delivery takes it up, by its cause or where the operator says, and a new series follows (14.7)."""
    rejection = state.rejection
    if rejection is None:
        return refused("NO_OPEN_REJECTION")
    items = command.items or rejection.items
    known = {one.item for one in state.tests.results} if state.tests else set()
    unknown = [one for one in items if one not in known]
    if not items:
        return refused("INVALID_FIELDS", paths="items")
    if unknown:
        return refused("UNKNOWN_ATP_ITEM", item=", ".join(unknown))
    if command.cause not in CAUSES:
        return refused("CAUSE_REQUIRED")
    target = str(world.policy.value("rejection.rework_target", local_day(world.now)))
    upheld = RejectionUpheld(rejection_id=rejection.rejection_id, items=items, cause=command.cause, target=target)
    return [upheld, *settled(state, "El rechazo corresponde a una prueba fallida.")]


def dismiss(state: State, command: DismissRejection, world: World) -> Decision:
    """No failed test: the customer gets the reasons and the rest of the term; a second time the GI decides (14.8)."""
    rejection, clock, card = state.rejection, state.clock, state.card
    if rejection is None or clock is None or card is None:
        return refused("NO_OPEN_REJECTION")
    if not command.reasons.strip():
        return refused("REASON_REQUIRED")
    if state.dismissals and "GI" not in world.actor.roles:
        return refused("DISMISSAL_NEEDS_GI")
    resumed = resume(state, rejection, clock, world, "Rechazo desestimado.")
    number = state.dismissals + 1
    return [
        RejectionDismissed(rejection_id=rejection.rejection_id, reasons=command.reasons, dismissal_no=number),
        *settled(state, "El rechazo fue desestimado."),
        resumed,
        mail(
            "acceptance",
            state.suborder,
            "RECHAZO_DESESTIMADO",
            f"dismissal/{number}",
            customer(card, "firmante"),
            cc=staff("EC", card.executive),
            values=heading(card) | term(resumed.deadline) | {"motivos": command.reasons},
        ),
    ]


def refer(state: State, command: ReferDispute, world: World) -> Decision:
    """A commercial dispute goes to the Ejecutivo Comercial; the suborder is held meanwhile (14.8)."""
    rejection = state.rejection
    if rejection is None:
        return refused("NO_OPEN_REJECTION")
    if state.stage == "DISPUTED":
        return []
    return [
        DisputeReferred(rejection_id=rejection.rejection_id, subject=command.subject),
        FalloutRaised(
            fallout_id=f"{rejection.rejection_id}/dispute",
            fallout_class="COMMERCIAL_DISPUTE",
            step="ACCEPTANCE",
            detail=command.subject,
            queue="EC",
        ),
    ]


def resolve(state: State, command: ResolveDispute, world: World) -> Decision:
    """The EC settled it: the clock goes on with what was left (14.8)."""
    rejection, clock = state.rejection, state.clock
    if rejection is None or clock is None:
        return refused("NO_OPEN_REJECTION")
    if not command.outcome.strip():
        return refused("REASON_REQUIRED")
    return [
        DisputeResolved(rejection_id=rejection.rejection_id, outcome=command.outcome),
        *settled(state, command.outcome),
        resume(state, rejection, clock, world, "Disputa comercial resuelta."),
    ]


def settled(state: State, reason: str) -> list[Fact]:
    """A dispute that is over no longer holds the suborder."""
    disputes = [key for key, one in state.fallouts.items() if one.kind == "COMMERCIAL_DISPUTE"]
    return [FalloutResolved(fallout_id=key, how="MANUAL", reason=reason) for key in disputes]


def resume(state: State, rejection: Rejection, clock: Clock, world: World, why: str) -> AcceptanceClockResumed:
    """All moves by the time paused; at least the policy's business days remain (5.2)."""
    department = state.card.site.department if state.card else None
    days = int(world.policy.value("acceptance.after_dismissal_days", local_day(world.now)))
    rest = world.now + timedelta(seconds=rejection.remaining)
    at_least = world.calendar.add_days(world.now, days, "BUSINESS", department)
    slots = clock.slots_moved(rest - clock.deadline)
    return AcceptanceClockResumed(deadline=max(rest, at_least), slots=slots, why=why)

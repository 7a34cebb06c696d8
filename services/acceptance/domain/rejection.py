"""The customer rejects: a failed test goes back to delivery, anything else resumes the clock or becomes a dispute (14.7, 14.8)."""

from services.acceptance.domain.acta import in_words
from services.acceptance.domain.clock import resumed
from services.acceptance.domain.state import State
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


def reject(state: State, command: RejectAcceptance, world: World) -> Decision:
    """Clock and reminders stop (14.7)."""
    if not command.reason.strip():
        return refused("REASON_REQUIRED")
    if state.stage in {"REVIEWING", "DISPUTED"}:
        return []
    if state.stage != "OPEN" or state.clock is None:
        return refused("ACCEPTANCE_CLOSED")
    remaining = (state.clock.deadline - world.now).total_seconds()
    identity = f"{state.suborder}/rejection/{state.rejections + 1}"
    return [
        AcceptanceRejected(rejection_id=identity, reason=command.reason, items=command.items, by=command.by, remaining=remaining)
    ]


def uphold(state: State, command: UpholdRejection, world: World) -> Decision:
    """A test did fail: back to the step its cause names, then a new acta and ten new days (14.7)."""
    if state.rejection is None:
        return refused("NO_OPEN_REJECTION")
    if not command.cause.strip():
        return refused("CAUSE_REQUIRED")
    known = {one.item for one in state.tests.results} if state.tests else set()
    unknown = set(command.items) - known
    if unknown or not command.items:
        return refused("UNKNOWN_ATP_ITEM", item=", ".join(sorted(unknown)))
    return [
        RejectionUpheld(rejection_id=state.rejection.rejection_id, items=command.items, cause=command.cause, target="BY_CAUSE")
    ]


def dismiss(state: State, command: DismissRejection, world: World) -> Decision:
    """Not a failed test: the clock goes on with what was left; a second dismissal needs the GI (14.8)."""
    if state.rejection is None:
        return refused("NO_OPEN_REJECTION")
    if not command.reasons.strip():
        return refused("REASON_REQUIRED")
    if state.dismissals >= 1 and "GI" not in world.actor.roles:
        return refused("DISMISSAL_NEEDS_GI")
    dismissed = RejectionDismissed(
        rejection_id=state.rejection.rejection_id, reasons=command.reasons, dismissal_no=state.dismissals + 1
    )
    return [dismissed, *_resume(state, world, command.reasons, "RECHAZO_DESESTIMADO")]


def _resume(state: State, world: World, why: str, template: str | None) -> list[Fact]:
    days = int(world.policy.value("acceptance.after_dismissal_days", local_day(world.now)))
    deadline, slots = resumed(state, world, days)
    facts: list[Fact] = [AcceptanceClockResumed(deadline=deadline, slots=slots, why=why)]
    if template and state.card:
        values = heading(state.card) | {"motivos": why, "plazo": in_words(deadline)}
        purpose = f"dismissal/{state.dismissals + 1}"
        copies = staff("EC", state.card.executive)
        facts.append(
            mail("acceptance", state.suborder, template, purpose, customer(state.card, "firmante"), cc=copies, values=values)
        )
    return facts


def refer(state: State, command: ReferDispute, world: World) -> Decision:
    """A commercial dispute goes to the Ejecutivo Comercial; the suborder is held meanwhile (14.8)."""
    if state.rejection is None:
        return refused("NO_OPEN_REJECTION")
    if state.stage == "DISPUTED":
        return []
    return [
        DisputeReferred(rejection_id=state.rejection.rejection_id, subject=command.subject),
        FalloutRaised(
            fallout_id=f"{state.suborder}/dispute",
            fallout_class="COMMERCIAL_DISPUTE",
            step="ACCEPTANCE",
            detail=command.subject,
            queue="EC",
        ),
    ]


def resolve(state: State, command: ResolveDispute, world: World) -> Decision:
    """The Ejecutivo Comercial settled it; the clock goes on (14.8)."""
    if state.rejection is None:
        return refused("NO_OPEN_REJECTION")
    if not command.outcome.strip():
        return refused("REASON_REQUIRED")
    return [
        DisputeResolved(rejection_id=state.rejection.rejection_id, outcome=command.outcome),
        FalloutResolved(fallout_id=f"{state.suborder}/dispute", how="MANUAL", reason=command.outcome),
        *_resume(state, world, command.outcome, None),
    ]

"""Hold, resume, cancel and give up suborders (X.1, X.3)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.intake.domain.escalation import with_mails
from services.intake.domain.requests import called_off
from services.intake.domain.state import State
from shared.calendar.calendar import local_day
from shared.contracts.base import DeadlineReached
from shared.contracts.common import TaskEscalated
from shared.contracts.intake import (
    CancelSuborder,
    FailSuborder,
    HoldOrder,
    OrderHeld,
    OrderResumed,
    ResumeOrder,
    SuborderCancelled,
    SuborderFailed,
)
from shared.decider import Decision, Refused, World, refused


def on_hold(state: State, suborders: Iterable[str]) -> Refused | None:
    """People's commands on a held suborder rest until it is resumed (X.1)."""
    reasons = (state.subs[one].held for one in suborders if one in state.subs)
    return next((refused("ON_HOLD", reason=reason) for reason in reasons if reason), None)


def hold(state: State, command: HoldOrder, world: World) -> Decision:
    """All clocks of the suborders stand still; a hold has a review date."""
    if not command.reason.strip():
        return refused("REASON_REQUIRED")
    if not command.suborders or any(one not in state.live for one in command.suborders):
        return refused("INVALID_FIELDS", paths="suborders")
    if any(state.subs[one].held for one in command.suborders):
        return refused("ALREADY_HELD")
    days = int(world.policy.value("hold.review_days", local_day(world.now)))
    review = command.review_at or world.now + timedelta(days=days)
    if review <= world.now:
        return refused("INVALID_FIELDS", paths="review_at")
    return [OrderHeld(suborders=command.suborders, reason=command.reason, review_at=review, at=world.now)]


def resume(state: State, command: ResumeOrder, world: World) -> Decision:
    """Clocks go on with what was left."""
    if not command.reason.strip():
        return refused("REASON_REQUIRED")
    if not command.suborders or any(one not in state.subs or not state.subs[one].held for one in command.suborders):
        return refused("NOT_HELD")
    return [OrderResumed(suborders=command.suborders, reason=command.reason, at=world.now)]


def cancel(state: State, command: CancelSuborder, world: World) -> Decision:
    """A suborder can be cancelled before its release (X.3)."""
    if not command.reason.strip():
        return refused("REASON_REQUIRED")
    sub = state.subs.get(command.suborder)
    if sub is None:
        return refused("INVALID_FIELDS", paths="suborder")
    if sub.stage == "CANCELLED":
        return []
    if sub.stage not in {"WAITING", "PLANNED"}:
        return refused("ALREADY_RELEASED")
    return [SuborderCancelled(suborder=command.suborder, reason=command.reason), *called_off(state, command.suborder)]


def fail(state: State, command: FailSuborder, world: World) -> Decision:
    """A supervisor gives a released suborder up, until it is accepted (X.3)."""
    if not command.reason.strip():
        return refused("REASON_REQUIRED")
    sub = state.subs.get(command.suborder)
    if sub is None:
        return refused("INVALID_FIELDS", paths="suborder")
    if sub.stage not in {"RELEASED", "FAILED"}:
        return refused("WRONG_STAGE", command="FailSuborder", stage=sub.stage)
    if sub.accepted:
        return refused("PAST_ACCEPTANCE")
    if sub.stage == "FAILED":
        return []
    return [SuborderFailed(suborder=command.suborder, reason=command.reason), *called_off(state, command.suborder)]


def review_dates(state: State) -> list[datetime]:
    """Review dates of running holds."""
    return [sub.review_at for sub in state.subs.values() if sub.held and sub.review_at]


def reviewed(state: State, reached: DeadlineReached, world: World) -> Decision:
    """A hold passed its review date: escalated, then weekly (X.1)."""
    due = [
        TaskEscalated(
            key=f"{key}/ResumeOrder", level=sub.reviews + 1, to="OM_SUPERVISOR", why=f"En espera: {sub.held}", suborder=key
        )
        for key, sub in state.subs.items()
        if sub.held and sub.review_at and sub.review_at <= world.now
    ]
    return with_mails(state, due)

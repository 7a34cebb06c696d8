"""What all services decide alike: keep a fact, hold and resume, change of owner, notes, tasks, fallouts, failed effects."""

from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

from shared.common.people import stranger
from shared.common.state import State
from shared.contracts.base import Fact
from shared.contracts.common import (
    AddNote,
    AssignTask,
    EffectDeferred,
    FactKept,
    FalloutRaised,
    FalloutResolved,
    HoldApplied,
    HoldLifted,
    NoteAdded,
    OwnerChanged,
    RecordEffectFailed,
    ResolveFallout,
    TaskAssigned,
    WorkStopped,
)
from shared.contracts.intake import OrderHeld, OrderReassigned, OrderResumed, SuborderFailed
from shared.decider import SYSTEM, TEAM, Allow, Decision, Hears, World, allow, hears, refused, whole_order

SUPERVISOR: Final = "OM_SUPERVISOR"
TRIES: Final = 8
"""Tries of an effect before it becomes a task for a person."""


def keep(state: Any, fact: Fact, world: World) -> list[Fact]:
    """What was heard enters the state as it is, whether or not something follows (X.8)."""
    return [FactKept(of=world.id, type=type(fact).__name__, data=fact.model_dump(mode="json", exclude_none=True))]


def hold(state: State, fact: OrderHeld, world: World) -> list[Fact]:
    """Every clock stands still (X.1)."""
    return [] if state.held or state.stopped else [HoldApplied(reason=fact.reason, at=world.now)]


def resume(state: State, fact: OrderResumed, world: World) -> Decision:
    """Clocks go on with exactly what was left (X.1)."""
    if state.held is None:
        return []
    paused = (world.now - state.held.at).total_seconds()
    return [HoldLifted(reason=fact.reason, held_for=paused, at=world.now)]


def reassign(state: State, fact: OrderReassigned, world: World) -> Decision:
    """The new owner takes over the tasks (1.9)."""
    return [] if state.owner == fact.to else [OwnerChanged(owner=fact.to, at=world.now)]


def stop(state: State, fact: SuborderFailed, world: World) -> Decision:
    """A suborder given up is final for all (X.3)."""
    return [] if state.stopped else [WorkStopped(reason=fact.reason)]


def assign_task(state: State, command: AssignTask, world: World) -> Decision:
    """Who has the role of a wait, or a supervisor, takes it or gives it to a colleague (X.6)."""
    wait = state.waits.get(command.key)
    if wait is None:
        return refused("UNKNOWN_TASK", key=command.key)
    if not world.actor.roles & {wait.party, SUPERVISOR}:
        return refused("ROLE_NOT_ALLOWED", command="AssignTask")
    return stranger(world, command.to, wait.party) or [TaskAssigned(key=command.key, to=command.to)]


def add_note(state: State, command: AddNote, world: World) -> Decision:
    """A note of the team (X.7)."""
    digest = sha256(command.text.encode()).hexdigest()
    return [NoteAdded(note_id=world.id, sha256=digest, text=command.text)]


def effect_failed(state: State, command: RecordEffectFailed, world: World) -> Decision:
    """A failed effect is tried again with growing pauses; after the last try it is a person's task (X.4)."""
    before = state.deferred.get(command.key)
    if before and before.attempt > command.attempt:
        return []
    pause = timedelta(seconds=min(5 * 2 ** (command.attempt - 1), 3600))
    facts: list[Fact] = [EffectDeferred(key=command.key, attempt=command.attempt, code=command.code, next_at=world.now + pause)]
    if command.attempt == TRIES:
        facts.append(
            FalloutRaised(
                fallout_id=f"effect/{command.key}",
                fallout_class="EFFECT_FAILED",
                step=command.key,
                detail=command.code,
                queue="OM",
            )
        )
    return facts


def resolve_fallout(state: State, command: ResolveFallout, world: World) -> Decision:
    """The role whose queue it is in retries a fallout or did it by hand; a supervisor may also skip it; with a reason (X.4)."""
    fallout = state.fallouts.get(command.fallout_id)
    if fallout is None:
        return refused("UNKNOWN_FALLOUT", fallout=command.fallout_id)
    if command.how == "SKIP" and SUPERVISOR not in world.actor.roles:
        return refused("SKIP_NOT_ALLOWED")
    if not world.actor.roles & {fallout.queue, SUPERVISOR}:
        return refused("ROLE_NOT_ALLOWED", command="ResolveFallout")
    if not command.reason.strip():
        return refused("REASON_REQUIRED")
    return [FalloutResolved(fallout_id=command.fallout_id, how=command.how, reason=command.reason)]


COMMON_COMMANDS: Final[tuple[Hears[Any], ...]] = (
    hears(AssignTask, assign_task),
    hears(AddNote, add_note),
    hears(ResolveFallout, resolve_fallout),
    hears(RecordEffectFailed, effect_failed),
)
"""Rows of every service."""

FOLLOWS_INTAKE: Final[tuple[Hears[Any], ...]] = (
    hears(OrderHeld, hold, whole_order),
    hears(OrderResumed, resume, whole_order),
    hears(OrderReassigned, reassign, whole_order),
    hears(SuborderFailed, stop),
)
"""Rows of provisioning, testing, acceptance and billing: what intake says about the whole order."""


def common_policy(stages: frozenset[str]) -> tuple[Allow, ...]:
    """Commands that are legal at every stage, also while held."""
    return (
        allow(AssignTask, stages, {TEAM}, while_held=True),
        allow(AddNote, stages, {TEAM}, while_held=True),
        allow(ResolveFallout, stages, {TEAM}, while_held=True),
        allow(RecordEffectFailed, stages, {SYSTEM}, while_held=True),
    )

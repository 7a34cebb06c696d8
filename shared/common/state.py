"""What the state of every aggregate has: whose it is, whether it is held, its waits, fallouts and failed effects."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Self, TypeVar

from shared.contracts.base import Fact, Model
from shared.contracts.common import (
    EffectDeferred,
    FactKept,
    FalloutRaised,
    FalloutResolved,
    HoldApplied,
    HoldLifted,
    OwnerChanged,
    TaskAssigned,
    WaitingChanged,
    WorkStopped,
)
from shared.contracts.shapes import WaitEntry
from shared.decider import Effect, Fold

AT_ONCE: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""For an effect that waits for nothing."""


class Held(Model):
    """Since when, and why, every clock stands still."""

    reason: str
    at: datetime


class Deferred(Model):
    """An effect that failed: which try comes next, and when."""

    attempt: int
    next_at: datetime


class Fallout(Model):
    """A step that cannot go on by itself."""

    kind: str
    step: str
    queue: str


class State(Model):
    """The part that all aggregates share; a service's state extends it with its own parts."""

    parent: str = ""
    suborder: str = ""
    billing_group: str = ""
    owner: str | None = None
    stage: str = "NEW"
    stopped: bool = False
    held: Held | None = None
    waits: dict[str, WaitEntry] = {}
    fallouts: dict[str, Fallout] = {}
    deferred: dict[str, Deferred] = {}

    @property
    def stages(self) -> frozenset[str]:
        """Where a command is understood; several at once where parts of an aggregate stand in stages of their own."""
        return frozenset((self.stage,))

    @property
    def numbers(self) -> dict[str, str]:
        """What people search its traces by, once known: numbers and codes, never anybody's data."""
        return {}

    def having(self, **changes: Any) -> Self:
        """The same with these changes."""
        return self.model_copy(update=changes)


A = TypeVar("A", bound=State)


def without(mapping: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """The mapping less these keys."""
    return {key: value for key, value in mapping.items() if key not in keys}


def handed_over(state: A, owner: str | None) -> A:
    """The state of a new owner: what the one before had been given is theirs now (1.9)."""
    mine = {key: wait for key, wait in state.waits.items() if state.owner is not None and wait.assigned_to == state.owner}
    moved = {key: wait.model_copy(update={"assigned_to": owner}) for key, wait in mine.items()}
    return state.having(owner=owner, waits=state.waits | moved)


def unkept(evolve: Fold[A], state: A, fact: FactKept) -> A:
    """The state after a kept fact: the first one gives the aggregate its ids."""
    if not state.suborder:
        state = state.having(parent=fact.parent, suborder=fact.suborder, billing_group=fact.billing_group)
    kind = evolve.types.get(fact.type)
    return state if kind is None else evolve(state, kind.model_validate(fact.data))


def fold_common(evolve: Fold[A]) -> None:
    """Registers how the common facts change a state; a kept fact folds by its own function."""

    @evolve.on(FactKept)
    def kept(state: A, fact: FactKept) -> A:
        return unkept(evolve, state, fact)

    @evolve.on(WaitingChanged)
    def waiting_changed(state: A, fact: WaitingChanged) -> A:
        assigned = {key: wait.assigned_to for key, wait in state.waits.items()}
        began = {wait.key: wait.model_copy(update={"assigned_to": assigned.get(wait.key)}) for wait in fact.began}
        return state.having(waits=without(state.waits, *fact.ended) | began)

    @evolve.on(TaskAssigned)
    def task_assigned(state: A, fact: TaskAssigned) -> A:
        wait = state.waits.get(fact.key)
        if wait is None:
            return state
        return state.having(waits=state.waits | {fact.key: wait.model_copy(update={"assigned_to": fact.to})})

    @evolve.on(FalloutRaised)
    def fallout_raised(state: A, fact: FalloutRaised) -> A:
        raised = Fallout(kind=fact.fallout_class, step=fact.step, queue=fact.queue)
        return state.having(fallouts=state.fallouts | {fact.fallout_id: raised})

    @evolve.on(FalloutResolved)
    def fallout_resolved(state: A, fact: FalloutResolved) -> A:
        return state.having(fallouts=without(state.fallouts, fact.fallout_id))

    @evolve.on(EffectDeferred)
    def effect_deferred(state: A, fact: EffectDeferred) -> A:
        again = Deferred(attempt=fact.attempt + 1, next_at=fact.next_at)
        return state.having(deferred=state.deferred | {fact.key: again})

    @evolve.on(HoldApplied)
    def hold_applied(state: A, fact: HoldApplied) -> A:
        return state.having(held=Held(reason=fact.reason, at=fact.at))

    @evolve.on(HoldLifted)
    def hold_lifted(state: A, fact: HoldLifted) -> A:
        return state.having(held=None)

    @evolve.on(OwnerChanged)
    def owner_changed(state: A, fact: OwnerChanged) -> A:
        return handed_over(state, fact.owner)

    @evolve.on(WorkStopped)
    def work_stopped(state: A, fact: WorkStopped) -> A:
        return state.having(stage="STOPPED", stopped=True)


def wanted(state: State, kind: str, key: str, since: datetime, **args: Any) -> Effect:
    """An effect the state wants under this key, dated by its last failure if it had one."""
    failed = state.deferred.get(key)
    if failed is None:
        return Effect(kind, key, args, since)
    return Effect(kind, key, args, failed.next_at, failed.attempt)


def common_stamp(state: State, fact: Fact) -> dict[str, str]:
    """The billing group of a suborder, once its card is known."""
    return {"billing_group": state.billing_group} if state.billing_group else {}

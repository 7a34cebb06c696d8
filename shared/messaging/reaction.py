"""What one message does to one aggregate, in memory: policy, decision, fold, what follows, waits, clocks. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from shared.common.personal import too_personal
from shared.common.state import State
from shared.contracts.base import Command, DeadlineReached, Fact, Message
from shared.contracts.common import OverrideRecorded, WaitingChanged
from shared.contracts.shapes import WaitEntry
from shared.decider import OWNER, SYSTEM, TEAM, Actor, Allow, Decider, Decision, Refused, Wait, World, refused

FOLLOWS_LIMIT: Final = 200


class EndlessError(Exception):
    """`follows` never came to rest: a bug of the rules."""


@dataclass(frozen=True, slots=True)
class Made:
    """One fact made, with its place in the aggregate's history."""

    seq: int
    fact: Fact
    at: datetime


@dataclass(slots=True)
class Cell:
    """One aggregate in memory, under its row lock."""

    id: str
    po: str
    decider: Decider[Any]
    state: Any
    version: int = 0
    heard: dict[str, int] = field(default_factory=dict)
    blocked: str | None = None
    touched: bool = False
    newer: bool = False
    """Its history has facts of a newer release: this one can neither tell its state nor write it."""

    @property
    def exists(self) -> bool:
        """Whether anything ever happened to it."""
        return self.version > 0


def react(cell: Cell, message: Message, world: World) -> list[Made] | Refused:
    """Tells the aggregate one message; answers the facts made (none: late or a repeat), or a refusal that changed nothing."""
    world = replace(world, aggregate=cell.id)
    if isinstance(message, DeadlineReached):
        reach = cell.decider.deadline(message.name)
        return [] if reach is None else record(cell, reach.decide(cell.state, message, world), world)
    row = cell.decider.row(type(message))
    if row is None:
        return refused("WRONG_STAGE", command=type(message).__name__, stage=cell.state.stage)
    if not isinstance(message, Command):
        return record(cell, row.decide(cell.state, message, world), world)
    verdict = permit(cell.decider.policy, cell.state, message, world.actor, world.overriding)
    if isinstance(verdict, Refused):
        return verdict
    decision = too_personal(message, world.actor) or row.decide(cell.state, message, world)
    if verdict == "OVERRIDE" and not isinstance(decision, Refused) and decision:
        chosen = OverrideRecorded(
            command=type(message).__name__, chosen=type(message).__name__, reason=message.override_reason or ""
        )
        decision = [*decision, chosen]
    return record(cell, decision, world)


def permit(policy: Sequence[Allow], state: State, command: Command, actor: Actor, overriding: str) -> Refused | str:
    """Deny by default: the role, the stage, the hold, the reason. "OVERRIDE" when that role acts for the owner (D14)."""
    name = type(command).__name__
    rows = [row for row in policy if row.command is type(command)]
    here = [row for row in rows if row.stages & state.stages]
    told = (as_role(row, state, actor, overriding) for row in here or rows)
    verdict = max(told, key=RANK.__getitem__, default="ROLE_NOT_ALLOWED")
    if verdict in {"ROLE_NOT_ALLOWED", "NOT_OWNER"}:
        return refused(verdict, command=name, owner=state.owner or "nadie")
    if not here:
        return refused("WRONG_STAGE", command=name, stage=", ".join(sorted(state.stages)))
    if state.held and actor.roles & PEOPLE and not any(row.while_held for row in here):
        return refused("ON_HOLD", reason=state.held.reason)
    if verdict == "OVERRIDE" and not (command.override_reason or "").strip():
        return refused("REASON_REQUIRED", command=name)
    return verdict


RANK: Final = {"ROLE_NOT_ALLOWED": 0, "NOT_OWNER": 1, "OVERRIDE": 2, "ALLOWED": 3}
PEOPLE: Final = frozenset({"EC", "OM", "OM_SUPERVISOR", "PROJECT_MANAGER", "INGENIERO_B2B", "GI"})
"""Roles whose commands rest while an order is held; answers of outside systems are taken (X.1)."""


def as_role(row: Allow, state: State, actor: Actor, overriding: str) -> str:
    """How far this row lets the actor go."""
    if row.roles & actor.roles or (TEAM in row.roles and actor.roles - {SYSTEM}):
        return "ALLOWED"
    if OWNER not in row.roles:
        return "ROLE_NOT_ALLOWED"
    if "OM" in actor.roles and state.owner == actor.id:
        return "ALLOWED"
    if overriding in actor.roles:
        return "OVERRIDE"
    return "NOT_OWNER" if "OM" in actor.roles else "ROLE_NOT_ALLOWED"


def may_ask(policy: Sequence[Allow], command: type[Message], roles: frozenset[str], overriding: str) -> bool:
    """Whether any row lets these roles ask at all: checked before anything is read."""
    acting = roles | ({OWNER} if roles & {"OM", overriding} else set()) | ({TEAM} if roles - {SYSTEM} else set())
    return any(row.command is command and row.roles & acting for row in policy)


def record(cell: Cell, decision: Decision, world: World) -> list[Made] | Refused:
    """Folds the decision's facts and all that follows by itself, and says which waits began and ended."""
    if isinstance(decision, Refused):
        return decision
    decider, before = cell.decider, (cell.state, cell.version)
    made: list[Made] = []
    try:
        for fact in decision:
            _fold(cell, fact, world, made)
        if made:
            _follow(cell, world, made)
            change = waiting_change(cell.state, decider.waiting(cell.state), world.now)
            if change is not None:
                _fold(cell, change, world, made)
    except Exception:
        cell.state, cell.version = before
        raise
    return made


def _follow(cell: Cell, world: World, made: list[Made]) -> None:
    for _ in range(FOLLOWS_LIMIT):
        following = cell.decider.follows(cell.state, world)
        if not following:
            return
        for fact in following:
            _fold(cell, fact, world, made)
    raise EndlessError(cell.state.stage)


def _fold(cell: Cell, fact: Fact, world: World, made: list[Made]) -> None:
    stamped = stamp(fact, cell.po, cell.id, cell.decider.stamp(cell.state, fact))
    cell.state = cell.decider.evolve(cell.state, stamped)
    cell.version += 1
    cell.touched = True
    made.append(Made(cell.version, stamped, world.now))


def stamp(fact: Fact, po: str, aggregate: str, more: Mapping[str, str]) -> Fact:
    """The fact with the common fields it left empty: its parent, its suborder, its billing group."""
    known = {"parent": po, "suborder": aggregate, "billing_group": aggregate, **more}
    empty = {name: value for name, value in known.items() if getattr(fact, name, None) == ""}
    return fact.model_copy(update=empty) if empty else fact


def waiting_change(state: State, waits: Sequence[Wait], now: datetime) -> WaitingChanged | None:
    """The difference between the waits last published and those of the state as it is."""
    present = {wait.key: wait for wait in waits}
    ended = tuple(key for key in state.waits if key not in present)
    began = tuple(
        WaitEntry(key=w.key, party=w.party, what=w.what, cleared_by=w.cleared_by, since=_since(state, w, now), due=w.due)
        for w in waits
        if _differs(state.waits.get(w.key), w)
    )
    return WaitingChanged(stage=state.stage, began=began, ended=ended) if began or ended else None


def _since(state: State, wait: Wait, now: datetime) -> datetime:
    known = state.waits.get(wait.key)
    return known.since if known else now


def _differs(known: WaitEntry | None, wait: Wait) -> bool:
    shown = (wait.party, wait.what, tuple(wait.cleared_by), wait.due)
    return known is None or (known.party, known.what, tuple(known.cleared_by), known.due) != shown


def due_deadlines(cell: Cell, world: World) -> list[DeadlineReached]:
    """Deadlines of the present state that are reached, earliest first; none while held or stopped."""
    if cell.state.held or cell.state.stopped:
        return []
    dates = cell.decider.deadlines(cell.state, world.calendar)
    reached = sorted((due, name) for name, due in dates.items() if due <= world.now)
    return [DeadlineReached(name=name, due=due) for due, name in reached]


def next_due(cell: Cell, world: World) -> datetime | None:
    """What the row's `due_at` says: the earliest deadline, none while held or stopped."""
    if cell.state.held or cell.state.stopped:
        return None
    return min(cell.decider.deadlines(cell.state, world.calendar).values(), default=None)


def next_effect(cell: Cell) -> datetime | None:
    """What the row's `effect_at` says: when the earliest wanted effect may be done."""
    return min((effect.not_before for effect in cell.decider.effects(cell.state)), default=None)

"""The pure words of a decider: what it is told, what it may answer, and the table that says who may ask what, when.

Nothing here does I/O; the message core runs it, and tests run it just the same.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar, cast

from shared.calendar.calendar import Calendar, local_day
from shared.contracts.base import DeadlineReached, Fact, Message, Model
from shared.rules.tables import Policy, Tables

M = TypeVar("M", bound=Message)
S = TypeVar("S")

SYSTEM, OWNER, TEAM = "SYSTEM", "OWNER", "TEAM"
"""Pseudo-roles of a policy row beside the roles of `facts.md`: outcomes of effects; the OM who owns the order; any role."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a user, a partner (`/noc`) or SYSTEM, and the roles that were proved for them."""

    id: str
    roles: frozenset[str]


THE_SYSTEM: Final = Actor(SYSTEM, frozenset({SYSTEM}))
"""Who acts when nobody does: time, effects, what another service published."""


@dataclass(frozen=True, slots=True)
class World:
    """All a decision may know besides state and message.

    `id` is the ce_id or command id of the message, `aggregate` the id of the aggregate that is told it: a fact of the
    whole order is heard by many, and each decides on its own part. `staff` are the known users with their roles, None
    where nobody says who they are.
    """

    now: datetime
    calendar: Calendar
    tables: Tables
    policy: Policy
    actor: Actor
    id: str = ""
    source: str = ""
    aggregate: str = ""
    staff: Mapping[str, frozenset[str]] | None = None

    @property
    def overriding(self) -> str:
        """The role that may do what the owner may, with a reason (D14)."""
        return str(self.policy.value("overrides.role", local_day(self.now)))


@dataclass(frozen=True, slots=True)
class Refused:
    """A command that changes nothing: the code is stable, its Spanish sentence stands in `shared/contracts/refusals.py`."""

    code: str
    details: Mapping[str, Any] = field(default_factory=dict)


def refused(code: str, **details: object) -> Refused:
    """A refusal whose sentence is filled with the details: `refused("ALREADY_CLAIMED", owner="om-1")`."""
    return Refused(code, details)


Facts = Sequence[Fact]
Decision = Facts | Refused
Route = Callable[[Any, str], "Target"]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a fact goes: aggregates by id, or every aggregate of a parent order that `only` does not leave out."""

    ids: tuple[str, ...] = ()
    parent: str | None = None
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hears(Generic[S]):
    """One row of `heard.py`: a message, what is decided on it, and whom it goes to (`to` is None for commands)."""

    message: type[Message]
    decide: Callable[[Any, Any, World], Decision]
    to: Route | None = None


@dataclass(frozen=True, slots=True)
class Reaches(Generic[S]):
    """One row of `heard.py`: a named deadline. An irreversible one waits while clocks disagree (I9)."""

    name: str
    decide: Callable[[Any, DeadlineReached, World], Decision]
    irreversible: bool = False


@dataclass(frozen=True, slots=True)
class Allow:
    """One row of `policy.py`: in which stages and for which roles a command is legal."""

    command: type[Message]
    stages: frozenset[str]
    roles: frozenset[str]
    while_held: bool = False
    opens_work: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Who has the ball, and which messages take it; `due` when a limit runs."""

    key: str
    party: str
    what: str
    cleared_by: tuple[str, ...]
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """Something the state wants done outside, under one key for ever (3.4)."""

    kind: str
    key: str
    args: Mapping[str, Any]
    not_before: datetime
    attempt: int = 1


def by_suborder(fact: Any, po: str) -> Target:
    """To the suborder the fact names (the default)."""
    return Target(ids=(fact.suborder,))


def by_group(fact: Any, po: str) -> Target:
    """To the billing group the fact names."""
    return Target(ids=(fact.billing_group,))


def by_parent(fact: Any, po: str) -> Target:
    """To the parent order."""
    return Target(ids=(fact.parent or po,))


def whole_order(fact: Any, po: str) -> Target:
    """To every aggregate of the parent; a fact with `suborders` means those alone."""
    return Target(parent=po, only=tuple(getattr(fact, "suborders", ())))


def each_suborder(fact: Any, po: str) -> Target:
    """To each suborder a billing fact names."""
    return Target(ids=tuple(fact.suborders))


def asked_by(service: str) -> Route:
    """To the aggregate that asked for the mail, when it is one of this service."""

    def route(fact: Any, po: str) -> Target:
        asker = fact.asked_by
        return Target(ids=(asker.aggregate,) if asker.service == service else ())

    return route


def by_message(fact: Any, po: str) -> Target:
    """To an aggregate of the message's own, named by its ce_id; only the core knows that id and resolves it."""
    return Target(ids=("",))


def by_effect(fact: Any, po: str) -> Target:
    """To nobody from the topic: an effect hands it on, page by page (X.9)."""
    return Target()


def hears(message: type[M], decide: Callable[[Any, M, World], Decision], to: Route | None = None) -> Hears[Any]:
    """A row that pairs a message with the function for it; another type's function is a type error."""
    return Hears(message, decide, to or (by_suborder if issubclass(message, Fact) else None))


def reaches(name: str, decide: Callable[[Any, DeadlineReached, World], Decision], *, irreversible: bool = False) -> Reaches[Any]:
    """A row for a deadline."""
    return Reaches(name, decide, irreversible)


def allow(
    command: type[Message],
    stages: Iterable[str],
    roles: Iterable[str],
    *,
    while_held: bool = False,
    opens_work: bool = False,
) -> Allow:
    """A policy row. What no row allows is refused; what opens work is turned away for a while when too much waits (5)."""
    return Allow(command, frozenset(stages), frozenset(roles), while_held, opens_work)


class ImpossibleFactError(Exception):
    """A fact that cannot follow from this state: a bug, never input."""


F = TypeVar("F", bound=Fact)


class Fold(Generic[S]):
    """How each fact changes the state; nothing else does. A fact heard from elsewhere folds by its own function too."""

    def __init__(self) -> None:
        self.steps: dict[str, Callable[[S, Any], S]] = {}
        self.types: dict[str, type[Fact]] = {}

    def on(self, fact: type[F], *more: type[Fact]) -> Callable[[Callable[[S, F], S]], Callable[[S, F], S]]:
        """Registers the function that folds this fact, and others of the same shape."""

        def register(step: Callable[[S, F], S]) -> Callable[[S, F], S]:
            every: tuple[type[Fact], ...] = (fact, *more)
            for one in every:
                self.steps[one.__name__] = step
                self.types[one.__name__] = one
            return step

        return register

    def ignores(self, *facts: type[Fact]) -> None:
        """Registers facts that tell others something and change nothing here."""
        for fact in facts:
            self.steps[fact.__name__] = lambda state, _: state
            self.types[fact.__name__] = fact

    def __call__(self, state: S, fact: Fact) -> S:
        """The state after the fact."""
        step = self.steps.get(type(fact).__name__)
        if step is None:
            raise ImpossibleFactError(f"{type(fact).__name__} has no fold")
        return step(state, fact)


def no_facts(state: Any, world: World) -> Facts:
    """Nothing follows by itself."""
    return ()


def no_deadlines(state: Any, calendar: Calendar) -> Mapping[str, datetime]:
    """Time does nothing to it."""
    return {}


def no_waits(state: Any) -> tuple[Wait, ...]:
    """Nobody has the ball."""
    return ()


def no_effects(state: Any) -> tuple[Effect, ...]:
    """Nothing is wanted outside."""
    return ()


@dataclass(frozen=True)
class Decider(Generic[S]):
    """One kind of aggregate: its rules as data and pure functions.

    `follows` is what the state leads to by itself; the core asks it after every decision until it answers nothing,
    so the order in which facts arrived leaves no trace. `stamp` fills the common fields of a fact from the state.
    """

    state: type[Model]
    evolve: Fold[S]
    heard: tuple[Hears[S] | Reaches[S], ...]
    policy: tuple[Allow, ...] = ()
    follows: Callable[[S, World], Facts] = no_facts
    deadlines: Callable[[S, Calendar], Mapping[str, datetime]] = no_deadlines
    waiting: Callable[[S], tuple[Wait, ...]] = no_waits
    effects: Callable[[S], tuple[Effect, ...]] = no_effects
    stamp: Callable[[S, Fact], Mapping[str, str]] = lambda _state, _fact: cast("dict[str, str]", {})
    prefix: str = ""
    opened_by_command: bool = False
    version: int = 1

    def row(self, message: type[Message]) -> Hears[S] | None:
        """The row that hears this message."""
        return next((row for row in self.heard if isinstance(row, Hears) and row.message is message), None)

    def deadline(self, name: str) -> Reaches[S] | None:
        """The row of this deadline."""
        return next((row for row in self.heard if isinstance(row, Reaches) and row.name == name), None)

"""The 24-hour clock of every request to Activaciones (3.5): warning at 75 %, one breach, late answers accepted and marked."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

from shared.common.state import State
from shared.contracts.base import DeadlineReached, Fact, Model
from shared.contracts.common import (
    ActivationsRequested,
    ActivationsResponded,
    ActivationsSlaBreached,
    JeopardyCleared,
    JeopardyRaised,
    TaskEscalated,
)
from shared.decider import Decision, Fold, World

WARNING_SHARE: Final = 0.75
PREFIX: Final = "activaciones/"


class Request(Model):
    """One request to Activaciones and what became of it."""

    kind: str
    asked_at: datetime
    due: datetime
    suborder: str = ""
    warned: bool = False
    breached: bool = False
    answered: bool = False
    values: dict[str, str] = {}

    @property
    def warn_at(self) -> datetime:
        """When three quarters of the time are gone."""
        return self.asked_at + (self.due - self.asked_at) * WARNING_SHARE

    @property
    def late_at(self) -> datetime:
        """The first instant that is too late: exactly 24 hours is in time, a second later is not."""
        return self.due + timedelta(seconds=1)


class Asking(Protocol):
    """A state with requests to Activaciones."""

    @property
    def requests(self) -> Mapping[str, Request]:
        """By request id."""
        ...


A = TypeVar("A", bound=State)


def open_requests(state: Asking) -> Iterator[tuple[str, Request]]:
    """Requests without an answer."""
    return ((key, one) for key, one in state.requests.items() if not one.answered)


def answer_deadlines(state: Asking) -> dict[str, datetime]:
    """The earliest warning and the earliest breach of what is unanswered."""
    warnings = [one.warn_at for _, one in open_requests(state) if not one.warned]
    breaches = [one.late_at for _, one in open_requests(state) if not one.breached]
    found = {"activations_warning": min(warnings, default=None), "activations_due": min(breaches, default=None)}
    return {name: at for name, at in found.items() if at is not None}


def warn(state: Asking, reached: DeadlineReached, world: World) -> Decision:
    """Three quarters of the time are gone: jeopardy AMBER, once per request."""
    return [
        JeopardyRaised(
            name=f"{PREFIX}{key}",
            level="AMBER",
            predicted=one.due,
            why=f"Activaciones no respondió la solicitud {one.kind}; vence pronto.",
            suborder=one.suborder,
        )
        for key, one in open_requests(state)
        if not one.warned and one.warn_at <= world.now
    ]


def breach(state: Asking, reached: DeadlineReached, world: World) -> Decision:
    """Past due without an answer: exactly one breach and one escalation, whatever restarts."""
    facts: list[Fact] = []
    for key, one in open_requests(state):
        if one.breached or one.late_at > world.now:
            continue
        facts += [
            ActivationsSlaBreached(request_id=key, kind=one.kind, due=one.due, suborder=one.suborder),
            TaskEscalated(
                key=key,
                level=1,
                to="OM_SUPERVISOR",
                why=f"Activaciones superó el plazo de la solicitud {one.kind}.",
                suborder=one.suborder,
            ),
            JeopardyRaised(
                name=f"{PREFIX}{key}",
                level="RED",
                predicted=None,
                why=f"Venció el plazo de la solicitud {one.kind} a Activaciones.",
                suborder=one.suborder,
            ),
        ]
    return facts


def cleared(key: str, one: Request) -> list[Fact]:
    """An answer ends the jeopardy of its request."""
    return [JeopardyCleared(name=f"{PREFIX}{key}", suborder=one.suborder)] if one.warned else []


def with_request(state: A, key: str, **changes: object) -> A:
    """The state with one request changed; an unknown one changes nothing."""
    requests: Mapping[str, Request] = getattr(state, "requests")  # noqa: B009 - the protocol's attribute
    if key not in requests:
        return state
    return state.having(requests={**requests, key: requests[key].model_copy(update=changes)})


def moved_on(requests: Mapping[str, Request], paused: timedelta, suborders: Collection[str] | None = None) -> dict[str, Request]:
    """What is unanswered goes on with exactly the time that was left (X.1): of these suborders, or all of it."""
    return {
        key: one.model_copy(update={"asked_at": one.asked_at + paused, "due": one.due + paused})
        if not one.answered and (suborders is None or one.suborder in suborders)
        else one
        for key, one in requests.items()
    }


def fold_requests(evolve: Fold[A]) -> None:
    """Registers how requests open, are warned of, breached and answered."""

    @evolve.on(ActivationsRequested)
    def requested(state: A, fact: ActivationsRequested) -> A:
        asked = fact.due - timedelta(hours=24)
        one = Request(kind=fact.kind, asked_at=asked, due=fact.due, suborder=fact.suborder)
        return state.having(requests={**getattr(state, "requests"), fact.request_id: one})  # noqa: B009

    @evolve.on(JeopardyRaised)
    def warned(state: A, fact: JeopardyRaised) -> A:
        return with_request(state, fact.name.removeprefix(PREFIX), warned=True)

    @evolve.on(ActivationsSlaBreached)
    def breached(state: A, fact: ActivationsSlaBreached) -> A:
        return with_request(state, fact.request_id, breached=True)

    @evolve.on(ActivationsResponded)
    def responded(state: A, fact: ActivationsResponded) -> A:
        return with_request(state, fact.request_id, answered=True, values=fact.values)

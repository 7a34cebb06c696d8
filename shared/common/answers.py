"""The clock of every request to Activaciones (3.5, D5): a warning, one breach, late answers accepted and marked.

An amended calendar moves a clock in working time both ways, until it is answered or breached (X.9).
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

from shared.calendar.calendar import Calendar, local_day
from shared.common.state import State
from shared.common.time_limits import Limits, by_version, counted, recounted, used
from shared.contracts.base import DeadlineReached, Fact, Model
from shared.contracts.common import (
    ActivationsRequested,
    ActivationsResponded,
    ActivationsSlaBreached,
    ClockRedated,
    JeopardyCleared,
    JeopardyRaised,
    TaskEscalated,
)
from shared.contracts.shapes import TimeLimit
from shared.decider import Decision, Fold, World

PREFIX: Final = "activaciones/"
ASKED_FOR: Final = {
    "QUOTES": "cotizaciones",
    "SERVICE_CREATION": "creación del servicio",
    "BILLING_ACCOUNT": "cuenta de facturación",
    "LOGICAL_CONFIGURATION": "configuración lógica",
    "BILLING_ACTIVATION": "alta en el sistema de facturación",
}
"""What is requested, by kind, as a person reads it."""


class Clock(Model):
    """Until when an answer is in time, when the jeopardy of a missing one is told, and how both were counted."""

    due: datetime
    warn_at: datetime | None = None
    limit: TimeLimit | None = None


def clock(world: World, kind: str) -> Clock:
    """The clock of what is asked now: the operator's hours, of the clock or of working days, or the next working day (D5)."""
    day, names = local_day(world.now), ("answer_within", "hours", "warning_share")
    unit, hours, share = (world.policy.value(f"activations.{name}", day, kind) for name in names)
    limit = TimeLimit(since=world.now, n=int(hours), unit=unit, warn_share=share, calendar=used(world.calendar))
    until = counted(limit, world.calendar)
    return Clock(due=until.due, warn_at=until.warn_at, limit=limit)


class Request(Clock):
    """One request to Activaciones and what became of it."""

    kind: str
    asked_of: str = "ACTIVACIONES"
    suborder: str = ""
    warned: bool = False
    breached: bool = False
    answered: bool = False
    values: dict[str, str] = {}

    @property
    def late_at(self) -> datetime:
        """The first instant that is too late: exactly 24 hours is in time, a second later is not."""
        return self.due + timedelta(seconds=1)

    def by(self, calendar: Calendar) -> "Request":
        """Dated by this calendar; a clock that ended stays as it was decided."""
        if self.answered or self.breached:
            return self
        until = recounted(Limits(self.due, self.warn_at), self.limit, calendar)
        return self.model_copy(update={"due": until.due, "warn_at": until.warn_at})


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


def dated(state: Asking, calendar: Calendar) -> Iterator[tuple[str, Request]]:
    """The same, by this calendar, whether or not anybody was told yet."""
    return ((key, one.by(calendar)) for key, one in open_requests(state))


def redated(state: Asking, calendar: Calendar) -> list[Fact]:
    """What a newer calendar changes of the clocks as they were told; none in clock hours (5.5)."""
    use = used(calendar)
    return [
        ClockRedated(
            clock=key, before=state.requests[key].due, after=one.due, warn_at=one.warn_at, calendar=use, suborder=one.suborder
        )
        for key, one in dated(state, calendar)
        if (one.due, one.warn_at) != (state.requests[key].due, state.requests[key].warn_at)
    ]


def answer_deadlines(state: Asking, calendar: Calendar) -> dict[str, datetime]:
    """The earliest warning and the earliest breach of what is unanswered."""
    running = [one for _, one in dated(state, calendar)]
    warnings = [one.warn_at for one in running if one.warn_at is not None and not one.warned]
    breaches = [one.late_at for one in running if not one.breached]
    found = {"activations_warning": min(warnings, default=None), "activations_due": min(breaches, default=None)}
    return {name: at for name, at in found.items() if at is not None}


def warn(state: Asking, reached: DeadlineReached, world: World) -> Decision:
    """Most of the time is gone: jeopardy AMBER, once per request."""
    return [
        JeopardyRaised(
            name=f"{PREFIX}{key}",
            level="AMBER",
            predicted=one.due,
            why=f"Activaciones no respondió la solicitud de {ASKED_FOR[one.kind]}; vence pronto.",
            suborder=one.suborder,
        )
        for key, one in dated(state, world.calendar)
        if not one.warned and one.warn_at is not None and one.warn_at <= world.now
    ]


def breach(state: Asking, reached: DeadlineReached, world: World) -> Decision:
    """Past due without an answer: exactly one breach and one escalation, whatever restarts."""
    facts: list[Fact] = []
    for key, one in dated(state, world.calendar):
        if one.breached or one.late_at > world.now:
            continue
        facts += [
            ActivationsSlaBreached(request_id=key, kind=one.kind, due=one.due, suborder=one.suborder),
            TaskEscalated(
                key=key,
                level=1,
                to="OM_SUPERVISOR",
                why=f"Activaciones superó el plazo de la solicitud de {ASKED_FOR[one.kind]}.",
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


def with_redated(state: A, fact: ClockRedated) -> A:
    """The state with the clock of one request as an amended calendar dates it."""
    requests: Mapping[str, Request] = getattr(state, "requests")  # noqa: B009 - the protocol's attribute
    limit = requests[fact.clock].limit if fact.clock in requests else None
    return with_request(state, fact.clock, due=fact.after, warn_at=fact.warn_at, limit=by_version(limit, fact.calendar))


def moved_on(requests: Mapping[str, Request], paused: timedelta, suborders: Collection[str] | None = None) -> dict[str, Request]:
    """What is unanswered goes on with exactly the time that was left (X.1): of these suborders, or all of it."""
    return {
        key: one.model_copy(update={"due": one.due + paused, "warn_at": one.warn_at and one.warn_at + paused})
        if not one.answered and (suborders is None or one.suborder in suborders)
        else one
        for key, one in requests.items()
    }


def fold_requests(evolve: Fold[A]) -> None:
    """Registers how requests open, are warned of, breached and answered."""

    @evolve.on(ActivationsRequested)
    def requested(state: A, fact: ActivationsRequested) -> A:
        one = Request(
            kind=fact.kind,
            asked_of=fact.asked_of,
            due=fact.due,
            warn_at=fact.warn_at,
            limit=fact.limit,
            suborder=fact.suborder,
        )
        return state.having(requests={**getattr(state, "requests"), fact.request_id: one})  # noqa: B009

    @evolve.on(ClockRedated)
    def redated_anew(state: A, fact: ClockRedated) -> A:
        return with_redated(state, fact)

    @evolve.on(JeopardyRaised)
    def warned(state: A, fact: JeopardyRaised) -> A:
        return with_request(state, fact.name.removeprefix(PREFIX), warned=True)

    @evolve.on(ActivationsSlaBreached)
    def breached(state: A, fact: ActivationsSlaBreached) -> A:
        return with_request(state, fact.request_id, breached=True)

    @evolve.on(ActivationsResponded)
    def responded(state: A, fact: ActivationsResponded) -> A:
        return with_request(state, fact.request_id, answered=True, values=fact.values)

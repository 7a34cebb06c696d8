"""An engineer's agenda, an aggregate of its own: sessions of all suborders, no two at once (11.2)."""

from typing import Final

from services.testing.domain.state import Agenda, Booking
from shared.common.state import fold_common, without
from shared.contracts.base import Fact
from shared.contracts.common import CommandRefused
from shared.contracts.testing import SessionAnswered, SessionProposed, SlotBooked, SlotFreed, SlotRefused
from shared.decider import Decision, Fold, Target, World

BUSY: Final = "ENGINEER_BUSY"


def agenda(staff: str) -> str:
    """The id of an engineer's agenda."""
    return f"agenda:{staff}"


def of_session(fact: SessionProposed, po: str) -> Target:
    """To the engineer's agenda, and to the one that holds the session it replaces."""
    asked = [fact.engineer] + ([fact.replaces.engineer] if fact.replaces else [])
    return Target(ids=tuple(agenda(one) for one in dict.fromkeys(asked)))


def of_answer(fact: SessionAnswered, po: str) -> Target:
    """To the engineer's agenda."""
    return Target(ids=(agenda(fact.engineer),))


def key(suborder: str, session: int) -> str:
    """A booking's key."""
    return f"{suborder}/{session}"


def book(state: Agenda, fact: SessionProposed, world: World) -> Decision:
    """Takes the session unless it overlaps another; the slot that it replaces is free first, also with another engineer."""
    old = key(fact.suborder, fact.replaces.session) if fact.replaces else ""
    facts: list[Fact] = [_freed(fact, fact.replaces.session)] if fact.replaces and old in state.bookings else []
    if world.aggregate != agenda(fact.engineer) or key(fact.suborder, fact.session) in state.bookings:
        return facts
    others = [one.window for known, one in state.bookings.items() if known != old]
    taken = any(other.start < fact.window.end and fact.window.start < other.end for other in others)
    kind, conflict = (SlotRefused, {"conflict": BUSY}) if taken else (SlotBooked, {})
    return [*facts, kind.model_validate(_whose(fact) | {"session": fact.session, "window": fact.window} | conflict)]


def free(state: Agenda, fact: SessionAnswered, world: World) -> Decision:
    """A no frees the agenda (11.2)."""
    if fact.accepted or key(fact.suborder, fact.session) not in state.bookings:
        return []
    return [_freed(fact, fact.session)]


def _freed(fact: SessionProposed | SessionAnswered, session: int) -> SlotFreed:
    return SlotFreed.model_validate(_whose(fact) | {"session": session})


def _whose(fact: SessionProposed | SessionAnswered) -> dict[str, object]:
    """An agenda has no order of its own: its facts are those of the suborder that asks."""
    return {"parent": fact.parent, "suborder": fact.suborder, "billing_group": fact.billing_group}


evolve: Fold[Agenda] = Fold()
fold_common(evolve)


@evolve.on(SlotBooked)
def agenda_booked(state: Agenda, fact: SlotBooked) -> Agenda:
    """The slot is taken."""
    booking = Booking(suborder=fact.suborder, session=fact.session, window=fact.window)
    return state.having(bookings={**state.bookings, key(fact.suborder, fact.session): booking})


@evolve.on(SlotFreed)
def agenda_freed(state: Agenda, fact: SlotFreed) -> Agenda:
    """The slot is free again."""
    return state.having(bookings=without(state.bookings, key(fact.suborder, fact.session)))


evolve.ignores(SlotRefused, CommandRefused)

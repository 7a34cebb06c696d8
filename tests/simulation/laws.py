"""What holds whatever happened: read from what was published and from the states, without a line of the code that decides."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from shared.contracts.acceptance import (
    AcceptanceClockStarted,
    AcceptanceExpired,
    AcceptanceExpiryNotified,
    AcceptanceReminderRequested,
    AcceptanceSigned,
    SuborderCompleted,
    WelcomeKitDelivered,
)
from shared.contracts.billing import BillingRequested, ServiceBillingActivated
from shared.contracts.common import NotificationRequested
from shared.contracts.intake import OrderReceived, OrderStateChanged, SuborderStateChanged
from shared.contracts.refusals import REFUSALS, sentence
from shared.messaging.reaction import next_effect
from tests.lifecycle.town import differing
from tests.simulation.storm import Storm, everywhere

Broken = Iterator[str]
"""What does not hold, a sentence each; nothing when all is well."""

FINAL: Final = frozenset({"COMPLETED", "PARTIAL", "FAILED", "CANCELLED", "REJECTED", "DONE", "ACTIVE", "STOPPED"})
EDGES: Final = frozenset(
    {
        ("start", "acknowledged"),
        ("start", "rejected"),
        *(("acknowledged", to) for to in ("rejected", "inProgress", "pending", "cancelled")),
        *(("inProgress", to) for to in ("pending", "held", "completed", "failed", "partial", "cancelled")),
        *(("pending", to) for to in ("inProgress", "cancelled")),
        *(("held", to) for to in ("inProgress", "cancelled")),
    }
)
"""The legal edges of 4.1, told again; an order begins at `start`, a suborder acknowledged."""


def the_state_is_the_fold_of_the_facts(storm: Storm) -> Broken:
    """I12: every aggregate told again from its facts alone is what it is; its facts are numbered 1, 2, 3, ... (X.8)."""
    histories: dict[tuple[str, str], list[Any]] = {}
    for told in storm.log:
        histories.setdefault((told.service, told.subject), []).append(told)
    for service, cell in everywhere(storm):
        history = histories[service, cell.id]
        if [one.seq for one in history] != list(range(1, cell.version + 1)):
            yield f"{service} {cell.id} has other numbers than 1 to {cell.version}"
        state = cell.decider.state()
        for one in history:
            state = cell.decider.evolve(state, one.fact)
        if state != cell.state:
            yield f"{service} {cell.id} is not its facts: {differing(state, cell.state)}"


def somebody_or_time_moves_what_is_not_at_its_end(storm: Storm) -> Broken:
    """No stage without a wait, a deadline or an end (X.6)."""
    for service, cell in everywhere(storm):
        state = cell.state
        if cell.decider.prefix or service == "notifications" or state.stage in FINAL:
            continue
        moved = state.waits or storm.due(service, cell) or next_effect(cell) or state.held
        if not moved:
            yield f"{service} {cell.id} stands in {state.stage} and nothing moves it"


def nothing_is_billed_without_evidence_or_twice(storm: Storm) -> Broken:
    """I17, C7: once for each phase; each basis was published by acceptance before (15.1, 15.2)."""
    proved: set[tuple[str, str]] = set()
    asked: Counter[str] = Counter()
    confirmed: Counter[str] = Counter()
    for told in storm.log:
        match told.fact:
            case AcceptanceSigned():
                proved.add((told.subject, "SIGNED"))
            case AcceptanceExpiryNotified():
                proved.add((told.subject, "EXPIRED"))
            case BillingRequested() as fact:
                asked[fact.request_id] += 1
                if not fact.basis and not fact.phase.pre_acceptance:
                    yield f"{fact.request_id} rests on nothing"
                yield from (
                    f"{fact.request_id} rests on {one.basis} of {one.suborder}, which acceptance never said"
                    for one in fact.basis
                    if (one.suborder, one.basis) not in proved
                )
            case ServiceBillingActivated() as fact:
                confirmed[fact.request_id] += 1
                if not asked[fact.request_id]:
                    yield f"{fact.request_id} was confirmed before it was asked"
            case _:
                pass
    yield from (f"{key} was asked {count} times" for key, count in asked.items() if count > 1)
    yield from (f"{key} was confirmed {count} times" for key, count in confirmed.items() if count > 1)


def each_clock_reminds_once_a_slot_and_each_series_ends_once(storm: Storm) -> Broken:
    """C8: a slot once for each clock, one end for each series, no end before its deadline (14.4, 14.5)."""
    clock: Counter[str] = Counter()
    slots: Counter[tuple[str, int, int]] = Counter()
    ends: Counter[tuple[str, int]] = Counter()
    for told in storm.log:
        match told.fact:
            case AcceptanceClockStarted():
                clock[told.subject] += 1
            case AcceptanceReminderRequested() as fact:
                slots.update((told.subject, clock[told.subject], slot) for slot in fact.slots)
            case AcceptanceSigned() as fact:
                ends[told.subject, fact.evidence.series] += 1
            case AcceptanceExpired() as fact:
                ends[told.subject, fact.evidence.series] += 1
                if fact.evidence.decided_at < fact.evidence.deadline:
                    yield f"{told.subject} expired before its deadline"
            case _:
                pass
    yield from (f"slot {one} was used {count} times" for one, count in slots.items() if count > 1)
    yield from (f"series {one} ended {count} times" for one, count in ends.items() if count > 1)


ONCE: Final[tuple[type, ...]] = (OrderReceived, SuborderCompleted, WelcomeKitDelivered)
ONE_MAIL: Final = frozenset({"SERVICIO_ENTREGADO", "ALTA_REALIZADA"})


def what_happens_once_happens_once(storm: Storm) -> Broken:
    """The order received (1.2), the kit (18), the completion (18.1), the mails of 13.2 and 15.7."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for told in storm.log:
        if isinstance(told.fact, ONCE):
            seen[told.service, told.subject, type(told.fact).__name__] += 1
        if isinstance(told.fact, NotificationRequested) and told.fact.template in ONE_MAIL:
            seen[told.service, told.subject, told.fact.template] += 1
    yield from (f"{one} happened {count} times" for one, count in seen.items() if count > 1)


def states_go_by_legal_edges(storm: Storm) -> Broken:
    """Each change starts where the one before ended, by an edge of 4.1 (X.10)."""
    at: dict[str, str] = {}
    for told in storm.log:
        if isinstance(told.fact, OrderStateChanged | SuborderStateChanged):
            key = getattr(told.fact, "suborder", "") or told.subject
            first = "start" if key == told.subject else "acknowledged"
            before, after = told.fact.from_state, told.fact.to_state
            if at.get(key, first) != before:
                yield f"{key} goes from {before} but stood at {at.get(key, first)}"
            if (before, after) not in EDGES:
                yield f"{key} goes from {before} to {after}"
            at[key] = after


def every_refusal_says_in_spanish_what_is_wrong(storm: Storm) -> Broken:
    """X.8: a stable code, and a sentence in which nothing is left open."""
    for message, refused in storm.refused:
        if refused.code not in REFUSALS:
            yield f"{type(message).__name__} is refused by an unknown code {refused.code}"
        elif re.search(r"[{}—]|None", told := sentence(refused.code, refused.details)):
            yield f"{type(message).__name__} is refused by {told!r}"


LAWS: Final[tuple[Callable[[Storm], Broken], ...]] = (
    the_state_is_the_fold_of_the_facts,
    somebody_or_time_moves_what_is_not_at_its_end,
    nothing_is_billed_without_evidence_or_twice,
    each_clock_reminds_once_a_slot_and_each_series_ends_once,
    what_happens_once_happens_once,
    states_go_by_legal_edges,
    every_refusal_says_in_spanish_what_is_wrong,
)


def broken(storm: Storm) -> list[str]:
    """Everything that does not hold."""
    return [f"{law.__name__}: {told}" for law in LAWS for told in law(storm)]

"""A whole lifecycle as TM Forum's readers see it: the states they are told are those of the facts, whatever the order."""

from itertools import pairwise
from random import Random

import pytest

from o2c.play.cast import Cast
from o2c.tmf.mapping import Told, notification
from o2c.tmf.shape import Notification
from services.intake.domain.rollup import LEGAL
from shared.contracts.intake import OrderStateChanged, SuborderStateChanged
from tests.lifecycle import town as towns
from tests.lifecycle.test_lifecycle import FIRST, SECOND, START
from tests.samples import BANK, sample

PARENT = "8015g00000AbC01AAF"


def lived(seed: int) -> towns.Town:
    town = towns.Town(now=START, cast=Cast(silent=frozenset({SECOND})), shuffle=Random(seed), repeats=3)
    town.salesforce(sample(BANK))
    town.live(14)
    return town


def told(town: towns.Town) -> list[Notification]:
    found = (notification(Told(one.id, START, one.fact)) for one in town.log)
    return [one for one in found if one is not None]


@pytest.mark.parametrize("seed", [3, 11])
def test_each_order_is_told_exactly_the_states_of_its_facts_by_legal_steps(seed: int) -> None:
    town = lived(seed)
    states: dict[str, list[str | None]] = {}
    for one in told(town):
        if one.kind == "ProductOrderStateChangeEvent":
            states.setdefault(one.event.order.id, []).append(one.event.order.state)
    facts = [one.fact for one in town.log if isinstance(one.fact, OrderStateChanged | SuborderStateChanged)]
    said: dict[str, list[str]] = {}
    for fact in facts:
        said.setdefault(fact.suborder if isinstance(fact, SuborderStateChanged) else fact.parent, []).append(fact.to_state)
    assert states == said
    assert set(states) == {PARENT, FIRST, SECOND}
    for path in states.values():
        for before, after in pairwise(path):
            assert after in LEGAL[str(before)], path
    order = town.cells["intake"][PARENT].state
    assert {PARENT: order.state, **{key: sub.state for key, sub in order.subs.items()}} == {
        key: path[-1] for key, path in states.items()
    }


def test_a_lifecycle_is_told_with_its_milestones_and_each_notification_once() -> None:
    town = lived(5)
    found = told(town)
    assert len({one.id for one in found}) == len(found)
    assert [one.kind for one in found].count("ProductOrderCreateEvent") == 1
    reached = [(milestone.name, one.event.order.id) for one in found for milestone in one.event.order.milestones or ()]
    assert ("AcceptanceSigned", FIRST) in reached
    assert ("AcceptanceExpired", SECOND) in reached
    assert [name for name, _ in reached].count("BillingRequested") == 4
    bills = [one.event.order for one in found if one.title == "Facturación activada"]
    assert sorted((one.id, one.state) for one in bills) == [
        (FIRST, "completed"),
        (FIRST, "inProgress"),
        (SECOND, "completed"),
        (SECOND, "inProgress"),
    ]
    assert {one.correlation for one in found} == {PARENT}

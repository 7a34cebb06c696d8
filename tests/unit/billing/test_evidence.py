"""No path through the facts reaches a request without evidence (15.1)."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from shared.contracts.acceptance import AcceptanceClockResumed, AcceptanceExpired, AcceptanceExpiryNotified, AcceptanceSigned
from shared.contracts.base import Fact
from shared.contracts.billing import BillingRequested
from shared.contracts.intake import AllSitesAccepted, DocsRevalidationRequired
from tests.builders import CREATED, OTHER, PARENT, SUBORDER, passed_tests, phase, terms
from tests.unit.billing.billing_group import Group, account, built, expired, freed, notified, rejected, signed, sold, validated

FEW = settings(max_examples=30)
"""The folder stays under two seconds."""
KEY = f"{PARENT}/G1"
PAIR = terms(
    SUBORDER, OTHER, group=KEY, mechanism="BY_PHASE", phases=(phase(1, "70.00"), phase(2, "30.00", "ALL_SITES_ACCEPTED"))
)


def resumed(suborder: str) -> AcceptanceClockResumed:
    return AcceptanceClockResumed(parent=PARENT, suborder=suborder, billing_group=KEY, deadline=CREATED, slots=(), why="x")


FACTS: tuple[Fact, ...] = (
    sold(PAIR),
    validated(),
    DocsRevalidationRequired(parent=PARENT, revision=1, items=(1,)),
    validated(revision=2),
    freed(SUBORDER, PAIR),
    freed(OTHER, PAIR),
    account(KEY),
    built(),
    passed_tests(1, SUBORDER, KEY),
    passed_tests(1, OTHER, KEY),
    rejected(SUBORDER, KEY),
    resumed(SUBORDER),
    signed(SUBORDER, KEY),
    expired(OTHER, KEY),
    notified(OTHER, KEY),
    AllSitesAccepted(parent=PARENT, suborders=(SUBORDER, OTHER)),
)


def proven(heard: list[Fact], suborder: str) -> bool:
    """Evidence as the procedure has it, said without our code: a signature, or an expiry and its notice."""
    kinds = {type(fact) for fact in heard if getattr(fact, "suborder", "") == suborder}
    return AcceptanceSigned in kinds or {AcceptanceExpired, AcceptanceExpiryNotified} <= kinds


def told(order: list[Fact]) -> Iterator[tuple[list[Fact], Group]]:
    group = Group(group=KEY)
    heard: list[Fact] = []
    for fact in order:
        heard = [*heard, fact]
        yield heard, group.when(fact)


@pytest.mark.criterion("15.1")
@FEW
@given(some.permutations(FACTS).flatmap(lambda order: some.integers(0, len(order)).map(lambda n: order[:n])))
def test_no_permutation_of_facts_requests_billing_without_evidence_of_every_member(order: list[Fact]) -> None:
    for heard, group in told(order):
        if group.of(BillingRequested):
            assert proven(heard, SUBORDER)
            assert proven(heard, OTHER)
            return


@pytest.mark.criterion("15.1", "X.8")
@FEW
@given(some.permutations(FACTS[4:]))
def test_in_any_order_after_the_order_itself_each_phase_is_requested_exactly_once(order: list[Fact]) -> None:
    group = Group(*FACTS[:4], group=KEY).hears(order)
    assert sorted(one.phase.no for one in group.of(BillingRequested)) == [1, 2]
    assert group.state.stages == {"REQUESTED"}


@pytest.mark.criterion("15.1")
@pytest.mark.parametrize("signed_first", [True, False])
def test_a_signature_settles_the_rejection_that_it_ended_whichever_is_heard_first(signed_first: bool) -> None:
    alone = terms(SUBORDER, group=KEY)
    group = Group(sold(alone), validated(), freed(SUBORDER, alone), account(KEY), group=KEY)
    both = [signed(SUBORDER, KEY), rejected(SUBORDER, KEY)]
    group.hears(both if signed_first else both[::-1])
    assert len(group.of(BillingRequested)) == 1


@pytest.mark.criterion("15.1")
def test_an_open_rejection_requests_nothing_even_of_a_member_that_expired() -> None:
    alone = terms(SUBORDER, group=KEY)
    group = Group(sold(alone), validated(), freed(SUBORDER, alone), account(KEY), group=KEY)
    group.hears([rejected(SUBORDER, KEY), expired(SUBORDER, KEY), notified(SUBORDER, KEY)])
    assert group.of(BillingRequested) == []


@pytest.mark.criterion("15.1")
@FEW
@given(some.lists(some.sampled_from(FACTS), max_size=40))
def test_however_often_facts_come_no_phase_is_requested_twice(order: list[Fact]) -> None:
    keys = [one.request_id for one in Group(*FACTS, group=KEY).hears(order).of(BillingRequested)]
    assert len(keys) == len(set(keys))

"""What holds whatever anybody does and whatever goes wrong between the services: seeds of storms, and laws (8.5)."""

import os
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any, Final

import pytest

from o2c.commands.demo import SAMPLES
from o2c.play.cast import Cast
from shared.contracts.acceptance import AcceptanceExpired, AcceptanceReminderRequested, AcceptanceSigned, WelcomeKitDelivered
from shared.contracts.base import Fact
from shared.contracts.billing import BillingRequested
from shared.contracts.intake import ReviewOrder, SuborderStateChanged
from shared.decider import Refused
from tests.lifecycle.town import Told
from tests.simulation import laws
from tests.simulation.storm import START, Storm

SILENT: Final = "8015g00000AbC03AAF"
BANK: Final = "00_order_graph_payload__c.json"
SALES: Final = (BANK, BANK, "16_order_graph_negocio_one_site.json")
STEPS: Final = 2500
DAYS: Final = 60
ROUNDS: Final = int(os.environ.get("O2C_FAULT_ROUNDS", "0"))
SEEDS: Final = 100
"""Storms of one round of `make faults`."""


def storm(seed: int) -> Storm:
    random = Random(seed)
    return Storm(now=START, cast=Cast(silent=frozenset({SILENT})), shuffle=random, sale=random.choice(SALES))


def told_of(seed: int) -> str:
    """Everything that does not hold in this storm, with what was done last; empty when all is well."""
    town = storm(seed)
    town.rage(STEPS)
    town.rest(DAYS)
    problems = laws.broken(town)
    return "\n".join([f"seed {seed}", *problems, *town.story[-20:]]) if problems else ""


@pytest.mark.criterion("X.1", "X.3", "X.6", "X.8", "X.10", "14.4", "14.5", "15.1", "15.2", "18", "18.1")
@pytest.mark.parametrize("seed", range(12))
def test_in_any_storm_the_laws_hold(seed: int) -> None:
    assert told_of(seed) == ""


@pytest.mark.faults
@pytest.mark.skipif(not ROUNDS, reason="told by make faults")
@pytest.mark.timeout(SEEDS * 10)
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_in_many_more_storms_the_laws_hold(round_: int) -> None:
    seeds = range((round_ + 1) * 1000, (round_ + 1) * 1000 + SEEDS)
    assert [told for seed in seeds if (told := told_of(seed))] == []


# A law that was never broken proves nothing.


@pytest.fixture(scope="module")
def quiet() -> Storm:
    """No mischief at all: two sites, one signs and one never answers."""
    town = storm(0)
    town.sale = BANK
    town.rage(0)
    town.rest(DAYS)
    return town


def with_log(town: Storm, change: Callable[[list[Told]], list[Told]]) -> Storm:
    """The same town, if something else had been published."""
    other = storm(0)
    other.log, other.cells, other.now = change(list(town.log)), town.cells, town.now
    return other


def without(kind: type[Fact]) -> Callable[[list[Told]], list[Told]]:
    return lambda log: [one for one in log if not isinstance(one.fact, kind)]


def twice(kind: type[Fact]) -> Callable[[list[Told]], list[Told]]:
    return lambda log: [again for one in log for again in ([one, one] if isinstance(one.fact, kind) else [one])]


def changed(kind: type[Fact], **values: Any) -> Callable[[list[Told]], list[Told]]:
    return lambda log: [
        replace(one, fact=one.fact.model_copy(update=values)) if isinstance(one.fact, kind) else one for one in log
    ]


@pytest.mark.parametrize(
    ("law", "change"),
    [
        (laws.the_state_is_the_fold_of_the_facts, without(AcceptanceSigned)),
        (laws.the_state_is_the_fold_of_the_facts, twice(WelcomeKitDelivered)),
        (laws.nothing_is_billed_without_evidence_or_twice, without(AcceptanceSigned)),
        (laws.nothing_is_billed_without_evidence_or_twice, twice(BillingRequested)),
        (laws.nothing_is_billed_without_evidence_or_twice, changed(BillingRequested, basis=())),
        (laws.each_clock_reminds_once_a_slot_and_each_series_ends_once, twice(AcceptanceExpired)),
        (laws.each_clock_reminds_once_a_slot_and_each_series_ends_once, twice(AcceptanceReminderRequested)),
        (laws.what_happens_once_happens_once, twice(WelcomeKitDelivered)),
        (laws.states_go_by_legal_edges, twice(SuborderStateChanged)),
        (laws.states_go_by_legal_edges, changed(SuborderStateChanged, to_state="rejected")),
    ],
)
def test_a_broken_law_is_noticed(law: Callable[[Storm], laws.Broken], change: Any, quiet: Storm) -> None:
    assert list(law(quiet)) == []
    assert list(law(with_log(quiet, change)))


def test_a_stage_that_nothing_moves_is_noticed(quiet: Storm) -> None:
    cell = quiet.cells["testing"][SILENT]
    before = cell.state
    assert list(laws.somebody_or_time_moves_what_is_not_at_its_end(quiet)) == []
    cell.state = before.having(stage="AGENDA", waits={})
    assert len(list(laws.somebody_or_time_moves_what_is_not_at_its_end(quiet))) == 1
    cell.state = before


def test_a_refusal_without_its_sentence_is_noticed(quiet: Storm) -> None:
    town = with_log(quiet, list)
    town.refused = [
        (ReviewOrder(aggregate="x"), Refused("UNKNOWN_TASK")),
        (ReviewOrder(aggregate="x"), Refused("NEVER_HEARD_OF")),
    ]
    assert len(list(laws.every_refusal_says_in_spanish_what_is_wrong(town))) == 2


def test_the_sales_of_the_storms_are_samples_that_are_shipped() -> None:
    assert all((SAMPLES / one).exists() for one in SALES)

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.billing.domain.amounts import cents, phase_amounts, price, split
from shared.contracts.shapes import Item, Money, Phase
from tests.builders import item, phase

PRICES = some.decimals(min_value=0, max_value=99_999, places=4)
ITEMS = some.lists(some.tuples(PRICES, some.integers(1, 40)), min_size=1, max_size=8).map(
    lambda found: [item(n, str(price), quantity=quantity) for n, (price, quantity) in enumerate(found)]
)


def percents(cuts: list[int]) -> list[Phase]:
    """Percents with two decimals that sum to exactly 100.00."""
    marks = [0, *sorted(set(cuts)), 10_000]
    parts = [Decimal(after - before) / 100 for before, after in itertools.pairwise(marks)]
    return [phase(no, str(part)) for no, part in enumerate(parts, 1)]


PHASES = some.lists(some.integers(1, 9_999), max_size=5).map(percents)


@pytest.mark.criterion("15.2")
@given(PHASES, ITEMS)
def test_amounts_always_add_up_over_items_and_over_phases(phases: list[Phase], items: list[Item]) -> None:
    shares = split(phases, items)
    amounts = {one.no: one.amount.amount for one in phase_amounts(phases, items)}
    money = items[0].unit_price
    for one in items:
        assert sum(shares[no][one.item_id] for no in shares) == price(one, money)
    for no, share in shares.items():
        assert sum(share.values()) == amounts[no]
        assert all(part >= 0 and part == cents(part) for part in share.values())
    assert sum(amounts.values()) == sum(price(one, money) for one in items)


@pytest.mark.criterion("15.2")
def test_each_phase_is_rounded_half_up_and_the_last_takes_the_remainder() -> None:
    amounts = phase_amounts([phase(1, "33.33"), phase(2, "33.33"), phase(3, "33.34")], [item(1, "100.01")])
    assert [one.amount.amount for one in amounts] == [Decimal("33.33"), Decimal("33.33"), Decimal("33.35")]


@pytest.mark.criterion("15.2")
def test_the_cents_left_over_go_to_the_largest_item() -> None:
    shares = split([phase(1, "50.00"), phase(2, "50.00")], [item(1, "10.01"), item(2, "20.01"), item(3, "10.01")])
    assert [shares[1][item(n).item_id] for n in (1, 2, 3)] == [Decimal("5.00"), Decimal("10.02"), Decimal("5.00")]
    assert sum(shares[1].values()) == Decimal("20.02")


@pytest.mark.criterion("15.2")
def test_the_example_of_the_billers_contract_comes_out_to_the_cent() -> None:
    shares = split([phase(1, "70.00"), phase(2, "30.00")], [item(1, "5200.00"), item(2, "4025.00")])
    assert list(shares[1].values()) == [Decimal("3640.00"), Decimal("2817.50")]


@pytest.mark.criterion("15.2")
def test_one_foreign_currency_stays_and_several_are_billed_in_bolivianos_at_the_orders_own_rate() -> None:
    usd = Money.model_validate({"amount": "100.00", "currency": "USD", "rate": "9.32", "rate_date": "2026-11-24"})
    (alone,) = phase_amounts([phase(1, "100.00")], [item(1, unit_price=usd)])
    assert (alone.amount.amount, alone.amount.currency, alone.amount.rate) == (Decimal("100.00"), "USD", Decimal("9.32"))
    (mixed,) = phase_amounts([phase(1, "100.00")], [item(1, unit_price=usd), item(2, "10.00")])
    assert (mixed.amount.amount, mixed.amount.currency) == (Decimal("942.00"), "BOB")

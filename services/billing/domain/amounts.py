"""Exact money: phases sum to the group's price, items to their phase, nothing is lost or made (15.2, `domain.md` 6.6)."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from shared.contracts.billing import PhaseAmount
from shared.contracts.shapes import Item, Money, Phase

CENT = Decimal("0.01")
HUNDRED = Decimal(100)


def cents(amount: Decimal) -> Decimal:
    """Rounded half up to the cent."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def total(item: Item) -> Decimal:
    """Quantity times unit price."""
    return cents(item.unit_price.amount * item.quantity)


def phase_amounts(phases: Sequence[Phase], items: Sequence[Item]) -> tuple[PhaseAmount, ...]:
    """What each phase amounts to; the last takes the rounding remainder."""
    base = sum((total(item) for item in items), Decimal(0))
    amounts = [cents(base * phase.percent / HUNDRED) for phase in phases[:-1]]
    amounts.append(base - sum(amounts, Decimal(0)))
    money = items[0].unit_price if items else Money(amount=Decimal(0))
    return tuple(
        PhaseAmount(no=phase.no, amount=money.model_copy(update={"amount": amount}))
        for phase, amount in zip(phases, amounts, strict=True)
    )


def shares(phases: Sequence[Phase], items: Sequence[Item], no: int) -> dict[str, Decimal]:
    """Each item's share of one phase: over the phases they add up to its price, over the items to the phase's amount."""
    spent = dict.fromkeys((item.item_id for item in items), Decimal(0))
    for phase, amount in zip(phases, phase_amounts(phases, items), strict=True):
        if phase is phases[-1]:
            share = {item.item_id: total(item) - spent[item.item_id] for item in items}
        else:
            share = {item.item_id: cents(total(item) * phase.percent / HUNDRED) for item in items}
            largest = max(items, key=total).item_id
            share[largest] += amount.amount.amount - sum(share.values(), Decimal(0))
        if phase.no == no:
            return share
        spent = {key: spent[key] + share[key] for key in spent}
    raise KeyError(no)


def sums_to_hundred(phases: Sequence[Phase]) -> bool:
    """Whether the percents of the phases sum to exactly 100.00."""
    return sum((phase.percent for phase in phases), Decimal(0)) == HUNDRED

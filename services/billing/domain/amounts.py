"""Exact money: phases sum to the group's price, items to their phase, nothing is lost or made (15.2, `domain.md` 6.6)."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Final

from shared.contracts.billing import PhaseAmount
from shared.contracts.shapes import Item, Money, Phase

CENT: Final = Decimal("0.01")
HUNDRED: Final = Decimal(100)
ZERO: Final = Decimal("0.00")


def cents(amount: Decimal) -> Decimal:
    """Rounded half up to the cent."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def currency(items: Sequence[Item]) -> Money:
    """The group's money, without amount: its one currency with its rate, or BOB where the items differ."""
    kinds = {item.unit_price.currency for item in items}
    first = items[0].unit_price if len(kinds) == 1 else Money(amount=ZERO)
    return first.model_copy(update={"amount": ZERO})


def written(number: Decimal) -> str:
    """A number as people in Bolivia write it: `1.234,56`."""
    return f"{cents(number):,}".translate(str.maketrans(",.", ".,"))


def price(item: Item, money: Money) -> Decimal:
    """Quantity times unit price; at the order's own rate where the group's currency is another."""
    own = item.unit_price
    rate = Decimal(1) if own.currency == money.currency else own.rate or Decimal(1)
    return cents(own.amount * item.quantity * rate)


def split(phases: Sequence[Phase], items: Sequence[Item]) -> dict[int, dict[str, Decimal]]:
    """Each item's share of each phase. Each phase is rounded half up, the last takes the remainder of every item.

    Shares are cut to the cent, and what that leaves goes to the largest items, never more than they still have.
    """
    money = currency(items)
    rest = {item.item_id: price(item, money) for item in items}
    whole = dict(rest)
    base = sum(whole.values(), ZERO)
    ordered = sorted(phases, key=lambda phase: phase.no)
    shares: dict[int, dict[str, Decimal]] = {}
    for phase in ordered[:-1]:
        part = phase.percent / HUNDRED
        due = min(cents(base * part), sum(rest.values(), ZERO))
        share = {key: min((one * part).quantize(CENT, ROUND_DOWN), rest[key]) for key, one in whole.items()}
        shares[phase.no] = _topped_up(share, due, rest, whole)
        rest = {key: rest[key] - shares[phase.no][key] for key in rest}
    shares[ordered[-1].no] = rest
    return shares


def _topped_up(
    share: dict[str, Decimal], due: Decimal, rest: Mapping[str, Decimal], whole: Mapping[str, Decimal]
) -> dict[str, Decimal]:
    """The shares that add up to the phase: the cents that are left over go to the largest item first."""
    left = due - sum(share.values(), ZERO)
    for key in sorted(share, key=lambda one: (-whole[one], one)):
        more = min(left, rest[key] - share[key])
        share[key] += more
        left -= more
    return share


def money_of(items: Sequence[Item], shares: Iterable[Decimal]) -> Money:
    """The sum of shares in the group's money."""
    return currency(items).model_copy(update={"amount": sum(shares, ZERO)})


def phase_amounts(phases: Sequence[Phase], items: Sequence[Item]) -> tuple[PhaseAmount, ...]:
    """What each phase amounts to."""
    shares = split(phases, items)
    return tuple(PhaseAmount(no=phase.no, amount=money_of(items, shares[phase.no].values())) for phase in phases)


def sums_to_hundred(phases: Sequence[Phase]) -> bool:
    """Whether the percents of the phases sum to exactly 100.00."""
    return sum((phase.percent for phase in phases), ZERO) == HUNDRED

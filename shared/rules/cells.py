"""The cells of a decision table: any of some values, or ranges of numbers; what two cells share, exactly."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final, TypeAlias

Value: TypeAlias = str | Decimal
"""A value of an input: a word, or an exact number."""
_TERM: Final = re.compile(r"\s*,?\s*(<=|>=|<|>|=|)\s*(-?\d+(?:\.\d+)?)\s*")
_LOWEST, _HIGHEST = Decimal("-Infinity"), Decimal("Infinity")


@dataclass(frozen=True, slots=True)
class Words:
    """Any of these values."""

    values: frozenset[str]

    def holds(self, value: Value | None) -> bool:
        """Whether the value is one of them."""
        return value in self.values

    def __str__(self) -> str:
        return " o ".join(sorted(self.values))


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers from `low` to `high`; whether the ends belong to it."""

    low: Decimal = _LOWEST
    high: Decimal = _HIGHEST
    low_in: bool = False
    high_in: bool = False

    def holds(self, number: Decimal) -> bool:
        """Whether the number lies in it."""
        above = number > self.low or (self.low_in and number == self.low)
        return above and (number < self.high or (self.high_in and number == self.high))

    def meet(self, other: "Range") -> "Range":
        """What both hold."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Range(
            low,
            high,
            all(one.low_in for one in (self, other) if one.low == low),
            all(one.high_in for one in (self, other) if one.high == high),
        )

    def example(self) -> Decimal | None:
        """A number in it, None when it is empty."""
        return next((one for one in points((self.low, self.high)) if self.holds(one)), None)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Any of these ranges, as the operator wrote them."""

    text: str
    ranges: tuple[Range, ...]

    def holds(self, value: Value | None) -> bool:
        """Whether the number lies in one of them."""
        return isinstance(value, Decimal) and any(one.holds(value) for one in self.ranges)

    def bounds(self) -> set[Decimal]:
        """All ends of the ranges."""
        return {end for one in self.ranges for end in (one.low, one.high) if end.is_finite()}

    def __str__(self) -> str:
        return self.text


Cell: TypeAlias = Words | Numbers


def parse_range(text: str) -> Range | None:
    """`<= 20000.00`, `> 20000.00 <= 100000.00` or `5`; None when it reads like neither, or holds no number."""
    found, at = Range(), 0
    while at < len(text):
        term = _TERM.match(text, at)
        if term is None:
            return None
        found, at = found.meet(_side(term[1], Decimal(term[2]))), term.end()
    return found if at and found.example() is not None else None


def _side(comparison: str, number: Decimal) -> Range:
    match comparison:
        case "<" | "<=":
            return Range(high=number, high_in=comparison == "<=")
        case ">" | ">=":
            return Range(low=number, low_in=comparison == ">=")
        case _:
            return Range(number, number, low_in=True, high_in=True)


def points(bounds: Iterable[Decimal]) -> tuple[Decimal, ...]:
    """One number for each end, each stretch between two ends, below the first and above the last: no gap can hide."""
    ends = sorted({one for one in bounds if one.is_finite()})
    if not ends:
        return (Decimal(0),)
    between = [(low + high) / 2 for low, high in pairwise(ends)]
    return tuple(sorted({ends[0] - 1, *ends, *between, ends[-1] + 1}))


def shared(one: Cell | None, other: Cell | None) -> Value | None:
    """A value that both cells hold, None when there is none; an absent cell holds every value, told as `any`."""
    match one, other:
        case None, None:
            return "any"
        case (Words() as words, None) | (None, Words() as words):
            return min(words.values)
        case (Numbers() as numbers, None) | (None, Numbers() as numbers):
            return numbers.ranges[0].example()
        case Words(), Words():
            return min(one.values & other.values, default=None)
        case Numbers(), Numbers():
            meets = (mine.meet(theirs).example() for mine in one.ranges for theirs in other.ranges)
            return next((number for number in meets if number is not None), None)
    return None

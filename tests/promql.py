"""As much of PromQL as our alerts use on one scrape: selectors, `max`/`sum` by labels, comparisons, `and`, `or`, `unless on`."""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Final

from prometheus_client.samples import Sample

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
TOKEN: Final = re.compile(r'\s*("[^"]*"|-?\d+(?:\.\d+)?|[A-Za-z_]\w*|[<>=!]=|=~|!~|[<>=(){},])')
COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
MATCH: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "=~": lambda value, pattern: re.fullmatch(pattern, value) is not None,
    "!~": lambda value, pattern: re.fullmatch(pattern, value) is None,
}
AGGREGATES: Final[Mapping[str, Callable[[list[float]], float]]] = {"max": max, "sum": sum}


def evaluate(query: str, samples: list[Sample]) -> list[tuple[dict[str, str], float]]:
    """The series a query answers, each with its value. Raises ValueError for PromQL it does not know."""
    reader = _Reader(query, samples)
    found = reader.expression()
    if reader.rest:
        raise ValueError(f"not understood: {reader.rest}")
    return [(dict(labels), value) for labels, value in found.items()]


def _tokens(query: str) -> list[str]:
    found, place = [], 0
    while place < len(query.rstrip()):
        token = TOKEN.match(query, place)
        if token is None:
            raise ValueError(f"not understood: {query[place:]}")
        found.append(token.group().strip())
        place = token.end()
    return found


class _Reader:
    def __init__(self, query: str, samples: list[Sample]) -> None:
        self.rest, self._samples = _tokens(query), samples

    def _next(self, *wanted: str) -> str:
        if not self.rest or (wanted and self.rest[0] not in wanted):
            raise ValueError(f"{wanted} expected: {self.rest}")
        return self.rest.pop(0)

    def _sees(self, *tokens: str) -> bool:
        return bool(self.rest) and self.rest[0] in tokens

    def expression(self) -> Vector:
        found = self._comparison()
        while self._sees("and", "or", "unless"):
            word = self._next()
            on = self._names() if self._sees("on") and self._next() else None
            found = _combined(word, found, self._comparison(), on)
        return found

    def _comparison(self) -> Vector:
        left = self._operand()
        if not self._sees(*COMPARE):
            return left
        holds = COMPARE[self._next()]
        if re.fullmatch(r"-?[\d.]+", self.rest[0]):
            limit = float(self._next())
            return {labels: value for labels, value in left.items() if holds(value, limit)}
        right = self._operand()
        return {labels: value for labels, value in left.items() if labels in right and holds(value, right[labels])}

    def _operand(self) -> Vector:
        name = self._next()
        if name not in AGGREGATES:
            return self._selector(name)
        by = self._names() if self._sees("by") and self._next() else []
        self._next("(")
        groups: dict[Labels, list[float]] = {}
        for labels, value in self._selector(self._next()).items():
            groups.setdefault(_only(labels, by), []).append(value)
        self._next(")")
        return {labels: AGGREGATES[name](values) for labels, values in groups.items()}

    def _names(self) -> list[str]:
        self._next("(")
        names = []
        while not self._sees(")"):
            names.append(self._next())
            if self._sees(","):
                self._next()
        self._next(")")
        return names

    def _selector(self, name: str) -> Vector:
        conditions = []
        if self._sees("{"):
            self._next("{")
            while not self._sees("}"):
                conditions.append((self._next(), MATCH[self._next(*MATCH)], self._next().strip('"')))
                if self._sees(","):
                    self._next()
            self._next("}")
        return {
            frozenset(one.labels.items()): one.value
            for one in self._samples
            if one.name == name and all(holds(one.labels.get(label, ""), value) for label, holds, value in conditions)
        }


def _only(labels: Labels, names: list[str]) -> Labels:
    return frozenset((name, value) for name, value in labels if name in names)


def _combined(word: str, left: Vector, right: Vector, on: list[str] | None) -> Vector:
    def key(labels: Labels) -> Labels:
        return labels if on is None else _only(labels, on)

    if word == "or":
        known = {key(labels) for labels in left}
        return left | {labels: value for labels, value in right.items() if key(labels) not in known}
    others = {key(labels) for labels in right}
    return {labels: value for labels, value in left.items() if (key(labels) in others) is (word == "and")}

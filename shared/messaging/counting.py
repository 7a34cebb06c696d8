"""What committed facts count: each by its type, and some by what the service says tells one kind of it from another."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from shared.messaging.resources import Resources

Counts = Mapping[str, tuple[str, Callable[[Mapping[str, Any]], Iterable[str]]]]
"""Type of a fact -> the counter, and its labels for one such fact."""


def count_facts(resources: "Resources", facts: Iterable[tuple[str, str | Mapping[str, Any]]]) -> None:
    """Counts committed facts, each told as its type and its data, in JSON or as read."""
    for name, data in facts:
        resources.count("facts", name)
        if name in resources.counts:
            counter, labels = resources.counts[name]
            resources.count_all(counter, labels(orjson.loads(data) if isinstance(data, str) else data))

"""What committed facts count: each by its type, and some by a field that tells one kind of it from another."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import orjson

from shared.messaging.resources import Resources

MANY: Final = 3
"""From the third attempt on they are counted together."""
Labels = Callable[[Mapping[str, Any]], Iterable[str]]


def _runs(kind: str, outcome: str) -> tuple[str, Labels]:
    return "test_runs", lambda fact: [f"{kind}:{outcome}:{fact['attempt'] if fact['attempt'] < MANY else '3+'}"]


KINDS: Final[Mapping[str, tuple[str, Labels]]] = {
    "AcceptanceSigned": ("acceptances", lambda fact: [fact["evidence"]["basis"]]),
    "AcceptanceExpired": ("acceptances", lambda fact: [fact["evidence"]["basis"]]),
    "BillingRequested": ("billing_requests", lambda fact: [fact["mechanism"]]),
    "BillingBlocked": ("billing_blocked", lambda fact: [reason.partition(":")[0] for reason in fact["missing"]]),
    **{
        f"{stage}Tests{outcome}": _runs(kind, outcome.upper())
        for stage, kind in (("Internal", "INTERNAL"), ("Customer", "CUSTOMER"), ("EndToEnd", "END_TO_END"))
        for outcome in ("Passed", "Failed")
    },
}
"""Type of a fact -> the counter, and its labels for one such fact."""


def count_facts(resources: Resources, facts: Iterable[tuple[str, str | Mapping[str, Any]]]) -> None:
    """Counts committed facts, each told as its type and its data, in JSON or as read."""
    for name, data in facts:
        resources.count("facts", name)
        if name in KINDS:
            counter, labels = KINDS[name]
            resources.count_all(counter, labels(orjson.loads(data) if isinstance(data, str) else data))

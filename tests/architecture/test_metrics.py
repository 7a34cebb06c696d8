"""Every metric that a process exports is explained, and bounded: no label can name an order or a person."""

import re
from pathlib import Path
from typing import Final

from shared.metrics import COUNTERS, GAUGES, HISTOGRAMS
from tests.exposition import exported

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
OF_THE_FRAMEWORK: Final = {"http_server_request_duration_seconds", "http_server_active_requests"}
SUFFIXES: Final = re.compile(r"_(bucket|sum|count)$")
MAY_DIVIDE: Final = {
    "topic",
    "partition",
    "type",
    "command",
    "code",
    "reason",
    "kind",
    "outcome",
    "error",
    "pool",
    "version",
    "source",
    "class",
    "basis",
    "mode",
    "attempt",
    "operation",
}
MAY_DIVIDE_ORDERS: Final = {"stage", "age", "party", "task"}


def documented() -> dict[str, set[str]]:
    rows = re.findall(r"^\| `(\w+)` \| \w+ \| ([\w, ]*) \|", PAGE, re.MULTILINE)
    return {name: {label for label in labels.strip().split(", ") if label} for name, labels in rows}


def test_every_exported_metric_stands_in_the_page_with_its_labels_and_no_other_does() -> None:
    told: dict[str, set[str]] = {}
    for name, labels in exported().items():
        told.setdefault(SUFFIXES.sub("", name), set()).update(labels - {"service", "le"})
    written = documented()
    assert {name: labels for name, labels in written.items() if name not in OF_THE_FRAMEWORK} == told
    assert written.keys() >= OF_THE_FRAMEWORK


def test_instruments_have_a_description_and_divide_by_small_sets_alone() -> None:
    for one in (*COUNTERS.values(), *GAUGES.values(), *(one for one, _ in HISTOGRAMS.values())):
        assert one.description.endswith("."), one.metric
        assert set(one.labels) <= MAY_DIVIDE | MAY_DIVIDE_ORDERS, one.metric
        assert one.unit == "s" or re.fullmatch(r"\{[a-z]+\}", one.unit), f"{one.metric}: a unit would be added to its name"

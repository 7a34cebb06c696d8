"""The alert rules, judged over what processes export now."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from prometheus_client.samples import Sample

from tests.exposition import samples
from tests.promql import evaluate

RULES: Final = Path(__file__).parents[1] / "deploy" / "prometheus" / "rules.yml"
ALERTS: Final[list[dict[str, Any]]] = [
    rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
]
ONLY_READ: Final = {"service-down", "disk-filling", "salesforce-silent"}
"""About what Prometheus and node_exporter say, or hours of a counter: their expressions are checked for names only."""


def held(texts: Mapping[str, str]) -> list[Sample]:
    """What Prometheus holds after a scrape of each instance, with the labels it adds itself."""
    found = []
    for instance, text in texts.items():
        seen = {"job": "o2c-watch" if instance == "watch" else "o2c", "instance": instance}
        found += [sample._replace(labels=sample.labels | seen) for sample in samples(text)]
        found.append(Sample("up", seen, 1.0))
    return found


def firing(texts: Mapping[str, str]) -> set[str]:
    """The alerts whose condition holds, without the time they wait for; the page of one that also is a ticket as `name!`."""
    seen, found = held(texts), set()
    for rule in ALERTS:
        if rule["alert"] not in ONLY_READ and evaluate(rule["expr"], seen):
            escalated = rule["alert"] == "dead-letters" and rule["labels"]["severity"] == "page"
            found.add(rule["alert"] + ("!" if escalated else ""))
    return found

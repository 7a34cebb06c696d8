"""What a process exports, read back from the text of `/metrics`."""

from collections import Counter
from functools import cache

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from shared.metrics import COUNTERS, GAUGES, HISTOGRAMS, Instruments


def samples(text: str) -> list[Sample]:
    """Every sample of an exposition."""
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def everything(service: str = "intake") -> str:
    """The text of a process in which each instrument has moved once, with every label it may have."""
    counters = Counter({(name, ":".join(one.labels)): 1 for name, one in COUNTERS.items()})
    instruments = Instruments(service, counters)
    instruments.shown = {name: {one.labels: 1.0} for name, one in GAUGES.items()}
    for name, (one, _) in HISTOGRAMS.items():
        instruments.record(name, 1.0, *one.labels)
    return instruments.text().decode()


@cache
def exported() -> dict[str, frozenset[str]]:
    """Every exported name, as a query would write it, with its labels; `target_info` is OpenTelemetry's own."""
    return {one.name: frozenset(one.labels) for one in samples(everything()) if one.name != "target_info"}

"""Spans as a test sees them: kept in memory, and walked back over parents and links."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class Recorded:
    """All finished spans of one test."""

    def __init__(self, kept: InMemorySpanExporter) -> None:
        self._kept = kept

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._kept.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [one for one in self.spans if one.name == name]

    def one(self, name: str) -> ReadableSpan:
        (found,) = self.named(name)
        return found

    def creating(self, fact: str) -> list[ReadableSpan]:
        """The spans in which facts of this type were made."""
        return [
            one for one in self.spans if one.name.startswith("create ") and (one.attributes or {})["o2c.fact.types"] == (fact,)
        ]

    def past(self, last: ReadableSpan) -> list[ReadableSpan]:
        """Everything that led to this span, nearest first."""
        known = {identity(one): one for one in self.spans}
        order, ahead = {identity(last): last}, [last]
        while ahead:
            for cause in causes(ahead.pop(0)):
                if cause in known and cause not in order:
                    order[cause] = known[cause]
                    ahead.append(known[cause])
        return list(order.values())[1:]


def identity(one: ReadableSpan) -> tuple[int, int]:
    assert one.context is not None
    return one.context.trace_id, one.context.span_id


def causes(one: ReadableSpan) -> list[tuple[int, int]]:
    """The parent of a span and what it links to."""
    above = [one.parent] if one.parent else []
    return [(context.trace_id, context.span_id) for context in [*above, *(link.context for link in one.links)]]


@contextmanager
def recording() -> Iterator[Recorded]:
    """Records every span made meanwhile; the process's own provider is left alone."""
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, "get_tracer", provider.get_tracer)
        yield Recorded(kept)
    provider.shutdown()

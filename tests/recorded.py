"""Spans as a test sees them: kept in memory, and walked back over parents and links."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler


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

    def exported(self) -> bytes:
        """All spans as the services would have exported them: each with the service that made its facts."""
        below: dict[tuple[int, int], ReadableSpan] = {}
        for one in self.spans:
            if one.parent:
                below[one.parent.trace_id, one.parent.span_id] = one

        def service(one: ReadableSpan) -> str:
            topic = str((one.attributes or {}).get("messaging.destination.name", ""))
            if one.name.startswith("create "):
                return topic.split(".")[1]
            return service(below[identity(one)]) if identity(one) in below else "desconocido"

        body: bytes = encode_spans([of_service(one, service(one)) for one in self.spans]).SerializeToString()
        return body


def of_service(one: ReadableSpan, service: str) -> ReadableSpan:
    """The span as a process of this service would have made it."""
    return ReadableSpan(
        one.name,
        one.context,
        one.parent,
        Resource({"service.name": f"o2c-{service}"}),
        one.attributes,
        one.events,
        one.links,
        one.kind,
        status=one.status,
        start_time=one.start_time,
        end_time=one.end_time,
        instrumentation_scope=one.instrumentation_scope,
    )


def identity(one: ReadableSpan) -> tuple[int, int]:
    assert one.context is not None
    return one.context.trace_id, one.context.span_id


def causes(one: ReadableSpan) -> list[tuple[int, int]]:
    """The parent of a span and what it links to."""
    above = [one.parent] if one.parent else []
    return [(context.trace_id, context.span_id) for context in [*above, *(link.context for link in one.links)]]


@contextmanager
def recording(sampler: Sampler = ALWAYS_ON) -> Iterator[Recorded]:
    """Records every span made meanwhile, or those that are sampled; the process's own provider is left alone."""
    kept, provider = InMemorySpanExporter(), TracerProvider(sampler)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, "get_tracer_provider", lambda: provider)
        yield Recorded(kept)
    provider.shutdown()

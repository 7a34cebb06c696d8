"""Our own spans, below the framework: a fact's context is made when the fact is made, stored with it, sent unchanged for ever."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode, TraceFlags

TRACER: Final = "o2c"
_FORM: Final = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")
Attributes = Mapping[str, Any]


def start_export(service: str, instance: str, version: str) -> None:
    """Sends spans by OTLP when the standard variables name an endpoint; otherwise spans are made and dropped."""
    import os  # noqa: PLC0415 - only a process that exports needs the exporter

    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

    resource = Resource.create({"service.name": f"o2c-{service}", "service.instance.id": instance, "service.version": version})
    provider = TracerProvider(resource=resource)
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def context_of(traceparent: str | None) -> SpanContext | None:
    """The span context a message carries; a malformed one is none."""
    match = _FORM.match(traceparent or "")
    if match is None:
        return None
    trace_id, span_id, flags = match.groups()
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))


def traceparent(context: SpanContext) -> str:
    """The W3C form of a span's context."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def links_to(contexts: Sequence[str | None]) -> list[Link]:
    """Links to the creation contexts of these messages."""
    return [Link(found) for found in map(context_of, contexts) if found is not None]


@contextmanager
def span(
    name: str, kind: SpanKind, attributes: Attributes, parent: str | None = None, links: Sequence[Link] = ()
) -> Iterator[Span]:
    """A span under the given creation context (none: a trace of its own)."""
    found = context_of(parent)
    within = trace.set_span_in_context(NonRecordingSpan(found)) if found else trace.set_span_in_context(trace.INVALID_SPAN)
    tracer = trace.get_tracer(TRACER)
    made = tracer.start_span(name, within, kind, attributes=dict(attributes), links=list(links))
    try:
        yield made
    except BaseException as error:
        made.set_attribute("error.type", type(error).__name__)
        made.set_status(StatusCode.ERROR)
        raise
    finally:
        made.end()


def reaction(
    name: str,
    kind: SpanKind,
    attributes: Attributes,
    *,
    parent: str | None,
    links: Sequence[Link],
    started_ns: int,
    topic: str,
    facts: Sequence[tuple[str, str]],
) -> list[str]:
    """The span of one reaction and one `create` span for each (id, type) it made; answers the facts' contexts, in order."""
    tracer = trace.get_tracer(TRACER)
    found = context_of(parent)
    within = trace.set_span_in_context(NonRecordingSpan(found)) if found else trace.set_span_in_context(trace.INVALID_SPAN)
    made = tracer.start_span(name, within, kind, attributes=dict(attributes), links=list(links), start_time=started_ns)
    below = trace.set_span_in_context(made)
    contexts = []
    for identity, fact in facts:
        born = tracer.start_span(
            f"create {topic}",
            below,
            SpanKind.PRODUCER,
            attributes={
                "messaging.system": "kafka",
                "messaging.operation.name": "create",
                "messaging.operation.type": "create",
                "messaging.destination.name": topic,
                "messaging.message.id": identity,
                "o2c.fact.types": [fact],
            },
        )
        contexts.append(traceparent(born.get_span_context()))
        born.end()
    made.end()
    return contexts


def now_ns() -> int:
    """A span's start, where it is known only later whether a span is owed."""
    return time.time_ns()

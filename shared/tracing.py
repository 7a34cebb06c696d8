"""Our own spans, below the framework: a fact's context is made when the fact is made, stored with it, sent unchanged for ever.

A stored context is text: the W3C `traceparent`, and after a space the `tracestate` where there was one.
"""

import asyncio
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
    TracerProvider,
    TraceState,
)

from shared import span_names as names

TRACER: Final = "o2c"
MAX_LINKS: Final = 512
"""A relay round has up to 500 facts; the SDK's own limit of 128 would cut their links."""
FLUSH_LIMIT: Final = 3.0
_FORM: Final = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")
_STATE_LIMIT: Final = 512
Attributes = Mapping[str, Any]


def start_export(service: str, instance: str, version: str, environment: str, ratio: float = 1.0) -> None:
    """Sends spans by OTLP over HTTP when the standard variables name an endpoint; otherwise spans are made and dropped.

    Of each order all chains are kept or none, and `ratio` of the orders. The exporter has a thread and a bounded queue of
    its own: an endpoint that does not answer costs spans, never time.
    """
    from opentelemetry.sdk import trace as sdk  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - only a process needs the SDK, not who imports us

    from shared.sampling import ByOrder  # noqa: PLC0415 - likewise

    resource = Resource.create(
        {
            names.SERVICE: f"o2c-{service}",
            names.SERVICE_INSTANCE: instance,
            names.SERVICE_VERSION: version,
            names.ENVIRONMENT: environment,
        }
    )
    limits = sdk.SpanLimits(max_links=int(os.environ.get("OTEL_SPAN_LINK_COUNT_LIMIT", MAX_LINKS)))
    provider = sdk.TracerProvider(ByOrder(ratio), resource=resource, span_limits=limits)
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


async def stop_export() -> None:
    """Sends what is still queued, for three seconds at most: the SDK's own flush would wait for an endpoint that is gone."""
    flush = getattr(trace.get_tracer_provider(), "force_flush", None)
    if flush is not None:
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(flush), FLUSH_LIMIT)


def context_of(stored: str | None) -> SpanContext | None:
    """The span context of a stored text; a malformed one is none, a malformed `tracestate` is left out."""
    parent, _, state = (stored or "").partition(" ")
    match = _FORM.match(parent)
    if match is None:
        return None
    trace_id, span_id, flags = (int(part, 16) for part in match.groups())
    kept = TraceState.from_header([state]) if state else None
    context = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags), trace_state=kept)
    return context if context.is_valid else None


def stored(context: SpanContext) -> str:
    """The text that is kept with a fact, or handed to what comes next."""
    parent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"
    return f"{parent} {context.trace_state.to_header()}" if context.trace_state else parent


def carried(headers: Mapping[str, str]) -> str | None:
    """The context a message or request carries; a malformed one is ignored. Baggage is never read."""
    parent, state = headers.get("traceparent", ""), headers.get("tracestate", "")
    text = f"{parent} {state}" if state and len(state) <= _STATE_LIMIT else parent
    context = context_of(text)
    return stored(context) if context else None


def carrying(text: str | None) -> dict[str, str]:
    """The W3C headers of a stored context."""
    parent, _, state = (text or "").partition(" ")
    return {name: value for name, value in (("traceparent", parent), ("tracestate", state)) if value}


def links_to(contexts: Sequence[str | None]) -> list[Link]:
    """Links to the creation contexts of these messages, each once."""
    found = map(context_of, list(dict.fromkeys(contexts))[:MAX_LINKS])
    return [Link(context) for context in found if context is not None]


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something happens, as its span tells it: below its parent, or in a trace of its own that links to what led here."""

    name: str
    kind: SpanKind
    attributes: Attributes
    parent: str | None = None
    links: Sequence[Link] = ()


@lru_cache(maxsize=1)
def _of(provider: TracerProvider) -> Tracer:
    """Our tracer; the SDK takes a third of a span's time to find it again."""
    return provider.get_tracer(TRACER)


def _below(parent: str | None) -> Context:
    found = context_of(parent)
    return trace.set_span_in_context(NonRecordingSpan(found) if found else trace.INVALID_SPAN)


def _start(cause: Cause, attributes: Attributes, started_ns: int | None = None) -> Span:
    told, links = {**cause.attributes, **attributes}, [one for one in cause.links if one.context.trace_flags.sampled]
    below = _below(cause.parent)
    if names.ORDER not in told and _serves_none(cause, links):
        return trace.INVALID_SPAN
    return _of(trace.get_tracer_provider()).start_span(cause.name, below, cause.kind, told, links, started_ns)


def _serves_none(cause: Cause, links: Sequence[Link]) -> bool:
    """Whether a batch or round of the relay, or what it does, has to do only with traces that are not kept."""
    return (context_of(cause.parent) is None) if cause.parent else bool(cause.links and not links)


def goes_with(made: Span, order: str) -> bool:
    """Whether what this request makes may hang below it: it is kept like the order, or in its caller's trace."""
    keeps = getattr(getattr(trace.get_tracer_provider(), "sampler", None), "keeps", None)
    return keeps is None or getattr(made, "parent", None) is not None or made.is_recording() == keeps(order)


@contextmanager
def span(cause: Cause) -> Iterator[Span]:
    """A span that is current while its work is done. An error is told by its type alone, never by its words."""
    made = _start(cause, {})
    with trace.use_span(made, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield made
        except BaseException as error:
            failed(made, type(error).__name__)
            raise


def failed(made: Span, error: str, event: str = "exception", **more: Any) -> None:
    """Marks the span as an error, with one event that has no message text."""
    made.set_attribute(names.ERROR_TYPE, error)
    made.set_status(StatusCode.ERROR)
    made.add_event(event, {names.EXCEPTION_TYPE: error} | more if event == "exception" else more)


def current() -> Span:
    """The span of the request or effect at work; one that records nothing where there is none."""
    return trace.get_current_span()


def reaction(
    cause: Cause | Span, attributes: Attributes, *, started_ns: int, topic: str, facts: Sequence[tuple[str, str]]
) -> list[str]:
    """One reaction and one `create` span for each (id, type) it made; answers the facts' contexts, in order.

    A request's or an effect's span is the reaction itself; a message or a deadline gets one here.
    """
    made = _start(cause, attributes, started_ns) if isinstance(cause, Cause) else cause
    if made is cause:
        made.set_attributes(attributes)
    tracer, below, contexts = _of(trace.get_tracer_provider()), trace.set_span_in_context(made), []
    for identity, fact in facts:
        born = tracer.start_span(
            f"create {topic}",
            below,
            SpanKind.PRODUCER,
            attributes={
                names.SYSTEM: "kafka",
                names.OPERATION: "create",
                names.OPERATION_TYPE: "create",
                names.DESTINATION: topic,
                names.MESSAGE_ID: identity,
                names.FACT_TYPES: [fact],
            },
        )
        contexts.append(stored(born.get_span_context()))
        born.end()
    if made is not cause:
        made.end()
    return contexts


def now_ns() -> int:
    """A span's start, where it is known only later whether a span is owed."""
    return time.time_ns()

"""The trace is made with the fact: every reaction hangs below its cause, and a fact keeps its context for ever."""

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from shared import tracing

CAUSE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def exporter() -> Iterator[InMemorySpanExporter]:
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace.set_tracer_provider(provider)
    yield kept
    provider.shutdown()


def test_a_reaction_hangs_below_its_cause_and_each_fact_below_its_reaction(exporter: InMemorySpanExporter) -> None:
    contexts = tracing.reaction(
        "process testing",
        SpanKind.CONSUMER,
        {"o2c.order.id": "8015g00000AbC01AAF"},
        parent=CAUSE,
        links=tracing.links_to([CAUSE]),
        started_ns=tracing.now_ns(),
        topic="o2c.testing.v1",
        facts=[("testing/1/1", "AtpPrepared"), ("testing/1/2", "WaitingChanged")],
    )
    first, second, reaction = exporter.get_finished_spans()
    assert reaction.parent is not None
    assert f"{reaction.parent.span_id:016x}" == "b7ad6b7169203331"
    assert len(reaction.links) == 1
    assert reaction.context is not None
    for made, context in zip((first, second), contexts, strict=True):
        assert made.parent is not None
        assert made.parent.span_id == reaction.context.span_id
        assert made.context is not None
        assert tracing.traceparent(made.context) == context
        assert context.split("-")[1] == CAUSE.split("-")[1]


@pytest.mark.parametrize("value", ["", "nonsense", "00-xyz", CAUSE.upper(), CAUSE + "-more"])
def test_a_malformed_context_is_ignored(value: str) -> None:
    assert tracing.context_of(value) is None

"""Which traces are kept when not all are: all chains of an order or none, so that no link ends in nothing."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision, Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

from shared import span_names as names

HASHES: Final = 2**64


class ByOrder(Sampler):
    """Children follow their parent. A trace's start is decided by a hash of its order; `ratio` of the orders are kept.

    What starts without an order is a batch or a round of the relay, kept (who makes it leaves out those that serve no
    kept trace), or a request, of which as large a part is kept by the trace's own id.
    """

    def __init__(self, ratio: float) -> None:
        self._ratio, self._of_requests = ratio, TraceIdRatioBased(ratio)

    def keeps(self, order: str) -> bool:
        """The decision on every chain of this order, the same in each service and for ever."""
        return int.from_bytes(sha256(order.encode()).digest()[:8]) < self._ratio * HASHES

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """What the SDK asks at the start of each span."""
        parent, order = get_current_span(parent_context).get_span_context(), (attributes or {}).get(names.ORDER)
        if parent.is_valid:
            kept = parent.trace_flags.sampled
        elif isinstance(order, str):
            kept = self.keeps(order)
        else:
            rest = self._of_requests if kind is SpanKind.SERVER else ALWAYS_ON
            return rest.should_sample(None, trace_id, name, kind, attributes, links, trace_state)
        decision = Decision.RECORD_AND_SAMPLE if kept else Decision.DROP
        return SamplingResult(decision, attributes if kept else None, parent.trace_state if parent.is_valid else trace_state)

    def get_description(self) -> str:
        """For logs of the SDK."""
        return f"ByOrder{{{self._ratio}}}"

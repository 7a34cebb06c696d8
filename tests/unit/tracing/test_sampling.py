"""When not all traces are kept, all chains of an order are or none, and every link of what is kept leads to something kept."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from opentelemetry.trace import SpanKind

from shared import span_names, tracing
from shared.contracts.base import DeadlineReached
from shared.messaging import spans
from shared.messaging.inbound import Record
from shared.sampling import ByOrder
from shared.tracing import Cause
from tests.recorded import Recorded, causes, identity, recording

ORDERS = [f"8015g00000Ab{number:03}AAF" for number in range(60)]
AT = datetime(2026, 12, 1, 12, tzinfo=UTC)


def made(cause: Cause, order: str, topic: str) -> str:
    """A reaction of this order with one fact; answers the fact's context."""
    (context,) = tracing.reaction(
        cause, {span_names.ORDER: order}, started_ns=tracing.now_ns(), topic=topic, facts=[(f"{topic}/{order}/1", "Fact")]
    )
    return context


def chains(orders: list[str]) -> None:
    """Each order comes from Salesforce in a batch, is sent, heard in batches of twos, and days later reaches a deadline."""
    record = Record("salesforce.orders", 0, 1, None, b"", {})
    with tracing.span(spans.batch("intake.v1", "intake-0", [record], [None])) as batch:
        links = tracing.links_to([tracing.stored(batch.get_span_context())])
        begun = Cause("process salesforce.orders", SpanKind.CONSUMER, {}, None, links)
        facts = [made(begun, one, "o2c.intake.v1") for one in orders]
    for at in range(0, len(orders), 2):
        pair, contexts = orders[at : at + 2], facts[at : at + 2]
        with tracing.span(spans.send("o2c.intake.v1", "intake-0", contexts)):
            pass
        with tracing.span(spans.batch("testing.v1", "testing-0", [record], contexts)) as batch:
            within = tracing.stored(batch.get_span_context())
            for order, context in zip(pair, contexts, strict=True):
                heard = Cause("process o2c.intake.v1", SpanKind.CONSUMER, {}, context, tracing.links_to([within]))
                latest = made(heard, order, "o2c.testing.v1")
                made(spans.deadline(DeadlineReached(name="expiry", due=AT), AT, latest), order, "o2c.testing.v1")
        with tracing.span(spans.commit("testing.v1", "testing-0", within)):
            pass


def lived(ratio: float) -> Recorded:
    with recording(ByOrder(ratio)) as recorded:
        chains(ORDERS)
        return recorded


def kept(recorded: Recorded) -> dict[str, int]:
    """How many reactions of each order were kept."""
    found = dict.fromkeys(ORDERS, 0)
    for one in recorded.spans:
        order = (one.attributes or {}).get("o2c.order.id")
        if isinstance(order, str):
            found[order] += 1
    return found


def test_of_an_order_all_chains_are_kept_or_none_and_about_as_many_orders_as_wanted() -> None:
    found = kept(lived(0.5))
    assert set(found.values()) == {0, 3}
    assert 15 < sum(1 for one in found.values() if one) < 45
    assert kept(lived(0.5)) == found, "every process decides alike"


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.9])
def test_no_link_and_no_parent_of_what_is_kept_leads_to_what_is_not(ratio: float) -> None:
    recorded = lived(ratio)
    known = {identity(one) for one in recorded.spans}
    assert [one.name for one in recorded.spans if not set(causes(one)) <= known] == []
    served = [one for one in recorded.spans if one.name.split()[0] in {"send", "commit"}]
    assert all(causes(one) for one in served), "what serves no kept trace is not kept"


def test_everything_is_kept_unless_it_is_said_otherwise_and_nothing_of_no_order() -> None:
    assert set(kept(lived(1.0)).values()) == {3}
    assert set(kept(lived(0.0)).values()) == {0}
    assert {one.name for one in lived(0.0).spans} == {"process intake.v1"}, "a batch of which nobody knows its orders yet"


def test_a_request_that_sampling_parts_from_its_order_does_not_take_the_orders_chain_with_it() -> None:
    order = ORDERS[0]
    with recording(ByOrder(0.5)) as recorded:
        whether = ByOrder(0.5).keeps(order)
        for number in range(40):
            with tracing.span(Cause("POST", SpanKind.SERVER, {})) as request:
                assert tracing.goes_with(request, order) is (request.is_recording() == whether), number
        assert 5 < len(recorded.named("POST")) < 35
        caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        with tracing.span(Cause("POST", SpanKind.SERVER, {}, caller)) as request:
            assert tracing.goes_with(request, order), "a child follows its parent"


def test_the_collector_keeps_by_attributes_that_spans_have_and_uses_only_what_it_defines() -> None:
    file = Path(__file__).parents[3] / "deploy" / "otel" / "collector.yaml"
    told = yaml.safe_load(file.read_text(encoding="utf-8"))
    pipeline = told["service"]["pipelines"]["traces"]
    assert all(set(pipeline[part]) == set(told[part]) for part in ("receivers", "processors", "exporters"))
    named = set(re.findall(r"o2c\.[a-z_.]+", str(told)))
    assert named
    assert named <= {value for name, value in vars(span_names).items() if name.isupper()}

"""The trace is made with the fact: every reaction hangs below its cause, and a fact keeps its context for ever."""

from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from shared import span_names, tracing
from shared.contracts.base import DeadlineReached
from shared.logs import with_trace
from shared.messaging import spans
from shared.messaging.envelope import headers_of
from shared.messaging.inbound import Record
from shared.tracing import Cause
from tests.recorded import identity, recording

CAUSE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
STATE = "vendor=t61rcWkgMzE,other=1"
AT = datetime(2026, 11, 24, 14, 3, 21, tzinfo=UTC)
PLACES = ("messaging", "error", "service", "deployment", "exception")


def test_a_reaction_hangs_below_its_cause_and_each_fact_below_its_reaction() -> None:
    cause = Cause("process o2c.intake.v1", SpanKind.CONSUMER, {}, CAUSE, tracing.links_to([CAUSE]))
    made = [("testing/1/1", "AtpPrepared"), ("testing/1/2", "WaitingChanged")]
    with recording() as recorded:
        contexts = tracing.reaction(cause, {}, started_ns=tracing.now_ns(), topic="o2c.testing.v1", facts=made)
    first, second, reaction = recorded.spans
    assert reaction.parent is not None
    assert tracing.stored(reaction.parent) == CAUSE
    assert len(reaction.links) == 1
    for one, context in zip((first, second), contexts, strict=True):
        assert one.parent is not None
        assert one.parent.span_id == identity(reaction)[1]
        assert one.context is not None
        assert tracing.stored(one.context) == context
        assert context.split("-")[1] == CAUSE.split("-")[1]


def test_a_request_is_itself_the_reaction_and_its_facts_hang_below_it() -> None:
    with recording() as recorded, tracing.span(Cause("POST", SpanKind.SERVER, {}, CAUSE)) as request:
        tracing.reaction(request, {"o2c.outcome": "moved"}, started_ns=0, topic="o2c.intake.v1", facts=[("intake/1/1", "A")])
        assert recorded.named("POST") == []
    created, served = recorded.spans
    assert created.parent is not None
    assert created.parent.span_id == identity(served)[1]
    assert (served.attributes or {})["o2c.outcome"] == "moved"


@pytest.mark.parametrize(
    "value",
    ["", "nonsense", "00-xyz", CAUSE.upper(), CAUSE + "-more", CAUSE[:3] + "0" * 32 + CAUSE[35:], CAUSE[:36] + "0" * 16 + "-01"],
)
def test_a_malformed_context_is_ignored(value: str) -> None:
    assert tracing.context_of(value) is None
    assert tracing.carried({"traceparent": value, "tracestate": STATE}) is None


def test_a_context_is_carried_with_its_state_and_comes_out_as_it_went_in() -> None:
    text = tracing.carried({"traceparent": CAUSE, "tracestate": STATE, "baggage": "name=Ana"})
    assert text == f"{CAUSE} {STATE}"
    assert tracing.carrying(text) == {"traceparent": CAUSE, "tracestate": STATE}
    assert tracing.carrying(CAUSE) == {"traceparent": CAUSE}
    assert tracing.carrying(None) == {}


@pytest.mark.parametrize("state", ["not a state", "=", "a=" + "x" * 600])
def test_a_malformed_state_is_left_out_and_the_context_kept(state: str) -> None:
    assert tracing.carried({"traceparent": CAUSE, "tracestate": state}) == CAUSE


def test_whoever_sends_a_fact_sends_the_context_it_was_made_in() -> None:
    sent = [headers_of("testing", "1", 1, "AtpPrepared", AT, "x", "x", f"{CAUSE} {STATE}") for _ in range(2)]
    assert sent[0] == sent[1]
    assert dict(sent[0])["traceparent"] == CAUSE.encode()
    assert dict(sent[0])["tracestate"] == STATE.encode()


def test_an_error_is_told_by_its_type_and_never_by_its_words() -> None:
    with recording() as recorded, pytest.raises(ValueError, match="Ana Quispe"), tracing.span(Cause("x", SpanKind.CLIENT, {})):
        raise ValueError("Ana Quispe")
    (made,) = recorded.spans
    assert made.status.status_code is StatusCode.ERROR
    assert (made.attributes or {})["error.type"] == "ValueError"
    assert len(made.events) == 1
    assert "Ana" not in made.to_json()


def test_a_late_deadline_says_how_late_and_links_to_what_set_the_clock() -> None:
    due = datetime(2026, 11, 24, 14, 0, 21, tzinfo=UTC)
    cause = spans.deadline(DeadlineReached(name="expiry", due=due), AT, CAUSE)
    assert cause.attributes == {"o2c.deadline.name": "expiry", "o2c.deadline.late_s": 180.0}
    assert cause.parent is None
    assert [tracing.stored(link.context) for link in cause.links] == [CAUSE]


def test_a_batch_names_its_topic_only_where_there_is_one_and_links_to_each_message_once() -> None:
    records = [Record(topic, 0, 1, None, b"", {}) for topic in ("a", "a", "b")]
    one, two = (spans.batch("testing.v1", "testing-0", some, [CAUSE, CAUSE, None]) for some in (records[:2], records))
    assert one.attributes["messaging.destination.name"] == "a"
    assert "messaging.destination.name" not in two.attributes
    assert two.attributes["messaging.batch.message_count"] == 3
    assert len(two.links) == 1


def conventions() -> dict[str, bool]:
    """Every attribute name of the installed conventions, and whether it was withdrawn; what became stable stands apart."""
    found: dict[str, bool] = {}
    for package in ("opentelemetry.semconv._incubating.attributes", "opentelemetry.semconv.attributes"):
        for place in PLACES:
            spec = find_spec(f"{package}.{place}_attributes")
            lines = Path(spec.origin).read_text().split("\n") if spec and spec.origin else []
            for line, text in zip(lines, lines[2:], strict=False):
                if ': Final = "' in line and not line.startswith(" "):
                    found[line.split('"')[1]] = text.startswith("Deprecated")
    return found


def test_every_name_is_one_of_the_conventions_or_our_own() -> None:
    known = conventions()
    ours = [value for name, value in vars(span_names).items() if name.isupper()]
    assert len(ours) > 20
    for name in ours:
        assert name.startswith("o2c.") or known.get(name) is False, name


def test_a_log_line_leads_to_the_span_it_was_written_in() -> None:
    assert with_trace(None, "info", {"event": "x"}) == {"event": "x"}
    with recording() as recorded, tracing.span(Cause("effect SendMail", SpanKind.CLIENT, {})):
        line = with_trace(None, "info", {"event": "x"})
    trace, span = identity(recorded.one("effect SendMail"))
    assert line == {"event": "x", "trace_id": f"{trace:032x}", "span_id": f"{span:016x}"}

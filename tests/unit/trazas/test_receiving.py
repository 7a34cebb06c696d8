"""What the receiver takes: OTLP as protobuf or JSON, gzipped or not; and what it refuses."""

import gzip
import json

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.trace import SpanKind

from o2c.trazas.otlp import BODY_LIMIT, TooLargeError, UnreadableError, read, unpacked
from shared import tracing
from shared.tracing import Cause
from tests.recorded import of_service, recording

CAUSE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TOLD = {"o2c.order.id": "8015g00000AbC01AAF", "n": 3, "ratio": 0.5, "yes": True, "some": ["a", "b"]}


def exported() -> tuple[bytes, dict[str, object]]:
    """One failed span, as protobuf and as OTLP's JSON."""
    with (
        recording() as recorded,
        tracing.span(Cause("effect SendMail", SpanKind.CLIENT, TOLD, None, tracing.links_to([CAUSE]))) as made,
    ):
        tracing.failed(made, "SMTPError")
    request = encode_spans([of_service(one, "notifications") for one in recorded.spans])
    document: dict[str, object] = MessageToDict(request)
    for one in document["resourceSpans"][0]["scopeSpans"][0]["spans"]:  # type: ignore[index]
        (span,) = request.resource_spans[0].scope_spans[0].spans
        one |= {"traceId": span.trace_id.hex(), "spanId": span.span_id.hex()}
        one["links"][0] |= {"traceId": CAUSE[3:35], "spanId": CAUSE[36:52]}
    return request.SerializeToString(), document


def test_protobuf_and_json_are_read_alike() -> None:
    binary, document = exported()
    (one,) = read(binary, "application/x-protobuf")
    assert read(json.dumps(document).encode(), "application/json; charset=utf-8") == [one]
    assert (one.service, one.name, one.kind, one.error) == ("o2c-notifications", "effect SendMail", "CLIENT", True)
    assert one.attributes == TOLD | {"error.type": "SMTPError"}
    assert one.links == [(CAUSE[3:35], CAUSE[36:52])]
    assert [event["name"] for event in one.events] == ["exception"]
    assert one.start_ns <= one.events[0]["at_ns"] <= one.end_ns


def test_a_gzipped_body_is_unpacked() -> None:
    binary, _ = exported()
    assert unpacked(gzip.compress(binary), "gzip") == binary


def test_a_body_that_unpacks_to_too_much_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(TooLargeError):
        unpacked(gzip.compress(b"\0" * (BODY_LIMIT + 1)), "gzip")


@pytest.mark.parametrize(("body", "encoding"), [(b"no gzip", "gzip"), (b"", "br")])
def test_an_unknown_or_broken_compression_is_refused(body: bytes, encoding: str) -> None:
    with pytest.raises(UnreadableError):
        unpacked(body, encoding)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xff", "application/x-protobuf"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'{"resourceSpans": 3}', "application/json"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "zz"}]}]}]}', "application/json"),
        (b"", "text/plain"),
    ],
)
def test_rubbish_is_refused_as_unreadable(body: bytes, kind: str) -> None:
    with pytest.raises(UnreadableError):
        read(body, kind)

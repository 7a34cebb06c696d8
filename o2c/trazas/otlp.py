"""OTLP over HTTP as it comes: protobuf or JSON, perhaps gzipped, into spans that can be stored and shown."""

import json
import zlib
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

BODY_LIMIT: Final = 8 << 20
PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
KINDS: Final = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
FAILED: Final = 2
GZIP_WINDOW: Final = 31
IDS: Final = {"traceId", "spanId", "parentSpanId"}


class UnreadableError(Exception):
    """The body is not what its headers say it is."""


class TooLargeError(Exception):
    """The body, unpacked, is larger than the receiver takes."""


@dataclass(frozen=True, slots=True)
class Tramo:
    """One span as it is kept: ids in hex, instants in nanoseconds since 1970, attributes as plain values."""

    trace: str
    span: str
    parent: str
    service: str
    name: str
    kind: str
    start_ns: int
    end_ns: int
    error: bool
    attributes: dict[str, Any] = field(default_factory=dict)
    resource: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)


def unpacked(body: bytes, encoding: str) -> bytes:
    """The body without its compression. Raises TooLargeError before it would fill the memory, UnreadableError for rubbish."""
    if encoding in {"", "identity"}:
        return body
    if encoding != "gzip":
        raise UnreadableError(encoding)
    stream = zlib.decompressobj(GZIP_WINDOW)
    try:
        plain = stream.decompress(body, BODY_LIMIT + 1)
    except zlib.error as error:
        raise UnreadableError("gzip") from error
    if len(plain) > BODY_LIMIT:
        raise TooLargeError
    return plain


def read(body: bytes, content_type: str) -> list[Tramo]:
    """The spans of one export. Raises UnreadableError."""
    kind = content_type.partition(";")[0].strip().lower()
    request = ExportTraceServiceRequest()
    try:
        if kind == PROTOBUF:
            request.ParseFromString(body)
        elif kind == JSON:
            document = _as_base64(json.loads(body))
            if not isinstance(document, dict):
                raise UnreadableError(kind)
            ParseDict(document, request, ignore_unknown_fields=True)
        else:
            raise UnreadableError(kind)
        return list(_spans(request))
    except (DecodeError, ParseError, ValueError, RecursionError) as error:
        raise UnreadableError(kind) from error


def _as_base64(value: Any) -> Any:
    """OTLP's JSON writes ids in hex, where protobuf's own mapping expects base64."""
    if isinstance(value, list):
        return [_as_base64(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: b64encode(bytes.fromhex(one)).decode() if key in IDS and isinstance(one, str) else _as_base64(one)
        for key, one in value.items()
    }


def _spans(request: ExportTraceServiceRequest) -> Iterator[Tramo]:
    for group in request.resource_spans:
        resource = _values(group.resource.attributes)
        for scope in group.scope_spans:
            for one in scope.spans:
                yield Tramo(
                    one.trace_id.hex(),
                    one.span_id.hex(),
                    one.parent_span_id.hex(),
                    str(resource.get("service.name", "desconocido")),
                    one.name,
                    KINDS[one.kind] if one.kind < len(KINDS) else KINDS[0],
                    one.start_time_unix_nano,
                    one.end_time_unix_nano,
                    one.status.code == FAILED,
                    _values(one.attributes),
                    resource,
                    [{"name": e.name, "at_ns": e.time_unix_nano, "attributes": _values(e.attributes)} for e in one.events],
                    [(link.trace_id.hex(), link.span_id.hex()) for link in one.links],
                )


def _values(pairs: Iterable[Any]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    """An attribute's value; what JSON has no form for becomes text."""
    match value.WhichOneof("value"):
        case "array_value":
            return [_value(one) for one in value.array_value.values]
        case "kvlist_value":
            return _values(value.kvlist_value.values)
        case "bytes_value":
            return value.bytes_value.hex()
        case None:
            return None
        case name:
            return getattr(value, name)

"""A trace in the JSON that Jaeger's own pages read."""

from typing import Any, Final

MICRO: Final = 1000
TYPES: Final = {bool: "bool", int: "int64", float: "float64"}


def as_jaeger(trace: dict[str, Any]) -> dict[str, Any]:
    """The document of one stored trace: `{"data": [trace]}`, instants in microseconds, links as FOLLOWS_FROM."""
    services = sorted({one["service"] for one in trace["spans"]})
    process = {name: f"p{index}" for index, name in enumerate(services, 1)}
    resources = {one["service"]: one["resource"] for one in trace["spans"]}
    data = {
        "traceID": trace["trace"],
        "spans": [_span(trace["trace"], one, process[one["service"]]) for one in trace["spans"]],
        "processes": {process[name]: {"serviceName": name, "tags": _tags(resources[name])} for name in services},
        "warnings": None,
    }
    return {"data": [data], "total": 0, "limit": 0, "offset": 0, "errors": None}


def _span(trace: str, one: dict[str, Any], process: str) -> dict[str, Any]:
    parent = [{"refType": "CHILD_OF", "traceID": trace, "spanID": one["parent"]}] if one["parent"] else []
    links = [{"refType": "FOLLOWS_FROM", "traceID": link["trace"], "spanID": link["span"]} for link in one["causes"]]
    said = {"span.kind": one["kind"].lower()} | ({"error": True, "otel.status_code": "ERROR"} if one["error"] else {})
    return {
        "traceID": trace,
        "spanID": one["span"],
        "operationName": one["name"],
        "references": parent + links,
        "startTime": one["start_ns"] // MICRO,
        "duration": (one["end_ns"] - one["start_ns"]) // MICRO,
        "tags": _tags(one["attributes"] | said),
        "logs": [
            {"timestamp": event["at_ns"] // MICRO, "fields": _tags({"event": event["name"]} | event["attributes"])}
            for event in one["events"]
        ],
        "processID": process,
        "warnings": None,
    }


def _tags(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Tags of Jaeger are scalars; what is a list is told as its text."""
    return [
        {"key": key, "type": TYPES.get(type(value), "string"), "value": value if type(value) in TYPES else _text(value)}
        for key, value in values.items()
    ]


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

"""Spans leave a process by the standard variables; where nobody takes them, the process neither waits nor stops."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from o2c.stack.ports import free_ports
from o2c.trazas.app import Receiver

ROOT = Path(__file__).parents[2]
PROCESS = """
import asyncio, os, sys, time
from opentelemetry.trace import SpanKind
from shared import tracing
from shared.tracing import Cause

async def work():
    tracing.start_export("billing", "2", "0.1.0", "test")
    began = time.perf_counter()
    for _ in range(int(sys.argv[1])):
        with tracing.span(Cause("process o2c.acceptance.v1", SpanKind.CONSUMER, {"o2c.order.id": "8015g00000AbC01AAF"})):
            pass
    made = time.perf_counter() - began
    await tracing.stop_export()
    print(made, time.perf_counter() - began - made, flush=True)
    os._exit(0)  # as a service ends

asyncio.run(work())
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    opened = Receiver(":memory:", free_ports(1)[0])
    opened.start()
    for _ in range(200):
        try:
            httpx2.get(opened.url)
            break
        except httpx2.HTTPError:
            time.sleep(0.02)
    yield opened
    opened.stop()


def run(spans: int, **env: str) -> tuple[float, float]:
    """Makes spans in a process of its own; answers how long making them and stopping took, in seconds."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", PROCESS, str(spans)],
        cwd=ROOT,
        env=clean | env,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    made, stopped = done.stdout.split()[-2:]
    return float(made), float(stopped)


@pytest.mark.parametrize(
    "more", [{}, {"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}, {"OTEL_RESOURCE_ATTRIBUTES": "k8s.pod.name=billing-7"}]
)
def test_what_is_queued_at_a_stop_arrives(receiver: Receiver, more: dict[str, str]) -> None:
    run(700, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint, OTEL_BSP_SCHEDULE_DELAY="60000", **more)
    assert receiver.store.count() == 700
    (found,) = httpx2.get(f"{receiver.url}/api/search?limit=1&q=8015g00000AbC01AAF").json()["traces"]
    (one,) = httpx2.get(f"{receiver.url}/api/trace/{found['trace']}").json()["spans"]
    assert (
        one["resource"].items()
        >= {
            "service.name": "o2c-billing",
            "service.instance.id": "2",
            "service.version": "0.1.0",
            "deployment.environment.name": "test",
        }.items()
    )
    assert ("k8s.pod.name" in one["resource"]) == ("OTEL_RESOURCE_ATTRIBUTES" in more)


def test_the_variable_for_traces_alone_names_the_whole_address(receiver: Receiver) -> None:
    run(3, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{receiver.endpoint}/v1/traces")
    assert receiver.store.count() == 3


def test_without_an_endpoint_nothing_is_sent_and_nothing_waited_for(receiver: Receiver) -> None:
    _, stopped = run(100)
    assert stopped < 0.5
    assert receiver.store.count() == 0


@pytest.fixture(params=["refuses", "never answers"])
def dead_endpoint(request: pytest.FixtureRequest) -> Iterator[str]:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        if request.param == "never answers":
            door.listen(64)  # connections are taken by the system and read by nobody
        yield f"http://127.0.0.1:{door.getsockname()[1]}"


def test_an_endpoint_that_is_gone_neither_slows_nor_stops_a_process(dead_endpoint: str) -> None:
    alone, _ = run(5_000)
    made, stopped = run(5_000, OTEL_EXPORTER_OTLP_ENDPOINT=dead_endpoint)
    assert made < alone * 4 + 1, "spans are dropped, not waited for"
    assert stopped < 4, "three seconds for the last ones"


def test_the_receiver_answers_only_to_its_own_name_and_refuses_rubbish(receiver: Receiver) -> None:
    assert httpx2.get(receiver.url, headers={"host": "evil.example.com"}).status_code == 400
    taken = f"{receiver.endpoint}/v1/traces"
    kind: dict[str, Any] = {"content-type": "application/x-protobuf"}
    assert httpx2.post(taken, content=b"\xff\xff", headers=kind).status_code == 400
    assert httpx2.post(taken, content=b"\0" * (8 << 20 | 1), headers=kind).status_code == 413
    assert httpx2.post(taken, content=json.dumps({}).encode(), headers={"content-type": "application/json"}).json() == {}
    assert httpx2.get(f"{receiver.url}/api/trace/none").status_code == 404
    assert httpx2.get(f"{receiver.url}/api/trace/none/jaeger.json").status_code == 404
    assert httpx2.get(f"{receiver.url}/api/search?min_ms=x").status_code == 400

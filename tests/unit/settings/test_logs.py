"""What libraries log is folded into lines like ours: a client without its broker must not bury everything else."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from shared.logs import Folding, start_logs
from shared.settings import Settings


@pytest.fixture
def client() -> Iterator[logging.Logger]:
    """A logger of a library, as `start_logs` leaves it."""
    found = logging.getLogger("aiokafka")
    before = (found.level, found.propagate, logging.getLogger().level, logging.getLogger().handlers[:])
    logging.getLogger().handlers = []
    start_logs("testing", Settings())
    yield found
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    found.level, found.propagate = before[:2]
    logging.getLogger().level, logging.getLogger().handlers = before[2:]


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Each line on stdout, which has to be JSON."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_hundreds_of_the_same_complaint_are_one_line_and_then_one_with_their_number(
    client: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 100.0
    logging.getLogger().handlers = [Folding(lambda: now)]

    def complains(times: int) -> None:
        for node in range(times):
            client.error("Unable connect to node with id %s: %s", node, "Connect call failed")

    complains(300)
    (first,) = lines(capsys)
    assert (first["event"], first["logger"], first["level"], first["service"], first["count"]) == (
        *("library_said", "aiokafka", "error", "testing"),
        1,
    )
    assert first["message"] == "Unable connect to node with id 0: Connect call failed"
    now = 109.9
    complains(100)
    assert lines(capsys) == []
    now = 110.0
    complains(50)
    assert [one["count"] for one in lines(capsys)] == [400]
    now = 125.0
    client.error("Heartbeat failed")
    assert [(one["message"], one["count"]) for one in lines(capsys)] == [
        ("Unable connect to node with id 49: Connect call failed", 49),
        ("Heartbeat failed", 1),
    ]


def test_an_error_of_a_library_is_told_by_its_type_and_never_by_its_frames(
    client: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        int("Ana Quispe")
    except ValueError:
        client.exception("Unexpected error")
    out = capsys.readouterr().out
    assert json.loads(out)["error"] == "ValueError"
    assert "Ana" not in out


def test_less_than_an_error_of_a_client_is_not_told(client: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    client.warning("Topic %s not found in cluster metadata", "x")
    assert lines(capsys) == []

"""The clock guard: a clock that jumps without the monotonic one is believed by nobody (I9)."""

import time
from datetime import UTC, datetime

import pytest

from shared.clock import ClockGuard


@pytest.mark.parametrize(
    ("jump", "database_jump", "agree"),
    [
        (0, 0, True),
        (59, 59, True),
        (61, 61, False),  # host and database on one machine: both jumped, the monotonic clock did not
        (-61, -61, False),
        (864_000, 864_000, False),
        (0, 61, False),  # the database alone
        (0, -61, False),
        (61, 0, False),  # the host alone
    ],
)
def test_clocks_agree_only_when_host_monotonic_and_database_do(
    monkeypatch: pytest.MonkeyPatch, jump: float, database_jump: float, agree: bool
) -> None:
    guard, before = ClockGuard(), time.time()  # noqa: TID251 - the host's clock itself is under test
    monkeypatch.setattr(time, "time", lambda: before + jump)
    assert guard.agree(datetime.fromtimestamp(before + database_jump, UTC)) is agree


def test_a_jump_before_the_first_deadline_is_seen_too_and_one_taken_back_is_forgiven(monkeypatch: pytest.MonkeyPatch) -> None:
    guard, before = ClockGuard(), time.time()  # noqa: TID251 - likewise
    monkeypatch.setattr(time, "time", lambda: before + 86_400)
    assert not guard.agree(datetime.fromtimestamp(before + 86_400, UTC))
    assert round(guard.skew_seconds) == 86_400
    monkeypatch.setattr(time, "time", lambda: before + 1)
    assert guard.agree(datetime.fromtimestamp(before, UTC))

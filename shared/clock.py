"""The one place that reads the clock; a sandbox may move it."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path


@dataclass
class Clock:
    """Now in UTC, plus the sandbox's offset where there is one (read again when its file changes)."""

    offset_file: Path | None = None
    _offset: timedelta = field(default=timedelta(), init=False)
    _stamp: int = field(default=-1, init=False)

    def now(self) -> datetime:
        """The moment as decisions see it."""
        return datetime.now(UTC) + self._sandbox_offset()  # noqa: TID251 - the exemption of the rule

    def wall(self) -> datetime:
        """The host's own time, without any offset."""
        return datetime.now(UTC)  # noqa: TID251 - the exemption of the rule

    def _sandbox_offset(self) -> timedelta:
        if self.offset_file is None:
            return self._offset
        try:
            stamp = self.offset_file.stat().st_mtime_ns
        except FileNotFoundError:
            return self._offset
        if stamp != self._stamp:
            text = self.offset_file.read_text().strip()
            if text:
                self._stamp, self._offset = stamp, timedelta(seconds=float(text))
        return self._offset


def _drift() -> float:
    """How far the host's clock is ahead of its monotonic one; it stays the same unless somebody sets the clock."""
    return time.time() - time.monotonic()  # noqa: TID251 - the exemption of the rule


@dataclass
class ClockGuard:
    """Tells whether clocks agree; where they do not, nothing irreversible may fire (I9)."""

    limit_seconds: float = 60.0
    _begun: float = field(default_factory=_drift, init=False)
    skew_seconds: float = field(default=0.0, init=False)

    def agree(self, database: datetime) -> bool:
        """Compares the host's clock with its own monotonic one since the start, and with the database's."""
        jump, apart = _drift() - self._begun, time.time() - database.timestamp()  # noqa: TID251 - the exemption of the rule
        self.skew_seconds = max(jump, apart, key=abs)
        return abs(jump) <= self.limit_seconds and abs(apart) <= self.limit_seconds

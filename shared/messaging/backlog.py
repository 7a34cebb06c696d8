"""How much of a service's own outbox waits: above a limit new work is turned away, so that what runs gets through (5)."""

import time
from dataclasses import dataclass, field


class BacklogError(Exception):
    """This command opens work and too much waits already: later, with the same key (429). Nothing was stored."""


@dataclass
class Backlog:
    """What was seen of the outbox, and since when its oldest row has been the oldest, by the monotonic clock."""

    most_rows: int
    most_seconds: float
    waiting: int = 0
    oldest: int | None = None
    since: float = field(default_factory=time.monotonic)

    def saw(self, waiting: int, oldest: int | None, at: float) -> None:
        """One look at the outbox, `oldest` being a position. `waiting` counts by positions, so gaps count too."""
        if oldest != self.oldest:
            self.oldest, self.since = oldest, at
        self.waiting = waiting

    def full(self, at: float) -> bool:
        """Whether new work has to wait."""
        return self.waiting > self.most_rows or (self.oldest is not None and at - self.since > self.most_seconds)

"""The state of one mail: what was asked for, which try is next, and how it ended."""

from datetime import datetime
from typing import Final

from shared.common import state as common
from shared.contracts.common import NotificationRequested

QUEUED, DEFERRED, SENT, FAILED, BOUNCED = "QUEUED", "DEFERRED", "SENT", "FAILED", "BOUNCED"
OPEN: Final = frozenset({QUEUED, DEFERRED})
STAGES: Final = frozenset({QUEUED, DEFERRED, SENT, FAILED, BOUNCED})
NOT_MENDABLE: Final = frozenset({"TOO_LATE_TO_SEND"})
"""Failures that no retry mends: the asker makes a new mail."""


class State(common.State):
    """One mail. `attempt` is the next try and never starts again, since each try is recorded under its number."""

    notification_id: str = ""
    request: NotificationRequested | None = None
    queued_at: datetime | None = None
    attempt: int = 1
    server_tries: int = 0
    next_at: datetime | None = None
    message_id: str = ""
    code: str = ""

    @property
    def numbers(self) -> dict[str, str]:
        """The number of the order the mail is about."""
        number = self.request.values.get("orden") if self.request else None
        return {"order.number": number} if number else {}

    @property
    def waits_for_retry(self) -> bool:
        """Whether a person can mend what went wrong."""
        return self.stage == BOUNCED or (self.stage == FAILED and self.code not in NOT_MENDABLE)

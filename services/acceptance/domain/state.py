"""Where a suborder's acceptance and onboarding stand: acta, clock, rejection, evidence, training, kit."""

from datetime import datetime
from typing import Final

from shared.common.state import State as Common
from shared.contracts.acceptance import ClockPolicy, Slot
from shared.contracts.base import Model
from shared.contracts.shapes import CalendarUse, Card, Doc, Evidence, ReminderProof
from shared.contracts.testing import TestsPassed

AFTER_SENDING: Final = frozenset({"OPEN", "REVIEWING", "DISPUTED", "REWORK", "SIGNED", "EXPIRED", "ONBOARDING", "DONE"})
STAGES: Final = AFTER_SENDING | {"WAITING", "SENDING"}


class Acta(Model):
    """The acta of this series: what it says, and its file once rendered."""

    series: int
    revision: int
    content_sha256: str
    printed_deadline: datetime
    policy: ClockPolicy
    calendar: CalendarUse
    doc: Doc | None = None

    @property
    def purpose(self) -> str:
        """The key of its mail."""
        return f"acta/{self.series}/{self.revision}"


class Clock(Model):
    """The running ten days."""

    sent_at: datetime
    deadline: datetime
    slots: tuple[Slot, ...]
    used: frozenset[int] = frozenset()
    notification_id: str
    message_id: str


class Rejection(Model):
    """An open rejection, with what was left of the clock."""

    rejection_id: str
    reason: str
    items: tuple[str, ...]
    remaining: float
    slots: tuple[Slot, ...]
    at: datetime | None = None
    disputed: bool = False


class Sent(Model):
    """A mail of ours that the mail system took."""

    notification_id: str
    sent_at: datetime
    message_id: str
    cc: tuple[str, ...] = ()


class Onboarding(Model):
    """Activities 16 to 18: what is owed and what is done."""

    training: str
    kits: tuple[str, ...]
    language: str
    row: str = ""
    data_updated: bool = False
    training_scheduled: bool = False
    trained: bool = False
    kit_asked: bool = False
    kit_delivered: bool = False


class State(Common):
    """The acceptance of one suborder, and its onboarding."""

    stage: str = "WAITING"
    card: Card | None = None
    tests: TestsPassed | None = None
    acta: Acta | None = None
    acta_owed: bool = False
    clock: Clock | None = None
    requested: dict[str, tuple[int, ...]] = {}
    reminders: tuple[ReminderProof, ...] = ()
    sent: dict[str, Sent] = {}
    undelivered: dict[str, str] = {}
    bounced: dict[str, str] = {}
    rejection: Rejection | None = None
    rejections: int = 0
    dismissals: int = 0
    evidence: Evidence | None = None
    notified: bool = False
    called: bool = False
    first_active: bool = False
    phases_left: int | None = None
    onboarding: Onboarding | None = None


class Calendars(Common):
    """The ten calendars together, under one version (X.9)."""

    stage: str = "CALENDAR"
    version: int = 1

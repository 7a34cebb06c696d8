"""Where the acceptance of a suborder stands: the acta, its clock, a rejection, the evidence, the onboarding."""

from datetime import datetime, timedelta
from typing import Final

from shared.common.state import State as Common
from shared.contracts.acceptance import ClockPolicy, Slot
from shared.contracts.base import Model
from shared.contracts.notifications import NotificationSent
from shared.contracts.shapes import CalendarUse, Card, Doc, Evidence, ReminderProof
from shared.contracts.testing import TestsPassed

AFTER_SENDING: Final = frozenset({"OPEN", "REVIEWING", "DISPUTED", "REWORK", "SIGNED", "EXPIRED", "ONBOARDING"})
STAGES: Final = AFTER_SENDING | {"WAITING", "SENDING", "DONE"}
UNDECIDED: Final = frozenset({"OPEN", "REVIEWING", "DISPUTED"})


class Acta(Model):
    """The acta now out, or about to be; `doc` is its file once rendered."""

    series: int
    revision: int
    content_sha256: str
    printed_deadline: datetime
    policy: ClockPolicy
    calendar: CalendarUse
    doc: Doc | None = None

    @property
    def purpose(self) -> str:
        """The key of its mail and of its rendering."""
        return f"acta/{self.series}/{self.revision}"


class Clock(Model):
    """The ten days: when they began, when they end, which reminder slots are used."""

    sent_at: datetime
    deadline: datetime
    slots: tuple[Slot, ...]
    used: tuple[int, ...] = ()
    notification_id: str = ""
    message_id: str = ""

    def moved(self, by: timedelta) -> "Clock":
        """The deadline and every unused slot, later by exactly the time paused (X.1, 14.8)."""
        return self.model_copy(update={"deadline": self.deadline + by, "slots": self.slots_moved(by)})

    def slots_moved(self, by: timedelta) -> tuple[Slot, ...]:
        """Unused slots move, used ones stay."""
        return tuple(one if one.slot in self.used else Slot(slot=one.slot, at=one.at + by) for one in self.slots)

    @property
    def open_slots(self) -> tuple[Slot, ...]:
        """Reminders still to be sent: strictly before the deadline (14.4)."""
        return tuple(one for one in self.slots if one.slot not in self.used and one.at < self.deadline)


class Rejection(Model):
    """An open rejection, and how many seconds of the clock were left."""

    rejection_id: str
    items: tuple[str, ...]
    remaining: float


class Redating(Model):
    """A shorter term that an amended calendar proposes: by how much, whatever pauses still add."""

    by: timedelta
    calendar: CalendarUse


class Notice(Model):
    """The notice of expiry with its copies, handed over."""

    notification_id: str
    dossier_sha256: str


class Onboarding(Model):
    """Activities 16 to 18, as BR022 decided them."""

    training: str
    kits: tuple[str, ...]
    language: str
    data_updated: bool = False
    scheduled: bool = False
    trained: bool = False
    kit_delivered: bool = False

    @property
    def done(self) -> bool:
        """Whether 16 to 18 are done or not required."""
        return self.data_updated and self.trained and self.kit_delivered


class State(Common):
    """The acceptance of one suborder."""

    stage: str = "WAITING"
    card: Card | None = None
    tests: TestsPassed | None = None
    acta: Acta | None = None
    fresh_owed: bool = False
    clock: Clock | None = None
    reminders: dict[str, ReminderProof] = {}
    rejection: Rejection | None = None
    rejections: int = 0
    dismissals: int = 0
    redating: Redating | None = None
    evidence: Evidence | None = None
    notice: Notice | None = None
    handed_over: NotificationSent | None = None
    called: bool = False
    late_signatures: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    dossier: str = ""
    active: bool = False
    phases_left: int | None = None
    onboarding: Onboarding | None = None

    @property
    def numbers(self) -> dict[str, str]:
        """Those of its card."""
        return self.card.numbers if self.card else {}

    @property
    def expired(self) -> bool:
        """Whether silence decided it."""
        return self.evidence is not None and self.evidence.basis == "EXPIRED"

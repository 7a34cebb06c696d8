"""Where a suborder's tests stand, and an engineer's agenda."""

from datetime import datetime
from typing import Final

from shared.common.state import State as Common
from shared.contracts.base import Model
from shared.contracts.provisioning import ItemMethod, ProvisionedService
from shared.contracts.shapes import Card, Doc, Window
from shared.contracts.testing import AtpItem

STAGES: Final = frozenset({"WAITING", "INTERNAL", "AGENDA", "SCHEDULED", "CUSTOMER", "E2E", "CLOSING", "PASSED", "REWORK"})
LETTER: Final = {"INTERNAL": "I", "CUSTOMER": "C", "E2E": "E"}


class Result(Model):
    """The last result of an item in a run."""

    outcome: str
    value: str = ""
    attempt: int
    evidence_sha256: str | None = None


class Session(Model):
    """The session with the customer: who must say yes, and who did."""

    no: int
    mode: str
    window: Window
    parties: tuple[str, ...]
    engineer: str
    yes: frozenset[str] = frozenset()
    no_from: frozenset[str] = frozenset()
    scheduled: bool = False


class Failure(Model):
    """A failed run whose rework or retest is on."""

    run: str
    attempt: int
    items: tuple[str, ...]
    cause: str
    rework_id: str | None = None
    steps: tuple[str, ...] = ()
    reworked: bool = False
    since: datetime | None = None


class Reopening(Model):
    """An upheld rejection that reopens the tests."""

    rejection_id: str
    items: tuple[str, ...]
    cause: str


class State(Common):
    """The tests of one suborder."""

    stage: str = "WAITING"
    card: Card | None = None
    services: tuple[ProvisionedService, ...] = ()
    circuit_id: str | None = None
    skipped: tuple[str, ...] = ()
    provisioned: bool = False
    atps: tuple[str, ...] = ()
    items: tuple[AtpItem, ...] = ()
    methods: tuple[ItemMethod, ...] = ()
    series: int = 1
    started: bool = False
    attempts: dict[str, int] = {}
    results: dict[str, Result] = {}
    internal_at: datetime | None = None
    customer_at: datetime | None = None
    e2e_at: datetime | None = None
    mode: str = ""
    date_agreed: datetime | None = None
    session: Session | None = None
    sessions: int = 0
    information_for: int = 0
    information_sent_for: int = 0
    information_id: str = ""
    ticket_asked: bool = False
    ticket: str | None = None
    ticket_closed: str | None = None
    kit: Doc | None = None
    failures: int = 0
    failure: Failure | None = None
    escalated: bool = False
    reopening: Reopening | None = None
    told: bool = False
    passed_series: int = 0

    def attempt(self, run: str) -> int:
        """The attempt of a run that is on."""
        return self.attempts.get(run, 1)

    def of_run(self, run: str) -> tuple[AtpItem, ...]:
        """The items of a run."""
        return tuple(item for item in self.items if LETTER[run] in item.runs)

    def result(self, run: str, item: str) -> Result | None:
        """The last result of an item in a run."""
        return self.results.get(f"{run}/{item}")


class Booking(Model):
    """One session in an engineer's agenda."""

    suborder: str
    session: int
    window: Window


class Agenda(Common):
    """The agenda of one engineer: sessions that may not overlap (11.2)."""

    stage: str = "AGENDA"
    bookings: dict[str, Booking] = {}

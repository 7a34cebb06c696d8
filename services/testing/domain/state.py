"""Where a suborder's tests stand, and an engineer's agenda."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from shared.common.state import State as Common
from shared.contracts.base import Model
from shared.contracts.provisioning import ItemMethod, ProvisionedService
from shared.contracts.shapes import Card, Doc, Run, Window
from shared.contracts.testing import AtpItem

STAGES: Final = frozenset({"WAITING", "INTERNAL", "AGENDA", "SCHEDULED", "CUSTOMER", "E2E", "CLOSING", "PASSED", "REWORK"})
RUNS: Final[tuple[Run, ...]] = ("INTERNAL", "CUSTOMER", "E2E")
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

    @property
    def missing(self) -> tuple[str, ...]:
        """Parties that have not said yes."""
        return tuple(one for one in self.parties if one not in self.yes or one in self.no_from)


class Information(Model):
    """The information mail of a session: how often it was asked for, whether it was handed over."""

    session: int = 0
    asks: int = 0
    pending: bool = False
    sent: bool = False


class Ticket(Model):
    """ServiceNow's ticket with Regional: open while it has a number and no outcome."""

    number: str | None = None
    outcome: str | None = None
    for_tests: bool = False
    asked: bool = False
    requests: int = 0
    settled: bool = False

    @property
    def open(self) -> bool:
        """Whether Regional works on it."""
        return self.number is not None and self.outcome is None


class Failure(Model):
    """A failed run, or an upheld rejection, whose rework or retest is on."""

    run: Run
    items: tuple[str, ...]
    cause: str
    rework_id: str | None = None
    steps: tuple[str, ...] = ()
    reworked: bool = False
    since: datetime | None = None
    limit_days: int = 0
    escalated: bool = False


class Reopening(Model):
    """An upheld rejection that reopens the tests."""

    rejection_id: str
    items: tuple[str, ...]
    cause: str
    target: str


class State(Common):
    """The tests of one suborder. `passed_at` says which runs of the present series passed, and when."""

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
    passed_at: dict[str, datetime] = {}
    mode: str = ""
    date_agreed: datetime | None = None
    session: Session | None = None
    sessions: int = 0
    information: Information = Information()
    ticket: Ticket = Ticket()
    kit: Doc | None = None
    failures: int = 0
    failure: Failure | None = None
    reopening: Reopening | None = None
    told: bool = False

    @property
    def numbers(self) -> dict[str, str]:
        """Those of its card."""
        return self.card.numbers if self.card else {}

    def attempt(self, run: Run) -> int:
        """The attempt of a run that is on."""
        return self.attempts.get(run, 1)

    def of_run(self, run: Run) -> tuple[AtpItem, ...]:
        """The items of a run."""
        return tuple(item for item in self.items if LETTER[run] in item.runs)

    def result(self, run: Run, item: str) -> Result | None:
        """The last result of an item in a run."""
        return self.results.get(f"{run}/{item}")

    def first_run(self, items: Iterable[str]) -> Run:
        """The earliest run in which one of the items is tested."""
        wanted = set(items)
        return next((run for run in RUNS if wanted & {one.item for one in self.of_run(run)}), "E2E")

    def runs_again(self, first: Run, items: Iterable[str]) -> tuple[Run, ...]:
        """From the first run on, those that test one of the items; what came before E2E always ends in E2E again (13.5)."""
        wanted, later = set(items), RUNS[RUNS.index(first) :]
        return tuple(run for run in later if run in {first, "E2E"} or wanted & {one.item for one in self.of_run(run)})


class Booking(Model):
    """One session in an engineer's agenda."""

    suborder: str
    session: int
    window: Window


class Agenda(Common):
    """The agenda of one engineer: sessions that may not overlap (11.2)."""

    stage: str = "AGENDA"
    bookings: dict[str, Booking] = {}

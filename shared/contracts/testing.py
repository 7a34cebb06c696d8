"""Facts and commands of testing: activities 10 to 13 (`facts.md` section 6)."""

from typing import Final, Literal

from pydantic import Field

from shared.contracts.base import Command, Instant, Key, Link, Model, Name, Ref, Sha256, Staff, SuborderFact, Text
from shared.contracts.common import AFTER_INTAKE, RegionalTicketOpened, RegionalTicketRequested
from shared.contracts.common import COMMANDS as COMMON_COMMANDS
from shared.contracts.provisioning import ItemMethod, ProvisionedService
from shared.contracts.shapes import Doc, Run, Window

Cause = Literal["NETWORK", "LOGICAL", "EQUIPMENT", "PROVISIONING", "CUSTOMER_SIDE", "TEST_SETUP"]


class AtpItem(Model):
    """One item of the acceptance test plan: what it proves and in which runs (10.3)."""

    item: Name
    proves: tuple[Name, ...]
    runs: tuple[Literal["I", "C", "E"], ...]
    mandatory: bool = True
    threshold: Text


class TestResult(Model):
    """The outcome of one item in one run."""

    item: Name
    outcome: Literal["PASS", "FAIL", "NOT_RUN"]
    value: Name = ""
    evidence: Doc | None = None


class FinalResult(Model):
    """The result of an item as the acta shows it."""

    item: Name
    run: Run
    outcome: Name
    value: Name = ""
    attempt: int
    evidence_sha256: Sha256 | None = None


class KeptPass(Model):
    """A pass that stays, with the attempt it was made in."""

    item: Name
    attempt: int


class Replaced(Model):
    """The session a new proposal replaces, and whose agenda held it."""

    session: int
    engineer: Staff


class AtpPrepared(SuborderFact):
    """The ATP of the suborder's lines, with BR009's method for every item (10.1, 10.3)."""

    atps: tuple[Name, ...]
    method: tuple[ItemMethod, ...]
    items: tuple[AtpItem, ...]


class InternalTestsStarted(SuborderFact):
    """The engineer began (10.1)."""

    attempt: int


class AtpResultsRecorded(SuborderFact):
    """Results came in (10.3, 12.1)."""

    run: Run
    attempt: int
    results: tuple[TestResult, ...]


class InternalTestsPassed(SuborderFact):
    """Every mandatory internal item passed (10.2)."""

    attempt: int
    items: tuple[Name, ...] = ()
    at: Instant


class InternalTestsFailed(SuborderFact):
    """A mandatory internal item failed (10.2, 13.5)."""

    attempt: int
    items: tuple[Name, ...]


class CustomerTestDateAgreed(SuborderFact):
    """The date was agreed with the customer, by call or mail (11.1)."""

    date: Instant
    channel: Literal["CALL", "EMAIL"]
    person: Ref
    by: Staff


class SessionProposed(SuborderFact):
    """Agendas are asked (11.2, 12.1, 12.3)."""

    session: int
    mode: Literal["ONLINE", "ON_SITE"]
    window: Window
    link: Link | None = None
    parties: tuple[Name, ...]
    engineer: Staff
    replaces: Replaced | None = None


class SlotBooked(SuborderFact):
    """The engineer's agenda is free (11.2)."""

    session: int
    window: Window


class SlotRefused(SuborderFact):
    """The engineer's agenda overlaps (11.2)."""

    session: int
    window: Window
    conflict: Name | None = None


class SlotFreed(SuborderFact):
    """The session was moved or refused (11.2)."""

    session: int


class SessionAnswered(SuborderFact):
    """A party said yes or no (11.2, 12.3)."""

    session: int
    party: Name
    accepted: bool
    engineer: Staff


class CustomerTestsScheduled(SuborderFact):
    """All parties of the session said yes (11.2)."""

    session: int
    mode: Name
    window: Window


class CustomerTestInformationSent(SuborderFact):
    """The information mail was handed over (11.3)."""

    session: int
    notification_id: Name


class CustomerTestsStarted(SuborderFact):
    """The session began (12.1)."""

    session: int
    attempt: int
    mode: Name


class CustomerTestsPassed(SuborderFact):
    """Every mandatory customer item passed (13.1)."""

    attempt: int
    items: tuple[Name, ...] = ()
    at: Instant


class CustomerTestsFailed(SuborderFact):
    """A mandatory customer item failed (13.5)."""

    attempt: int
    items: tuple[Name, ...]


class EndToEndTestsStarted(SuborderFact):
    """The end-to-end run opened, Regional standing by (13.1)."""

    attempt: int
    items: tuple[Name, ...] = ()


class EndToEndTestsPassed(SuborderFact):
    """The solution works end to end (13.1, 13.2)."""

    attempt: int
    items: tuple[Name, ...] = ()
    at: Instant


class EndToEndTestsFailed(SuborderFact):
    """The solution does not work end to end (13.5)."""

    attempt: int
    items: tuple[Name, ...]


class DigitalDeliveryKitReceived(SuborderFact):
    """Regional handed the kit over (13.3)."""

    kit: Doc
    ticket: Name


class RegionalTicketClosed(SuborderFact):
    """Regional closed the work order in ServiceNow (13.3)."""

    ticket: Name
    outcome: Literal["SOLVED", "CANCELLED", "REJECTED"]


class TestsFailed(SuborderFact):
    """A run failed: items, cause, and the how-manieth failure it is (13.5)."""

    run: Run
    attempt: int
    failure_no: int
    items: tuple[Name, ...]
    cause: Name


class ReworkRequested(SuborderFact):
    """The cause names build steps that are to be done again (13.5, 14.7)."""

    rework_id: Key
    steps: tuple[Name, ...]
    items: tuple[Name, ...]
    cause: Name
    at: Instant | None = Field(default=None, description="When the rework clock starts.")
    limit_days: int | None = Field(default=None, description="Business days of rework after which the GI is told.")


class RetestOpened(SuborderFact):
    """Rework is done, or there is none: what runs again and which passes stay (13.5)."""

    rework_id: Key | None = None
    run: Run
    attempt: int
    items: tuple[Name, ...]
    kept: tuple[KeptPass, ...] = ()


class TestsReopened(SuborderFact):
    """An upheld rejection reopens the tests: a new series (14.7)."""

    series: int
    rejection_id: Key
    items: tuple[Name, ...]
    cause: Name


class TestsPassed(SuborderFact):
    """E2E passed and, for a managed firewall, kit and ticket are there; once per series (13.3, 13.4, 14.1)."""

    series: int
    atps: tuple[Name, ...]
    results: tuple[FinalResult, ...]
    internal_at: Instant
    customer_at: Instant
    e2e_at: Instant
    mode: Name
    services: tuple[ProvisionedService, ...]
    circuit_id: Name | None = None
    regional_ticket: Name | None = None
    kit: Doc | None = None
    skipped: tuple[Name, ...] = ()


class StartInternalTests(Command):
    """Begin the internal tests (10.1)."""


class RecordAtpResults(Command):
    """Record results of a run (10.3, 12.1)."""

    run: Run
    results: tuple[TestResult, ...]


class CloseTestRun(Command):
    """Close a run: passed or failed (10.2, 13.1, 13.5)."""

    run: Run
    cause: Cause | None = None


class AgreeTestDate(Command):
    """The date was agreed with the customer (11.1)."""

    date: Instant
    channel: Literal["CALL", "EMAIL"]
    person: Ref


class ProposeSession(Command):
    """Ask the agendas for a session (11.2)."""

    mode: Literal["ONLINE", "ON_SITE"]
    window: Window
    link: Link | None = None
    engineer: Staff


class AnswerSession(Command):
    """A party says yes or no (11.2, 12.3)."""

    session: int
    party: Name
    accepted: bool


class SendTestInformation(Command):
    """Send the customer what the tests need (11.3)."""

    values: dict[str, Text] = {}


class StartCustomerTests(Command):
    """Begin the session with the customer (12.1)."""


class RecordRegionalTicket(Command):
    """ServiceNow opened the ticket for the tests (12.2)."""

    ticket: Name


class RecordDeliveryKit(Command):
    """Regional hands the Digital Delivery Kit over (13.3)."""

    kit: Doc
    ticket: Name


class CloseRegionalTicket(Command):
    """Regional closes the work order (13.3)."""

    ticket: Name
    outcome: Literal["SOLVED", "CANCELLED", "REJECTED"]


FACTS: Final = (
    *AFTER_INTAKE,
    RegionalTicketRequested,
    RegionalTicketOpened,
    AtpPrepared,
    InternalTestsStarted,
    AtpResultsRecorded,
    InternalTestsPassed,
    InternalTestsFailed,
    CustomerTestDateAgreed,
    SessionProposed,
    SlotBooked,
    SlotRefused,
    SlotFreed,
    SessionAnswered,
    CustomerTestsScheduled,
    CustomerTestInformationSent,
    CustomerTestsStarted,
    CustomerTestsPassed,
    CustomerTestsFailed,
    EndToEndTestsStarted,
    EndToEndTestsPassed,
    EndToEndTestsFailed,
    DigitalDeliveryKitReceived,
    RegionalTicketClosed,
    TestsFailed,
    ReworkRequested,
    RetestOpened,
    TestsReopened,
    TestsPassed,
)
COMMANDS: Final = (
    *COMMON_COMMANDS,
    StartInternalTests,
    RecordAtpResults,
    CloseTestRun,
    AgreeTestDate,
    ProposeSession,
    AnswerSession,
    SendTestInformation,
    StartCustomerTests,
    RecordRegionalTicket,
    RecordDeliveryKit,
    CloseRegionalTicket,
)

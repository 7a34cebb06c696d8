"""Facts and commands of intake: activities 1 to 4 and the roll-up of the parent order (`facts.md` section 4)."""

from typing import Final, Literal

from pydantic import ConfigDict, Field

from shared.contracts.base import Command, Fact, Id, Instant, Key, Model, Name, Ref, Sha256, Staff, SuborderFact, Text
from shared.contracts.common import (
    COMMANDS as COMMON_COMMANDS,
)
from shared.contracts.common import (
    OF_THE_FIVE,
    ActivationsRequested,
    ActivationsResponded,
    ActivationsSlaBreached,
    ClockRedated,
    RegionalTicketOpened,
    RegionalTicketRequested,
)
from shared.contracts.shapes import CalendarUse, Card, Doc, Item, Language, Money, Segment, Site, Step, Terms, Traits, WorkOrder

ALIASED: Final = ConfigDict(**Fact.model_config, populate_by_name=True, serialize_by_alias=True)
"""For fields whose name on the wire is a word of the language."""


class Problem(Model):
    """A violation or warning: its code, the path in the order, what is wrong in Spanish."""

    code: Name
    path: Name = ""
    detail: Text = ""


class SuborderContent(Model):
    """A suborder as the sale has it: one site and its items."""

    suborder: Id
    suborder_number: Name
    group: Key
    site: Site
    items: tuple[Item, ...]


class AssemblyStarted(Fact):
    """The first piece came of an order that does not come whole (1.2)."""

    pieces: Literal["RECORDS", "PARTS", "ANNOUNCEMENT"]
    declared: dict[str, int] = {}
    due: Instant


class OrderContent(Fact):
    """The content of an order, as received or amended."""

    order_number: Name
    version: int
    customer_id: Name
    customer_name: Name
    segment: Segment
    segment_label: Name
    policy_segment: Name | None = Field(
        default=None, description="Where the operator's rules know three (D2): CORPORACIONES, EMPRESAS or NEGOCIO, as sold."
    )
    offer: Name
    opportunity_code: Name | None = None
    executive: Staff
    account_supervisor: Staff | None = None
    engineering_manager: Staff | None = None
    team: dict[str, Staff] = {}
    contacts: dict[str, Ref] = {}
    language: Language = "es"
    exceptions: tuple[Name, ...] = ()
    groups: tuple[Terms, ...]
    suborders: tuple[SuborderContent, ...]
    warnings: tuple[Problem, ...] = ()
    content_sha256: Name = ""
    received_at: Instant | None = None
    claim_hours: int | None = Field(default=None, description="Business hours in which somebody must take it.")

    @property
    def ruling_segment(self) -> str:
        """The segment that tables are asked with: the narrower one where there is one (D2)."""
        return self.policy_segment or self.segment


class OrderReceived(OrderContent):
    """A valid order was seen for the first time, once per parent (1.1, 1.2, 1.3, 1.4)."""


class OrderAmended(OrderContent):
    """A higher version came before any release and replaces the content (1.3, X.2)."""

    differences: tuple[Text, ...] = ()


class OrderRejected(Fact):
    """The order breaks a structural rule; every violation is listed (1.1, 1.2)."""

    version: int
    violations: tuple[Problem, ...]


class ProductClassified(SuborderFact):
    """Standard or not, homologated or not, per item (1.7)."""

    item_id: Id
    standard: bool
    homologated: bool
    line: Name


class AmendmentReceived(Fact):
    """A higher version, or a cancellation, came after a release; it waits for the owner (1.3, X.2)."""

    version: int
    differences: tuple[Text, ...]


class OrderReviewed(Fact):
    """An Order Manager opened customer and offer of this version (1.5)."""

    by: Staff
    version: int


class OrderClaimed(Fact):
    """An Order Manager took the order: *apropiarse* (1.5)."""

    owner: Staff


class OrderReturned(Fact):
    """The order is not for this team (1.6)."""

    reason: Name
    detail: Text = ""


class OrderReassigned(Fact):
    """The owner changed; without `to` the order is back in the queue (1.9)."""

    from_owner: Staff | None = Field(default=None, alias="from")
    to: Staff | None = None
    reason: Text

    model_config = ALIASED


class DocumentAttached(Fact):
    """A document came; whether it counts, and if not why (2.1, 2.2, 2.6)."""

    doc: Doc
    item: int | None = None
    counts: bool
    why: Name | None = None


class DocumentReplaced(Fact):
    """A newer version of a document came (2.8)."""

    doc: Doc
    item: int | None = None
    counts: bool
    why: Name | None = None
    replaces: Name


class DocumentStored(Fact):
    """The file was fetched and written once; the hash is of its content (2.8)."""

    doc_id: Name
    sha256: Sha256


class ApplicabilitySet(Fact):
    """The owner corrected what applies, from the survey (2.3, 2.4)."""

    exceptions: tuple[Name, ...] | None = None
    suborder: Name | None = None
    access: Name | None = None
    connectivity: bool | None = None


class Missing(Model):
    """An open item of the checklist and why it is open."""

    item: int
    why: Text


class DocRejection(Model):
    """A document the owner does not accept, and why."""

    doc_id: Name
    why: Text


class DocsFoundIncomplete(Fact):
    """Validation found open items: the exact list (2.7)."""

    missing: tuple[Missing, ...]
    rejected: tuple[DocRejection, ...] = Field(default=(), description="They count again only in a newer version.")


class ChecklistItem(Model):
    """One of the eight items: whether it is required and what satisfies it."""

    item: int
    required: bool
    satisfied_by: Name | None = None


class DocsValidated(Fact):
    """Every required item is satisfied, once per revision (2.1, 2.7)."""

    revision: int
    documents: tuple[Doc, ...]
    checklist: tuple[ChecklistItem, ...]


class DocsRevalidationRequired(Fact):
    """A validated document was replaced or an item was opened (2.8)."""

    revision: int
    items: tuple[int, ...]


class Decomposition(Model):
    """The work orders and roles of one suborder, and the traits they follow from."""

    suborder: Id
    traits: Traits
    work_orders: tuple[WorkOrder, ...]
    roles: tuple[Name, ...] = Field(default=(), description="The roles that are to be filled before the release (4.2).")


class OrderDecomposed(Fact):
    """Work orders were generated, once per version (3.1, 3.2, 3.3, 3.7)."""

    suborders: tuple[Decomposition, ...]


class FulfilmentPlanned(Fact):
    """The plan: an acyclic graph of steps with owners and due dates; told anew when a calendar moves them (3.8, X.9)."""

    plan_version: int
    steps: tuple[Step, ...]
    calendar: CalendarUse | None = Field(default=None, description="By which the dates were counted.")


class QuoteReceived(SuborderFact):
    """A quote of Activaciones came (3.4)."""

    quote_id: Key
    contractor: Name
    total: Money
    received_at: Instant


class QuoteSelected(SuborderFact):
    """The owner chose a quote (3.4)."""

    quote_id: Key
    contractor: Name
    total: Money
    cheapest: bool
    reason: Text | None = None


class BillingAccountPrepared(SuborderFact):
    """Activaciones prepared the account; it is not active yet (3.7)."""

    account: Name


class TeamAssigned(Fact):
    """Roles of suborders were filled (4.2)."""

    suborders: tuple[Id, ...]
    roles: dict[str, Staff]
    unfilled: tuple[Name, ...] = ()


class HldPresented(Fact):
    """The HLD was presented to everyone involved (4.1)."""

    document: Doc
    at: Instant
    presented_to: tuple[Name, ...]
    suborders: tuple[Id, ...]


class SelectedQuote(Model):
    """The contractor chosen for the installation, and the price."""

    contractor: Name
    total: Money


class SuborderReleased(SuborderFact):
    """Documents, work orders, answers, team and HLD of a suborder are complete (3.8, 4.1, 4.2)."""

    card: Card
    work_orders: tuple[WorkOrder, ...]
    quote: SelectedQuote | None = None
    hld: Doc | Literal["NOT_APPLICABLE"] = "NOT_APPLICABLE"
    steps: tuple[Step, ...] = ()


class AllSitesAccepted(Fact):
    """No suborder is open any more and at least one is accepted; once (14.9)."""

    suborders: tuple[Id, ...]


class SuborderStateChanged(SuborderFact):
    """The TM Forum state of a suborder changed (X.10)."""

    from_state: Name = Field(alias="from")
    to_state: Name = Field(alias="to")
    why: Text = ""

    model_config = ALIASED


class OrderStateChanged(Fact):
    """The TM Forum state of the order changed (X.10)."""

    from_state: Name = Field(alias="from")
    to_state: Name = Field(alias="to")
    why: Text = ""

    model_config = ALIASED


class SuborderOutcome(Model):
    """How a suborder ended."""

    suborder: Id
    state: Name


class OrderCompleted(Fact):
    """The roll-up is completed or partial (18.1)."""

    outcome: Name
    suborders: tuple[SuborderOutcome, ...]


class OrderHeld(Fact):
    """The owner put suborders on hold (X.1)."""

    suborders: tuple[Id, ...]
    reason: Text
    review_at: Instant | None = None
    at: Instant | None = None


class OrderResumed(Fact):
    """The hold of suborders ended; their clocks go on with what was left (X.1)."""

    suborders: tuple[Id, ...]
    reason: Text
    at: Instant | None = None


class SuborderCancelled(SuborderFact):
    """A suborder ended before its release (X.3)."""

    reason: Text


class SuborderFailed(SuborderFact):
    """A suborder was given up after its release; final for all (X.3)."""

    reason: Text


class ReviewOrder(Command):
    """Open customer and offer of the order (1.5)."""


class ClaimOrder(Command):
    """Take the order: *apropiarse* (1.5)."""


class ReturnOrder(Command):
    """Return an order that is not for this team (1.6)."""

    reason: Literal["NO_HOMOLOGADO", "CLIENTE_FUERA_DE_ALCANCE", "DUPLICADA", "VENTA_INCOMPLETA", "CLIENTE_DESISTE", "OTRO"]
    detail: Text = ""


class ReassignOrder(Command):
    """Hand the order to another Order Manager, or back to the queue (1.9)."""

    to: Staff | None = None
    reason: Text


class AttachDocument(Command):
    """Attach a document, or a newer version of one (2.1, 2.6, 2.8)."""

    doc: Doc
    item: int | None = None


class SetApplicability(Command):
    """Correct exceptions, access or connectivity from the survey (2.3, 2.4)."""

    exceptions: tuple[Name, ...] | None = None
    suborder: Id | None = None
    access: Name | None = None
    connectivity: bool | None = None


class RecordDocumentStored(Command):
    """The file of a document was stored (2.8)."""

    doc_id: Name
    sha256: Sha256


class ValidateDocs(Command):
    """Check the documents against the checklist (2.7)."""

    rejections: tuple[DocRejection, ...] = ()


class GenerateWorkOrders(Command):
    """Generate work orders and plan (3.1, 3.8)."""


class SubmitQuote(Command):
    """A quote of Activaciones (3.4)."""

    request_id: Key
    contractor: Name
    total: Money


class SelectQuote(Command):
    """Choose a quote; the cheapest when none is named (3.4)."""

    suborder: Id
    quote_id: Key | None = None
    reason: Text | None = None


class AnswerActivationsRequest(Command):
    """Activaciones answers a request (3.5, 3.7, 6.1, 15.6)."""

    request_id: Key
    values: dict[str, Name] = {}


class RecordRegionalTicket(Command):
    """ServiceNow opened the ticket with Regional (3.6)."""

    suborder: Id
    ticket: Name


class AssignTeam(Command):
    """Fill roles of suborders (4.2)."""

    suborders: tuple[Id, ...]
    roles: dict[str, Staff]


class PresentHld(Command):
    """The HLD was presented (4.1)."""

    suborders: tuple[Id, ...]
    document: Doc
    at: Instant
    presented_to: tuple[Name, ...]


class HoldOrder(Command):
    """Put suborders on hold (X.1)."""

    suborders: tuple[Id, ...]
    reason: Text
    review_at: Instant | None = None


class ResumeOrder(Command):
    """End a hold (X.1)."""

    suborders: tuple[Id, ...]
    reason: Text


class CancelSuborder(Command):
    """Cancel a suborder before its release (X.3)."""

    suborder: Id
    reason: Text


class FailSuborder(Command):
    """Give up a released suborder (X.3)."""

    suborder: Id
    reason: Text


FACTS: Final = (
    *OF_THE_FIVE,
    ClockRedated,
    AssemblyStarted,
    OrderReceived,
    OrderRejected,
    ProductClassified,
    OrderAmended,
    AmendmentReceived,
    OrderReviewed,
    OrderClaimed,
    OrderReturned,
    OrderReassigned,
    DocumentAttached,
    DocumentReplaced,
    DocumentStored,
    ApplicabilitySet,
    DocsFoundIncomplete,
    DocsValidated,
    DocsRevalidationRequired,
    OrderDecomposed,
    FulfilmentPlanned,
    ActivationsRequested,
    ActivationsResponded,
    ActivationsSlaBreached,
    QuoteReceived,
    QuoteSelected,
    RegionalTicketRequested,
    RegionalTicketOpened,
    BillingAccountPrepared,
    TeamAssigned,
    HldPresented,
    SuborderReleased,
    AllSitesAccepted,
    SuborderStateChanged,
    OrderStateChanged,
    OrderCompleted,
    OrderHeld,
    OrderResumed,
    SuborderCancelled,
    SuborderFailed,
)
COMMANDS: Final = (
    *COMMON_COMMANDS,
    ReviewOrder,
    ClaimOrder,
    ReturnOrder,
    ReassignOrder,
    AttachDocument,
    SetApplicability,
    RecordDocumentStored,
    ValidateDocs,
    GenerateWorkOrders,
    SubmitQuote,
    SelectQuote,
    AnswerActivationsRequest,
    RecordRegionalTicket,
    AssignTeam,
    PresentHld,
    HoldOrder,
    ResumeOrder,
    CancelSuborder,
    FailSuborder,
)

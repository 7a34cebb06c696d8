"""Shapes that several facts share (`facts.md` section 2)."""

import datetime as dt
from typing import Literal

from pydantic import Field

from shared.contracts.base import Amount, Id, Instant, Key, Link, Model, Name, Ref, Sha256, Staff, Text

Segment = Literal["CORPORACIONES_EMPRESAS", "NEGOCIO"]
Mechanism = Literal["TOTAL", "BY_PHASE", "OTHER"]
Charge = Literal["RECURRING", "ONE_TIME", "USAGE"]
Basis = Literal["SIGNED", "EXPIRED"]
Department = Literal["H", "L", "C", "O", "P", "T", "S", "B", "N"]
Language = Literal["es", "en"]
Run = Literal["INTERNAL", "CUSTOMER", "E2E"]


class Money(Model):
    """An amount; rate and its date are given when the currency is not BOB."""

    amount: Amount
    currency: Name = "BOB"
    rate: Amount | None = None
    rate_date: dt.date | None = None


class Site(Model):
    """A place of service; its street is contact data and stands elsewhere."""

    code: Name
    service_account: Name
    name: Name
    department: Department
    city: Name


class Equipment(Model):
    """A piece of equipment and how many."""

    sku: Name
    quantity: int = 1


class Item(Model):
    """One line of a suborder; line, standard, access and scenario are absent only while a fallout asks for them."""

    item_id: Id
    product_code: Name
    family: Name
    line: Name = ""
    action: Literal["ADD", "CHANGE"] = "ADD"
    quantity: int = 1
    unit_price: Money
    charge: Charge = "RECURRING"
    term_months: int | None = None
    standard: bool = True
    homologated: bool = True
    charge_only: bool = False
    access: Name = ""
    scenario: Name = ""
    in_cpq: bool | None = Field(default=None, description="Whether the CPQ catalogue has it; absent: the sale does not say.")
    connectivity: bool | None = Field(default=None, description="Overrides the product table; absent: the table decides.")
    equipment: tuple[Equipment, ...] | None = Field(default=None, description="Overrides the product table; empty: none.")


class Traits(Model):
    """The strictest over the items of a suborder."""

    non_standard: bool = False
    sdwan_ciber: bool = False
    physical: bool = False
    connectivity: bool = False
    logical: bool = False
    noc_circuit: bool = False
    regional: bool = False
    delivery_kit: bool = False
    tier2: bool = False
    build: Literal["NONE", "LINK", "DATA_CENTRE"] = "NONE"
    equipment: tuple[Equipment, ...] = ()


class Trigger(Model):
    """What releases a billing phase."""

    on: Literal["ACCEPTANCE", "ACTIVITY", "DATE"]
    activity: Name | None = None
    date: dt.date | None = None


class Phase(Model):
    """One billing phase; the percents of a group sum to exactly 100.00."""

    no: int
    name: Name
    percent: Amount
    trigger: Trigger
    clause: Name | None = None


class Period(Model):
    """A term in calendar or business days."""

    n: int
    unit: Literal["CALENDAR", "BUSINESS"]


class Terms(Model):
    """The commercial terms of one billing group."""

    mechanism: Mechanism
    group: Key
    members: tuple[Id, ...]
    phases: tuple[Phase, ...] = ()
    prices_include_tax: bool = True
    account: Name | None = None
    payer: Name | None = None
    contract_id: Name | None = None
    purchase_order: Name | None = None
    contract_start: dt.date | None = None
    contract_value: Money
    pre_acceptance_agreed: bool = False
    acceptance: Period | None = None


class Signature(Model):
    """How a document is signed, and whether the signature holds."""

    method: Literal["PADES", "SCAN"]
    valid: bool
    detail: Text | None = None
    base_sha256: Sha256 | None = Field(
        default=None, description="Of the file that was signed: as it was before its first signature, which changed nothing else."
    )


class Doc(Model):
    """A document by reference and hash; never its content."""

    doc_id: Name
    kind: Name
    title: Name | None = Field(default=None, description="File name as the sale or the uploader gave it.")
    ref: Name
    sha256: Sha256
    hash_of: Literal["CONTENT", "REFERENCE"] = "CONTENT"
    version: int = 1
    source: Literal["SALESFORCE", "EMAIL", "UPLOAD"] = "UPLOAD"
    origin: Name | None = None
    uploader: Staff | None = None
    at: Instant
    approver: Name | None = None
    amount: Money | None = None
    signature: Signature | None = None


class ReminderProof(Model):
    """A reminder: which slots it served and what became of it."""

    slots: tuple[int, ...]
    notification_id: Name
    outcome: Name


class CalendarUse(Model):
    """Which calendar, in which version, a deadline was computed by."""

    id: Name
    version: int


class TimeLimit(Model):
    """How a limit is counted: so much of a unit since an instant; an amended calendar counts it anew (X.9)."""

    since: Instant
    n: int
    unit: Literal["CLOCK_HOURS", "BUSINESS_HOURS", "NEXT_BUSINESS_DAY", "BUSINESS_DAYS"]
    warn_share: Amount | None = Field(default=None, description="After which part of it a missing answer is in jeopardy.")
    calendar: CalendarUse


class Evidence(Model):
    """Why an acceptance holds: the acta, its sending, the reminders, the decision, hash-chained."""

    basis: Basis
    series: int
    acta: Doc
    sent_at: Instant
    deadline: Instant
    decided_at: Instant
    signature: Doc | None = None
    signer: Ref | None = None
    signer_role: Name | None = None
    signed_at: Instant | None = Field(default=None, description="When the signer says to have signed.")
    attestation: Text | None = Field(default=None, description="What the owner attests of a signature that proves itself not.")
    reminders: tuple[ReminderProof, ...] = ()
    calendar: CalendarUse
    policy: Period
    skipped: tuple[Name, ...] = ()
    dossier_sha256: Sha256


class WaitEntry(Model):
    """A wait as published: who has the ball, since when, and which messages take it."""

    key: Name
    party: Name
    what: Text
    cleared_by: tuple[Name, ...]
    since: Instant
    due: Instant | None = None
    assigned_to: Staff | None = None


class Recipient(Model):
    """Whom a mail goes to: a role, and the contact, staff id or area mailbox behind it."""

    role: Name
    ref: Ref


class SentAttachment(Model):
    """An attachment as it was sent."""

    doc_id: Name
    sha256: Sha256


class SendingProof(Model):
    """What proves a mail: the server's answer, the hash of what was sent, its attachments, and to whom."""

    message_id: Name
    server_reply: Name
    content_sha256: Sha256
    attachments: tuple[SentAttachment, ...] = ()
    to: tuple[Recipient, ...]
    cc: tuple[Recipient, ...] = ()


class AskedBy(Model):
    """The aggregate that asked for a mail."""

    service: Name
    aggregate: Key


class Window(Model):
    """From when to when."""

    start: Instant = Field(alias="from")
    end: Instant = Field(alias="to")

    model_config = {**Model.model_config, "populate_by_name": True, "serialize_by_alias": True}


class WorkOrder(Model):
    """One work order of a suborder (3.1)."""

    work_order: Key
    kind: Literal["INSTALLATION", "SERVICE_CREATION", "BILLING", "EQUIPMENT", "PROVISIONING_START"]
    scope: Literal["LOCAL", "REGIONAL", "UNSTATED"]
    because: Text = ""


class Step(Model):
    """One step of the plan: what it comes after, who does it, until when (3.8)."""

    step: Name
    suborder: Name = ""
    after: tuple[Name, ...] = ()
    owner: Name
    expected_days: Amount
    begins: Instant | None = Field(default=None, description="When it is expected to begin: `due` counts from there.")
    due: Instant


class Invite(Model):
    """A meeting invitation that goes with a mail."""

    window: Window
    link: Link | None = None


class Card(Model):
    """The *ficha* of a suborder: what every later service needs of it."""

    order_number: Name
    suborder_number: Name
    customer_id: Name
    customer_name: Name
    segment: Segment
    segment_label: Name
    policy_segment: Name | None = Field(
        default=None, description="Where the operator's rules know three (D2): CORPORACIONES, EMPRESAS or NEGOCIO, as sold."
    )
    site: Site
    items: tuple[Item, ...]
    traits: Traits
    terms: Terms
    owner: Staff
    executive: Staff
    account_supervisor: Staff | None = None
    engineering_manager: Staff
    contacts: dict[str, Ref] = {}
    language: Language = "es"
    team: dict[str, Staff] = {}
    service_id: Name
    regional_ticket: Name | None = None

    @property
    def ruling_segment(self) -> str:
        """The segment that tables are asked with: the narrower one where there is one (D2)."""
        return self.policy_segment or self.segment

    @property
    def numbers(self) -> dict[str, str]:
        """What people search by: the numbers of order and suborder, and the site's code."""
        return {"order.number": self.order_number, "suborder.number": self.suborder_number, "site.code": self.site.code}

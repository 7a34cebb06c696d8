"""Where a parent order stands, and each of its suborders."""

from datetime import datetime
from typing import Final

from shared.common.answers import Request
from shared.common.state import State as Common
from shared.contracts.base import Model
from shared.contracts.intake import OrderContent, OrderRejected, SuborderContent
from shared.contracts.salesforce import SalesforcePiecesArrived
from shared.contracts.shapes import Doc, Money, Step, Traits, WorkOrder

STAGES: Final = (
    "ASSEMBLING",
    "RECEIVED",
    "CLAIMED",
    "DOCS_INCOMPLETE",
    "DOCS_VALID",
    "PLANNED",
    "IN_DELIVERY",
    "COMPLETED",
    "PARTIAL",
    "FAILED",
    "CANCELLED",
    "RETURNED",
    "REJECTED",
)
OPEN: Final = frozenset(STAGES[:7])
GENERATED: Final = frozenset({"PLANNED", "IN_DELIVERY"})
FINAL: Final = frozenset({"COMPLETED", "PARTIAL", "FAILED", "CANCELLED"})


class Attached(Model):
    """A document of the order: whether it counts by the rules, and why the owner does not accept it."""

    doc: Doc
    item: int | None = None
    counts: bool = True
    why: str | None = None
    refused: str | None = None
    fetch: bool = False
    stored: bool = False

    @property
    def serves(self) -> bool:
        """Whether it satisfies its item."""
        return self.counts and self.refused is None


class Quote(Model):
    """A quote of Activaciones."""

    quote_id: str
    contractor: str
    total: Money
    received_at: datetime


class Sub(Model):
    """One suborder from its work orders to its end."""

    stage: str = "WAITING"
    traits: Traits = Traits()
    work_orders: tuple[WorkOrder, ...] = ()
    roles: tuple[str, ...] = ()
    quotes: tuple[Quote, ...] = ()
    selected: str | None = None
    service_id: str | None = None
    ticket_asked: bool = False
    ticket: str | None = None
    team: dict[str, str] = {}
    hld: Doc | None = None
    presented_to: frozenset[str] = frozenset()
    held: str | None = None
    held_at: datetime | None = None
    review_at: datetime | None = None
    reviews: int = 0
    troubles: frozenset[str] = frozenset()
    accepted: bool = False
    state: str = "acknowledged"
    access: str | None = None
    connectivity: bool | None = None

    def has(self, kind: str) -> bool:
        """Whether it has a work order of this kind."""
        return any(order.kind == kind for order in self.work_orders)

    @property
    def ended(self) -> bool:
        """Whether nothing is done for it any more."""
        return self.stage in {"COMPLETED", "FAILED", "CANCELLED"}

    @property
    def unfilled(self) -> tuple[str, ...]:
        """Roles of the plan that nobody fills yet (4.2)."""
        return tuple(role for role in self.roles if role not in self.team)

    @property
    def not_shown(self) -> tuple[str, ...]:
        """Assigned roles that the HLD was not presented to; one filled later is among them (4.1)."""
        return tuple(role for role in self.roles if role in self.team and role not in self.presented_to)

    @property
    def hld_done(self) -> bool:
        """Presented to every assigned role, or not applicable."""
        return not self.traits.non_standard or (self.hld is not None and not self.not_shown)


class Assembling(Model):
    """An order, or a change to one, that does not come whole: what has come, and when it is looked at."""

    due: datetime | None = None
    come: SalesforcePiecesArrived | None = None


def assembly_task(parent: str) -> str:
    """The fallout that names what an order in pieces lacks."""
    return f"{parent}/assembly"


class State(Common):
    """A parent order with its suborders, its documents and its plan."""

    stage: str = "NEW"
    content: OrderContent | None = None
    rejected: OrderRejected | None = None
    assembly: Assembling | None = None
    by_records: bool = False
    noted: int = 0
    reviewed: dict[str, int] = {}
    documents: dict[str, Attached] = {}
    exceptions: tuple[str, ...] | None = None
    missing: tuple[int, ...] = ()
    docs_valid: bool = False
    revision: int = 0
    subs: dict[str, Sub] = {}
    steps: tuple[Step, ...] = ()
    plans: int = 0
    requests: dict[str, Request] = {}
    accounts: dict[str, str] = {}
    problems: dict[str, str] = {}
    escalations: int = 0
    state: str = "start"
    all_accepted: bool = False
    completed: bool = False

    @property
    def numbers(self) -> dict[str, str]:
        """The order's own number."""
        return {"order.number": self.content.order_number} if self.content else {}

    def sub(self, suborder: str, **changes: object) -> "State":
        """The state with one suborder changed; one that is not of this order changes nothing."""
        known = self.subs.get(suborder)
        if known is None:
            return self
        return self.having(subs={**self.subs, suborder: known.model_copy(update=changes)})

    def content_of(self, suborder: str) -> SuborderContent:
        """What was sold for a suborder. Raises KeyError for an unknown one."""
        for one in self.content.suborders if self.content else ():
            if one.suborder == suborder:
                return one
        raise KeyError(suborder)

    def members(self, group: str) -> tuple[str, ...]:
        """The suborders of a billing group."""
        return tuple(one.suborder for one in self.content.suborders if one.group == group) if self.content else ()

    @property
    def assembly_due(self) -> datetime | None:
        """When the pieces that have come are looked at; None when nothing is collected."""
        return self.assembly.due if self.assembly else None

    def collected(self, **changes: object) -> "State":
        """The state with its assembly changed."""
        return self.having(assembly=(self.assembly or Assembling()).model_copy(update=changes))

    @property
    def live(self) -> dict[str, Sub]:
        """Suborders that have not ended."""
        return {key: one for key, one in self.subs.items() if not one.ended}

    @property
    def released(self) -> bool:
        """Whether any suborder was released."""
        return any(one.stage in {"RELEASED", "COMPLETED", "FAILED"} for one in self.subs.values())

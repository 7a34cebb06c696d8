"""Where a billing group stands: its phases, the evidence of its members, documents, triggers and requests."""

import datetime as dt
from typing import Final

from shared.common.answers import Request
from shared.common.state import State as Common
from shared.contracts.base import Model
from shared.contracts.billing import BasisEntry
from shared.contracts.intake import SuborderContent
from shared.contracts.provisioning import ProvisionedService
from shared.contracts.shapes import Card, Doc, Item, Money, Phase, Segment, Terms

STAGES: Final = frozenset({"WAITING", "DEFERRED", "BLOCKED", "REQUESTED", "ACTIVE"})


class PhaseState(Model):
    """One phase and how far it came."""

    phase: Phase
    amount: Money
    stage: str = "WAITING"
    rule: str | None = None
    activity: str | None = None
    date: dt.date | None = None
    released_at: dt.datetime | None = None
    pre_acceptance: bool = False
    missing: tuple[str, ...] = ()
    requested: bool = False
    refused: bool = False
    attempt: int = 1


class Notice(Model):
    """The notice of an expiry, handed over with its copies."""

    notice_id: str
    dossier_sha256: str


class Order(Model):
    """What the group needs of the order it belongs to: its own part alone."""

    version: int
    order_number: str
    customer_id: str
    customer_name: str
    segment: Segment
    policy_segment: str | None = None
    opportunity_code: str | None = None
    executive: str
    account_supervisor: str | None = None
    terms: Terms
    suborders: tuple[SuborderContent, ...]

    @property
    def ruling_segment(self) -> str:
        """The segment that tables are asked with: the narrower one where there is one (D2)."""
        return self.policy_segment or self.segment

    @property
    def items(self) -> tuple[Item, ...]:
        """All items of the group, as sold."""
        return tuple(item for one in self.suborders for item in one.items)


class State(Common):
    """The billing of one group."""

    stage: str = "WAITING"
    order: Order | None = None
    suggested: tuple[Phase, ...] = ()
    opened: int | None = None
    phases: dict[str, PhaseState] = {}
    left: frozenset[str] = frozenset()
    halted: frozenset[str] = frozenset()
    halted_why: str = ""
    cards: dict[str, Card] = {}
    services: dict[str, tuple[ProvisionedService, ...]] = {}
    signed: dict[str, BasisEntry] = {}
    expired: dict[str, BasisEntry] = {}
    notices: dict[str, Notice] = {}
    evidence: dict[str, BasisEntry] = {}
    rejections: dict[str, int] = {}
    upheld: dict[str, int] = {}
    series: dict[str, int] = {}
    tickets: dict[str, str] = {}
    triggers: dict[str, dict[str, str]] = {}
    all_sites: bool = False
    documents: dict[str, Doc] = {}
    """Of the order, as its gate judged them last."""
    attached: dict[str, Doc] = {}
    """By the owner, here."""
    docs_valid: bool = False
    account: str | None = None
    requests: dict[str, Request] = {}
    taken: tuple[str, ...] = ()
    told: bool = False
    mismatch: tuple[str, ...] = ()

    @property
    def numbers(self) -> dict[str, str]:
        """The number of its order; a group has several sites."""
        return {"order.number": self.order.order_number} if self.order else {}

    @property
    def stages(self) -> frozenset[str]:
        """A command is legal when a phase stands in its stage; a group without phases is waiting."""
        if self.stopped:
            return frozenset({"STOPPED"})
        return frozenset(one.stage for one in self.phases.values()) or frozenset({"WAITING"})

    @property
    def members(self) -> tuple[str, ...]:
        """The members that are still to be billed."""
        return tuple(one for one in self.order.terms.members if one not in self.left) if self.order else ()

    @property
    def done(self) -> bool:
        """Whether every phase is active."""
        return bool(self.phases) and all(one.stage == "ACTIVE" for one in self.phases.values())

    @property
    def in_order(self) -> tuple[PhaseState, ...]:
        """The phases by number."""
        return tuple(sorted(self.phases.values(), key=lambda one: one.phase.no))

    def phase(self, no: int, **changes: object) -> "State":
        """The state with one phase changed."""
        key = str(no)
        changed = {**self.phases, key: self.phases[key].model_copy(update=changes)}
        return self.having(phases=changed, stage=worst(changed))

    def request_id(self, no: int) -> str:
        """Group and phase: the idempotency key of a request (15.6)."""
        return f"{self.billing_group}/{no}"

    def phase_of(self, request_id: str) -> PhaseState | None:
        """The phase that a request is for."""
        return next((one for one in self.phases.values() if self.request_id(one.phase.no) == request_id), None)


def worst(phases: dict[str, PhaseState]) -> str:
    """The stage to show for the group: the least advanced of its phases."""
    order = ("BLOCKED", "WAITING", "DEFERRED", "REQUESTED", "ACTIVE")
    return min((one.stage for one in phases.values()), key=order.index, default="WAITING")

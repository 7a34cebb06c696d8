"""Where a billing group stands: its phases, the evidence of its members, documents, triggers and requests."""

import datetime as dt
from typing import Final

from shared.common.answers import Request
from shared.common.state import State as Common
from shared.contracts.base import Model
from shared.contracts.billing import BasisEntry
from shared.contracts.intake import SuborderContent
from shared.contracts.provisioning import ProvisionedService
from shared.contracts.shapes import Card, Doc, Money, Phase, Segment, Terms

STAGES: Final = frozenset({"WAITING", "DEFERRED", "BLOCKED", "REQUESTED", "ACTIVE"})


class PhaseState(Model):
    """One phase and how far it came."""

    phase: Phase
    amount: Money
    stage: str = "WAITING"
    rule: str | None = None
    activity: str | None = None
    date: dt.date | None = None
    row: str = ""
    released_at: dt.datetime | None = None
    pre_acceptance: bool = False
    missing: tuple[str, ...] = ()
    requested: bool = False
    refused: bool = False
    attempt: int = 1


class Expired(Model):
    """An expiry whose notice is still to be proven."""

    entry: BasisEntry
    notice_id: str | None = None


class Order(Model):
    """What the group needs of the order it belongs to."""

    order_number: str
    customer_id: str
    customer_name: str
    segment: Segment
    opportunity_code: str | None
    executive: str
    account_supervisor: str | None
    contacts: dict[str, str] = {}
    terms: Terms
    suborders: tuple[SuborderContent, ...]


class State(Common):
    """The billing of one group."""

    stage: str = "WAITING"
    order: Order | None = None
    opened: bool = False
    phases: dict[str, PhaseState] = {}
    left: frozenset[str] = frozenset()
    cards: dict[str, Card] = {}
    services: dict[str, tuple[ProvisionedService, ...]] = {}
    signed: dict[str, BasisEntry] = {}
    expired: dict[str, Expired] = {}
    notices: dict[str, str] = {}
    evidence: dict[str, BasisEntry] = {}
    rejected: frozenset[str] = frozenset()
    tickets: dict[str, str] = {}
    triggers: dict[str, dict[str, str]] = {}
    all_sites: bool = False
    documents: dict[str, Doc] = {}
    docs_valid: bool = False
    account: str | None = None
    requests: dict[str, Request] = {}
    told: bool = False
    mismatch_told: bool = False

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

    def phase(self, no: int, **changes: object) -> "State":
        """The state with one phase changed."""
        key = str(no)
        changed = {**self.phases, key: self.phases[key].model_copy(update=changes)}
        return self.having(phases=changed, stage=worst(changed))

    def request_id(self, no: int) -> str:
        """Group and phase: the idempotency key of a request (15.6)."""
        return f"{self.billing_group}/{no}"


def worst(phases: dict[str, PhaseState]) -> str:
    """The stage to show for the group: the least advanced of its phases."""
    order = ("BLOCKED", "WAITING", "DEFERRED", "REQUESTED", "ACTIVE")
    return min((one.stage for one in phases.values()), key=order.index, default="WAITING")

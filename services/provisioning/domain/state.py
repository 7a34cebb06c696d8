"""Where a suborder's provisioning stands: which steps are done, and what each waits for."""

from datetime import datetime
from typing import Any, Final, Self

from shared.common.answers import Request
from shared.common.state import State as Common
from shared.contracts.base import Model
from shared.contracts.provisioning import Delivered, ItemMethod, Reserved
from shared.contracts.shapes import Card, Equipment, TimeLimit, Window

STEPS: Final = ("NETWORK", "LOGICAL", "EQUIPMENT", "VISIT", "METHOD")
STAGES: Final = frozenset((*STEPS, "PROVISIONED", "REWORK"))
UNRELEASED: Final = "NEW"
"""Nothing may be done before intake released the suborder, whatever came first."""


class Visit(Model):
    """The technical visit that is on; scheduled once it has a window."""

    attempt: int = 1
    contractor: str = ""
    window: Window | None = None
    site_contact: str = ""
    access_needs: str = ""
    schedulings: int = 0


class Circuit(Model):
    """The virtual circuit: which attempt was asked, which one is enabled."""

    asked: int = 0
    enabled: int = 0
    circuit_id: str | None = None

    @property
    def pending(self) -> bool:
        """Whether the NOC has yet to answer."""
        return self.asked > self.enabled


class Rework(Model):
    """What testing asked to be done again."""

    rework_id: str
    steps: tuple[str, ...]
    attempt: int


class State(Common):
    """The provisioning of one suborder. `done` names the steps that are done; the stage follows from it."""

    stage: str = UNRELEASED
    card: Card | None = None
    kinds: frozenset[str] = frozenset()
    contractor: str = ""
    parallel: bool = False
    done: frozenset[str] = frozenset()
    passed: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()
    build: dict[str, bool] = {}
    requests: dict[str, Request] = {}
    circuit: Circuit = Circuit()
    stock_asked: tuple[Equipment, ...] = ()
    stock_checks: int = 0
    reserved: tuple[Reserved, ...] = ()
    reserved_until: datetime | None = None
    reserved_for: TimeLimit | None = None
    short: bool = False
    visit: Visit | None = None
    visits: int = 0
    methods: tuple[ItemMethod, ...] = ()
    equipment: tuple[Delivered, ...] = ()
    rework: Rework | None = None
    reworks: int = 0
    wanted_rework: Rework | None = None
    provisioned: bool = False

    @property
    def numbers(self) -> dict[str, str]:
        """Those of its card."""
        return self.card.numbers if self.card else {}

    def having(self, **changes: Any) -> Self:
        """The same with these changes, and the stage that follows from them."""
        changed = super().having(**changes)
        return changed.model_copy(update={"stage": stage_of(changed)})

    @property
    def attempt(self) -> int:
        """1 for the first delivery, one more with each rework."""
        return self.reworks + 1

    @property
    def step(self) -> str | None:
        """The first step that applies and is not done."""
        return next((one for one in STEPS if one not in self.done and applies(self, one)), None)

    @property
    def configures(self) -> bool:
        """Whether the logical configuration is to be done now: after the network, or beside it where the plan says so (D12)."""
        return self.step == "LOGICAL" or (self.parallel and self.step == "NETWORK" and "LOGICAL" not in self.done)


def applies(state: State, step: str) -> bool:
    """Whether a step is gone through for this suborder (7.1, 8.1); network and logical are always at least passed."""
    if state.card is None:
        return False
    if step == "EQUIPMENT":
        return state.card.traits.physical
    if step == "VISIT":
        return state.card.traits.sdwan_ciber and bool(state.kinds & {"INSTALLATION", "EQUIPMENT"})
    return True


def stage_of(state: State) -> str:
    """The stage as `facts.md` names it."""
    if state.stopped:
        return "STOPPED"
    if state.card is None:
        return UNRELEASED
    if state.rework is not None:
        return "REWORK"
    return "PROVISIONED" if state.provisioned else state.step or "METHOD"

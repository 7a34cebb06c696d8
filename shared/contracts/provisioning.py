"""Facts and commands of provisioning: activities 5 to 9 (`facts.md` section 5)."""

import datetime as dt
from typing import Final, Literal

from pydantic import Field

from shared.contracts.base import Command, Id, Instant, Key, Model, Name, Ref, SuborderFact, Text
from shared.contracts.common import AFTER_INTAKE, ActivationsSlaBreached, ClockRedated
from shared.contracts.common import COMMANDS as COMMON_COMMANDS
from shared.contracts.intake import AnswerActivationsRequest
from shared.contracts.shapes import Doc, Equipment, Site, TimeLimit, Window


class Executor(Model):
    """Who builds: a contractor, a supplier, own staff, or several jointly (5.1)."""

    kind: Literal["CONTRACTOR", "SUPPLIER", "INTERNAL"]
    name: Name


class BuildItem(Model):
    """One thing to build and by whom (5.1)."""

    item: Name
    kind: Literal["PRIMARY_LINK", "DATA_CENTRE", "OTHER"]
    joint: bool = False
    executors: tuple[Executor, ...]


class StockAnswer(Model):
    """What is in stock of one SKU, and in which warehouse (7.1)."""

    sku: Name
    quantity: int
    available: bool
    warehouse: Name | None = None
    expected: dt.date | None = None


class Alternative(Model):
    """Another warehouse or an equivalent SKU (7.2)."""

    sku: Name
    warehouse: Name


class Shortage(Model):
    """What is missing of one SKU (7.2)."""

    sku: Name
    missing: int
    expected: dt.date | None = None
    alternatives: tuple[Alternative, ...] = ()


class Reserved(Model):
    """What is reserved, and where."""

    sku: Name
    quantity: int
    warehouse: Name


class ItemMethod(Model):
    """How one item is provisioned or tested, and the row that says so."""

    item_id: Id
    method: Name
    row: Name


class ProvisionedService(Model):
    """The service of one item."""

    item_id: Id
    service_id: Name
    method: Name = ""


class Delivered(Model):
    """A piece of equipment as delivered."""

    sku: Name
    serial: Name
    warehouse: Name = ""


class NetworkBuildStarted(SuborderFact):
    """The engineer planned the build items (5.1)."""

    items: tuple[BuildItem, ...]


class BuildItemCompleted(SuborderFact):
    """A build item is done (5.1)."""

    item: Name
    evidence: Doc | None = None


class NetworkBuilt(SuborderFact):
    """All build items are done, or none was needed; once per attempt (5.1)."""

    required: bool
    items: tuple[Name, ...] = ()
    attempt: int = 1


class LogicalConfigurationRequested(SuborderFact):
    """Activaciones is asked for the logical configuration; 24 hours begin (6.1, 3.5)."""

    request_id: Key
    reference: Name
    due: Instant
    warn_at: Instant | None = Field(default=None, description="When a missing answer is in jeopardy; without it, never.")
    limit: TimeLimit | None = Field(default=None, description="How `due` was counted.")
    answer_to: Name = ""
    order_number: Name = ""
    suborder_number: Name = ""
    site: Site | None = None
    product_codes: tuple[Name, ...] = ()


class LogicalConfigurationSkipped(SuborderFact):
    """No logical configuration is needed (6.1)."""

    reason: Text


class LogicalConfigurationCompleted(SuborderFact):
    """Activaciones configured (6.1)."""

    request_id: Key
    late: bool = False
    values: dict[str, Name] = {}


class VirtualCircuitRequested(SuborderFact):
    """The NOC is asked for the circuit of a managed FWaaS, once per attempt (6.2)."""

    request_id: Key
    attempt: int = 1
    answer_to: Name = ""
    order_number: Name = ""
    suborder_number: Name = ""
    site: Site | None = None
    product_codes: tuple[Name, ...] = ()


class VirtualCircuitEnabled(SuborderFact):
    """The NOC enabled the circuit (6.2)."""

    request_id: Key
    attempt: int = 1
    circuit_id: Name


class StockCheckRequested(SuborderFact):
    """The Jefe de Producto is asked what is in stock (7.1)."""

    items: tuple[Equipment, ...]


class EquipmentStockChecked(SuborderFact):
    """Every item was answered: available or not, and where (7.1)."""

    items: tuple[StockAnswer, ...]


class EquipmentShortageDetected(SuborderFact):
    """An item is not available (7.2)."""

    items: tuple[Shortage, ...]


class EquipmentReserved(SuborderFact):
    """All items are available and reserved until a date (7.2)."""

    items: tuple[Reserved, ...]
    until: Instant
    limit: TimeLimit | None = Field(default=None, description="How `until` was counted.")


class EquipmentReleased(SuborderFact):
    """A reservation ended unused (7.2)."""

    items: tuple[Reserved, ...]
    why: Literal["EXPIRED", "CANCELLED", "REPLACED"]


class TechnicalVisitOrdered(SuborderFact):
    """The contractor is asked for a visit (8.1)."""

    attempt: int
    contractor: Name
    work_order: Key


class TechnicalVisitScheduled(SuborderFact):
    """The window of the visit is agreed (8.1)."""

    attempt: int
    contractor: Name
    window: Window
    site_contact: Ref
    access_needs: Text = ""


class TechnicalVisitCompleted(SuborderFact):
    """The contractor finished (8.1)."""

    attempt: int
    serials: tuple[Name, ...] = ()
    evidence: tuple[Doc, ...] = ()


class TechnicalVisitFailed(SuborderFact):
    """The contractor could not complete, or the visit was cancelled; the attempt is kept (8.1)."""

    attempt: int
    outcome: Name
    reason: Text


class ProvisioningMethodVerified(SuborderFact):
    """The table gave a method for every item (9.1)."""

    methods: tuple[ItemMethod, ...]


class ServiceProvisioned(SuborderFact):
    """The service exists and is configured; once (9.1, 6.2, 10.1)."""

    services: tuple[ProvisionedService, ...]
    circuit_id: Name | None = None
    equipment: tuple[Delivered, ...] = ()
    steps_done: tuple[Name, ...] = ()
    skipped: tuple[Name, ...] = ()


class ReworkStarted(SuborderFact):
    """The named steps are open again (13.5)."""

    rework_id: Key
    steps: tuple[Name, ...]
    attempt: int


class ReworkCompleted(SuborderFact):
    """The named steps are done again (13.5)."""

    rework_id: Key
    steps: tuple[Name, ...]
    attempt: int
    circuit_id: Name | None = None
    equipment: tuple[Delivered, ...] = ()


class PlanNetworkBuild(Command):
    """Plan what is built and by whom (5.1)."""

    items: tuple[BuildItem, ...] = ()


class CompleteBuildItem(Command):
    """A build item is done (5.1)."""

    item: Name
    evidence: Doc | None = None


class ConfirmVirtualCircuit(Command):
    """The NOC enabled the circuit (6.2)."""

    circuit_id: Name


class ReportStock(Command):
    """The Jefe de Producto says what is in stock and where (7.1)."""

    items: tuple[StockAnswer, ...]
    alternatives: tuple[Alternative, ...] = ()


class ReleaseEquipment(Command):
    """Give a reservation back (7.2)."""

    reason: Text


class ScheduleTechnicalVisit(Command):
    """Agree the window of the visit (8.1)."""

    window: Window
    site_contact: Ref
    access_needs: Text = ""


class ReportTechnicalVisit(Command):
    """How the visit ended (8.1)."""

    outcome: Literal["COMPLETED", "UNABLE", "CANCELLED"]
    reason: Text | None = None
    serials: tuple[Name, ...] = ()
    evidence: tuple[Doc, ...] = ()


class VerifyProvisioningMethod(Command):
    """Ask the table for the method of every item (9.1)."""

    access: dict[str, Name] | None = None


class ConfirmServiceProvisioned(Command):
    """The service exists and is configured (9.1)."""

    services: tuple[ProvisionedService, ...]
    equipment: tuple[Delivered, ...] = ()


FACTS: Final = (
    *AFTER_INTAKE,
    ActivationsSlaBreached,
    ClockRedated,
    NetworkBuildStarted,
    BuildItemCompleted,
    NetworkBuilt,
    LogicalConfigurationRequested,
    LogicalConfigurationSkipped,
    LogicalConfigurationCompleted,
    VirtualCircuitRequested,
    VirtualCircuitEnabled,
    StockCheckRequested,
    EquipmentStockChecked,
    EquipmentShortageDetected,
    EquipmentReserved,
    EquipmentReleased,
    TechnicalVisitOrdered,
    TechnicalVisitScheduled,
    TechnicalVisitCompleted,
    TechnicalVisitFailed,
    ProvisioningMethodVerified,
    ServiceProvisioned,
    ReworkStarted,
    ReworkCompleted,
)
COMMANDS: Final = (
    *COMMON_COMMANDS,
    PlanNetworkBuild,
    CompleteBuildItem,
    AnswerActivationsRequest,
    ConfirmVirtualCircuit,
    ReportStock,
    ReleaseEquipment,
    ScheduleTechnicalVisit,
    ReportTechnicalVisit,
    VerifyProvisioningMethod,
    ConfirmServiceProvisioned,
)

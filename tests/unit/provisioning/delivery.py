"""A suborder in provisioning, carried step by step by those whose turn it is."""

from datetime import datetime, timedelta
from typing import Any, Self

from services.provisioning.app import SUBORDER as DECIDER
from shared.contracts.intake import AnswerActivationsRequest, SuborderReleased
from shared.contracts.provisioning import (
    BuildItem,
    CompleteBuildItem,
    ConfirmServiceProvisioned,
    ConfirmVirtualCircuit,
    Delivered,
    Executor,
    PlanNetworkBuild,
    ProvisionedService,
    ReportStock,
    ReportTechnicalVisit,
    ScheduleTechnicalVisit,
    StockAnswer,
    VerifyProvisioningMethod,
)
from shared.contracts.shapes import Window
from shared.contracts.testing import ReworkRequested
from tests.builders import PARENT, SUBORDER
from tests.given import MONDAY as NOW
from tests.given import Given, actor
from tests.products import released_with

ENGINEER, OWNER, SUPERVISOR = actor("INGENIERO_B2B"), actor("OM", "om-1"), actor("OM_SUPERVISOR")
CONTRACTOR, ACTIVACIONES, NOC, STOCK = (actor(role) for role in ("CONTRATISTA", "ACTIVACIONES", "NOC", "JEFE_PRODUCTO"))
LINK = BuildItem(item="ENLACE-1", kind="PRIMARY_LINK", executors=(Executor(kind="CONTRACTOR", name="Fibra Oriente Ltda."),))
REQUEST = f"{SUBORDER}/logical/1"


def window(hours: int = 24, now: datetime = NOW) -> Window:
    return Window.model_validate({"from": now + timedelta(hours=hours), "to": now + timedelta(hours=hours + 4)})


def there(sku: str = "CPE-SDW-S", quantity: int = 1, warehouse: str | None = "ALM-SCZ-01", **more: Any) -> StockAnswer:
    return StockAnswer.model_validate({"sku": sku, "quantity": quantity, "available": True, "warehouse": warehouse} | more)


class Delivery(Given):
    """The main path, one word per step."""

    def __init__(self, heard: SuborderReleased | None = None, *, empty: bool = False) -> None:
        super().__init__("provisioning", DECIDER, SUBORDER, PARENT)
        if not empty:
            self.when(heard or released_with())

    def networked(self) -> Self:
        self.when(PlanNetworkBuild(aggregate=SUBORDER, items=(LINK,)), ENGINEER)
        return self.when(CompleteBuildItem(aggregate=SUBORDER, item="ENLACE-1"), CONTRACTOR)

    def configured(self, attempt: int = 1) -> Self:
        request = f"{SUBORDER}/logical/{attempt}"
        return self.when(AnswerActivationsRequest(aggregate=SUBORDER, request_id=request, values={"vlan": "1204"}), ACTIVACIONES)

    def with_circuit(self) -> Self:
        return self.when(ConfirmVirtualCircuit(aggregate=SUBORDER, circuit_id="BO-LPZ-FWAAS-000812"), NOC)

    def stocked(self, *answers: StockAnswer) -> Self:
        return self.when(ReportStock(aggregate=SUBORDER, items=answers or (there(),)), STOCK)

    def visit_set(self, hours: int = 24) -> Self:
        command = ScheduleTechnicalVisit(aggregate=SUBORDER, window=window(hours, self.now), site_contact=f"{SUBORDER}:sede")
        return self.when(command, OWNER)

    def visited(self) -> Self:
        done = ReportTechnicalVisit(aggregate=SUBORDER, outcome="COMPLETED", serials=("SN-1",))
        return self.visit_set().when(done, CONTRACTOR)

    def verified(self, **access: str) -> Self:
        return self.when(VerifyProvisioningMethod(aggregate=SUBORDER, access=access or None), ENGINEER)

    def confirmed(self) -> Self:
        items = [one for one in self.state.card.items if not one.charge_only]
        services = tuple(ProvisionedService(item_id=one.item_id, service_id=f"BO-{one.item_id[-6:]}") for one in items)
        equipment = (Delivered(sku="CPE-SDW-S", serial="SN-1"),)
        return self.when(ConfirmServiceProvisioned(aggregate=SUBORDER, services=services, equipment=equipment), ENGINEER)

    def provisioned(self) -> Self:
        return self.networked().configured().stocked().visited().verified().confirmed()

    def asked_again(self, *steps: str, number: int = 1) -> Self:
        rework = ReworkRequested(
            parent=PARENT, suborder=SUBORDER, rework_id=f"{SUBORDER}/rework/1/{number}", steps=steps, items=("SD-01",), cause="X"
        )
        return self.when(rework)

    def waits(self) -> set[str]:
        """Who has the ball, with the first message that takes it."""
        return {f"{one.party} {one.cleared_by[0]}" for one in self.decider.waiting(self.state)}

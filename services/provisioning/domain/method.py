"""Activity 9: the provisioning method by decision table, and the service that exists (9.1)."""

from services.provisioning.domain.state import State
from shared.calendar.calendar import local_day
from shared.contracts.base import Fact
from shared.contracts.common import FalloutRaised, FalloutResolved
from shared.contracts.provisioning import (
    ConfirmServiceProvisioned,
    ItemMethod,
    ProvisionedService,
    ProvisioningMethodVerified,
    ReworkCompleted,
    ServiceProvisioned,
    VerifyProvisioningMethod,
)
from shared.decider import Decision, World, refused


def verify(state: State, command: VerifyProvisioningMethod, world: World) -> Decision:
    """Per item a row of METHODS; no row is a fallout, never a default."""
    if state.card is None or state.methods:
        return []
    day, methods, gaps = local_day(world.now), [], []
    for item in (one for one in state.card.items if not one.charge_only):
        access = (command.access or {}).get(item.item_id, item.access)
        row = world.tables["METHODS"].decide(day, line=item.line, access=access, homologated="yes" if item.homologated else "no")
        if row is None:
            gaps.append(f"{item.product_code}: línea {item.line}, acceso {access}")
        else:
            methods.append(ItemMethod(item_id=item.item_id, method=row.text("method"), row=row.row))
    fallout = f"{state.suborder}/method/{state.attempt}"
    if gaps:
        if fallout in state.fallouts:
            return refused("NO_RULE_ROW", detail="; ".join(gaps))
        return [
            FalloutRaised(
                fallout_id=fallout, fallout_class="NO_RULE_ROW", step="METHOD", detail="; ".join(gaps), queue="INGENIERO_B2B"
            )
        ]
    facts: list[Fact] = [
        ProvisioningMethodVerified(methods=tuple(methods), rules={"METHODS": world.tables.version("METHODS", day)})
    ]
    if fallout in state.fallouts:
        facts.append(FalloutResolved(fallout_id=fallout, how="RETRY", reason="La tabla da un método."))
    return facts


def confirm(state: State, command: ConfirmServiceProvisioned, world: World) -> Decision:
    """The service exists and is configured; never before the method, nor before a managed FWaaS has its circuit."""
    if state.card is None or state.step != "METHOD":
        return [] if state.provisioned else refused("METHOD_NOT_VERIFIED")
    if not state.methods:
        return refused("METHOD_NOT_VERIFIED")
    if state.card.traits.noc_circuit and state.circuit.enabled < state.circuit.asked:
        return refused("CIRCUIT_NOT_ENABLED")
    if state.rework is not None:
        return [
            ReworkCompleted(
                rework_id=state.rework.rework_id,
                steps=state.rework.steps,
                attempt=state.rework.attempt,
                circuit_id=state.circuit.circuit_id,
                equipment=command.equipment or state.equipment,
            )
        ]
    by_item = {one.item_id: one.method for one in state.methods}
    services = tuple(
        ProvisionedService(item_id=one.item_id, service_id=one.service_id, method=by_item.get(one.item_id, ""))
        for one in command.services
    )
    return [
        ServiceProvisioned(
            services=services,
            circuit_id=state.circuit.circuit_id,
            equipment=command.equipment,
            steps_done=tuple(sorted(state.done | {"METHOD"})),
        )
    ]

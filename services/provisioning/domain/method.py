"""Activity 9: the provisioning method by decision table, and the service that exists (9.1)."""

from collections.abc import Mapping
from typing import Final

from services.provisioning.domain import rework
from services.provisioning.domain.state import STEPS, State, applies
from shared.calendar.calendar import local_day
from shared.contracts.common import FalloutRaised, FalloutResolved
from shared.contracts.provisioning import (
    ConfirmServiceProvisioned,
    Delivered,
    ItemMethod,
    ProvisionedService,
    ProvisioningMethodVerified,
    ServiceProvisioned,
    VerifyProvisioningMethod,
)
from shared.contracts.shapes import Item
from shared.decider import Decision, World, refused

TABLE: Final = "METHODS"


def delivered_items(state: State) -> tuple[Item, ...]:
    """Items that are provisioned: those that are only charged have no service of their own."""
    return tuple(one for one in state.card.items if not one.charge_only) if state.card else ()


def verify(state: State, command: VerifyProvisioningMethod, world: World) -> Decision:
    """Per item a row of METHODS; no row is a fallout, never a default."""
    if state.step != "METHOD" or state.methods:
        return []
    access = command.access or {}
    if access.keys() - {one.item_id for one in delivered_items(state)}:
        return refused("INVALID_FIELDS", paths="access")
    verified, gaps = by_table(state, access, world)
    open_fallouts = [key for key, one in state.fallouts.items() if one.kind == "NO_RULE_ROW"]
    if not gaps:
        resolved = [FalloutResolved(fallout_id=key, how="RETRY", reason="La tabla da un método.") for key in open_fallouts]
        return [verified, *resolved]
    if open_fallouts:
        return refused("NO_RULE_ROW", detail="; ".join(gaps))
    return [
        FalloutRaised(
            fallout_id=f"{state.suborder}/method/{state.attempt}",
            fallout_class="NO_RULE_ROW",
            step="METHOD",
            detail="; ".join(gaps),
            queue="INGENIERO_B2B",
        )
    ]


def by_table(
    state: State, access: Mapping[str, str], world: World, otherwise: str = ""
) -> tuple[ProvisioningMethodVerified, list[str]]:
    """The method of every item and the items without a row; `otherwise` is what a person decided for those."""
    day, methods, gaps = local_day(world.now), list[ItemMethod](), list[str]()
    for item in delivered_items(state):
        line, given = item.line, access.get(item.item_id, item.access)
        row = world.tables[TABLE].decide(day, line=line, access=given, homologated="yes" if item.homologated else "no")
        if row is not None:
            methods.append(ItemMethod(item_id=item.item_id, method=row.text("method"), row=row.row))
            continue
        gaps.append(f"{item.product_code}: línea {line}, acceso {given}")
        methods.append(ItemMethod(item_id=item.item_id, method=otherwise, row=""))
    rules = {TABLE: world.tables.version(TABLE, day)}
    return ProvisioningMethodVerified(methods=tuple(methods), rules=rules), gaps


def confirm(state: State, command: ConfirmServiceProvisioned, world: World) -> Decision:
    """The service exists and is configured; never before the method, nor before a managed FWaaS has its circuit."""
    if state.step != "METHOD":
        return [] if state.provisioned else refused("METHOD_NOT_VERIFIED")
    if not state.methods:
        return refused("METHOD_NOT_VERIFIED")
    if state.circuit.pending:
        return refused("CIRCUIT_NOT_ENABLED")
    if {one.item_id for one in command.services} != {one.item_id for one in delivered_items(state)}:
        return refused("INVALID_FIELDS", paths="services")
    equipment = _with_warehouse(state, command.equipment)
    if state.rework is not None:
        return [rework.completed(state, state.rework, equipment or state.equipment)]
    methods = {one.item_id: one.method for one in state.methods}
    services = tuple(
        ProvisionedService(item_id=one.item_id, service_id=one.service_id, method=methods[one.item_id])
        for one in command.services
    )
    return [
        ServiceProvisioned(
            services=services,
            circuit_id=state.circuit.circuit_id,
            equipment=equipment,
            steps_done=_steps_done(state),
            skipped=tuple(step for step in STEPS if step in state.skipped),
        )
    ]


def _steps_done(state: State) -> tuple[str, ...]:
    """Steps in which something was done, not those that were passed or skipped."""
    done = (state.done | {"METHOD"}) - state.passed - state.skipped
    return tuple(step for step in STEPS if step in done and applies(state, step))


def _with_warehouse(state: State, equipment: tuple[Delivered, ...]) -> tuple[Delivered, ...]:
    """Where a piece came from is known from its reservation when it is not said."""
    known = {one.sku: one.warehouse for one in state.reserved}
    return tuple(one.model_copy(update={"warehouse": one.warehouse or known.get(one.sku, "")}) for one in equipment)

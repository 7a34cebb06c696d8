"""Activity 7: is the equipment in stock and in which warehouse; shortage and reservations (7.1, 7.2)."""

from services.provisioning.domain.state import State
from shared.calendar.calendar import local_day
from shared.contracts.base import DeadlineReached, Fact
from shared.contracts.common import FalloutRaised, FalloutResolved, JeopardyCleared, JeopardyRaised
from shared.contracts.provisioning import (
    EquipmentReleased,
    EquipmentReserved,
    EquipmentShortageDetected,
    EquipmentStockChecked,
    ReleaseEquipment,
    ReportStock,
    Reserved,
    Shortage,
    StockAnswer,
)
from shared.decider import Decision, World, refused


def report(state: State, command: ReportStock, world: World) -> Decision:
    """Per SKU: available or not, and in which warehouse. All there: reserved until a date; else a shortage."""
    if state.step != "EQUIPMENT":
        return []
    asked = {one.sku: one.quantity for one in state.stock_asked}
    answers = {one.sku: one for one in command.items}
    for sku, answer in answers.items():
        if sku not in asked:
            return refused("UNKNOWN_SKU", sku=sku)
        if answer.available and not answer.warehouse:
            return refused("WAREHOUSE_REQUIRED", sku=sku)
    if missing_answers := set(asked) - set(answers):
        return refused("UNKNOWN_SKU", sku=", ".join(sorted(missing_answers)))
    facts: list[Fact] = [EquipmentStockChecked(items=command.items)]
    short = [one for one in command.items if not one.available or one.quantity < asked[one.sku]]
    return facts + (_shortage(state, command, short) if short else _reserve(state, command, world))


def _reserve(state: State, command: ReportStock, world: World) -> list[Fact]:
    days = int(world.policy.value("reservation.business_days", local_day(world.now)))
    items = tuple(Reserved(sku=one.sku, quantity=one.quantity, warehouse=one.warehouse or "") for one in command.items)
    facts: list[Fact] = [EquipmentReserved(items=items, until=world.calendar.add_days(world.now, days, "BUSINESS"))]
    if _fallout(state) in state.fallouts:
        facts.append(FalloutResolved(fallout_id=_fallout(state), how="RETRY", reason="El equipo está disponible."))
    if state.short:
        facts.append(JeopardyCleared(name="stock", level="RED", why="El equipo está disponible."))
    return facts


def _shortage(state: State, command: ReportStock, short: list[StockAnswer]) -> list[Fact]:
    asked = {one.sku: one.quantity for one in state.stock_asked}
    shortages = tuple(
        Shortage(
            sku=one.sku,
            missing=asked[one.sku] - (one.quantity if one.available else 0),
            expected=one.expected,
            alternatives=tuple(other for other in command.alternatives if other.sku == one.sku) or command.alternatives,
        )
        for one in short
    )
    detail = ", ".join(f"{one.missing} {one.sku}" for one in shortages)
    facts: list[Fact] = [EquipmentShortageDetected(items=shortages)]
    if _fallout(state) not in state.fallouts:
        facts.append(
            FalloutRaised(
                fallout_id=_fallout(state),
                fallout_class="SHORTAGE",
                step="EQUIPMENT",
                detail=f"Faltan {detail}",
                queue="JEFE_PRODUCTO",
            )
        )
    if not state.short:
        facts.append(JeopardyRaised(name="stock", level="RED", why=f"Faltan {detail}"))
    return facts


def _fallout(state: State) -> str:
    return f"{state.suborder}/stock/{state.attempt}"


def release(state: State, command: ReleaseEquipment, world: World) -> Decision:
    """A reservation is given back; stock is asked again (7.2)."""
    if not command.reason.strip():
        return refused("REASON_REQUIRED")
    return [EquipmentReleased(items=state.reserved, why="REPLACED")] if state.reserved and state.visit is None else []


def expired(state: State, reached: DeadlineReached, world: World) -> Decision:
    """The reservation ran out; stock is asked again (7.2)."""
    if state.reserved_until is None or state.reserved_until > world.now:
        return []
    return [EquipmentReleased(items=state.reserved, why="EXPIRED")]

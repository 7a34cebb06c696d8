"""Activity 7: is the equipment in stock and in which warehouse; shortage and reservations (7.1, 7.2)."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from services.provisioning.domain.clock import reserved_until
from services.provisioning.domain.state import State
from shared.calendar.calendar import local_day
from shared.common.mails import heading, mail, member, owner
from shared.common.time_limits import counted, used
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
    StockCheckRequested,
)
from shared.contracts.shapes import Card, Equipment, TimeLimit
from shared.decider import Decision, Refused, World, refused

JEOPARDY: Final = "stock"


def ask(state: State, card: Card) -> list[Fact]:
    """The Jefe de Producto is asked by mail what is in stock, and in which warehouse (7.1)."""
    values = heading(card) | {"equipos": ", ".join(f"{one.quantity} {one.sku}" for one in card.traits.equipment)}
    to = [member(card, "JEFE_PRODUCTO", "jefe_producto")]
    purpose = f"stock/{state.stock_checks + 1}"
    return [
        StockCheckRequested(items=card.traits.equipment),
        mail("provisioning", state.suborder, "CONSULTA_STOCK", purpose, to, cc=owner(state), values=values),
    ]


def report(state: State, command: ReportStock, world: World) -> Decision:
    """Per SKU: available or not, and in which warehouse. All there: reserved until a date; else a shortage."""
    if state.step != "EQUIPMENT":
        return []
    needed = _needed(state.stock_asked)
    wrong = _unusable(command.items, needed)
    if wrong is not None:
        return wrong
    found = Counter[str]()
    for one in command.items:
        found[one.sku] += one.quantity if one.available else 0
    missing = {sku: quantity - found[sku] for sku, quantity in needed.items() if found[sku] < quantity}
    checked = EquipmentStockChecked(items=command.items)
    return [checked, *(_shortage(state, command, missing) if missing else _reserve(state, command.items, needed, world))]


def _needed(asked: Iterable[Equipment]) -> dict[str, int]:
    needed = Counter[str]()
    for one in asked:
        needed[one.sku] += one.quantity
    return dict(needed)


def _unusable(answers: tuple[StockAnswer, ...], needed: dict[str, int]) -> Refused | None:
    for one in answers:
        if one.sku not in needed:
            return refused("UNKNOWN_SKU", sku=one.sku)
        if one.available and not (one.warehouse or "").strip():
            return refused("WAREHOUSE_REQUIRED", sku=one.sku)
    unanswered = needed.keys() - {one.sku for one in answers}
    return refused("INVALID_FIELDS", paths=f"items ({', '.join(sorted(unanswered))})") if unanswered else None


def _reserve(state: State, answers: tuple[StockAnswer, ...], needed: dict[str, int], world: World) -> list[Fact]:
    """No more than is needed, from the warehouses in the order they were named."""
    left, items = dict(needed), []
    for one in answers:
        taken = min(left[one.sku], one.quantity) if one.available else 0
        left[one.sku] -= taken
        if taken:
            items.append(Reserved(sku=one.sku, quantity=taken, warehouse=one.warehouse or ""))
    days = int(world.policy.value("reservation.business_days", local_day(world.now)))
    limit = TimeLimit(since=world.now, n=days, unit="BUSINESS_DAYS", calendar=used(world.calendar))
    resolved = [
        FalloutResolved(fallout_id=key, how="RETRY", reason="El equipo está disponible.")
        for key, one in state.fallouts.items()
        if one.kind == "SHORTAGE"
    ]
    return [
        EquipmentReserved(items=tuple(items), until=counted(limit, world.calendar).due, limit=limit),
        *resolved,
        *no_longer_short(state),
    ]


def no_longer_short(state: State) -> list[Fact]:
    """A shortage that is over is no jeopardy any more (X.5)."""
    return [JeopardyCleared(name=JEOPARDY, level="RED", why="La falta de equipo está resuelta.")] if state.short else []


def _shortage(state: State, command: ReportStock, missing: dict[str, int]) -> list[Fact]:
    """Jeopardy RED with the expected date and what could serve instead; the suborder is held (7.2)."""
    dates = {one.sku: one.expected for one in command.items if one.expected}
    # An equivalent SKU is not among those asked for, so it is offered for each that is missing.
    others = [one for one in command.alternatives if one.sku not in missing]
    shortages = tuple(
        Shortage(
            sku=sku,
            missing=quantity,
            expected=dates.get(sku),
            alternatives=(*(one for one in command.alternatives if one.sku == sku), *others),
        )
        for sku, quantity in missing.items()
    )
    detail = "Faltan " + ", ".join(f"{one.missing} {one.sku}" for one in shortages)
    facts: list[Fact] = [EquipmentShortageDetected(items=shortages)]
    if not any(one.kind == "SHORTAGE" for one in state.fallouts.values()):
        fallout = f"{state.suborder}/stock/{state.stock_checks}"
        facts.append(
            FalloutRaised(fallout_id=fallout, fallout_class="SHORTAGE", step="EQUIPMENT", detail=detail, queue="JEFE_PRODUCTO")
        )
    if not state.short:
        facts.append(JeopardyRaised(name=JEOPARDY, level="RED", why=detail))
    return facts


def release(state: State, command: ReleaseEquipment, world: World) -> Decision:
    """A reservation is given back; stock is asked again (7.2)."""
    if not command.reason.strip():
        return refused("REASON_REQUIRED")
    return [EquipmentReleased(items=state.reserved, why="REPLACED")] if state.reserved_until else []


def expired(state: State, reached: DeadlineReached, world: World) -> Decision:
    """The reservation ran out unused; stock is asked again (7.2)."""
    until = reserved_until(state, world.calendar)
    if until is None or until > world.now:
        return []
    return [EquipmentReleased(items=state.reserved, why="EXPIRED")]

"""From our facts to TM Forum's notifications: a pure table, one notification for each mapped fact (`partners.md` 4.5)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, cast

from o2c.tmf import shape
from o2c.tmf.shape import ADDED_IN_5, EventType, Notification, ProductOrder, State, Version
from shared.contracts import acceptance, billing, common, intake, provisioning, testing
from shared.contracts.base import Fact
from shared.contracts.catalogue import FACTS

TOPIC: Final = "o2c.tmf622.v1"
SOURCE: Final = "/tmf"
ORDER: Final = re.compile(r"[A-Za-z0-9]{18}")
"""Facts of what is no order (an agenda, an organisation) have no TM Forum form."""
ACTIONS: Final[Mapping[str, Any]] = {"ADD": "add", "CHANGE": "modify"}


class Told(NamedTuple):
    """A fact with what its headers say of it."""

    id: str
    at: datetime
    fact: Fact


Parts = Callable[[Any, Told, str], dict[str, Any]]
"""What a fact adds to the product order, beside id and state."""


@dataclass(frozen=True, slots=True)
class Row:
    """How a fact is told: the notification, its Spanish title, the state it means (None: it says nothing), and what it adds."""

    event: EventType
    title: str
    state: State | Callable[[Any], State | None] | None = None
    parts: Parts = lambda _fact, _told, _title: {}


def _content(fact: intake.OrderContent, _told: Told, _title: str) -> dict[str, Any]:
    items = tuple(
        shape.OrderItem(id=one.item_id, action=ACTIONS[one.action], quantity=one.quantity)
        for suborder in fact.suborders
        for one in suborder.items
    )
    return {"external": (shape.ExternalId(id=fact.order_number),), "items": items}


def _reached(fact: Fact, told: Told, title: str) -> dict[str, Any]:
    return {"milestones": (shape.Milestone(id=told.id, name=type(fact).__name__, description=title, date=told.at),)}


def _billed(fact: billing.BillingRequested, told: Told, title: str) -> dict[str, Any]:
    lines = [one for suborder in fact.suborders for one in suborder.items]
    numbers = tuple(shape.ExternalId(id=one.suborder_number) for one in fact.suborders)
    items = tuple(shape.OrderItem(id=one.item_id, quantity=one.quantity, state="completed") for one in lines)
    return {**_reached(fact, told, title), "external": numbers, "items": items}


def _endangered(fact: common.JeopardyRaised, told: Told, _title: str) -> dict[str, Any]:
    alert = shape.Jeopardy(id=told.id, name=fact.name, kind=fact.level, message=fact.why, date=told.at)
    return {"jeopardies": (alert,)}


def _stuck(fact: common.FalloutRaised, told: Told, _title: str) -> dict[str, Any]:
    error = shape.ErrorMessage(code=fact.fallout_class, reason=fact.step, message=fact.detail, timestamp=told.at)
    return {"errors": (error,)}


def _note(text: Callable[[Any], str]) -> Parts:
    return lambda fact, told, _title: {"notes": (shape.Note(id=told.id, date=told.at, text=text(fact)),)}


def _milestone(title: str, state: State | Callable[[Any], State] = "inProgress", parts: Parts = _reached) -> Row:
    return Row("ProductOrderMilestoneEvent", title, state, parts)


def _to_state(fact: intake.OrderStateChanged | intake.SuborderStateChanged) -> State:
    return cast("State", fact.to_state)


_changed: Final = Row("ProductOrderStateChangeEvent", "Cambio de estado", _to_state)
_missing: Final = _note(lambda fact: "Falta: " + "; ".join(f"{one.item}: {one.why}" for one in fact.missing))
_returned: Final = _note(lambda fact: f"{fact.reason} {fact.detail}".strip())

ROWS: Final[Mapping[type[Fact], Row]] = {
    intake.OrderReceived: Row("ProductOrderCreateEvent", "Orden recibida", "acknowledged", _content),
    intake.OrderStateChanged: _changed,
    intake.SuborderStateChanged: _changed,
    intake.OrderAmended: Row("ProductOrderAttributeValueChangeEvent", "Orden modificada", None, _content),
    intake.DocsFoundIncomplete: Row("ProductOrderInformationRequiredEvent", "Faltan documentos", "pending", _missing),
    intake.OrderReturned: Row("ProductOrderInformationRequiredEvent", "Orden devuelta a la venta", "acknowledged", _returned),
    intake.DocsValidated: _milestone("Documentos validados"),
    provisioning.NetworkBuilt: _milestone("Red construida"),
    provisioning.ServiceProvisioned: _milestone("Servicio aprovisionado"),
    testing.TestsPassed: _milestone("Pruebas aprobadas"),
    acceptance.AcceptanceRequested: _milestone("Aceptación solicitada"),
    acceptance.AcceptanceSigned: _milestone("Aceptación firmada"),
    acceptance.AcceptanceExpired: _milestone("Aceptación por vencimiento del plazo"),
    billing.BillingRequested: _milestone("Alta de servicio solicitada", parts=_billed),
    billing.ServiceBillingActivated: _milestone(
        "Facturación activada", lambda fact: "inProgress" if fact.phases_left else "completed"
    ),
    common.JeopardyRaised: Row("ProductOrderJeopardyAlertEvent", "Plazo en riesgo", None, _endangered),
    common.FalloutRaised: Row("ProductOrderErrorMessageEvent", "Paso detenido", "held", _stuck),
}
"""The table of `partners.md` 4.5. Only a create and a state change move an order's state; the others repeat what they mean."""

SERVICES: Final = ("intake", "provisioning", "testing", "acceptance", "billing")
"""Whose facts are told; mails are not part of an order."""
TYPES: Final = {f"o2c.{one}.{name}.v1" for one in SERVICES for name, kind in FACTS[one].items() if kind in ROWS}
"""The wire types that are read; any other is passed over by its header."""


def notification(told: Told, version: Version = 5) -> Notification | None:
    """The fact in TM Forum's words; None for one that has no such form. The same fact always gives the same notification."""
    fact, row = told.fact, ROWS.get(type(told.fact))
    if row is None or not ORDER.fullmatch(fact.parent):
        return None
    state = row.state(fact) if callable(row.state) else row.state
    kind, parts = row.event, row.parts(fact, told, row.title)
    if version == 4 and kind in ADDED_IN_5:  # noqa: PLR2004 - the version itself
        kind, parts = "ProductOrderAttributeValueChangeEvent", _as_note(parts, told, row.title)
    return Notification(
        id=f"tmf/{told.id}",
        kind=kind,
        at=told.at,
        correlation=fact.parent,
        title=row.title,
        event=shape.Event(order=ProductOrder(id=about(fact), state=state, **parts)),
        type=kind,
    )


def about(fact: Fact) -> str:
    """The product order that a fact is of: its suborder, else its billing group, else the parent."""
    return getattr(fact, "suborder", "") or getattr(fact, "billing_group", "") or fact.parent


def _as_note(parts: Mapping[str, Any], told: Told, title: str) -> dict[str, Any]:
    """What version 4 has no field for, as text; the rest stays."""
    alerts = [one.message for one in (*parts.get("jeopardies", ()), *parts.get("errors", ()))]
    kept = {name: value for name, value in parts.items() if name in {"external", "items"}}
    return kept | {"notes": (shape.Note(id=told.id, date=told.at, text=": ".join([title, *alerts])),)}


def headers(found: Notification, told: Told, version: Version, fact_headers: Mapping[str, str]) -> list[tuple[str, bytes]]:
    """CloudEvents of our own form: number, actor and trace are those of the fact, which is the cause."""
    pairs = {
        "ce_specversion": "1.0",
        "ce_id": found.id,
        "ce_type": f"o2c.tmf622.{found.kind}.v{version}",
        "ce_source": SOURCE,
        "ce_subject": found.event.order.id,
        "ce_time": fact_headers["ce_time"],
        "ce_seq": fact_headers["ce_seq"],
        "ce_causationid": told.id,
        "ce_actor": fact_headers.get("ce_actor", ""),
        "content-type": "application/json",
    } | {name: fact_headers[name] for name in ("traceparent", "tracestate") if name in fact_headers}
    return [(name, value.encode()) for name, value in pairs.items()]

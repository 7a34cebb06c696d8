"""Activity 14: the acta de entrega is made, rendered, sent; a fresh one when the first could not go out in time (14.1, 14.2)."""

from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

from services.acceptance.domain.canonical import canonical
from services.acceptance.domain.dossier import UNSEALED
from services.acceptance.domain.state import Acta, State
from services.acceptance.domain.term import ends_at
from services.acceptance.domain.wording import CONSEQUENCE, local, term
from shared.calendar.calendar import local_day
from shared.common.mails import customer, heading, mail, owner
from shared.contracts.acceptance import (
    AcceptanceRequested,
    ActaPrepared,
    ClockPolicy,
    RecordActaRendered,
    ResendActa,
)
from shared.contracts.common import FalloutResolved
from shared.contracts.provisioning import ProvisionedService
from shared.contracts.shapes import CalendarUse, Card, Item
from shared.contracts.testing import TestsPassed
from shared.decider import Decision, World

RUNS: Final = {"INTERNAL": "Interna", "CUSTOMER": "Con el cliente", "E2E": "De punta a punta"}
OUTCOMES: Final = {"PASS": "Satisfactoria", "FAIL": "Fallida", "NOT_RUN": "No realizada"}
MODES: Final = {"ONLINE": "En línea", "ON_SITE": "En oficinas del cliente"}


TERM: Final = ("acceptance.days", "acceptance.unit", "acceptance.reminder_every")


def policy(card: Card, world: World) -> ClockPolicy:
    """The term: the contract's own goes before the operator's (D3, D4)."""
    day = local_day(world.now)
    n, unit, every = (world.policy.value(name, day) for name in TERM)
    agreed = card.terms.acceptance
    return ClockPolicy(n=agreed.n if agreed else n, unit=agreed.unit if agreed else unit, reminder_every=every)


def prepare(state: State, card: Card, tests: TestsPassed, world: World) -> ActaPrepared:
    """The content of the acta is fixed, with the absolute deadline it will print."""
    known = state.acta.revision if state.acta is not None and state.acta.series == tests.series else 0
    ten_days = policy(card, world)
    prepared = ActaPrepared(
        series=tests.series,
        revision=known + 1,
        content_sha256=UNSEALED,
        printed_deadline=ends_at(world.now, ten_days, card.site.department, world),
        policy=ten_days,
        calendar=CalendarUse(id=f"BO-{card.site.department}", version=world.calendar.version),
        rules={name: world.policy.version(name, local_day(world.now)) for name in TERM},
    )
    return prepared.model_copy(update={"content_sha256": sha256(canonical(content(card, tests, prepared))).hexdigest()})


def content(card: Card, tests: TestsPassed, acta: ActaPrepared | Acta) -> dict[str, Any]:
    """All that the acta says, as plain values: what is hashed is what is rendered."""
    products = {item.item_id: item for item in card.items}
    return {
        "acta": f"{card.suborder_number}-{acta.series}.{acta.revision}",
        "orden": card.order_number,
        "suborden": card.suborder_number,
        "cliente": card.customer_name,
        "sede": heading(card)["sede"],
        "servicios": [_service(products.get(one.item_id), one) for one in tests.services],
        "circuito": tests.circuit_id or "",
        "atp": list(tests.atps),
        "resultados": [
            {
                "item": one.item,
                "prueba": RUNS.get(one.run, one.run),
                "resultado": OUTCOMES.get(one.outcome, one.outcome),
                "valor": one.value,
                "intento": one.attempt,
            }
            for one in tests.results
        ],
        "pruebas": {
            "internas": local(tests.internal_at),
            "cliente": local(tests.customer_at),
            "e2e": local(tests.e2e_at),
            "modo": MODES.get(tests.mode, tests.mode),
        },
        "omitidos": list(tests.skipped),
        "plazo": local(acta.printed_deadline),
        "dias": f"{acta.policy.n} días {'hábiles' if acta.policy.unit == 'BUSINESS' else 'calendario'}",
        "consecuencia": CONSEQUENCE,
    }


def _service(item: Item | None, one: ProvisionedService) -> dict[str, Any]:
    product, quantity = (item.product_code, item.quantity) if item else (one.item_id, 1)
    return {"producto": product, "cantidad": quantity, "id": one.service_id}


def rendered(state: State, command: RecordActaRendered, world: World) -> Decision:
    """The file is stored: its mail is owed, and worthless after an hour since it prints the deadline (14.1 to 14.3)."""
    acta, card = state.acta, state.card
    if acta is None or card is None or state.stage != "SENDING" or acta.revision != command.revision or acta.doc is not None:
        return []
    minutes = int(world.policy.value("acceptance.handed_over_minutes", local_day(world.now)))
    failed = f"effect/{acta.purpose}"
    mended = FalloutResolved(fallout_id=failed, how="RETRY", reason="El acta fue emitida.")
    return [
        *([mended] if failed in state.fallouts else []),
        AcceptanceRequested(
            series=acta.series, revision=acta.revision, acta=command.acta, printed_deadline=acta.printed_deadline
        ),
        mail(
            "acceptance",
            state.suborder,
            "ACTA_ENTREGA",
            acta.purpose,
            customer(card, "firmante"),
            cc=owner(state),
            values=heading(card) | term(acta.printed_deadline),
            attachments=(command.acta,),
            not_after=world.now + timedelta(minutes=minutes),
        ),
    ]


def resend(state: State, command: ResendActa, world: World) -> Decision:
    """The owner asks for a fresh acta, with a fresh deadline (14.1, 14.3)."""
    if state.card is None or state.tests is None:
        return []
    return [prepare(state, state.card, state.tests, world)]

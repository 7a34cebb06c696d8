"""Activity 14.1 and 14.2: the acta de entrega is prepared, rendered and sent, stating the deadline and its consequence."""

from datetime import datetime, timedelta
from hashlib import sha256
from json import dumps

from services.acceptance.domain.state import State
from shared.calendar.calendar import LA_PAZ, local_day
from shared.common.mails import customer, heading, mail, owner
from shared.contracts.acceptance import AcceptanceRequested, ActaPrepared, ClockPolicy, RecordActaRendered, ResendActa
from shared.contracts.base import Fact
from shared.contracts.shapes import CalendarUse
from shared.decider import Decision, World

CONSEQUENCE = (
    "Si hasta esa fecha y hora no firma ni rechaza el acta, el servicio se dará por aceptado y se iniciará su facturación."
)


def in_words(instant: datetime) -> str:
    """A local deadline as a person reads it: 07/12/2026 16:30, hora de Bolivia."""
    return instant.astimezone(LA_PAZ).strftime("%d/%m/%Y %H:%M") + ", hora de Bolivia"


def content(state: State, printed_deadline: datetime) -> dict[str, object]:
    """What the acta says; the same state always says the same."""
    card, tests = state.card, state.tests
    if card is None or tests is None:
        return {}
    return {
        "order": card.order_number,
        "suborder": card.suborder_number,
        "customer": card.customer_name,
        "site": f"{card.site.name} ({card.site.code}), {card.site.city}",
        "products": [[one.product_code, one.line, one.quantity] for one in card.items],
        "services": [[one.service_id, one.method] for one in tests.services],
        "circuit": tests.circuit_id or "",
        "atps": list(tests.atps),
        "results": [[one.item, one.run, one.outcome, one.value, one.attempt] for one in tests.results],
        "skipped": list(tests.skipped),
        "deadline": in_words(printed_deadline),
        "consequence": CONSEQUENCE,
    }


def prepare(state: State, world: World, revision: int) -> list[Fact]:
    """An acta for this series, with the deadline it prints (14.1, 14.2; D3)."""
    card, tests = state.card, state.tests
    if card is None or tests is None:
        return []
    day = local_day(world.now)
    term = card.terms.acceptance
    n = term.n if term else int(world.policy.value("acceptance.days", day))
    unit = term.unit if term else world.policy.value("acceptance.unit", day)
    every = int(world.policy.value("acceptance.reminder_every", day))
    printed = world.calendar.add_days(world.now, n, unit, card.site.department)
    text = dumps(content(state, printed), ensure_ascii=False, sort_keys=True)
    return [
        ActaPrepared(
            series=tests.series,
            revision=revision,
            content_sha256=sha256(text.encode()).hexdigest(),
            printed_deadline=printed,
            policy=ClockPolicy(n=n, unit=unit, reminder_every=every),
            calendar=CalendarUse(id=f"BO-{card.site.department}", version=world.calendar.version),
        )
    ]


def rendered(state: State, command: RecordActaRendered, world: World) -> Decision:
    """The file is stored; its mail is asked for. It may be handed over for an hour, after that a fresh acta is owed (14.3)."""
    acta, card = state.acta, state.card
    if acta is None or card is None or command.revision != acta.revision or acta.doc is not None:
        return []
    minutes = int(world.policy.value("acceptance.handed_over_minutes", local_day(world.now)))
    values = heading(card) | {"plazo": in_words(acta.printed_deadline), "consecuencia": CONSEQUENCE}
    return [
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
            values=values,
            attachments=(command.acta,),
            not_after=world.now + timedelta(minutes=minutes),
        ),
    ]


def resend(state: State, command: ResendActa, world: World) -> Decision:
    """The owner asks for a fresh acta (14.3)."""
    return prepare(state, world, state.acta.revision + 1) if state.acta else []

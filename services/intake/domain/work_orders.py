"""Activity 3: work orders are generated once, with the plan and the requests that go out (3.1, 3.5 to 3.8)."""

from collections import Counter
from collections.abc import Collection

from services.intake.domain import plan
from services.intake.domain.products import fallout_id
from services.intake.domain.requests import ACCOUNT, request_id
from services.intake.domain.state import GENERATED, State
from shared.calendar.calendar import local_day
from shared.common.answers import ASKED_FOR, Clock, clock
from shared.common.mails import area, mail, owner
from shared.common.time_limits import used
from shared.contracts.base import Fact
from shared.contracts.common import ActivationsRequested, NotificationRequested, RegionalTicketRequested
from shared.contracts.intake import (
    Decomposition,
    FulfilmentPlanned,
    GenerateWorkOrders,
    OrderContent,
    OrderDecomposed,
    SuborderContent,
)
from shared.decider import Decision, World, refused

ANSWER_TO = "o2c.intake.commands.v1"
ACTIVACIONES = "ACTIVACIONES"
AREAS = {ACTIVACIONES: "activaciones", "CONTRATISTA": "contratistas"}


def generate(state: State, command: GenerateWorkOrders, world: World) -> Decision:
    """Made once, only with valid documents; asking twice makes nothing new (3.1)."""
    if state.stage == "PLANNED":
        return []
    if not state.docs_valid or state.content is None:
        return refused("DOCS_NOT_VALID")
    return _decomposed(state, state.content, world)


def late(state: State, world: World) -> list[Fact]:
    """A suborder that waited for a row of the product table follows the others as soon as that is settled."""
    if state.content is None or not state.docs_valid or state.stage not in GENERATED or not _known(state, state.content):
        return []
    return _decomposed(state, state.content, world)


def _known(state: State, content: OrderContent) -> list[SuborderContent]:
    """Suborders to be planned; not those with a product nobody knows: that is a fallout, never a guess."""
    return [
        one
        for one in content.suborders
        if state.subs[one.suborder].stage == "WAITING" and fallout_id(one.suborder) not in state.fallouts
    ]


def _decomposed(state: State, content: OrderContent, world: World) -> list[Fact]:
    parts = [plan.decompose(state, sold, world) for sold in _known(state, content)]
    rules = {name: world.tables.version(name, local_day(world.now)) for name in plan.TABLES}
    planned = {part.suborder for part in parts}
    steps = [one for one in state.steps if one.suborder in state.subs and one.suborder not in planned]
    steps += [step for part in parts for step in plan.steps(part, world)]
    return [
        OrderDecomposed(suborders=tuple(parts), rules=rules),
        FulfilmentPlanned(plan_version=state.plans + 1, steps=tuple(steps), calendar=used(world.calendar), rules=rules),
        *_requests(state, content, parts, world),
    ]


def _requests(state: State, content: OrderContent, parts: list[Decomposition], world: World) -> list[Fact]:
    """What is asked of Activaciones, with one mail for all of it, and of ServiceNow; nothing is asked twice (3.5 to 3.7)."""
    quoting = str(world.policy.value("quotes.from", local_day(world.now)))
    asked: dict[str, ActivationsRequested] = {}
    tickets: list[Fact] = []
    for part in parts:
        sold, kinds = state.content_of(part.suborder), {order.kind for order in part.work_orders}
        quotes = [("QUOTES", sold.suborder)] if "INSTALLATION" in kinds else []
        for kind, subject in (*quotes, ("SERVICE_CREATION", sold.suborder), (ACCOUNT, sold.group)):
            identity = request_id(subject, kind)
            if identity not in state.requests and identity not in asked:
                asked_of = quoting if kind == "QUOTES" else ACTIVACIONES
                asked[identity] = _request(content, sold, identity, kind, asked_of, clock(world, kind))
        if "PROVISIONING_START" in kinds and not state.subs[part.suborder].ticket_asked:
            tickets.append(_ticket(content, sold))
    return [*asked.values(), *tickets, *([_mail(state, content, asked.values())] if asked else [])]


def _mail(state: State, content: OrderContent, asked: Collection[ActivationsRequested]) -> NotificationRequested:
    counted = Counter(ASKED_FOR[one.kind] for one in asked)
    values = {
        "orden": content.order_number,
        "cliente": content.customer_name,
        "solicitud": ", ".join(f"{what} ({count})" for what, count in counted.items()),
        "vence_el": min(one.due for one in asked).isoformat(),
    }
    purpose = f"activations/{state.plans + 1}"
    to = [area(AREAS[role]) for role in dict.fromkeys(one.asked_of for one in asked)]
    return mail("intake", state.parent, "SOLICITUD_ACTIVACIONES", purpose, to, cc=owner(state), values=values)


def _request(
    content: OrderContent, sold: SuborderContent, identity: str, kind: str, asked_of: str, until: Clock
) -> ActivationsRequested:
    return ActivationsRequested(
        suborder=sold.suborder,
        billing_group=sold.group,
        request_id=identity,
        kind=kind,
        asked_of=asked_of,
        due=until.due,
        warn_at=until.warn_at,
        limit=until.limit,
        answer_to=ANSWER_TO,
        order_number=content.order_number,
        suborder_number=sold.suborder_number,
        site=sold.site,
        product_codes=tuple(item.product_code for item in sold.items),
    )


def _ticket(content: OrderContent, sold: SuborderContent) -> RegionalTicketRequested:
    return RegionalTicketRequested(
        suborder=sold.suborder,
        billing_group=sold.group,
        request_id=ticket_id(sold.suborder),
        purpose="PROVISIONING_START",
        answer_to=ANSWER_TO,
        order_number=content.order_number,
        suborder_number=sold.suborder_number,
        site=sold.site,
        product_codes=tuple(item.product_code for item in sold.items),
    )


def ticket_id(suborder: str) -> str:
    """The request of the ticket with Regional."""
    return f"{suborder}/ticket/provisioning"

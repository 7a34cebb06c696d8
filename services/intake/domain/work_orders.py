"""Activity 3: work orders by traits, the plan, and the requests that go out (3.1 to 3.8)."""

from datetime import datetime
from decimal import Decimal

from services.intake.domain.products import traits
from services.intake.domain.state import State
from shared.calendar.calendar import local_day
from shared.common.mails import area, mail, owner
from shared.contracts.base import Fact
from shared.contracts.common import ActivationsRequested, RegionalTicketRequested
from shared.contracts.intake import Decomposition, FulfilmentPlanned, GenerateWorkOrders, OrderDecomposed, SuborderContent
from shared.contracts.shapes import Step, Traits, WorkOrder
from shared.decider import Decision, World, refused

ANSWER_TO = "o2c.intake.commands.v1"
LOCAL, REGIONAL, UNSTATED = "LOCAL", "REGIONAL", "UNSTATED"


def generate(state: State, command: GenerateWorkOrders, world: World) -> Decision:
    """Made once, only with valid documents; asking twice makes nothing new (3.1)."""
    if state.stage == "PLANNED":
        return []
    if not state.docs_valid or state.content is None:
        return refused("DOCS_NOT_VALID")
    parts = []
    for content in state.content.suborders:
        if state.subs[content.suborder].ended:
            continue
        known = traits(content, state.subs[content.suborder], world)
        parts.append(Decomposition(suborder=content.suborder, traits=known, work_orders=orders(content, known)))
    versions = {name: world.tables.version(name, local_day(world.now)) for name in ("PRODUCTS", "DURATIONS")}
    planned = FulfilmentPlanned(plan_version=1, steps=tuple(plan(parts, world)), rules=versions)
    return [OrderDecomposed(suborders=tuple(parts), rules=versions), planned, *_requests(state, parts, world)]


def orders(content: SuborderContent, known: Traits) -> tuple[WorkOrder, ...]:
    """The five kinds and why each is there; INSTALLATION and EQUIPMENT only for SDWAN and Ciberseguridad (3.2, 3.3)."""
    wanted = (
        ("INSTALLATION", LOCAL, known.connectivity and known.sdwan_ciber, "conectividad fija para SDWAN/CIBERSEGURIDAD"),
        ("SERVICE_CREATION", LOCAL, True, "todo servicio se crea"),
        ("BILLING", UNSTATED, True, "todo grupo se factura"),
        ("EQUIPMENT", LOCAL, known.physical and known.sdwan_ciber, "equipo físico para SDWAN/CIBERSEGURIDAD"),
        ("PROVISIONING_START", REGIONAL, known.regional, "Regional B2B Central Delivery aprovisiona"),
    )
    return tuple(
        WorkOrder.model_validate({"work_order": f"{content.suborder}/{kind}", "kind": kind, "scope": scope, "because": why})
        for kind, scope, applies, why in wanted
        if applies
    )


def plan(parts: list[Decomposition], world: World) -> list[Step]:
    """Steps of each suborder in order, with owner, expected duration and due date (3.8)."""
    return [step for part in parts for step in _steps(part, world)]


def _steps(part: Decomposition, world: World) -> list[Step]:
    kinds = {order.kind for order in part.work_orders}
    known = part.traits
    names = [
        *(("quotes",) if "INSTALLATION" in kinds else ()),
        "service_creation",
        *({"LINK": ("network_link",), "DATA_CENTRE": ("network_data_centre",)}.get(known.build, ())),
        *(("logical",) if known.logical else ()),
        *(("stock",) if known.physical else ()),
        *(("visit",) if known.sdwan_ciber and kinds & {"INSTALLATION", "EQUIPMENT"} else ()),
        "provisioning",
        "internal_tests",
        "agendas",
        "customer_tests",
        "acceptance",
        "billing",
        "onboarding",
    ]
    steps, before, at = list[Step](), tuple[str, ...](), world.now
    for name in names:
        row = world.tables["DURATIONS"].decide(local_day(world.now), step=name)
        days = Decimal(str(row.then["typical"])) if row else Decimal(0)
        at = _later(at, days, world)
        owner_role = row.text("owner") if row else "OM"
        steps.append(Step(step=name, suborder=part.suborder, after=before, owner=owner_role, expected_days=days, due=at))
        before = (name,)
    return steps


def _later(at: datetime, days: Decimal, world: World) -> datetime:
    """Whole business days, then the part of one in business hours."""
    whole = int(days)
    moved = world.calendar.add_days(at, whole, "BUSINESS") if whole else at
    rest = float(days - whole) * 10
    return world.calendar.add_business_hours(moved, rest) if rest else moved


def _requests(state: State, parts: list[Decomposition], world: World) -> list[Fact]:
    """What is asked of Activaciones, with one mail for all of it, and of ServiceNow (3.5, 3.6, 3.7)."""
    content = state.content
    if content is None:
        return []
    day = local_day(world.now)
    due = world.calendar.answer_due(
        world.now, world.policy.value("activations.answer_within", day), int(world.policy.value("activations.hours", day))
    )
    facts: list[Fact] = []
    asked_groups: set[str] = set()
    for part in parts:
        sold = state.content_of(part.suborder)
        kinds = {order.kind for order in part.work_orders}
        wanted = [
            *(("QUOTES",) if "INSTALLATION" in kinds else ()),
            "SERVICE_CREATION",
            *(("BILLING_ACCOUNT",) if sold.group not in asked_groups else ()),
        ]
        asked_groups.add(sold.group)
        facts += [_request(state, sold, kind, due) for kind in wanted]
        if "PROVISIONING_START" in kinds:
            facts.append(_ticket(state, sold))
    count = sum(isinstance(one, ActivationsRequested) for one in facts)
    values = {
        "orden": content.order_number,
        "cliente": content.customer_name,
        "solicitud": f"{count} solicitudes: cotizaciones, creación de servicio y cuenta de facturación",
        "vence_el": due.isoformat(),
    }
    purpose = f"activations/{content.version}"
    facts.append(
        mail("intake", state.parent, "SOLICITUD_ACTIVACIONES", purpose, [area("activaciones")], cc=owner(state), values=values)
    )
    return facts


def _request(state: State, sold: SuborderContent, kind: str, due: datetime) -> ActivationsRequested:
    subject = sold.group if kind == "BILLING_ACCOUNT" else sold.suborder
    return ActivationsRequested(
        suborder=sold.suborder,
        billing_group=sold.group,
        request_id=f"{subject}/{kind.lower()}",
        kind=kind,
        due=due,
        answer_to=ANSWER_TO,
        order_number=state.content.order_number if state.content else "",
        suborder_number=sold.suborder_number,
        site=sold.site,
        product_codes=tuple(item.product_code for item in sold.items),
    )


def _ticket(state: State, sold: SuborderContent) -> RegionalTicketRequested:
    return RegionalTicketRequested(
        suborder=sold.suborder,
        billing_group=sold.group,
        request_id=f"{sold.suborder}/ticket/provisioning",
        purpose="PROVISIONING_START",
        answer_to=ANSWER_TO,
        order_number=state.content.order_number if state.content else "",
        suborder_number=sold.suborder_number,
        site=sold.site,
        product_codes=tuple(item.product_code for item in sold.items),
    )

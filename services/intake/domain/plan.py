"""What the plan of a suborder says: its work orders with their reasons, the roles it needs, its steps (3.1, 3.8, 4.2)."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from services.intake.domain.products import traits
from services.intake.domain.state import State
from shared.calendar.calendar import CLOSES, OPENS, Calendar, local_day
from shared.common.time_limits import used
from shared.contracts.base import Fact
from shared.contracts.intake import Decomposition, FulfilmentPlanned, SuborderContent
from shared.contracts.shapes import Step, Traits, WorkOrder
from shared.decider import World

TABLES = ("PRODUCTS", "DURATIONS", "ROLES")
LOGICAL = "logical"
NETWORK = frozenset({"network_link", "network_data_centre"})
LOCAL, REGIONAL, UNSTATED = "LOCAL", "REGIONAL", "UNSTATED"
HOURS_A_DAY = CLOSES.hour - OPENS.hour


def decompose(state: State, sold: SuborderContent, world: World) -> Decomposition:
    """The part of the plan that is one suborder's."""
    known = traits(sold, state.subs[sold.suborder], world)
    first = next((one for one in state.members(sold.group) if one in state.live), sold.suborder)
    made = orders(sold, known, billing=first == sold.suborder)
    return Decomposition(suborder=sold.suborder, traits=known, work_orders=made, roles=roles(state, known, made, world))


def orders(sold: SuborderContent, known: Traits, *, billing: bool = True) -> tuple[WorkOrder, ...]:
    """The five kinds and why each is there (3.1, 3.2, 3.3); BILLING once per group, with its first suborder."""
    wanted = (
        ("INSTALLATION", LOCAL, known.connectivity and known.sdwan_ciber, "conectividad fija para SDWAN/CIBERSEGURIDAD"),
        ("SERVICE_CREATION", LOCAL, True, "todo servicio se crea"),
        ("BILLING", UNSTATED, billing, "todo grupo se factura"),
        ("EQUIPMENT", LOCAL, known.physical and known.sdwan_ciber, "equipo físico para SDWAN/CIBERSEGURIDAD"),
        ("PROVISIONING_START", REGIONAL, known.regional, "Regional B2B Central Delivery aprovisiona"),
    )
    return tuple(
        WorkOrder.model_validate(
            {
                "work_order": f"{sold.group if kind == 'BILLING' else sold.suborder}/{kind}",
                "kind": kind,
                "scope": scope,
                "because": why,
            }
        )
        for kind, scope, applies, why in wanted
        if applies
    )


def roles(state: State, known: Traits, made: Iterable[WorkOrder], world: World) -> tuple[str, ...]:
    """The roles besides the owner's that a suborder needs (6.9)."""
    day, kinds = local_day(world.now), {order.kind for order in made}
    many = len(state.subs) >= int(world.policy.value("project.sites", day))
    needs = {
        "ALWAYS": True,
        "VISIT_OR_BUILD": known.build != "NONE" or visited(known, kinds),
        "NOC_CIRCUIT": known.noc_circuit,
        "EQUIPMENT": "EQUIPMENT" in kinds,
        "REGIONAL": known.regional,
        "TIER2": known.tier2,
        "PROJECT": known.non_standard or many,
    }
    table = world.tables["ROLES"]
    return tuple(row.text("role") for need, holds in needs.items() if holds for row in table.rows(day, need=need))


def visited(known: Traits, kinds: Iterable[str]) -> bool:
    """Whether the contractor visits the site (8.1)."""
    return known.sdwan_ciber and not {"INSTALLATION", "EQUIPMENT"}.isdisjoint(kinds)


def steps(part: Decomposition, world: World) -> list[Step]:
    """Its steps in order, with owner, expected duration and due date (3.8).

    Network and logical configuration follow each other, or begin together where the operator says so (D12).
    """
    kinds = {order.kind for order in part.work_orders}
    known = part.traits
    names = [
        *(("quotes",) if "INSTALLATION" in kinds else ()),
        "service_creation",
        *({"LINK": ("network_link",), "DATA_CENTRE": ("network_data_centre",)}.get(known.build, ())),
        *(("logical",) if known.logical else ()),
        *(("stock",) if known.physical else ()),
        *(("visit",) if visited(known, kinds) else ()),
        "provisioning",
        "internal_tests",
        "agendas",
        "customer_tests",
        "acceptance",
        "billing",
        "onboarding",
    ]
    together = world.policy.value("build.sequence", local_day(world.now)) == "PARALLEL"
    made, before = dict[str, Step](), tuple[str, ...]()
    for name in names:
        row = world.tables["DURATIONS"].decide(local_day(world.now), step=name)
        days = Decimal(str(row.then["typical"])) if row else Decimal(0)
        beside = [one for one in before if one in NETWORK] if together and name == LOGICAL else []
        after = made[beside[0]].after if beside else before
        begins = max((made[one].due for one in after), default=world.now)
        owner = row.text("owner") if row else "OM"
        made[name] = Step(
            step=name,
            suborder=part.suborder,
            after=after,
            owner=owner,
            expected_days=days,
            begins=begins,
            due=_later(begins, days, world.calendar),
        )
        before = (*beside, name)
    return list(made.values())


def redated(state: State, calendar: Calendar, now: datetime) -> list[Fact]:
    """The plan with its dates by a newer calendar, earlier or later; what should be done by now stays as it was (X.9, 5.5)."""
    made = dict[tuple[str, str], Step]()
    for one in state.steps:
        begins = max((made[one.suborder, before].due for before in one.after), default=one.begins)
        if begins is not None and one.due > now and one.suborder in state.live:
            dates = {"begins": begins, "due": _later(begins, one.expected_days, calendar)}
            made[one.suborder, one.step] = one.model_copy(update=dates)
        else:
            made[one.suborder, one.step] = one
    steps = tuple(made.values())
    return [] if steps == state.steps else [FulfilmentPlanned(plan_version=state.plans + 1, steps=steps, calendar=used(calendar))]


def _later(at: datetime, days: Decimal, calendar: Calendar) -> datetime:
    """Whole business days, then the part of one in business hours."""
    whole = int(days)
    moved = calendar.add_days(at, whole, "BUSINESS") if whole else at
    rest = float(days - whole) * HOURS_A_DAY
    return calendar.add_business_hours(moved, rest) if rest else moved

"""Standard, homologado, line, access, scenario and traits of what was sold, by the product table (1.7, 6.2)."""

from collections.abc import Mapping

from services.intake.domain.state import Sub
from shared.calendar.calendar import local_day
from shared.contracts.intake import SuborderContent
from shared.contracts.shapes import Equipment, Item, Traits
from shared.decider import World
from shared.rules.tables import Row

BUILDS = ("NONE", "LINK", "DATA_CENTRE")
NO_ACCESS = "NINGUNO"


def product(item: Item, world: World) -> Row | None:
    """The row of the item's product; none is a fallout, never a guess."""
    return world.tables["PRODUCTS"].decide(local_day(world.now), code=item.product_code)


def fallout_id(suborder: str) -> str:
    """The fallout of a suborder with a product that the table lacks."""
    return f"{suborder}/product"


def unknown(sold: SuborderContent, world: World) -> list[str]:
    """Product codes of a suborder that have no row."""
    return [item.product_code for item in sold.items if product(item, world) is None]


def as_surveyed(sold: SuborderContent, sub: Sub, world: World) -> tuple[Item, ...]:
    """The items as they are built: with the access of the survey, and the line of a row that came late (6.2)."""
    return tuple(classify(item, world, sub.access) if sub.access is not None or not item.line else item for item in sold.items)


def classify(item: Item, world: World, surveyed: str | None = None) -> Item:
    """Standard = in CPQ; homologado = standard, or non-standard of a named family (1.7, D11, D16)."""
    row, day = product(item, world), local_day(world.now)
    in_cpq = item.in_cpq if item.in_cpq is not None else item.standard
    named = item.family in world.policy.value("homologation.families", day)
    limited = world.policy.value("homologation.families_limit", day) == "ALL"
    default = row.text("access") if row else ""
    access = NO_ACCESS if default == NO_ACCESS else surveyed or item.access or default
    scenario = world.tables["SCENARIOS"].decide(local_day(world.now), action=item.action, access=access) if access else None
    return item.model_copy(
        update={
            "line": row.text("line") if row else item.line,
            "standard": in_cpq,
            "homologated": named or (in_cpq and not limited),
            "charge_only": row.flag("charge_only") if row else False,
            "access": access,
            "scenario": scenario.text("scenario") if scenario else "",
        }
    )


def strictest(sold: Mapping[str, tuple[Item, ...]]) -> dict[str, tuple[Item, ...]]:
    """What the strictest line of an order is, every line of it is: where the order is homologada as a whole (D11)."""
    every = [item for items in sold.values() for item in items]
    told = {"standard": all(one.standard for one in every), "homologated": all(one.homologated for one in every)}
    return {key: tuple(item.model_copy(update=told) for item in items) for key, items in sold.items()}


def traits(content: SuborderContent, sub: Sub, world: World) -> Traits:
    """The strictest over the items: yes wins, DATA_CENTRE before LINK before NONE, equipment adds up."""
    pairs = [(item, row) for item in content.items if not item.charge_only and (row := product(item, world))]
    builds, equipment = ["NONE"], dict[str, int]()
    connectivity = False
    for item, row in pairs:
        sold = sub.connectivity if sub.connectivity is not None else item.connectivity
        connected = sold if sold is not None else row.text("connectivity") == "YES"
        connectivity = connectivity or connected
        builds.append(_build(row.text("build"), connected=connected))
        for piece in item.equipment if item.equipment is not None else _table_equipment(row):
            equipment[piece.sku] = equipment.get(piece.sku, 0) + piece.quantity
    return Traits.model_validate(
        {
            "non_standard": any(not item.standard for item in content.items),
            "connectivity": connectivity,
            "physical": bool(equipment),
            "build": max(builds, key=BUILDS.index),
            "equipment": [Equipment(sku=sku, quantity=count) for sku, count in sorted(equipment.items())],
            **{name: any(row.flag(name) for _, row in pairs) for name in FLAGS},
        }
    )


FLAGS = ("sdwan_ciber", "logical", "noc_circuit", "regional", "delivery_kit", "tier2")


def _build(build: str, *, connected: bool) -> str:
    if build == "LINK_IF_SOLD":
        return "LINK" if connected else "NONE"
    return build


def _table_equipment(row: Row) -> list[Equipment]:
    return [Equipment(sku=str(one["sku"]), quantity=int(one["quantity"])) for one in row.then.get("equipment") or ()]

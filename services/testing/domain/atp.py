"""Activity 10: the ATP of the suborder's lines, each once, with BR009's internal method for every item (10.1, 10.3)."""

from collections.abc import Iterable
from typing import Final

from shared.calendar.calendar import local_day
from shared.contracts.provisioning import ItemMethod
from shared.contracts.shapes import Card
from shared.contracts.testing import AtpItem, AtpPrepared
from shared.decider import World
from shared.rules.tables import Row

TABLES: Final = ("BR009", "ATP")


def plan(card: Card, world: World, otherwise: str = "") -> tuple[AtpPrepared, list[str]]:
    """The ATP and the gaps of the tables; `otherwise` is what a person decided for those. What is only charged has no test."""
    day, methods, gaps = local_day(world.now), list[ItemMethod](), list[str]()
    items = [one for one in card.items if not one.charge_only]
    for item in items:
        row = world.tables["BR009"].decide(day, line=item.line, scenario=item.scenario)
        methods.append(
            ItemMethod(item_id=item.item_id, method=row.text("method") if row else otherwise, row=row.row if row else "")
        )
        if row is None:
            gaps.append(f"BR009 {item.product_code}: {item.line}, {item.scenario}")
    rows = list[Row]()
    for line in dict.fromkeys(item.line for item in items):
        found = world.tables["ATP"].rows(day, line=line)
        rows += found
        if not found:
            gaps.append(f"ATP {line}")
    rules = {name: world.tables.version(name, day) for name in TABLES}
    atps = tuple(dict.fromkeys(row.text("atp") for row in rows))
    return AtpPrepared(atps=atps, method=tuple(methods), items=tuple(_items(rows)), rules=rules), gaps


def _items(rows: Iterable[Row]) -> Iterable[AtpItem]:
    for row in rows:
        yield AtpItem.model_validate(
            {
                "item": row.text("item"),
                "proves": row.texts("proves"),
                "runs": row.texts("runs"),
                "mandatory": row.flag("mandatory"),
                "threshold": f"{row.text('name')}: {row.text('threshold')}",
            }
        )

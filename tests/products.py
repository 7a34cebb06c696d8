"""What is sold: the lines with their traits, and a suborder of them as intake releases it."""

from typing import Any

from shared.contracts.intake import SelectedQuote, SuborderReleased
from shared.contracts.shapes import Card, Equipment, Item, Traits, WorkOrder
from tests.builders import SUBORDER, bob, card, item, released

SDWAN = Traits(
    sdwan_ciber=True,
    physical=True,
    connectivity=True,
    logical=True,
    regional=True,
    build="LINK",
    equipment=(Equipment(sku="CPE-SDW-S", quantity=1),),
)
FIREWALL = SDWAN.model_copy(update={"delivery_kit": True, "equipment": (Equipment(sku="FW-100F", quantity=1),)})
FWAAS = Traits(sdwan_ciber=True, logical=True, noc_circuit=True, regional=True)
CLOUD = Traits(logical=True, build="DATA_CENTRE")
AWS = Traits()


def sold(line: str, number: int = 1, **changes: Any) -> Item:
    """An item of that line over a new fibre, unless told otherwise."""
    return item(
        number, **{"product_code": line, "line": line, "access": "FIBRA_NUEVA", "scenario": "ALTA_ENLACE_NUEVO"} | changes
    )


def ficha(*items: Item, traits: Traits = SDWAN, **changes: Any) -> Card:
    """The card of one SD-WAN, unless told otherwise, with the contact of its site."""
    known = card()
    contacts = known.contacts | {"sede": f"{SUBORDER}:sede"}
    given: dict[str, Any] = {"traits": traits, "contacts": contacts} | changes
    return card(*(items or (sold("SDWAN"),)), **given)


def released_with(its: Card | None = None, *kinds: str, contractor: str | None = None) -> SuborderReleased:
    """Released with these work orders, and with the contractor of the chosen quote."""
    orders = tuple(
        WorkOrder.model_validate({"work_order": f"{SUBORDER}/{kind}", "kind": kind, "scope": "LOCAL"})
        for kind in kinds or ("INSTALLATION", "EQUIPMENT")
    )
    quote = SelectedQuote(contractor=contractor, total=bob("12900.00")) if contractor else None
    return released(its or ficha()).model_copy(update={"work_orders": orders, "quote": quote})

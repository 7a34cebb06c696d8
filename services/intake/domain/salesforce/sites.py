"""Suborders with their one site and their items (`partners.md` 2.2)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from services.intake.domain.salesforce.mapping import OrgMapping
from services.intake.domain.salesforce.money import Currency
from services.intake.domain.salesforce.reader import Node
from shared.contracts.intake import SuborderContent
from shared.contracts.shapes import Charge, Department, Equipment, Item, Site
from shared.rules.load import plain


@dataclass(frozen=True, slots=True)
class SoldSite:
    """A suborder as read; `place` still holds the contact data of the site."""

    suborder: str
    number: str
    site: Site
    items: tuple[Item, ...]
    node: Node
    place: Node | None

    def content(self, group: str) -> SuborderContent:
        """As intake publishes it."""
        return SuborderContent(suborder=self.suborder, suborder_number=self.number, group=group, site=self.site, items=self.items)


def read_sites(root: Node, parent: str, currency: Currency, mapping: OrgMapping) -> list[SoldSite]:
    """All suborders; each has one site, and no site and no id comes twice (1.2)."""
    nodes = root.children("suborders")
    if not nodes:
        root.violate("NO_SITES", "suborders")
    sites = [read_site(node, parent, currency, mapping) for node in nodes]
    codes = Counter(one.site.code.casefold() for one in sites if one.site.code)
    for one in sites:
        if one.place is not None and codes[one.site.code.casefold()] > 1:
            one.place.violate("DUPLICATE_SITE", "Code", site=one.site.code)
    _refuse_repeats(((one.suborder, one.node) for one in sites), {parent})
    lines = [line for node in nodes for line in node.children("items")]
    _refuse_repeats(((line.id("Id") or "", line) for line in lines), set())
    return sites


def _refuse_repeats(named: Iterable[tuple[str, Node]], seen: set[str]) -> None:
    for identity, node in named:
        if node.has("Id") and identity in seen:
            node.violate("DUPLICATE_ID", "Id", id=identity)
        seen.add(identity)


def read_site(node: Node, parent: str, currency: Currency, mapping: OrgMapping) -> SoldSite:
    """One suborder: of this parent, at one place, with an item at least."""
    suborder = node.need_id("Id")
    if node.read("ParentOrder__c", str, needed=True) is not None and node.id("ParentOrder__c") != parent:
        node.violate("ORPHAN_SUBORDER", "ParentOrder__c", suborder=suborder)
    place = _place(node, suborder)
    lines = node.children("items")
    if not lines:
        node.violate("NO_ITEMS", "items", suborder=suborder)
    access = place.label("Access__c", "access") if place else None
    items = tuple(read_item(line, access or "", currency, mapping) for line in lines)
    ordered = tuple(sorted(items, key=lambda one: one.item_id))
    return SoldSite(suborder, node.need_text("OrderNumber"), _site(place), ordered, node, place)


def _place(node: Node, suborder: str) -> Node | None:
    """The one site; none, several, or something else breaks the rule of one site per suborder."""
    listed = node.value.get("Site")
    if isinstance(listed, dict):
        return node.child("Site")
    if isinstance(listed, list) and len(listed) == 1 and isinstance(listed[0], dict):
        return node.children("Site")[0]
    node.violate("SUBORDER_SITE_COUNT", "Site", suborder=suborder)
    return None


def _site(place: Node | None) -> Site:
    if place is None:
        return Site(code="", service_account="", name="", department="L", city="")
    place.need_text("Country")
    return Site(
        code=place.need_text("Code"),
        service_account=place.need_id("ServiceAccountId"),
        name=place.need_text("Name"),
        department=cast("Department", place.label("State", "department", needed=True) or "L"),
        city=place.need_text("City"),
    )


def read_item(line: Node, access: str, currency: Currency, mapping: OrgMapping) -> Item:
    """One line; whether it is standard follows from the CPQ catalogue, else from what Salesforce believes (1.7)."""
    line.need_text("OrderItemNumber")
    product = line.need_id("Product2Id")
    code = line.text("ProductCode") or mapping.products.get(product) or line.need_text("ProductCode")
    believed, catalogued = line.flag("Homologado__c"), line.flag("InCpqCatalog__c")
    in_cpq = believed if catalogued is None else catalogued
    family = _family(line)
    standard = in_cpq is not False
    homologated = standard or family in line.labels.get("family", {}).values()
    if believed is not None and believed != homologated:
        _warn(line, believed, homologated)
    line.amount("ListPrice")
    return Item(
        item_id=line.need_id("Id"),
        product_code=code,
        family=family,
        line=line.label("ProductLine__c", "line") or "",
        action="CHANGE" if line.label("Action__c", "action", needed=True, unknown="ACTION_OUT_OF_SCOPE") == "CHANGE" else "ADD",
        quantity=line.count("Quantity", needed=True) or 1,
        unit_price=currency.money(line.need_price("UnitPrice")),
        charge=cast("Charge", line.label("ChargeType__c", "charge", needed=True) or "RECURRING"),
        term_months=line.count("TermMonths__c"),
        standard=standard,
        homologated=homologated,
        access=access,
        in_cpq=in_cpq,
        connectivity=line.flag("RequiresConnectivity__c"),
        equipment=_equipment(line),
    )


def _warn(line: Node, believed: bool, ours: bool) -> None:
    said = "está" if believed else "no está"
    line.findings.warn("HOMOLOGADO_DIFFERS", line.at("Homologado__c"), homologado=said, ours="sí" if ours else "no")


def _family(line: Node) -> str:
    """A known family by its label, any other as it is written: criterion 1.7 judges it."""
    written = line.need_text("ProductFamily__c")
    return line.labels.get("family", {}).get(plain(written), written)


def _equipment(line: Node) -> tuple[Equipment, ...] | None:
    """What the sale says of equipment; when it says nothing the product table decides."""
    listed = tuple(
        Equipment(sku=one.need_text("Sku__c"), quantity=one.count("Quantity", needed=True) or 1)
        for one in line.children("Equipment")
    )
    if line.flag("RequiresEquipment__c") is False:
        return ()
    return listed or None

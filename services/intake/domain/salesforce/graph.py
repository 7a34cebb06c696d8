"""A whole order from its graph: content without personal data, or every violation (`partners.md` 2.2, 2.6)."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from services.intake.domain.salesforce import quirks
from services.intake.domain.salesforce.billing import read_groups
from services.intake.domain.salesforce.documents import read_documents
from services.intake.domain.salesforce.mapping import OrgMapping
from services.intake.domain.salesforce.money import Currency, read_currency
from services.intake.domain.salesforce.people import People, read_people
from services.intake.domain.salesforce.reader import Findings, Labels, Node
from services.intake.domain.salesforce.results import Json, UnreadableError
from services.intake.domain.salesforce.sites import SoldSite, read_sites
from shared.contracts.contacts import ContactRecord
from shared.contracts.intake import OrderContent
from shared.contracts.salesforce import SalesforceOrderSubmitted
from shared.contracts.shapes import Terms
from shared.rules.load import plain

SCHEMA_VERSIONS = frozenset({"1"})


@dataclass(frozen=True, slots=True)
class Declared:
    """What an event says about its order beside the graph: field name and value, and when it was made."""

    at: datetime | None = None
    version: tuple[str, Any] = ("Version__c", None)
    suborders: tuple[str, Any] = ("SubOrderCount__c", None)
    items: tuple[str, Any] = ("ItemCount__c", None)


@dataclass(frozen=True, slots=True)
class ReadOrder:
    """The message for intake, and the contacts split off (2.7)."""

    message: SalesforceOrderSubmitted
    contacts: tuple[ContactRecord, ...]


def graph_id(graph: Json, *, missing_is_fine: bool = False) -> str | None:
    """The order's id; without one nothing can be said to anybody, so it is a dead letter."""
    order = graph.get("order")
    if not isinstance(order, dict):
        raise UnreadableError("field_type", "$.order", "Se espera un objeto.")
    raw = order.get("Id")
    if raw is None or raw == "":
        if missing_is_fine:
            return None
        raise UnreadableError("record_id_missing", "$.order.Id", "Falta el id de la orden padre.")
    try:
        return quirks.identifier(raw)
    except quirks.QuirkError as error:
        raise UnreadableError("record_id_invalid", "$.order.Id", "Un id tiene 15 o 18 letras y dígitos.") from error


def read_order(
    graph: Json, declared: Declared, mapping: OrgMapping, labels: Labels, optional: frozenset[str] = frozenset()
) -> ReadOrder:
    """The order, or all that is wrong with it: a rejection lists every violation (1.1, 1.2).

    `optional` fields may be absent where the feed never brings them (1.6).
    """
    if str(graph.get("schemaVersion")) not in SCHEMA_VERSIONS:
        raise UnreadableError("schema_version_unknown", "$.schemaVersion", "Se conoce la versión 1.")
    parent = graph_id(graph) or ""
    findings = Findings(optional=optional)
    root = Node(graph, "$", findings, labels)
    order = Node(graph["order"], "$.order", findings, labels)
    currency = read_currency(order)
    sites = read_sites(root, parent, currency, mapping)
    people = read_people(order, parent, sites, declared.at, mapping.nit)
    documents = read_documents(root, parent, people.staff_by_name, dated(order, declared))
    version = read_version(order, declared)
    check_head(order)
    check_counts(root, sites, declared)
    content = read_content(order, version, currency, sites, people, mapping)
    for problems in (findings.violations, findings.warnings):
        problems.sort(key=lambda one: (one.path, one.code))
    usable = not findings.violations
    message = SalesforceOrderSubmitted(
        parent=parent,
        version=version,
        order_number=content.order_number,
        executive=people.executive if people.executive_known else None,
        content=content.model_copy(update={"warnings": tuple(findings.warnings)}) if usable else None,
        violations=tuple(findings.violations),
        documents=documents,
        content_sha256=content.content_sha256 if usable else "",
    )
    return ReadOrder(message, people.records)


def dated(order: Node, declared: Declared) -> datetime | None:
    """When documents without a time of their own came: with the event, else with the last change of the order."""
    modified = order.instant("LastModifiedDate")
    return declared.at or modified


def read_version(order: Node, declared: Declared) -> int:
    """`Version__c` of event and graph, which must agree; without one it is version 1."""
    within = order.count("Version__c")
    beside = _declared(order, declared.version)
    if within is not None and beside is not None and within != beside:
        order.findings.violate("FIELD_INVALID", f"$.{declared.version[0]}")
    return beside or within or 1


def _declared(order: Node, field: tuple[str, Any]) -> int | None:
    name, value = field
    return Node({name: value}, "$", order.findings, order.labels).count(name)


def check_head(order: Node) -> None:
    """It is activated and of a type that is delivered here."""
    status = "StatusCode" if order.has("StatusCode") else "Status"
    order.label(status, "status", needed=True, unknown="ORDER_NOT_ACTIVATED")
    order.label("Type", "type", unknown="ORDER_TYPE_OUT_OF_SCOPE")
    for name in ("OpportunityId", "ContractId"):
        order.id(name)
    order.day("EffectiveDate")


def check_counts(root: Node, sites: list[SoldSite], declared: Declared) -> None:
    """As many suborders and items came as the event declares (1.2)."""
    items = sum(len(site.items) for site in sites)
    for field, found, code in (
        (declared.suborders, len(sites), "SITE_COUNT_MISMATCH"),
        (declared.items, items, "ITEM_COUNT_MISMATCH"),
    ):
        wanted = _declared(root, field)
        if wanted is not None and wanted != found:
            root.findings.violate(code, f"$.{field[0]}", declared=wanted, found=found)


def read_content(
    order: Node, version: int, currency: Currency, sites: list[SoldSite], people: People, mapping: OrgMapping
) -> OrderContent:
    """The content as intake publishes it; only used when nothing was violated."""
    check_total(order, sites)
    products = sorted({item.product_code for site in sites for item in site.items})
    content = OrderContent(
        order_number=order.need_text("OrderNumber"),
        version=version,
        customer_id=order.need_id("AccountId"),
        customer_name=order.need_text("AccountName"),
        segment="NEGOCIO"
        if order.label("Segment__c", "segment", needed=True, unknown="SEGMENT_OUT_OF_SCOPE") == "NEGOCIO"
        else "CORPORACIONES_EMPRESAS",
        segment_label=(sold_as := order.text("Segment__c") or ""),
        policy_segment=order.labels.get("policy_segment", {}).get(plain(sold_as)),
        offer=" + ".join(products)[:200],
        opportunity_code=order.text("OpportunityNumber__c"),
        executive=people.executive,
        account_supervisor=people.team.get("SUPERVISOR_EJECUTIVO_CUENTA"),
        engineering_manager=people.team.get("GI"),
        team={role: staff for role, staff in people.team.items() if role != "SUPERVISOR_EJECUTIVO_CUENTA"},
        contacts=people.contacts,
        language=people.language,
        exceptions=tuple(sorted(one.need_text("Code__c") for one in order.children("Exceptions"))),
        groups=(groups := read_groups(order, people.parent, currency, sites, mapping)),
        suborders=tuple(site.content(group_of(site, groups)) for site in sorted(sites, key=lambda one: one.suborder)),
    )
    return content.model_copy(update={"content_sha256": content_hash(content)})


def group_of(site: SoldSite, groups: tuple[Terms, ...]) -> str:
    """The billing group a suborder is a member of."""
    return next((terms.group for terms in groups if site.suborder in terms.members), site.suborder)


def check_total(order: Node, sites: list[SoldSite]) -> None:
    """The declared total is the sum of the lines, else the Order Manager is warned."""
    declared = order.amount("TotalAmount")
    lines = (quirks.cents(item.quantity * item.unit_price.amount) for site in sites for item in site.items)
    found = sum(lines, Decimal("0.00"))
    if declared is not None and declared != found:
        order.findings.warn("TOTAL_MISMATCH", order.at("TotalAmount"), declared=declared, found=found)


def content_hash(content: OrderContent) -> str:
    """SHA-256 of what is ordered: neither version nor warnings, and not how the segment was spelled (1.7)."""
    plain = content.model_dump(
        mode="json", exclude={"version", "warnings", "content_sha256", "segment_label", "policy_segment", "parent", "rules"}
    )
    return sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

"""An order from its pieces: what there is, what is missing, and the order itself as if it had come whole (1.6). Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from services.intake.domain.assembly.pieces import NEVER, Piece
from services.intake.domain.salesforce import quirks
from services.intake.domain.salesforce.graph import Declared, read_order
from services.intake.domain.salesforce.mapping import Names, OrgMapping
from services.intake.domain.salesforce.parts import joined
from services.intake.domain.salesforce.reader import Labels
from services.intake.domain.salesforce.results import UnreadableError
from shared.contracts.salesforce import SalesforceOrderSubmitted, SalesforcePiecesArrived
from shared.rules.load import plain

NEVER_FED: Final = frozenset({"AccountName", "TaxId__c", "ProductCode", "Name", "Email"})
"""What loose records never bring; its absence is a task, not a violation."""
FROM_ITEMS: Final[Mapping[str, str]] = {
    "number": "OrderItemNumber",
    "product": "Product2Id",
    "product_code": "ProductCode",
    "product_name": "ProductName",
    "family": "ProductFamily__c",
    "line": "ProductLine__c",
    "in_cpq": "InCpqCatalog__c",
    "homologated": "Homologado__c",
    "quantity": "Quantity",
    "unit_price": "UnitPrice",
    "list_price": "ListPrice",
    "charge": "ChargeType__c",
    "term": "TermMonths__c",
    "action": "Action__c",
    "connectivity": "RequiresConnectivity__c",
    "equipment": "RequiresEquipment__c",
}
FROM_ORDER: Final[Mapping[str, str]] = {
    "number": "OrderNumber",
    "type": "Type",
    "version": "Version__c",
    "segment": "Segment__c",
    "account": "AccountId",
    "account_name": "AccountName",
    "opportunity": "OpportunityId",
    "opportunity_code": "OpportunityNumber__c",
    "contract": "ContractId",
    "purchase_order": "PoNumber",
    "effective": "EffectiveDate",
    "currency": "CurrencyIsoCode",
    "rate": "ExchangeRate__c",
    "rate_date": "ExchangeRateDate__c",
    "total": "TotalAmount",
    "payer": "BillingAccountId__c",
    "billing_mode": "BillingMode__c",
    "contract_start": "ContractStartDate__c",
    "contract_value": "ContractValue__c",
    "pre_acceptance": "PreAcceptanceAgreed__c",
}
FROM_SITE: Final[Mapping[str, str]] = {
    "site_code": "Code",
    "site_name": "Name",
    "service_account": "ServiceAccountId",
    "city": "City",
    "state": "State",
    "country": "Country",
    "access": "Access__c",
}


def value(piece: Piece, names: Names) -> Any:
    """The first candidate that has a value."""
    return next((piece.values[name] for name in names if piece.values.get(name) not in {None, ""}), None)


def identity(raw: Any) -> str | None:
    """A reference to another record, None where there is none or it is no id."""
    return quirks.identifier(raw) if isinstance(raw, str) and quirks.is_identifier(raw) else None


def up(piece: Piece, mapping: OrgMapping) -> str | None:
    """What the piece hangs under: the parent of a suborder, the order of an item, the order of a part; None for a root."""
    if piece.kind == "order":
        return identity(value(piece, mapping.order.parent))
    return identity(value(piece, mapping.item.order)) if piece.kind == "item" else str(piece.values["parent"])


def assemble(root: str, pieces: Iterable[Piece], mapping: OrgMapping, labels: Labels) -> list[SalesforcePiecesArrived]:
    """What has come of this order: by numbered parts, by records, or only announced; nothing for records without their root."""
    every = list(pieces)
    parts = [one for one in every if one.kind == "part"]
    records = {one.id: one for one in every if one.kind == "order"}
    items = [one for one in every if one.kind == "item" and not one.deleted]
    news = next((one for one in every if one.kind == "announcement"), None)
    told = [_of_parts(root, parts, mapping, labels)] if parts else []
    if root in records and records[root].born:
        told.append(_of_records(root, records, items, news, mapping, labels))
    elif news is not None and not parts:
        told.append(_announced(root, news, mapping))
    return told


def _arrived(
    root: str, pieces: Literal["RECORDS", "PARTS", "ANNOUNCEMENT"], mapping: OrgMapping, **fields: Any
) -> SalesforcePiecesArrived:
    wait = mapping.assembly
    return SalesforcePiecesArrived(
        parent=root,
        pieces=pieces,
        timeout_s=int(wait.timeout.total_seconds()),
        settle_s=int(wait.settle.total_seconds()),
        **fields,
    )


def _announced(root: str, news: Piece, mapping: OrgMapping) -> SalesforcePiecesArrived:
    counts = {name: news.values[name] for name in ("suborders", "items") if name in news.values}
    return _arrived(
        root,
        "ANNOUNCEMENT",
        mapping,
        order_number=news.values.get("number", ""),
        declared=counts,
        missing=("fue anunciada y no llegó su contenido",),
        running=True,
    )


def _of_parts(root: str, parts: list[Piece], mapping: OrgMapping, labels: Labels) -> SalesforcePiecesArrived:
    """The newest version of which any part came; older ones are late."""
    version = max(one.values["version"] for one in parts)
    graphs = {one.values["number"]: one.values["graph"] for one in parts if one.values["version"] == version}
    of = max(one.values["of"] for one in parts if one.values["version"] == version)
    counted = max((one for one in parts if one.values["version"] == version), key=lambda one: -one.values["number"])
    number = str(graphs[min(graphs)]["order"].get("OrderNumber") or "")[:200]
    shared: dict[str, Any] = {"order_number": number, "found": {"parts": len(graphs)}, "declared": {"parts": of}, "running": True}
    if set(graphs) != set(range(1, of + 1)):
        absent = ", ".join(str(one) for one in range(1, of + 1) if one not in graphs)
        missing = (f"llegaron {len(graphs)} de {of} partes de la versión {version}; faltan: {absent}"[:900],)
        return _arrived(root, "PARTS", mapping, missing=missing, **shared)
    declared = Declared(
        version=("Version__c", version),
        suborders=("SubOrderCount__c", counted.values["suborders"]),
        items=("ItemCount__c", counted.values["items"]),
    )
    try:
        order = read_order(joined(graphs), declared, mapping, labels).message
    except UnreadableError as error:
        return _arrived(root, "PARTS", mapping, missing=(error.answer.hint or error.answer.reason,), **shared)
    return _arrived(root, "PARTS", mapping, complete=True, versioned=True, order=order, **shared)


def _of_records(
    root: str, records: Mapping[str, Piece], items: list[Piece], news: Piece | None, mapping: OrgMapping, labels: Labels
) -> SalesforcePiecesArrived:
    parent = records[root]
    children = {key: one for key, one in sorted(records.items()) if key != root and not one.deleted}
    lines = {key: [one for one in items if identity(value(one, mapping.item.order)) == key] for key in children}
    declared = _declared(parent, news, mapping)
    found = {"suborders": len(children), "items": sum(map(len, lines.values()))}
    stale = [one for one in (parent, *children.values(), *items) if one.stale]
    missing = [*_counts(declared, found), *_bare(children, lines, mapping)]
    missing += [f"hay {len(stale)} registro(s) por confirmar, Salesforce no dijo qué cambió"] if stale else []
    settled = mapping.assembly.completeness == "settled"
    running = activated(parent, mapping, labels)
    return _arrived(
        root,
        "RECORDS",
        mapping,
        order_number=str(value(parent, mapping.order.number) or "")[:200],
        declared=declared,
        found=found,
        missing=tuple(missing),
        stale=tuple(sorted(one.id for one in stale)),
        deleted=tuple(sorted(key for key, one in records.items() if one.deleted)),
        running=running,
        complete=running and not missing and not settled,
        settled=settled,
        versioned=value(parent, mapping.order.version) is not None,
        order=_order(parent, children, lines, mapping, labels) if running else None,
    )


def activated(parent: Piece, mapping: OrgMapping, labels: Labels) -> bool:
    """Whether the more recently stamped of label and category says so (1.3)."""
    said = status(parent, mapping)
    return isinstance(said, str) and labels.get("status", {}).get(plain(said)) is not None


def status(parent: Piece, mapping: OrgMapping) -> Any:
    """The more recently stamped of `StatusCode` and `Status`; of two as recent the category, which nobody can rename."""
    both = [name for name in (*mapping.order.status, *mapping.order.status_code) if parent.values.get(name)]
    latest = max(both, key=lambda name: (parent.stamps.get(name, NEVER), name in mapping.order.status_code), default=None)
    return parent.values[latest] if latest else None


def _declared(parent: Piece, news: Piece | None, mapping: OrgMapping) -> dict[str, int]:
    """The counts of the parent's own fields, else of an announcement."""
    found = {}
    for name, fields in (("suborders", mapping.order.suborders), ("items", mapping.order.items)):
        raw = value(parent, fields)
        try:
            count = None if raw is None else quirks.count(raw)
        except quirks.QuirkError:
            count = None
        if count is None and news is not None:
            count = news.values.get(name)
        if count is not None:
            found[name] = count
    return found


def _counts(declared: Mapping[str, int], found: Mapping[str, int]) -> list[str]:
    """What the declared counts lack; without a declared number of suborders an order is never complete on its own."""
    if "suborders" not in declared:
        return [f"nadie declaró cuántas subórdenes son; llegaron {found['suborders']} con {found['items']} ítems"]
    names = {"suborders": "subórdenes", "items": "ítems"}
    if all(found[name] == count for name, count in declared.items()):
        return []
    told = [f"{found[name]} de {count} {names[name]}" for name, count in declared.items()]
    return [f"llegaron {' y '.join(told)}"]


def _bare(children: Mapping[str, Piece], lines: Mapping[str, list[Piece]], mapping: OrgMapping) -> list[str]:
    """Suborders without a site or without items."""
    without_site = [key for key, one in children.items() if value(one, mapping.order.site_code) is None]
    without_items = [key for key in children if not lines[key]]
    told = [f"sin sede: {', '.join(without_site)}"] if without_site else []
    return [*told, f"sin ítems: {', '.join(without_items)}"] if without_items else told


def _order(
    parent: Piece, children: Mapping[str, Piece], lines: Mapping[str, list[Piece]], mapping: OrgMapping, labels: Labels
) -> SalesforceOrderSubmitted:
    """The graph of 2.2 out of the records, read like one that came whole; contacts went to their topic with each record."""
    head = _fields(parent, FROM_ORDER, mapping.order) | {"Id": parent.id, "Status": status(parent, mapping)}
    owner = value(parent, mapping.order.owner)
    graph = {
        "schemaVersion": "1",
        "order": head | ({"Owner": {"Id": owner}} if owner else {}),
        "suborders": [
            {
                "Id": key,
                "OrderNumber": value(one, mapping.order.number),
                "ParentOrder__c": parent.id,
                "Site": _fields(one, FROM_SITE, mapping.order),
                "items": [_fields(line, FROM_ITEMS, mapping.item) | {"Id": line.id} for line in lines[key]],
            }
            for key, one in children.items()
        ],
    }
    return read_order(graph, Declared(), mapping, labels, NEVER_FED).message


def _fields(piece: Piece, names: Mapping[str, str], fields: Any) -> dict[str, Any]:
    found = {path: value(piece, getattr(fields, meaning)) for meaning, path in names.items()}
    return {path: one for path, one in found.items() if one is not None}

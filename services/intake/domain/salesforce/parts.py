"""A numbered part of a large order: kept without contact data until the others are there (`partners.md` 2.1, 2.7)."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from services.intake.domain.salesforce import quirks
from services.intake.domain.salesforce.graph import Declared, read_order
from services.intake.domain.salesforce.mapping import OrgMapping
from services.intake.domain.salesforce.people import MAIL, NOBODYS_NIT, PHONE
from services.intake.domain.salesforce.reader import Findings, Labels, Node
from services.intake.domain.salesforce.records import storable
from services.intake.domain.salesforce.results import Identity, Json, Part, UnreadableError

ORDER: Final = frozenset(
    {
        *("Id", "OrderNumber", "Version__c", "Status", "StatusCode", "Type", "Segment__c", "AccountId", "AccountName"),
        *("OpportunityId", "OpportunityNumber__c", "ContractId", "PoNumber", "EffectiveDate", "CurrencyIsoCode"),
        *("ExchangeRate__c", "ExchangeRateDate__c", "TotalAmount", "BillingAccountId__c", "BillingMode__c", "BillingPhases"),
        *("ContractStartDate__c", "ContractValue__c", "PreAcceptanceAgreed__c", "SiteGroups", "Exceptions", "LastModifiedDate"),
    }
)
SUBORDER: Final = frozenset({"Id", "OrderNumber", "ParentOrder__c", "items"})
SITE: Final = frozenset({"Code", "ServiceAccountId", "Name", "City", "State", "Country", "Access__c"})
DOCUMENT: Final = frozenset(
    {
        *("Kind__c", "Title", "Channel__c", "Origin__c", "ContentDocumentId", "VersionNumber", "MailMessageId__c"),
        *("Sha256__c", "ReceivedAt", "SiteCode"),
    }
)
PROFITABILITY: Final = frozenset({"DocumentId", "ApproverRole__c", "Amount", "CurrencyIsoCode"})
"""What is kept of each object of the graph: all that a fact may need, and no person."""


def read_part(
    graph: Json, which: tuple[str, int, int], declared: Declared, identity: Identity, mapping: OrgMapping, labels: Labels
) -> Part:
    """The part of `which` (order, number, of how many). What is wrong with it shows when the whole order is judged."""
    parent, number, of = which
    contacts = read_order(graph, Declared(declared.at, declared.version), mapping, labels).contacts
    version = _count(declared.version[1]) or _count(graph["order"].get("Version__c")) or 1
    suborders, items = _count(declared.suborders[1]), _count(declared.items[1])
    kept = exact(impersonal(graph, mapping.nit), "$")
    return Part(parent, version, number, of, kept, identity, suborders, items, contacts)


def _count(raw: Any) -> int | None:
    try:
        return None if raw is None else quirks.count(raw)
    except quirks.QuirkError:
        return None


def exact(value: Any, path: str) -> Any:
    """The value as JSON keeps it: numbers with a fraction as their text."""
    if isinstance(value, dict):
        return {name: exact(one, f"{path}.{name}") for name, one in value.items()}
    if isinstance(value, list):
        return [exact(one, f"{path}[{at}]") for at, one in enumerate(value)]
    return None if value is None else storable(value, path)


def impersonal(graph: Json, nit: re.Pattern[str]) -> dict[str, Any]:
    """The graph without people: each is replaced by a stand-in that is as valid, so the whole is judged as if he were there."""
    order = graph["order"]
    staff = {str(one.get("Name")).casefold(): one.get("Id") for one in _staff(order)}
    made = {name: value for name, value in order.items() if name in ORDER}
    made["TaxId__c"] = _stand_in(order.get("TaxId__c"), nit.fullmatch, NOBODYS_NIT)
    made["Owner"] = _person(order.get("Owner"))
    made["Team"] = [_person(one) for one in _objects(order.get("Team"))]
    made["Contacts"] = [_person(one) for one in _objects(order.get("Contacts"))]
    if isinstance(order.get("Profitability"), dict):
        made["Profitability"] = _only(order["Profitability"], PROFITABILITY)
    return {
        "schemaVersion": graph.get("schemaVersion"),
        "order": made,
        "suborders": [_suborder(one) for one in _objects(graph.get("suborders"))],
        "documents": [_document(one, staff) for one in _objects(graph.get("documents"))],
    }


def _only(value: Json, names: frozenset[str]) -> dict[str, Any]:
    return {name: one for name, one in value.items() if name in names}


def _objects(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _staff(order: Json) -> list[Json]:
    return [one for one in (order.get("Owner"), *_objects(order.get("Team"))) if isinstance(one, dict)]


def _stand_in(raw: Any, valid: Callable[[str], Any], instead: str) -> Any:
    """Nothing stays nothing; what is valid becomes a valid stand-in, what is not an invalid one."""
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    text = str(raw).strip() if isinstance(raw, str | int) and not isinstance(raw, bool) else ""
    return instead if valid(text) else "?"


def _person(value: Any) -> Any:
    """Id and role; a member of staff is named by the id, so that who uploaded a document stays known."""
    if not isinstance(value, dict):
        return value
    named = isinstance(value.get("Name"), str) and value["Name"].strip()
    return {
        **_only(value, frozenset({"Id", "Role__c", "Language__c"})),
        "Name": (value.get("Id") or "—") if named else None,
        "Email": _stand_in(value.get("Email"), MAIL.fullmatch, "x@x"),
        "Phone": _phone(value.get("Phone")),
    }


def _phone(raw: Any) -> Any:
    return _stand_in(raw, lambda text: PHONE.fullmatch(text.replace(" ", "")), "+59100000000")


def _suborder(value: Any) -> Any:
    if not isinstance(value, dict) or not isinstance(value.get("Site"), dict):
        return value if not isinstance(value, dict) else _only(value, SUBORDER)
    site = value["Site"]
    return {
        **_only(value, SUBORDER),
        "Site": {**_only(site, SITE), "ContactPhone": _phone(site.get("ContactPhone"))},
    }


def _document(value: Any, staff: Mapping[str, Any]) -> Any:
    if not isinstance(value, dict):
        return value
    return {**_only(value, DOCUMENT), "UploadedBy": staff.get(str(value.get("UploadedBy")).casefold())}


def joined(parts: Mapping[int, Json]) -> dict[str, Any]:
    """The whole graph of all parts. Raises UnreadableError when two parts have the same suborder and differ in it."""
    suborders: dict[str, Any] = {}
    for graph in (parts[number] for number in sorted(parts)):
        for at, one in enumerate(graph.get("suborders", ())):
            name = _name(one) or f"?{id(graph)}/{at}"
            if suborders.setdefault(name, one) != one:
                raise UnreadableError(
                    "part_invalid", f"$.suborders[{at}]", "Dos partes traen la misma suborden con otro contenido."
                )
    leading = parts[min(parts)]
    documents = [one for number in sorted(parts) for one in parts[number].get("documents", ())]
    return {**leading, "suborders": list(suborders.values()), "documents": documents}


def _name(suborder: Any) -> str | None:
    return Node(suborder, "$", Findings(), {}).id("Id") if isinstance(suborder, dict) else None

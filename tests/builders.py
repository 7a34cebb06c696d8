"""Orders, sites and documents in domain words; plausible Bolivian data, one place."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from shared.contracts.intake import OrderContent, OrderReceived, SuborderContent, SuborderReleased
from shared.contracts.notifications import NotificationSent
from shared.contracts.provisioning import ProvisionedService
from shared.contracts.salesforce import SalesforceOrderSubmitted, SentDocument
from shared.contracts.shapes import (
    AskedBy,
    Card,
    Doc,
    Item,
    Money,
    Phase,
    Recipient,
    SentAttachment,
    Site,
    Terms,
    Traits,
    Trigger,
)
from shared.contracts.testing import FinalResult, TestsPassed

PARENT = "8015g00000AbC01AAF"
SUBORDER = "8015g00000AbC02AAF"
OTHER = "8015g00000AbC03AAF"
CUSTOMER = "0015g00001XyZ7kAAF"
OWNER = "om-1"
CREATED = datetime(2026, 11, 24, 14, 3, 21, tzinfo=UTC)


def digest(text: str) -> str:
    """A plausible SHA-256."""
    return sha256(text.encode()).hexdigest()


def bob(amount: str | int) -> Money:
    """Bolivianos."""
    return Money(amount=Decimal(amount))


def item(number: int = 1, price: str = "5200.00", **changes: Any) -> Item:
    """Managed FWaaS, unless told otherwise."""
    known = {
        "item_id": f"8025g0000000It{number:03}A",
        "product_code": "FWAAS-GEST-200",
        "family": "CIBERSEGURIDAD",
        "line": "FWAAS_GESTIONADO",
        "unit_price": bob(price),
        "access": "FIBRA_EXISTENTE",
        "scenario": "ALTA_ENLACE_EXISTENTE",
    }
    return Item.model_validate(known | changes)


def site(number: int = 1) -> Site:
    """A branch in Santa Cruz."""
    return Site(
        code=f"SCZ-{number:03}",
        service_account=f"0015g0000000Sc{number:03}A",
        name=f"Sucursal {number}",
        department="S",
        city="Santa Cruz",
    )


WHOLE = Phase(no=1, name="Total", percent=Decimal("100.00"), trigger=Trigger(on="ACCEPTANCE"))


def phase(no: int, percent: str, activity: str | None = None, day: date | None = None) -> Phase:
    """A phase on acceptance, on an activity or on a date."""
    if activity:
        trigger = Trigger(on="ACTIVITY", activity=activity)
    else:
        trigger = Trigger(on="DATE", date=day) if day else Trigger(on="ACCEPTANCE")
    return Phase(no=no, name=f"Fase {no}", percent=Decimal(percent), trigger=trigger, clause="4.2")


def terms(*members: str, group: str | None = None, **changes: Any) -> Terms:
    """TOTAL, one suborder, unless told otherwise."""
    known: dict[str, Any] = {
        "mechanism": "TOTAL",
        "group": group or (members or (SUBORDER,))[0],
        "members": members or (SUBORDER,),
        "phases": (WHOLE,),
        "contract_value": bob("62400.00"),
    }
    return Terms.model_validate(known | changes)


def card(*items: Item, suborder: str = SUBORDER, **changes: Any) -> Card:
    """The ficha of a suborder in Santa Cruz."""
    known: dict[str, Any] = {
        "order_number": "00012345",
        "suborder_number": "00012347",
        "customer_id": CUSTOMER,
        "customer_name": "Agroindustrial Piraí Norte S.A.",
        "segment": "CORPORACIONES_EMPRESAS",
        "segment_label": "Empresas",
        "site": site(),
        "items": items or (item(),),
        "traits": Traits(),
        "terms": terms(suborder),
        "owner": OWNER,
        "executive": "ec-1",
        "account_supervisor": "sup-1",
        "engineering_manager": "gi-1",
        "contacts": {slot: f"{PARENT}:{slot}" for slot in ("tecnico", "administrativo", "firmante")},
        "service_id": "BO-SCZ-FWAAS-000812",
    }
    return Card.model_validate(known | changes)


def released(ficha: Card | None = None, suborder: str = SUBORDER) -> SuborderReleased:
    """A suborder may be built."""
    known = ficha or card(suborder=suborder)
    return SuborderReleased(parent=PARENT, suborder=suborder, billing_group=known.terms.group, card=known, work_orders=())


def received(*groups: Terms, suborders: dict[str, tuple[Item, ...]] | None = None, **changes: Any) -> OrderReceived:
    """An order of Salesforce with its groups; every suborder has one site."""
    found = groups or (terms(),)
    content = suborders or {member: (item(n),) for n, member in enumerate((m for g in found for m in g.members), 1)}
    group_of = {member: group.group for group in found for member in group.members}
    known: dict[str, Any] = {
        "parent": PARENT,
        "order_number": "00012345",
        "version": 1,
        "customer_id": CUSTOMER,
        "customer_name": "Agroindustrial Piraí Norte S.A.",
        "segment": "CORPORACIONES_EMPRESAS",
        "segment_label": "Empresas",
        "offer": "FWaaS Gestionado",
        "executive": "ec-1",
        "account_supervisor": "sup-1",
        "groups": found,
        "suborders": tuple(
            SuborderContent(suborder=one, suborder_number=f"0001234{n}", group=group_of[one], site=site(n), items=items)
            for n, (one, items) in enumerate(content.items(), 7)
        ),
    }
    return OrderReceived.model_validate(known | changes)


def passed_tests(series: int = 1, suborder: str = SUBORDER, group: str | None = None, **changes: Any) -> TestsPassed:
    """All tests of a series passed."""
    known: dict[str, Any] = {
        "parent": PARENT,
        "suborder": suborder,
        "billing_group": group or suborder,
        "series": series,
        "atps": ("ATP-FWAAS-v2",),
        "results": (
            FinalResult(item="FA-01", run="INTERNAL", outcome="PASS", value="0 errores", attempt=1),
            FinalResult(item="FA-02", run="CUSTOMER", outcome="PASS", value="97 %", attempt=1),
        ),
        "internal_at": datetime(2026, 11, 26, 13, 0, tzinfo=UTC),
        "customer_at": datetime(2026, 11, 26, 18, 0, tzinfo=UTC),
        "e2e_at": datetime(2026, 11, 27, 15, 0, tzinfo=UTC),
        "mode": "ONLINE",
        "services": (ProvisionedService(item_id=item().item_id, service_id="BO-SCZ-FWAAS-000812", method="REMOTE"),),
        "circuit_id": "BO-SCZ-FWAAS-000812",
        "regional_ticket": "RITM0045127",
    }
    return TestsPassed.model_validate(known | changes)


def doc(kind: str, name: str | None = None, **changes: Any) -> Doc:
    """A document by reference and hash."""
    known = name or f"doc-{kind.lower()}"
    told = {"doc_id": known, "kind": kind, "ref": f"documents/{PARENT}/{known}", "sha256": digest(known), "at": CREATED}
    return Doc.model_validate(told | changes)


def mail_sent(
    purpose: str,
    at: datetime,
    *,
    service: str,
    aggregate: str = SUBORDER,
    cc: tuple[str, ...] = (),
    attached: tuple[Doc, ...] = (),
) -> NotificationSent:
    """The mail system took it."""
    return NotificationSent(
        parent=PARENT,
        notification_id=f"{service}/{aggregate}/{purpose}",
        purpose=purpose,
        asked_by=AskedBy(service=service, aggregate=aggregate),
        sent_at=at,
        message_id=f"<{digest(purpose)[:16]}@o2c>",
        server_reply="250 2.0.0 4c8d",
        content_sha256=digest(purpose),
        attachments=tuple(SentAttachment(doc_id=one.doc_id, sha256=one.sha256) for one in attached),
        to=(Recipient(role="CLIENTE", ref=f"{PARENT}:firmante"),),
        cc=tuple(Recipient(role=one, ref=f"{one.lower()}-1") for one in cc),
    )


BANK_SITES = {
    SUBORDER: Site(code="LPZ-001", service_account="0015g00001XyZ8lAAF", name="Edificio Central", department="L", city="La Paz"),
    OTHER: Site(
        code="SCZ-004",
        service_account="0015g00001XyZ8mAAF",
        name="Agencia Equipetrol",
        department="S",
        city="Santa Cruz de la Sierra",
    ),
}
"""The bank of sample 00: its two suborders, each with its site."""
FAMILIES = {"SDWAN": "SMART_CONNECTIVITY", "NUBE": "CLOUD", "AWS": "CLOUD", "BACKUP": "CLOUD", "INET": "CONECTIVIDAD"}
NOT_IN_CPQ = ("ANTIDDOS-PRY", "SDWAN-LTE-PRY", "BACKUP-DC-PRY", "INET-DED-50")


def line(code: str, number: int = 1, price: str = "5200.00", **changes: Any) -> Item:
    """An item as the decoder hands it over: what intake finds in its tables is not there yet."""
    known: dict[str, Any] = {
        "item_id": f"8025g00000It{number:03}AAB",
        "product_code": code,
        "family": FAMILIES.get(code.partition("-")[0], "CIBERSEGURIDAD"),
        "unit_price": bob(price),
        "in_cpq": code not in NOT_IN_CPQ,
    }
    return Item.model_validate(known | changes)


BANK_LINES = {
    SUBORDER: (line("FWAAS-GEST-M", 1), line("SDWAN-100", 2, "4025.00")),
    OTHER: (line("FWAAS-GEST-M", 3), line("SDWAN-100", 4, "4025.00")),
}


def sent(kind: str, name: str | None = None, **changes: Any) -> SentDocument:
    """A document that the sale names by its reference."""
    told = {"source": "SALESFORCE", "hash_of": "REFERENCE"} | changes
    return SentDocument(doc=doc(kind, name, **told), label=kind, fetch=True)


BANK_DOCUMENTS = tuple(sent(kind) for kind in ("CONTRATO_FIRMADO", "RELEVAMIENTO_PREVENTA", "SOW"))
"""Three of the five that the gate wants."""


def sale(
    lines: Mapping[str, tuple[Item, ...]] | None = None,
    *,
    version: int = 1,
    groups: tuple[Terms, ...] = (),
    documents: tuple[SentDocument, ...] = BANK_DOCUMENTS,
    **changes: Any,
) -> SalesforceOrderSubmitted:
    """The bank's order as its decoder hands it over: two sites, *por fases* without a list."""
    sold = lines or BANK_LINES
    more: dict[str, Any] = {
        "mechanism": "BY_PHASE",
        "phases": (),
        "payer": "0015g00001XyZ9nAAF",
        "contract_value": bob("221400.00"),
    }
    more |= {"contract_id": "8005g000001UvWxAAK", "purchase_order": "OC-7781"}
    by_site = groups or tuple(terms(one, **more) for one in sold)
    group = {member: one.group for one in by_site for member in one.members}
    known: dict[str, Any] = {
        "order_number": "00012345",
        "version": version,
        "customer_id": "0015g00001XyZ7kAAF",
        "customer_name": "Banco Ejemplo S.A.",
        "segment": "CORPORACIONES_EMPRESAS",
        "segment_label": "Corporaciones",
        "offer": " + ".join(dict.fromkeys(one.product_code for items in sold.values() for one in items)),
        "opportunity_code": "OPP-2026-008812",
        "executive": "0055g000009AbCdAAK",
        "contacts": {slot: f"{PARENT}:{slot}" for slot in ("firmante", "tecnico", "administrativo")}
        | {"cliente": "0015g00001XyZ7kAAF:cliente"},
        "groups": by_site,
        "suborders": tuple(
            SuborderContent(
                suborder=one, suborder_number=f"000123{n}", group=group[one], site=BANK_SITES.get(one) or site(n), items=items
            )
            for n, (one, items) in enumerate(sold.items(), 46)
        ),
    }
    content = OrderContent.model_validate(known | changes)
    return SalesforceOrderSubmitted(
        parent=PARENT,
        version=version,
        order_number=content.order_number,
        executive=content.executive,
        content=content,
        documents=documents,
        content_sha256=digest(content.model_dump_json(exclude={"version"})),
    )

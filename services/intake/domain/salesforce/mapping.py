"""The field mapping of one Salesforce organisation (`partners.md` 1.8); what it gets wrong is refused on load."""

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from services.intake.domain.salesforce.reader import Labels
from services.intake.domain.salesforce.results import Entity, Json
from shared.rules.load import plain

MOST_CHARACTERS: Final = 131_072
UNITS: Final = {"s": 1, "m": 60, "h": 3600}
Names = tuple[str, ...]
"""Candidates for one meaning; the first that has a value wins."""


def _duration(raw: Any) -> timedelta:
    """`15m`, `2m`, `90s`, `1h`."""
    if isinstance(raw, timedelta):
        return raw
    if isinstance(raw, str) and raw[-1:] in UNITS and raw[:-1].isdecimal() and int(raw[:-1]) > 0:
        return timedelta(seconds=int(raw[:-1]) * UNITS[raw[-1]])
    raise ValueError("una duración se escribe 15m, 90s o 1h")


Duration = Annotated[timedelta, BeforeValidator(_duration)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Fields(_Strict):
    """Names of fields by meaning; none stands for two meanings."""

    @model_validator(mode="after")
    def _one_meaning_each(self) -> Self:
        seen: dict[str, str] = {}
        for meaning in type(self).model_fields:
            candidates: Names = getattr(self, meaning)
            if not candidates:
                raise ValueError(f"{meaning}: le falta el campo")
            for name in candidates:
                if name in seen:
                    raise ValueError(f"{name}: el campo sirve a dos significados, {seen[name]} y {meaning}")
                seen[name] = meaning
        return self


class EventFields(_Fields):
    """Names of the platform event and of its fields."""

    names: Names = ("B2B_Order_Event__e",)
    payload: Names = ("Payload__c",)
    order_id: Names = ("OrderId__c", "orderId")
    number: Names = ("OrderNumber__c", "orderNumber")
    action: Names = ("Action__c",)
    version: Names = ("Version__c",)
    suborders: Names = ("SubOrderCount__c", "siteCount")
    items: Names = ("ItemCount__c", "itemCount")
    encoding: Names = ("PayloadEncoding__c",)
    part: Names = ("PartNumber__c",)
    parts: Names = ("PartCount__c",)


class OrderFields(_Fields):
    """The object of parents and suborders, and its fields by meaning."""

    names: Names = ("Order",)
    parent: Names = ("ParentOrder__c",)
    number: Names = ("OrderNumber",)
    status: Names = ("Status",)
    status_code: Names = ("StatusCode",)
    type: Names = ("Type",)
    version: Names = ("Version__c",)
    suborders: Names = ("SubOrderCount__c",)
    items: Names = ("ItemCount__c",)
    segment: Names = ("Segment__c",)
    account: Names = ("AccountId",)
    account_name: Names = ("AccountName__c",)
    opportunity: Names = ("OpportunityId",)
    opportunity_code: Names = ("OpportunityNumber__c",)
    contract: Names = ("ContractId",)
    purchase_order: Names = ("PoNumber",)
    effective: Names = ("EffectiveDate",)
    currency: Names = ("CurrencyIsoCode",)
    rate: Names = ("ExchangeRate__c",)
    rate_date: Names = ("ExchangeRateDate__c",)
    total: Names = ("TotalAmount",)
    payer: Names = ("BillingAccountId__c",)
    billing_mode: Names = ("BillingMode__c",)
    contract_start: Names = ("ContractStartDate__c",)
    contract_value: Names = ("ContractValue__c",)
    pre_acceptance: Names = ("PreAcceptanceAgreed__c",)
    owner: Names = ("OwnerId",)
    site_code: Names = ("SiteCode__c",)
    site_name: Names = ("SiteName__c",)
    service_account: Names = ("ServiceAccountId__c",)
    city: Names = ("ShippingCity",)
    state: Names = ("ShippingState",)
    country: Names = ("ShippingCountry",)
    access: Names = ("Access__c",)


class ItemFields(_Fields):
    """The object of an order's lines, and its fields by meaning."""

    names: Names = ("OrderItem",)
    order: Names = ("OrderId",)
    number: Names = ("OrderItemNumber",)
    product: Names = ("Product2Id",)
    product_code: Names = ("ProductCode",)
    product_name: Names = ("ProductName",)
    family: Names = ("ProductFamily__c",)
    line: Names = ("ProductLine__c",)
    in_cpq: Names = ("InCpqCatalog__c",)
    homologated: Names = ("Homologado__c",)
    quantity: Names = ("Quantity",)
    unit_price: Names = ("UnitPrice",)
    list_price: Names = ("ListPrice",)
    charge: Names = ("ChargeType__c",)
    term: Names = ("TermMonths__c",)
    action: Names = ("Action__c",)
    connectivity: Names = ("RequiresConnectivity__c",)
    equipment: Names = ("RequiresEquipment__c",)


class Assembly(_Strict):
    """How long an order that comes in pieces is waited for, and what makes it complete (1.6)."""

    timeout: Duration = timedelta(minutes=15)
    completeness: Literal["declared", "settled"] = "declared"
    settle: Duration = timedelta(minutes=2)


class OrgMapping(_Strict):
    """One organisation: the topics that lead to it, the names of its fields, labels and products of its own."""

    org: str
    topics: Names
    platform_event: EventFields = EventFields()
    order: OrderFields = OrderFields()
    item: ItemFields = ItemFields()
    street: Names = ("ShippingStreet",)
    labels: Mapping[str, Mapping[str, Names]] = {}
    products: Mapping[str, str] = {}
    assembly: Assembly = Assembly()
    prices_include_tax: bool = True
    nit: re.Pattern[str] = re.compile("[0-9]{7,12}")

    def with_labels(self, labels: Labels) -> Labels:
        """The labels of 2.5 with those of this organisation added."""
        added = {
            kind: {plain(alias): value for value, aliases in values.items() for alias in (value, *aliases)}
            for kind, values in self.labels.items()
        }
        return {kind: {**labels.get(kind, {}), **added.get(kind, {})} for kind in {*labels, *added}}

    def entity(self, name: str) -> Entity | None:
        """What a Salesforce object is to us; None for one that the mapping does not name."""
        return "order" if name in self.order.names else "item" if name in self.item.names else None

    @cached_property
    def mapped(self) -> Mapping[Entity, frozenset[str]]:
        """Every field of a record that has a meaning here."""
        return {"order": _all_names(self.order), "item": _all_names(self.item)}


def _all_names(fields: _Fields) -> frozenset[str]:
    return frozenset(name for meaning in type(fields).model_fields if meaning != "names" for name in getattr(fields, meaning))


def first(body: Json, names: Names) -> tuple[str, Any]:
    """The first candidate that has a value, with its name; else the first name and None."""
    for name in names:
        if body.get(name) is not None and body.get(name) != "":
            return name, body[name]
    return names[0], None

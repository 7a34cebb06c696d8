"""An order is taken whole or refused with every violation at once; people are split off."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.domain.salesforce.decode import decode
from services.intake.domain.salesforce.mapping import OrgMapping
from services.intake.domain.salesforce.results import Submitted
from tests.samples import BANK, SHOP, TWELVE_SITES, event, order, organisation, received, sample

Change = Callable[[Any], None]


def codes(graph: Any) -> list[str]:
    return sorted({one.code for one in order(graph).message.violations})


def warnings(graph: Any) -> list[str]:
    content = order(graph).message.content
    assert content is not None, order(graph).message.violations
    return sorted({one.code for one in content.warnings})


def put(path: str, value: Any) -> Change:
    """Sets a field: `suborders.0.Site.Code`."""

    def change(graph: Any) -> None:
        *steps, last = [int(one) if one.isdigit() else one for one in path.split(".")]
        for step in steps:
            graph = graph[step]
        graph[last] = value

    return change


FIRST_LINE = "suborders.0.items.0"


@pytest.mark.criterion("1.2")
@pytest.mark.parametrize(("nit", "found"), [("123456789", []), ("1000001023", ["NIT_INVALID"]), ("12345678x", ["NIT_INVALID"])])
def test_an_organisation_says_what_a_nit_looks_like(nit: str, found: list[str]) -> None:
    mapping, labels = organisation()
    strict = OrgMapping.model_validate(mapping.model_dump() | {"nit": "[0-9]{9}"})
    graph = sample(BANK)
    put("order.TaxId__c", nit)(graph)
    told = decode(json.dumps(graph).encode(), None, {}, strict, labels)
    assert isinstance(told, Submitted)
    assert [one.code for one in told.message.violations] == found


def test_a_form_that_is_none_is_refused_when_it_is_loaded() -> None:
    with pytest.raises(ValidationError, match="nit"):
        OrgMapping.model_validate({"org": "x", "topics": ["x"], "nit": "[0-9"})


@pytest.mark.criterion("1.1", "1.2", "15.2")
@pytest.mark.parametrize(
    ("code", "path", "value"),
    [
        ("SEGMENT_OUT_OF_SCOPE", "order.Segment__c", "Residencial"),
        ("NO_SITES", "suborders", []),
        ("DUPLICATE_SITE", "suborders.1.Site.Code", "lpz-001"),
        ("ORPHAN_SUBORDER", "suborders.1.ParentOrder__c", "8015g00000NgC01AAF"),
        ("SUBORDER_SITE_COUNT", "suborders.0.Site", None),
        ("SUBORDER_SITE_COUNT", "suborders.0.Site", [{}, {}]),
        ("NO_ITEMS", "suborders.0.items", []),
        ("NIT_INVALID", "order.TaxId__c", "10-20"),
        ("RATE_MISSING", "order.CurrencyIsoCode", "USD"),
        ("ORDER_NOT_ACTIVATED", "order.Status", "Draft"),
        ("ORDER_TYPE_OUT_OF_SCOPE", "order.Type", "Renewal"),
        ("ACTION_OUT_OF_SCOPE", f"{FIRST_LINE}.Action__c", "Delete"),
        ("DUPLICATE_ID", "suborders.1.Id", "8015g00000AbC02"),
        ("DUPLICATE_ID", f"{FIRST_LINE}.Id", "8025g00000It002AAB"),
        ("REQUIRED_FIELD", "order.AccountName", ""),
        ("REQUIRED_FIELD", "order.Owner", None),
        ("REQUIRED_FIELD", "documents.0.Title", None),
        ("REQUIRED_FIELD", f"{FIRST_LINE}.OrderItemNumber", None),
        ("FIELD_INVALID", f"{FIRST_LINE}.Quantity", -1),
        ("FIELD_INVALID", f"{FIRST_LINE}.UnitPrice", "5.200,00"),
        ("FIELD_INVALID", "order.EffectiveDate", 500_000),
        ("FIELD_INVALID", "order.OrderNumber", 12345),
        ("LABEL_UNKNOWN", "order.BillingMode__c", "Trimestral"),
        ("LABEL_UNKNOWN", f"{FIRST_LINE}.ChargeType__c", "Anual"),
        ("LABEL_UNKNOWN", "suborders.0.Site.State", "Lima"),
        ("GROUP_SITE_UNKNOWN", "order.SiteGroups", [{"Code": "G1", "SiteCodes": ["CBB-009"]}]),
        ("GROUP_SITE_TWICE", "order.SiteGroups", [{"Code": c, "SiteCodes": ["LPZ-001"]} for c in ("G1", "G2")]),
        ("PHASES_NOT_100", "order.BillingPhases", [{"Number__c": 1, "Percent__c": "99.99", "Trigger__c": "Aceptación"}]),
    ],
)
def test_each_violation_refuses_the_order_by_its_code(code: str, path: str, value: Any) -> None:
    graph = sample(BANK)
    put(path, value)(graph)
    found = order(graph).message
    assert code in codes(graph)
    assert found.content is None
    assert all(one.path.startswith("$.") and one.detail for one in found.violations)


@pytest.mark.criterion("1.2")
def test_all_violations_are_listed_at_once() -> None:
    graph = sample(BANK)
    for path, value in [
        ("order.Segment__c", "Residencial"),
        ("order.TaxId__c", "x"),
        ("suborders.0.items", []),
        ("suborders.1.Site.State", "Lima"),
    ]:
        put(path, value)(graph)
    assert codes(graph) == ["LABEL_UNKNOWN", "NIT_INVALID", "NO_ITEMS", "SEGMENT_OUT_OF_SCOPE"]


@pytest.mark.criterion("1.2")
def test_declared_counts_are_checked_against_the_whole_order() -> None:
    found = received(event(sample(BANK), SubOrderCount__c=3.0, ItemCount__c=5))
    assert isinstance(found, Submitted)
    assert [(one.code, one.path) for one in found.message.violations] == [
        ("ITEM_COUNT_MISMATCH", "$.ItemCount__c"),
        ("SITE_COUNT_MISMATCH", "$.SubOrderCount__c"),
    ]


def test_event_and_graph_must_agree_on_the_version() -> None:
    graph = sample(SHOP)
    found = received(
        event(graph, OrderId__c=graph["order"]["Id"], OrderNumber__c=None, Version__c=2, SubOrderCount__c=None, ItemCount__c=None)
    )
    assert isinstance(found, Submitted)
    assert [(one.code, one.path) for one in found.message.violations] == [("FIELD_INVALID", "$.Version__c")]


@pytest.mark.criterion("1.1")
@pytest.mark.parametrize(
    "label",
    ["Corporación", "CORPORACIONES", "empresas", "Corporaciones/Empresas", "corporaciones y empresas", "CORPORACIONES_EMPRESAS"],
)
def test_the_segment_is_read_without_case_and_accents_and_its_label_kept(label: str) -> None:
    graph = sample(BANK)
    put("order.Segment__c", label)(graph)
    content = order(graph).message.content
    assert content is not None
    assert (content.segment, content.segment_label) == ("CORPORACIONES_EMPRESAS", label)


def test_an_organisation_may_add_labels_of_its_own() -> None:
    graph = sample(BANK)
    put("order.Segment__c", "PYME")(graph)
    content = order(graph).message.content
    assert content is not None
    assert content.segment == "NEGOCIO"


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("order.TotalAmount", "18450.01", ["CONTACT_MISSING", "PHASES_MISSING", "TOTAL_MISMATCH"]),
        (f"{FIRST_LINE}.Homologado__c", False, ["CONTACT_MISSING", "HOMOLOGADO_DIFFERS", "PHASES_MISSING"]),
        ("suborders.0.Site.ContactPhone", "2-2441234", ["CONTACT_MISSING", "PHASES_MISSING", "PHONE_FORMAT"]),
        ("order.BillingMode__c", "Total", ["CONTACT_MISSING"]),
    ],
)
def test_warnings_let_the_order_in(path: str, value: Any, expected: list[str]) -> None:
    graph = sample(BANK)
    put(path, value)(graph)
    assert warnings(graph) == expected


@pytest.mark.criterion("15.2")
def test_twelve_sites_bill_in_two_groups_and_four_alone() -> None:
    content = order(sample(TWELVE_SITES)).message.content
    assert content is not None
    assert content.warnings == ()
    parent = "8015g00000BaA00AAF"
    assert {terms.group: len(terms.members) for terms in content.groups if "/" in terms.group} == {
        f"{parent}/NUCLEO": 3,
        f"{parent}/ORIENTE-SUR": 5,
    }
    assert sum("/" not in terms.group for terms in content.groups) == 4
    assert {one.suborder for one in content.suborders} == {member for terms in content.groups for member in terms.members}
    assert [(one.percent, one.trigger.on, one.trigger.activity) for one in content.groups[0].phases] == [
        (Decimal(40), "ACTIVITY", "NETWORK_BUILT"),
        (Decimal(40), "ACCEPTANCE", None),
        (Decimal(20), "ACTIVITY", "ALL_SITES_ACCEPTED"),
    ]
    assert not any(item.standard for one in content.suborders for item in one.items if item.product_code == "DDOS-MEDIDA")


@pytest.mark.criterion("2.8", "15.5")
def test_documents_keep_hash_version_channel_and_the_approvers_position() -> None:
    shop = {one.doc.kind: one.doc for one in order(sample(SHOP)).message.documents}
    assert (shop["CERTIFICADO_APROBACION"].origin, shop["CERTIFICADO_APROBACION"].hash_of) == ("POWER_APPS", "CONTENT")
    assert (shop["PROPUESTA_COMERCIAL"].source, shop["PROPUESTA_COMERCIAL"].version) == ("EMAIL", 2)
    assert shop["SOW"].uploader == "0055g000009EcNgAAK"
    banks = {one.doc.kind: one.doc for one in order(sample(TWELVE_SITES)).message.documents}
    assert banks["ANALISIS_RENTABILIDAD"].approver == "COMITE_INVERSIONES"
    bare = order(sample(BANK)).message.documents[0]
    assert (bare.doc.hash_of, bare.undated, bare.known) == ("REFERENCE", True, True)


def test_an_unknown_kind_of_document_is_kept_with_its_label() -> None:
    graph = sample(BANK)
    put("documents.0.Kind__c", "Plano de planta")(graph)
    sent = order(graph).message.documents[0]
    assert (sent.known, sent.label, sent.doc.kind) == (False, "Plano de planta", "Plano de planta")


@pytest.mark.criterion("X.11")
@pytest.mark.parametrize("number", [BANK, SHOP, TWELVE_SITES])
def test_no_personal_data_is_left_in_the_message(number: str) -> None:
    found = order(sample(number))
    said = found.message.model_dump_json()
    for record in found.contacts:
        for secret in (record.email, record.phone, record.street, record.nit, record.name if record.kind != "customer" else None):
            assert not secret or secret not in said


def test_contacts_go_to_their_references() -> None:
    found = order(sample(SHOP))
    records = {record.ref: record for record in found.contacts}
    assert records["8015g00000NgC01AAF:firmante"].email == "jorge.vaca@example.com"
    assert records["8015g00000NgC02AAF:sede"].street == "Av. Cristo Redentor, 4.º anillo"
    assert records["0015g00001TrMp0AAF:cliente"].nit == "5000002018"
    assert records["0055g000009EcNgAAK"].kind == "staff"


def test_a_refused_order_still_tells_whom_to_write_to() -> None:
    graph = sample(BANK)
    put("order.Segment__c", "Residencial")(graph)
    found = order(graph)
    assert (found.message.executive, found.message.order_number) == ("0055g000009AbCdAAK", "00012345")
    assert "0055g000009AbCdAAK" in {record.ref for record in found.contacts}


def test_a_label_that_looks_like_a_person_is_not_quoted() -> None:
    graph = sample(BANK)
    put("order.BillingMode__c", "ana.quispe@example.com")(graph)
    assert "quispe" not in order(graph).message.model_dump_json()


@pytest.mark.criterion("1.3")
def test_format_and_order_of_fields_make_no_difference_to_the_content() -> None:
    graph, other = sample(TWELVE_SITES), sample(TWELVE_SITES)
    other["suborders"].reverse()
    for one in other["suborders"]:
        one["Id"], one["ParentOrder__c"] = one["Id"][:15], one["ParentOrder__c"].lower()
        one["items"].reverse()
        for item in one["items"]:
            item["UnitPrice"] = float(item["UnitPrice"])
    put("order.Segment__c", "EMPRESAS")(other)
    put("order.ContractStartDate__c", 20850)(other)
    assert order(graph).message.content_sha256 == order(other).message.content_sha256
    put("suborders.0.items.0.UnitPrice", "1.00")(other)
    assert order(graph).message.content_sha256 != order(other).message.content_sha256


def test_a_foreign_currency_brings_its_rate_and_day() -> None:
    graph = sample(BANK)
    for path, value in [
        ("order.CurrencyIsoCode", "USD"),
        ("order.ExchangeRate__c", "6.96"),
        ("order.ExchangeRateDate__c", "2026-11-24"),
    ]:
        put(path, value)(graph)
    content = order(graph).message.content
    assert content is not None
    assert str(content.suborders[0].items[0].unit_price.rate) == "6.96"


@pytest.mark.criterion("D2", "1.1")
@pytest.mark.parametrize(
    ("label", "found"),
    [
        ("Corporaciones", ("CORPORACIONES_EMPRESAS", "CORPORACIONES")),
        ("EMPRESA", ("CORPORACIONES_EMPRESAS", "EMPRESAS")),
        ("Corporaciones/Empresas", ("CORPORACIONES_EMPRESAS", None)),
        ("Negocios", ("NEGOCIO", "NEGOCIO")),
        ("Pyme", ("NEGOCIO", None)),  # a label of the organisation's own
    ],
)
def test_the_three_segments_are_known_as_sold(label: str, found: tuple[str, str | None]) -> None:
    graph = sample(BANK)
    put("order.Segment__c", label)(graph)
    content = order(graph).message.content
    assert content is not None
    assert (content.segment, content.policy_segment) == found

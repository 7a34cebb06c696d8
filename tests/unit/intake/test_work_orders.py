"""Activity 3: five kinds of work orders by traits, the plan, and what goes out."""

from datetime import date, timedelta
from decimal import Decimal
from graphlib import TopologicalSorter

import pytest

from shared.calendar.calendar import local_day
from shared.contracts.common import (
    ActivationsRequested,
    FalloutRaised,
    FalloutResolved,
    NotificationRequested,
    RegionalTicketRequested,
    ResolveFallout,
)
from shared.contracts.intake import FulfilmentPlanned, GenerateWorkOrders, OrderDecomposed, ProductClassified, SetApplicability
from shared.contracts.shapes import Equipment, Traits
from shared.rules.tables import Tables
from tests.builders import BANK_LINES, OTHER, PARENT, SUBORDER, line, sale, terms
from tests.given import MONDAY as NOW
from tests.unit.intake.desk import EC, OWNER, RIVAL, Desk

PAPERS = ("ANALISIS_RENTABILIDAD",)


def planned(*codes: str, **survey: object) -> Desk:
    """One site with these products, up to its plan."""
    desk = Desk(sale({SUBORDER: tuple(line(code, number) for number, code in enumerate(codes, 1))})).documented(*PAPERS)
    if survey:
        desk.when(SetApplicability.model_validate({"aggregate": PARENT, "suborder": SUBORDER} | survey), OWNER)
    return desk.generated()


def kinds(desk: Desk, suborder: str = SUBORDER) -> list[str]:
    (made,) = [one for fact in desk.of(OrderDecomposed) for one in fact.suborders if one.suborder == suborder]
    return [one.kind for one in made.work_orders]


def traits(*codes: str, **survey: object) -> Traits:
    found: Traits = planned(*codes, **survey).state.subs[SUBORDER].traits
    return found


@pytest.mark.criterion("3.1")
def test_work_orders_are_generated_only_with_valid_documents_and_once() -> None:
    assert Desk().claimed().generated().code() == "DOCS_NOT_VALID"
    desk = Desk().planned()
    assert desk.generated().last == []
    assert len(desk.of(OrderDecomposed)) == 1
    assert desk.of(OrderDecomposed)[0].rules.keys() == {"PRODUCTS", "DURATIONS", "ROLES"}


@pytest.mark.criterion("3.1", "3.6")
def test_three_kinds_are_local_one_is_regional_and_billing_says_nothing() -> None:
    found = {one.kind: one.scope for one in planned("FW-GEST-100").state.subs[SUBORDER].work_orders}
    assert found == {
        "INSTALLATION": "LOCAL",
        "SERVICE_CREATION": "LOCAL",
        "EQUIPMENT": "LOCAL",
        "BILLING": "UNSTATED",
        "PROVISIONING_START": "REGIONAL",
    }


@pytest.mark.criterion("3.2", "3.3", "3.6")
@pytest.mark.parametrize(
    ("code", "survey", "expected"),
    [
        ("SDWAN-100", {}, {"INSTALLATION", "EQUIPMENT", "PROVISIONING_START"}),
        ("FWAAS-GEST-M", {}, {"PROVISIONING_START"}),  # connectivity only if it was sold
        ("FWAAS-GEST-M", {"connectivity": True}, {"INSTALLATION", "PROVISIONING_START"}),
        ("SDWAN-100", {"connectivity": False}, {"EQUIPMENT", "PROVISIONING_START"}),
        ("NUBE-8-32", {"connectivity": True}, {"PROVISIONING_START"}),  # connectivity, but neither SDWAN nor Ciberseguridad
        ("ANTIDDOS-PRY", {}, {"PROVISIONING_START"}),
    ],
)
def test_installation_and_equipment_are_for_sdwan_and_ciberseguridad_alone(
    code: str, survey: dict[str, object], expected: set[str]
) -> None:
    assert set(kinds(planned(code, **survey))) == expected | {"SERVICE_CREATION", "BILLING"}


@pytest.mark.criterion("3.1")
def test_the_traits_of_a_suborder_are_the_strictest_over_its_items() -> None:
    found = traits("SDWAN-100", "NUBE-8-32", "SDWAN-200", "ANTIDDOS-PRY")
    assert found.build == "DATA_CENTRE"
    assert found.equipment == (Equipment(sku="CPE-SDW-L", quantity=2), Equipment(sku="CPE-SDW-M", quantity=1))
    assert (found.non_standard, found.sdwan_ciber, found.tier2, found.noc_circuit) == (True, True, True, False)


@pytest.mark.criterion("3.1", "3.2")
def test_one_item_with_connectivity_is_enough_whichever_comes_last() -> None:
    for codes in (("SDWAN-100", "NUBE-8-32"), ("NUBE-8-32", "SDWAN-100")):
        assert traits(*codes).connectivity


@pytest.mark.criterion("3.2", "8.1")
def test_connectivity_that_the_survey_found_brings_link_and_visit_but_no_equipment() -> None:
    desk = planned("FWAAS-GEST-M", connectivity=True)
    names = [one.step for one in desk.of(FulfilmentPlanned)[0].steps]
    assert desk.state.subs[SUBORDER].traits.build == "LINK"
    assert names[:5] == ["quotes", "service_creation", "network_link", "logical", "visit"]


@pytest.mark.criterion("3.1")
def test_equipment_of_several_items_adds_up() -> None:
    assert traits("SDWAN-100", "SDWAN-100", "SDWAN-S").equipment == (
        Equipment(sku="CPE-SDW-M", quantity=2),
        Equipment(sku="CPE-SDW-S", quantity=1),
    )


@pytest.mark.criterion("3.1")
def test_an_item_that_is_only_charged_has_no_traits_of_its_own_but_may_be_non_standard() -> None:
    assert traits("SDWAN-INST").model_dump() == Traits().model_dump()
    assert traits("AWS-ADM", "IMPL-PRY").non_standard is False, "the sale says it is in CPQ"


@pytest.mark.criterion("3.3")
def test_equipment_that_the_sale_states_goes_before_the_table() -> None:
    told = line("SDWAN-100", equipment=(Equipment(sku="CPE-SDW-L", quantity=3),))
    desk = Desk(sale({SUBORDER: (told,)})).planned()
    assert desk.state.subs[SUBORDER].traits.equipment == (Equipment(sku="CPE-SDW-L", quantity=3),)
    none = Desk(sale({SUBORDER: (line("SDWAN-100", equipment=()),)})).planned()
    assert "EQUIPMENT" not in kinds(none)
    cloud = Desk(sale({SUBORDER: (line("NUBE-8-32", equipment=(Equipment(sku="ROUTER"),)),)})).planned()
    assert "EQUIPMENT" not in kinds(cloud), "equipment, but neither SDWAN nor Ciberseguridad"


@pytest.mark.criterion("3.5", "3.7")
def test_quotes_and_service_are_asked_per_suborder_and_the_account_per_group_in_one_mail() -> None:
    desk = Desk().planned()
    asked = [(one.request_id, one.kind) for one in desk.of(ActivationsRequested)]
    assert asked == [
        (f"{one}/{kind.lower()}", kind) for one in (SUBORDER, OTHER) for kind in ("QUOTES", "SERVICE_CREATION", "BILLING_ACCOUNT")
    ]
    assert {one.due for one in desk.of(ActivationsRequested)} == {NOW + timedelta(hours=24)}
    first = desk.of(ActivationsRequested)[0]
    assert (first.suborder_number, first.product_codes) == ("00012346", ("FWAAS-GEST-M", "SDWAN-100"))
    for asked_of in (*desk.of(ActivationsRequested), *desk.of(RegionalTicketRequested)):
        assert (asked_of.answer_to, asked_of.order_number) == ("o2c.intake.commands.v1", "00012345")
    mails = [one for one in desk.of(NotificationRequested) if one.template == "SOLICITUD_ACTIVACIONES"]
    assert [(one.to[0].ref, one.cc[0].ref) for one in mails] == [("area:activaciones", "om-1")]
    assert [one.suborder for one in desk.of(RegionalTicketRequested)] == [SUBORDER, OTHER]


@pytest.mark.criterion("3.1", "3.7")
def test_sites_that_are_billed_together_have_one_billing_order_and_one_account() -> None:
    group = f"{PARENT}/G1"
    desk = Desk(sale(groups=(terms(SUBORDER, OTHER, group=group),))).planned()
    accounts = [one for one in desk.of(ActivationsRequested) if one.kind == "BILLING_ACCOUNT"]
    assert [(one.request_id, one.billing_group) for one in accounts] == [(f"{group}/billing_account", group)]
    assert [one.work_order for sub in desk.state.subs.values() for one in sub.work_orders if one.kind == "BILLING"] == [
        f"{group}/BILLING"
    ]


@pytest.mark.criterion("3.8")
def test_the_plan_is_acyclic_and_each_step_has_an_owner_a_duration_and_a_due_date() -> None:
    desk = Desk().planned()
    (plan,) = desk.of(FulfilmentPlanned)
    for suborder in (SUBORDER, OTHER):
        steps = [one for one in plan.steps if one.suborder == suborder]
        assert list(TopologicalSorter({one.step: one.after for one in steps}).static_order()) == [one.step for one in steps]
        assert [one.after for one in steps] == [(), *((one.step,) for one in steps[:-1])], "by default one after the other (D12)"
        assert all(one.owner and one.due >= NOW and one.expected_days >= 0 for one in steps)
    build = ["quotes", "service_creation", "network_link", "logical", "stock", "visit", "provisioning"]
    tests = ["internal_tests", "agendas", "customer_tests"]
    assert [one.step for one in steps] == [*build, *tests, "acceptance", "billing", "onboarding"]


@pytest.mark.criterion("3.8")
def test_due_dates_count_business_days_and_the_hours_of_half_a_day() -> None:
    steps = {one.step: one for one in planned("AWS-ADM").of(FulfilmentPlanned)[0].steps}
    assert "quotes" not in steps
    assert local_day(steps["service_creation"].due) == date(2026, 12, 1)
    assert local_day(steps["provisioning"].due) == date(2026, 12, 2)
    assert steps["internal_tests"].expected_days == Decimal("0.5")
    assert steps["internal_tests"].due - steps["provisioning"].due == timedelta(hours=5)


@pytest.mark.criterion("3.8", "X.4")
def test_a_product_without_a_row_is_a_fallout_and_its_suborder_is_not_planned_by_a_guess() -> None:
    desk = Desk(sale(BANK_LINES | {OTHER: (line("SDWAN-999", 3),)})).planned()
    (raised,) = desk.of(FalloutRaised)
    assert (raised.fallout_class, raised.suborder, raised.queue) == ("NO_RULE_ROW", OTHER, "OM")
    assert "SDWAN-999" in raised.detail
    assert "OM ResolveFallout" in desk.waits()
    assert [one.suborder for one in desk.of(OrderDecomposed)[0].suborders] == [SUBORDER]
    again = ResolveFallout(aggregate=PARENT, fallout_id=raised.fallout_id, how="RETRY", reason="La fila ya está")
    assert desk.when(again, OWNER).code() == "NO_RULE_ROW"


@pytest.mark.criterion("X.4")
def test_once_the_row_is_there_a_retry_classifies_the_items_and_the_suborder_is_planned() -> None:
    desk = Desk(sale(BANK_LINES | {OTHER: (line("SDWAN-999", 3),)})).planned()
    desk.tables = _with_row(desk.tables, "SDWAN-999", like="SDWAN-100")
    again = ResolveFallout(aggregate=PARENT, fallout_id=f"{OTHER}/product", how="RETRY", reason="La fila ya está")
    desk.when(again, OWNER)
    assert [one.line for one in desk.of(ProductClassified)][-1] == "SDWAN"
    assert [one.fallout_id for one in desk.of(FalloutResolved)] == [f"{OTHER}/product"]
    assert [one.suborder for one in desk.of(OrderDecomposed)[-1].suborders] == [OTHER]
    assert {one.suborder for one in desk.state.steps} == {SUBORDER, OTHER}
    card = desk.released(OTHER).cards()[OTHER]
    assert [(one.line, one.access, one.scenario) for one in card.items] == [("SDWAN", "FIBRA_NUEVA", "ALTA_ENLACE_NUEVO")]


def _with_row(tables: Tables, code: str, like: str) -> Tables:
    """The product table as an operator would extend it."""

    class Extended:
        inputs, on = tables["PRODUCTS"].inputs, tables["PRODUCTS"].on

        def decide(self, day: date, /, **given: str) -> object:
            return tables["PRODUCTS"].decide(day, code=like if given["code"] == code else given["code"])

    return Tables({**tables, "PRODUCTS": Extended()})  # type: ignore[dict-item]  # stands in for a table


@pytest.mark.criterion("1.5", "3.1")
def test_only_the_owner_generates() -> None:

    desk = Desk().documented()
    assert desk.when(GenerateWorkOrders(aggregate=PARENT), RIVAL).code() == "NOT_OWNER"
    assert desk.when(GenerateWorkOrders(aggregate=PARENT), EC).code() == "ROLE_NOT_ALLOWED"

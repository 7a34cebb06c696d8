"""Activities 3 and 4: team, HLD, and the release that follows by itself from the last precondition."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.intake import AssignTeam, HldPresented, PresentHld, SetApplicability, SuborderReleased, TeamAssigned
from tests.builders import BANK_LINES, OTHER, PARENT, SUBORDER, doc, line, sale, terms
from tests.given import MONDAY as NOW
from tests.unit.intake.desk import OWNER, PEOPLE, Desk

SPECIAL = {SUBORDER: (line("ANTIDDOS-PRY"),)}
HLD = doc("HLD")


def special() -> Desk:
    """A non-standard project, everything there but team and HLD."""
    desk = Desk(sale(SPECIAL)).planned("ANALISIS_RENTABILIDAD")
    return desk.created().with_ticket()


def presented(desk: Desk, *roles: str, suborders: tuple[str, ...] = (SUBORDER,)) -> Desk:
    command = PresentHld(aggregate=PARENT, suborders=suborders, document=HLD, at=NOW, presented_to=roles)
    return desk.when(command, OWNER)


def assigned(desk: Desk, *roles: str, suborders: tuple[str, ...] = (SUBORDER,), **people: str) -> Desk:
    filled = {role: PEOPLE[role] for role in roles} | people
    return desk.when(AssignTeam(aggregate=PARENT, suborders=suborders, roles=filled), OWNER)


@pytest.mark.criterion("4.2")
@pytest.mark.parametrize(
    ("codes", "more"),
    [
        (("AWS-ADM",), {"REGIONAL"}),
        (("NUBE-8-32",), {"REGIONAL", "CONTRATISTA"}),  # built in the data centre
        (("FWAAS-GEST-M",), {"REGIONAL", "NOC"}),
        (("SDWAN-100",), {"REGIONAL", "CONTRATISTA", "JEFE_PRODUCTO"}),
        (("ANTIDDOS-PRY",), {"REGIONAL", "TIER2", "PROJECT_MANAGER"}),
        (("SDWAN-INST",), set()),
    ],
)
def test_the_required_roles_follow_from_the_plan(codes: tuple[str, ...], more: set[str]) -> None:
    lines = {SUBORDER: tuple(line(code, number) for number, code in enumerate(codes, 1))}
    desk = Desk(sale(lines)).planned("ANALISIS_RENTABILIDAD")
    assert set(desk.state.subs[SUBORDER].roles) == {"INGENIERO_B2B", "ACTIVACIONES"} | more


@pytest.mark.criterion("4.2")
@pytest.mark.parametrize(("sites", "needed"), [(9, False), (10, True)])
def test_from_ten_sites_on_there_is_a_project_manager(sites: int, needed: bool) -> None:
    many = {f"8015g00000Site{n:02}AF": (line("AWS-ADM", n),) for n in range(sites)}
    desk = Desk(sale(many)).planned()
    assert all(("PROJECT_MANAGER" in one.roles) is needed for one in desk.state.subs.values())


@pytest.mark.criterion("4.2")
def test_a_role_outside_the_plan_is_refused_and_what_is_unfilled_is_told() -> None:
    desk = Desk().planned()
    assert assigned(desk, "TIER2").code() == "ROLE_NOT_IN_PLAN"
    assert assigned(desk, "NOC", suborders=("8015g00000NgC01AAF",)).code() == "INVALID_FIELDS"
    (told,) = assigned(desk, "INGENIERO_B2B", "NOC").of(TeamAssigned)
    assert set(told.unfilled) == {"ACTIVACIONES", "CONTRATISTA", "JEFE_PRODUCTO", "REGIONAL"}
    assert told.rules == {"ROLES": "2026-09-01"}
    assert assigned(desk, "NOC").last == []
    (wait,) = [one for one in desk.state.waits.values() if one.key == f"{SUBORDER}/AssignTeam"]
    assert "CONTRATISTA" in wait.what
    assert "NOC" not in wait.what


@pytest.mark.criterion("4.2")
def test_roles_may_be_filled_before_the_plan_that_will_need_them() -> None:
    desk = assigned(Desk().documented(), "CONTRATISTA", "NOC")
    assert desk.names() == ["TeamAssigned"]
    assert set(desk.generated().state.subs[SUBORDER].unfilled) == {"INGENIERO_B2B", "ACTIVACIONES", "JEFE_PRODUCTO", "REGIONAL"}


@pytest.mark.criterion("1.3", "4.2")
def test_after_an_amendment_the_roles_are_those_of_what_is_sold_now() -> None:
    desk = Desk().planned().when(sale(BANK_LINES | {SUBORDER: (line("AWS-ADM"),)}, version=2)).validated()
    assert assigned(desk, "CONTRATISTA").code() == "ROLE_NOT_IN_PLAN"


@pytest.mark.criterion("4.2")
def test_nobody_fills_a_role_that_is_not_his() -> None:
    desk = Desk().planned().knowing(om_1="OM", ingeniero_1="INGENIERO_B2B")
    assert assigned(desk, INGENIERO_B2B="om-1").code() == "UNKNOWN_STAFF"
    assert assigned(desk, "INGENIERO_B2B").names()[:1] == ["TeamAssigned"]


@pytest.mark.criterion("4.2")
def test_who_is_named_by_the_sale_for_a_role_of_the_plan_fills_it() -> None:
    desk = Desk(sale(team={"INGENIERO_B2B": "ingeniera-7", "GI": "gi-1", "PROJECT_MANAGER": "pm-4"})).planned()
    assert desk.state.subs[SUBORDER].team == {"INGENIERO_B2B": "ingeniera-7"}
    assigned(desk, INGENIERO_B2B="ingeniero-2")
    assert desk.state.subs[SUBORDER].team == {"INGENIERO_B2B": "ingeniero-2"}


@pytest.mark.criterion("4.1")
def test_the_hld_is_presented_to_every_assigned_role_once_the_team_is_there() -> None:
    desk = special()
    assert presented(desk, *PEOPLE, suborders=("8015g00000NgC01AAF",)).code() == "INVALID_FIELDS"
    assert presented(desk, *PEOPLE).code() == "TEAM_NOT_ASSIGNED"
    desk.staffed()
    assert desk.waits() >= {"OM PresentHld"}
    assert desk.cards() == {}
    presented(desk, "INGENIERO_B2B", "ACTIVACIONES")
    assert desk.refusal
    assert (desk.refusal.code, desk.refusal.details["roles"]) == ("HLD_AUDIENCE_INCOMPLETE", "REGIONAL, TIER2, PROJECT_MANAGER")
    presented(desk, *desk.state.subs[SUBORDER].roles)
    assert desk.of(HldPresented)[0].document == HLD
    (told,) = desk.of(SuborderReleased)
    assert told.hld == HLD


@pytest.mark.criterion("4.1")
def test_standard_work_has_no_hld_and_is_recorded_so() -> None:
    desk = Desk().planned()
    assert presented(desk, *PEOPLE).code() == "HLD_NOT_APPLICABLE"
    assert desk.released().of(SuborderReleased)[0].hld == "NOT_APPLICABLE"


@pytest.mark.criterion("4.1")
def test_a_role_that_is_filled_later_must_be_presented_to() -> None:
    desk = Desk(sale(SPECIAL)).planned("ANALISIS_RENTABILIDAD").staffed()
    presented(desk, *desk.state.subs[SUBORDER].roles)
    faster = {SUBORDER: (line("ANTIDDOS-PRY"), line("SDWAN-100", 2))}
    desk.when(sale(faster, version=2)).validated().generated().staffed()
    assert set(desk.state.subs[SUBORDER].not_shown) == {"CONTRATISTA", "JEFE_PRODUCTO"}
    assert desk.waits() >= {"OM PresentHld"}


STEPS: dict[str, Callable[[Desk], Any]] = {
    "quote": lambda desk: desk.offered().chosen(),
    "service": lambda desk: desk.created(),
    "ticket": lambda desk: desk.with_ticket(),
    "team": lambda desk: desk.staffed(),
}


@pytest.mark.criterion("3.8", "4.2", "X.8")
@settings(max_examples=24, deadline=None)
@given(order=st.permutations(list(STEPS)))
def test_a_suborder_is_released_by_the_last_of_its_preconditions_whichever_that_is(order: list[str]) -> None:
    desk = Desk().planned()
    for name in order:
        assert desk.cards() == {}
        STEPS[name](desk)
    assert set(desk.cards()) == {SUBORDER}
    assert desk.state.stage == "IN_DELIVERY"
    assert desk.created().with_ticket().of(SuborderReleased)[1:] == [], "once"


@pytest.mark.criterion("3.8")
def test_the_card_says_what_every_later_service_needs() -> None:
    desk = Desk().delivered()
    card = desk.cards()[OTHER]
    assert (card.order_number, card.suborder_number, card.site.code) == ("00012345", "00012347", "SCZ-004")
    assert (card.owner, card.executive, card.engineering_manager) == ("om-1", "0055g000009AbCdAAK", "area:gerencia_ingenieria")
    assert (card.contacts["sede"], card.team["INGENIERO_B2B"]) == (f"{OTHER}:sede", "ingeniero-1")
    assert card.contacts["firmante"] == f"{PARENT}:firmante"
    assert (card.service_id, card.regional_ticket) == ("BO-LPZ-000812", "RITM0045127")
    assert card.terms.members == (OTHER,)
    assert [one.line for one in card.items] == ["FWAAS_GESTIONADO", "SDWAN"]
    told = desk.of(SuborderReleased)[1]
    assert told.billing_group == OTHER
    assert told.quote
    assert told.quote.contractor == "Fibra Oriente Ltda."
    assert {one.suborder for one in told.steps} == {OTHER}


@pytest.mark.criterion("3.8", "14.6")
def test_the_manager_of_the_sales_team_and_the_group_of_the_contract_go_with_the_card() -> None:
    group = f"{PARENT}/G1"
    sold = sale(groups=(terms(SUBORDER, OTHER, group=group),), engineering_manager="gi-7")
    desk = Desk(sold).planned().released()
    (told,) = desk.of(SuborderReleased)
    assert (told.billing_group, told.card.terms.members, told.card.engineering_manager) == (group, (SUBORDER, OTHER), "gi-7")


@pytest.mark.criterion("1.7", "3.8", "D11")
def test_what_was_classified_with_the_whole_order_is_delivered_so() -> None:
    lines = {SUBORDER: (line("AWS-ADM"),), OTHER: (line("ANTIDDOS-PRY", 2),)}
    desk = Desk(empty=True).choosing(homologation__level="PER_ORDER").when(sale(lines)).planned("ANALISIS_RENTABILIDAD")
    desk.with_ticket().created().staffed()
    presented(desk, *desk.state.subs[SUBORDER].roles)
    assert [one.standard for one in desk.cards()[SUBORDER].items] == [False]


@pytest.mark.criterion("9.1", "3.8")
def test_the_access_that_the_survey_found_goes_before_what_was_sold() -> None:
    cloud = BANK_LINES | {SUBORDER: (*BANK_LINES[SUBORDER], line("NUBE-8-32", 9))}
    desk = Desk(sale(cloud)).documented()
    desk.when(SetApplicability(aggregate=PARENT, suborder=SUBORDER, access="TERCERO"), OWNER).generated().released(
        SUBORDER, OTHER
    )
    found = [(one.access, one.scenario) for one in desk.cards()[SUBORDER].items]
    assert found == [("TERCERO", "ALTA_ENLACE_EXISTENTE")] * 2 + [("NINGUNO", "ALTA_SIN_ENLACE")]
    assert [one.access for one in desk.cards()[OTHER].items] == ["FIBRA_EXISTENTE", "FIBRA_NUEVA"]

"""What every mail about a suborder says, and whom it goes to."""

import pytest

from shared.common.mails import area, customer, escalation, heading, member, owner, staff
from shared.common.state import State
from shared.contracts.common import TaskEscalated
from tests.builders import OWNER, PARENT, SUBORDER, card, item

STATE = State(suborder=SUBORDER, owner=OWNER)


@pytest.mark.criterion("X.11")
def test_a_mail_about_a_suborder_names_order_site_customer_and_products() -> None:
    assert heading(card(item(1), item(2, product_code="SDWAN-100"))) == {
        "orden": "00012345",
        "suborden": "00012347",
        "cliente": "Agroindustrial Piraí Norte S.A.",
        "sede": "Sucursal 1 (SCZ-001), Santa Cruz",
        "productos": "FWAAS-GEST-200, SDWAN-100",
    }


@pytest.mark.criterion("X.11")
def test_a_mail_goes_to_contacts_and_people_by_reference_and_never_to_who_is_not_there() -> None:
    known = card(team={"REGIONAL": "regional-3"}, contacts={"firmante": f"{PARENT}:firmante"})
    told = (*customer(known, "firmante", "tecnico"), *staff("GI", None), *staff("EC", "ec-1"), *owner(STATE))
    members = (member(known, "REGIONAL", "regional"), member(known, "TIER2", "tier2"))
    assert [(one.role, one.ref) for one in (*told, *members)] == [
        ("CLIENTE", f"{PARENT}:firmante"),
        ("EC", "ec-1"),
        ("OM", OWNER),
        ("REGIONAL", "regional-3"),
        ("TIER2", "area:tier2"),
    ]
    assert owner(State()) == ()
    assert area("noc").ref == "area:noc"


@pytest.mark.criterion("13.5", "X.6")
@pytest.mark.parametrize(("to", "ref"), [("GI", "gi-1"), ("OM_SUPERVISOR", "area:om_supervisor")])
def test_an_escalation_goes_to_the_manager_of_the_order_or_to_the_area_with_the_owner_in_copy(to: str, ref: str) -> None:
    told = TaskEscalated(key=f"{SUBORDER}/ReworkCompleted", level=2, to=to, why="Van 3 pruebas fallidas.")
    mail = escalation("testing", STATE, card(), told)
    assert (mail.template, mail.purpose) == ("ESCALAMIENTO", f"escalation/{SUBORDER}/ReworkCompleted/2")
    assert ([one.ref for one in mail.to], [one.ref for one in mail.cc]) == ([ref], [OWNER])
    assert mail.values == heading(card()) | {"motivo": "Van 3 pruebas fallidas."}
    assert (mail.asked_by.service, mail.asked_by.aggregate) == ("testing", SUBORDER)

import pytest

from shared.contracts.common import NotificationRequested
from shared.contracts.provisioning import (
    ReportTechnicalVisit,
    ScheduleTechnicalVisit,
    TechnicalVisitCompleted,
    TechnicalVisitFailed,
    TechnicalVisitOrdered,
    TechnicalVisitScheduled,
)
from shared.contracts.shapes import Window
from tests.builders import SUBORDER
from tests.products import CLOUD, ficha, released_with, sold
from tests.unit.provisioning.delivery import CONTRACTOR, OWNER, Delivery, window


def ordered(contractor: str | None = None) -> Delivery:
    return Delivery(released_with(contractor=contractor)).networked().configured().stocked()


@pytest.mark.criterion("8.1")
@pytest.mark.parametrize(("chosen", "contractor"), [("Fibra Oriente Ltda.", "Fibra Oriente Ltda."), (None, "area:contratistas")])
def test_the_contractor_of_the_chosen_quote_makes_the_visit_else_the_default_one(chosen: str | None, contractor: str) -> None:
    delivery = ordered(chosen)
    (order,) = delivery.of(TechnicalVisitOrdered)
    assert (order.attempt, order.contractor, order.work_order) == (1, contractor, f"{SUBORDER}/visit/1")
    mail = delivery.of(NotificationRequested)[-1]
    assert (mail.template, mail.purpose, mail.values["contratista"]) == ("VISITA_TECNICA", "visit/1", contractor)
    assert delivery.waits() == {"OM ScheduleTechnicalVisit"}


@pytest.mark.criterion("8.1")
def test_the_window_is_agreed_and_contractor_and_site_are_invited() -> None:
    delivery = ordered().visit_set()
    (scheduled,) = delivery.of(TechnicalVisitScheduled)
    assert scheduled.window == window()
    mail = delivery.of(NotificationRequested)[-1]
    assert (mail.template, mail.purpose) == ("VISITA_TECNICA", "visit/1/window/1")
    assert [one.ref for one in (*mail.to, *mail.cc)] == ["area:contratistas", f"{SUBORDER}:sede", "om-1"]
    assert mail.invite.window == window()
    told = {"contratista": "area:contratistas", "desde": window().start.isoformat(), "hasta": window().end.isoformat()}
    assert mail.values.items() >= (told | {"accesos": "", "orden": "00012345"}).items()
    assert delivery.waits() == {"CONTRATISTA ReportTechnicalVisit"}
    assert delivery.visit_set().last == []
    assert delivery.visit_set(48).of(NotificationRequested)[-1].purpose == "visit/1/window/2"


@pytest.mark.criterion("8.1")
def test_a_failed_visit_is_ordered_again_and_its_attempt_is_kept() -> None:
    delivery = ordered().visit_set()
    delivery.when(ReportTechnicalVisit(aggregate=SUBORDER, outcome="UNABLE"), CONTRACTOR)
    assert delivery.refusal
    assert delivery.refusal.code == "REASON_REQUIRED"
    delivery.when(ReportTechnicalVisit(aggregate=SUBORDER, outcome="UNABLE", reason="Bloqueo en la ruta a El Alto"), CONTRACTOR)
    assert [one.attempt for one in delivery.of(TechnicalVisitFailed)] == [1]
    assert [one.attempt for one in delivery.of(TechnicalVisitOrdered)] == [1, 2]
    assert [one.attempt for one in delivery.visited().of(TechnicalVisitCompleted)] == [2]
    assert delivery.state.stage == "METHOD"


@pytest.mark.criterion("8.1", "7.1")
def test_no_visit_is_scheduled_before_the_stock_was_answered() -> None:
    for delivery in (Delivery(), Delivery().networked(), Delivery().networked().configured()):
        delivery.visit_set()
        assert delivery.refusal
        assert delivery.refusal.code == "STOCK_NOT_CHECKED"


@pytest.mark.criterion("8.1")
@pytest.mark.parametrize("kind", ["SERVICE_CREATION", "INSTALLATION"])  # the trait decides, whatever the work order says
def test_a_product_outside_sdwan_and_ciberseguridad_never_gets_a_visit(kind: str) -> None:
    cloud = ficha(sold("NUBE_PRIVADA", access="NINGUNO"), traits=CLOUD)
    delivery = Delivery(released_with(cloud, kind)).visit_set()
    assert delivery.refusal
    assert delivery.refusal.code == "VISIT_NOT_APPLICABLE"
    delivery.networked().configured()
    assert delivery.state.stage == "METHOD"


@pytest.mark.criterion("8.1")
@pytest.mark.parametrize(("hours", "needs", "code"), [(-2, "", "WINDOW_IN_PAST"), (24, "Llamar al 71234567", "PERSONAL_DATA")])
def test_a_visit_lies_ahead_and_says_no_phone(hours: int, needs: str, code: str) -> None:
    command = ScheduleTechnicalVisit(
        aggregate=SUBORDER, window=window(hours), site_contact=f"{SUBORDER}:sede", access_needs=needs
    )
    delivery = ordered().when(command, OWNER)
    assert delivery.refusal
    assert delivery.refusal.code == code


@pytest.mark.criterion("8.1")
def test_a_window_that_ends_before_it_begins_is_no_window() -> None:
    asked = window()
    backwards = Window.model_validate({"from": asked.end, "to": asked.start})
    command = ScheduleTechnicalVisit(aggregate=SUBORDER, window=backwards, site_contact=f"{SUBORDER}:sede")
    delivery = ordered().when(command, OWNER)
    assert delivery.refusal
    assert delivery.refusal.code == "WINDOW_IN_PAST"


@pytest.mark.criterion("8.1")
@pytest.mark.parametrize(("kinds", "visits"), [(("INSTALLATION",), 1), (("EQUIPMENT",), 1), (("SERVICE_CREATION",), 0)])
def test_an_installation_or_equipment_needs_a_visit_and_nothing_else_does(kinds: tuple[str, ...], visits: int) -> None:
    delivery = Delivery(released_with(ficha(), *kinds)).networked().configured().stocked()
    assert len(delivery.of(TechnicalVisitOrdered)) == visits


@pytest.mark.criterion("8.1")
def test_a_visit_without_window_cannot_be_reported() -> None:
    delivery = ordered().when(ReportTechnicalVisit(aggregate=SUBORDER, outcome="COMPLETED"), CONTRACTOR)
    assert delivery.refusal
    assert delivery.refusal.code == "VISIT_NOT_SCHEDULED"

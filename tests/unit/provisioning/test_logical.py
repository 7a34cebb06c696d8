from datetime import timedelta
from decimal import Decimal

import pytest

from shared.contracts.common import ActivationsSlaBreached, JeopardyCleared, JeopardyRaised, NotificationRequested, TaskEscalated
from shared.contracts.intake import AnswerActivationsRequest, OrderHeld, OrderResumed
from shared.contracts.provisioning import (
    ConfirmVirtualCircuit,
    LogicalConfigurationCompleted,
    LogicalConfigurationRequested,
    LogicalConfigurationSkipped,
    PlanNetworkBuild,
    ServiceProvisioned,
    StockCheckRequested,
    VirtualCircuitRequested,
)
from shared.contracts.shapes import Step
from tests.builders import PARENT, SUBORDER
from tests.given import MONDAY as NOW
from tests.products import AWS, FWAAS, ficha, released_with, sold
from tests.unit.provisioning.delivery import ACTIVACIONES, ENGINEER, NOC, REQUEST, Delivery

FWAAS_WITH_LINK = FWAAS.model_copy(update={"build": "LINK"})
MANAGED_FWAAS_WITH_LINK = released_with(ficha(sold("FWAAS_GESTIONADO"), traits=FWAAS_WITH_LINK), "SERVICE_CREATION")
MANAGED_FWAAS = released_with(ficha(sold("FWAAS_GESTIONADO", access="FIBRA_EXISTENTE"), traits=FWAAS), "SERVICE_CREATION")


@pytest.mark.criterion("6.1", "3.5")
def test_activaciones_is_asked_after_the_network_with_24_hours_and_a_copy_by_mail() -> None:
    delivery = Delivery().networked()
    (asked,) = delivery.of(LogicalConfigurationRequested)
    assert asked.reference == "CORP.SOL-PRO.1338 paso 6"
    assert asked.due == NOW + timedelta(hours=24)
    assert (asked.request_id, asked.answer_to) == (REQUEST, "o2c.provisioning.commands.v1")
    assert (asked.warn_at, asked.product_codes, asked.order_number) == (NOW + timedelta(hours=18), ("SDWAN",), "00012345")
    (mail,) = delivery.of(NotificationRequested)
    assert mail.template == "SOLICITUD_ACTIVACIONES"
    assert (mail.values["referencia"], mail.values["vence_el"]) == (asked.reference, asked.due.isoformat())
    assert [one.ref for one in (*mail.to, *mail.cc)] == ["area:activaciones", "om-1"]
    assert delivery.waits() == {"ACTIVACIONES AnswerActivationsRequest"}


@pytest.mark.criterion("6.1")
def test_a_product_without_logical_configuration_passes_the_step_with_a_reason() -> None:
    delivery = Delivery(released_with(ficha(sold("AWS_ADMINISTRADO", access="NINGUNO"), traits=AWS), "SERVICE_CREATION"))
    (skipped,) = delivery.of(LogicalConfigurationSkipped)
    assert skipped.reason
    assert delivery.state.stage == "METHOD"


@pytest.mark.criterion("3.5", "6.1")
@pytest.mark.parametrize(("after", "late"), [(timedelta(hours=24), False), (timedelta(hours=24, seconds=1), True)])
def test_an_answer_at_24_hours_is_in_time_and_a_second_later_it_is_late(after: timedelta, late: bool) -> None:
    delivery = Delivery().networked().until(NOW + after).configured()
    (done,) = delivery.of(LogicalConfigurationCompleted)
    assert done.late is late
    assert len(delivery.of(ActivationsSlaBreached)) == int(late)


@pytest.mark.criterion("3.5", "X.5")
def test_without_an_answer_there_is_one_warning_one_breach_and_one_escalation() -> None:
    delivery = Delivery().networked().until(NOW + timedelta(hours=18))
    assert [one.level for one in delivery.of(JeopardyRaised)] == ["AMBER"]
    delivery.until(NOW + timedelta(days=9))
    assert len(delivery.of(ActivationsSlaBreached)) == 1
    assert [one.to for one in delivery.of(TaskEscalated)] == ["OM_SUPERVISOR"]
    assert [one.level for one in delivery.of(JeopardyRaised)] == ["AMBER", "RED"]
    assert [one.template for one in delivery.of(NotificationRequested)].count("ESCALAMIENTO") == 1
    assert delivery.configured().of(JeopardyCleared)


@pytest.mark.criterion("X.1")
def test_a_hold_stops_the_24_hours_and_an_answer_meanwhile_is_taken_and_not_late() -> None:
    delivery = Delivery().networked()
    delivery.when(
        OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Obra civil", review_at=None), at=NOW + timedelta(hours=20)
    )
    delivery.until(NOW + timedelta(hours=40)).configured()
    (done,) = delivery.of(LogicalConfigurationCompleted)
    assert not done.late
    assert delivery.of(ActivationsSlaBreached) == []
    assert delivery.state.stage == "EQUIPMENT"
    assert "StockCheckRequested" not in delivery.names()
    delivery.when(OrderResumed(parent=PARENT, suborders=(SUBORDER,), reason="Listo"))
    assert "StockCheckRequested" in delivery.names()


@pytest.mark.criterion("X.1")
def test_after_a_hold_the_24_hours_go_on_with_what_was_left() -> None:
    delivery = Delivery().networked()
    delivery.when(
        OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Obra civil", review_at=None), at=NOW + timedelta(hours=2)
    )
    delivery.when(OrderResumed(parent=PARENT, suborders=(SUBORDER,), reason="Listo"), at=NOW + timedelta(hours=12))
    assert delivery.until(NOW + timedelta(hours=34)).of(ActivationsSlaBreached) == []
    assert len(delivery.until(NOW + timedelta(hours=34, seconds=1)).of(ActivationsSlaBreached)) == 1


@pytest.mark.criterion("6.1")
def test_an_answer_to_another_request_is_refused() -> None:
    delivery = Delivery(MANAGED_FWAAS)
    delivery.when(AnswerActivationsRequest(aggregate=SUBORDER, request_id="otra"), ACTIVACIONES)
    assert delivery.refusal
    assert delivery.refusal.code == "UNKNOWN_REQUEST"


@pytest.mark.criterion("6.2")
def test_a_managed_fwaas_asks_the_noc_exactly_once() -> None:
    delivery = Delivery(MANAGED_FWAAS)
    (asked,) = delivery.of(VirtualCircuitRequested)
    assert asked.attempt == 1
    assert delivery.waits() == {"NOC ConfirmVirtualCircuit", "ACTIVACIONES AnswerActivationsRequest"}
    delivery.configured().with_circuit()
    assert len(delivery.of(VirtualCircuitRequested)) == 1
    assert (delivery.with_circuit().last, delivery.refusal) == ([], None)  # told twice
    assert delivery.state.circuit.circuit_id == "BO-LPZ-FWAAS-000812"


@pytest.mark.criterion("6.2")
def test_no_service_is_provisioned_before_its_circuit_is_enabled() -> None:
    delivery = Delivery(MANAGED_FWAAS).configured().verified().confirmed()
    assert delivery.refusal
    assert delivery.refusal.code == "CIRCUIT_NOT_ENABLED"
    assert delivery.waits() == {"NOC ConfirmVirtualCircuit"}
    (provisioned,) = delivery.with_circuit().confirmed().of(ServiceProvisioned)
    assert provisioned.circuit_id == "BO-LPZ-FWAAS-000812"


@pytest.mark.criterion("6.2")
def test_any_other_product_never_has_a_circuit() -> None:
    delivery = Delivery().networked()
    assert delivery.of(VirtualCircuitRequested) == []
    delivery.when(ConfirmVirtualCircuit(aggregate=SUBORDER, circuit_id="BO-LPZ-FWAAS-000812"), NOC)
    assert delivery.refusal
    assert delivery.refusal.code == "CIRCUIT_NOT_EXPECTED"


def together(*names: str) -> tuple[Step, ...]:
    """A plan in which the configuration does not wait for the network, or does."""
    told = {"network_link": (), "logical": names, "stock": ("network_link", "logical")}
    return tuple(Step(step=name, after=after, owner="OM", expected_days=Decimal(1), due=NOW) for name, after in told.items())


PARALLEL = released_with().model_copy(update={"steps": together()})
IN_TURN = released_with().model_copy(update={"steps": together("network_link")})


@pytest.mark.criterion("D12", "6.1")
def test_a_plan_in_parallel_asks_for_configuration_at_the_release_and_a_plan_in_turn_after_the_network() -> None:
    assert Delivery(IN_TURN).of(LogicalConfigurationRequested) == []
    delivery = Delivery(PARALLEL)
    assert len(delivery.of(LogicalConfigurationRequested)) == 1
    assert delivery.waits() == {"ACTIVACIONES AnswerActivationsRequest", "INGENIERO_B2B PlanNetworkBuild"}


@pytest.mark.criterion("D12", "6.1", "7.1")
@pytest.mark.parametrize("network_first", [True, False])
def test_in_parallel_the_stock_is_asked_when_both_are_done_whichever_is_first(network_first: bool) -> None:
    delivery = Delivery(PARALLEL)
    first, second = (delivery.networked, delivery.configured) if network_first else (delivery.configured, delivery.networked)
    assert first().of(StockCheckRequested) == []
    assert len(second().of(StockCheckRequested)) == 1
    delivery.stocked().visited().verified().confirmed()
    assert len(delivery.of(ServiceProvisioned)) == len(delivery.of(LogicalConfigurationRequested)) == 1


@pytest.mark.criterion("D12", "6.2")
def test_in_parallel_the_noc_is_asked_at_the_release_too_and_still_once() -> None:
    its = ficha(sold("FWAAS_GESTIONADO", access="FIBRA_EXISTENTE"), traits=FWAAS.model_copy(update={"build": "LINK"}))
    delivery = Delivery(released_with(its, "SERVICE_CREATION").model_copy(update={"steps": together()}))
    assert len(delivery.of(VirtualCircuitRequested)) == 1
    delivery.with_circuit().networked().configured().verified().confirmed()
    assert len(delivery.of(VirtualCircuitRequested)) == len(delivery.of(ServiceProvisioned)) == 1


@pytest.mark.criterion("D12", "13.5")
def test_in_parallel_rework_of_both_steps_asks_for_both_at_once() -> None:
    delivery = Delivery(PARALLEL).networked().configured().stocked().visited().verified().confirmed()
    delivery.asked_again("NETWORK", "LOGICAL")
    assert delivery.waits() == {"ACTIVACIONES AnswerActivationsRequest", "INGENIERO_B2B PlanNetworkBuild"}


@pytest.mark.criterion("D12", "6.1")
def test_in_parallel_a_configuration_that_is_not_needed_is_passed_once_and_the_network_is_still_waited_for() -> None:
    its = ficha(sold("AWS_ADMINISTRADO", access="NINGUNO"), traits=AWS.model_copy(update={"build": "LINK"}))
    delivery = Delivery(released_with(its, "SERVICE_CREATION").model_copy(update={"steps": together()}))
    assert (len(delivery.of(LogicalConfigurationSkipped)), delivery.state.stage) == (1, "NETWORK")
    delivery.when(PlanNetworkBuild(aggregate=SUBORDER), ENGINEER).verified().confirmed()
    assert delivery.of(ServiceProvisioned)[0].steps_done == ("METHOD",)  # what was passed was not done


@pytest.mark.criterion("6.1", "6.2")
def test_nobody_answers_what_was_not_asked_yet() -> None:
    assert Delivery().configured().refusal is not None
    assert Delivery(MANAGED_FWAAS_WITH_LINK).with_circuit().refusal is not None

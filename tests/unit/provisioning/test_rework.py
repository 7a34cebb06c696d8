import pytest

from shared.contracts.provisioning import (
    LogicalConfigurationRequested,
    NetworkBuilt,
    ReworkCompleted,
    ReworkStarted,
    ServiceProvisioned,
    StockCheckRequested,
    TechnicalVisitOrdered,
    VirtualCircuitRequested,
)
from tests.products import FWAAS, ficha, released_with, sold
from tests.unit.provisioning.delivery import Delivery


@pytest.mark.criterion("13.5")
def test_the_named_steps_open_again_and_testing_is_told_when_they_are_done() -> None:
    delivery = Delivery().provisioned().asked_again("EQUIPMENT", "VISIT")
    (started,) = delivery.of(ReworkStarted)
    assert (started.steps, started.attempt) == (("EQUIPMENT", "VISIT"), 2)
    assert delivery.state.stage == "REWORK"
    assert delivery.waits() == {"JEFE_PRODUCTO ReportStock"}
    delivery.stocked().visited()
    (done,) = delivery.of(ReworkCompleted)
    assert (done.rework_id, done.attempt) == (started.rework_id, 2)
    assert len(delivery.of(StockCheckRequested)) == len(delivery.of(TechnicalVisitOrdered)) == 2
    assert len(delivery.of(ServiceProvisioned)) == 1
    assert delivery.state.stage == "PROVISIONED"


@pytest.mark.criterion("13.5", "5.1")
def test_a_network_is_built_again_as_another_attempt() -> None:
    delivery = Delivery().provisioned().asked_again("NETWORK").networked()
    assert [one.attempt for one in delivery.of(NetworkBuilt)] == [1, 2]
    assert len(delivery.of(ReworkCompleted)) == 1


@pytest.mark.criterion("13.5", "9.1")
def test_a_method_is_verified_and_confirmed_again() -> None:
    delivery = Delivery().provisioned().asked_again("METHOD").confirmed()
    assert delivery.refusal
    assert delivery.refusal.code == "METHOD_NOT_VERIFIED"
    assert delivery.stocked().last == []  # equipment is not what is done again
    delivery.verified().confirmed()
    (done,) = delivery.of(ReworkCompleted)
    assert [one.serial for one in done.equipment] == ["SN-1"]


@pytest.mark.criterion("13.5", "7.2")
def test_equipment_that_was_changed_in_a_rework_is_in_use_and_no_longer_reserved() -> None:
    delivery = Delivery().provisioned().asked_again("EQUIPMENT").stocked()
    assert len(delivery.of(ReworkCompleted)) == 1
    assert delivery.decider.deadlines(delivery.state, delivery.calendar) == {}


@pytest.mark.criterion("13.5", "9.1")
def test_the_method_is_verified_after_the_steps_before_it() -> None:
    delivery = Delivery().provisioned().asked_again("EQUIPMENT", "METHOD").verified()
    assert (delivery.last, delivery.waits()) == ([], {"JEFE_PRODUCTO ReportStock"})


@pytest.mark.criterion("13.5", "5.1")
def test_a_network_that_nobody_had_to_build_is_planned_when_it_is_what_failed() -> None:
    its = ficha(sold("FWAAS_GESTIONADO", access="FIBRA_EXISTENTE"), traits=FWAAS.model_copy(update={"noc_circuit": False}))
    delivery = Delivery(released_with(its, "SERVICE_CREATION")).configured().verified().confirmed().asked_again("NETWORK")
    assert delivery.waits() == {"INGENIERO_B2B PlanNetworkBuild"}


@pytest.mark.criterion("13.5", "6.2")
def test_rework_of_a_managed_fwaas_asks_the_noc_once_more_and_waits_for_it() -> None:
    its = ficha(sold("FWAAS_GESTIONADO", access="FIBRA_EXISTENTE"), traits=FWAAS)
    delivery = Delivery(released_with(its, "SERVICE_CREATION")).configured().with_circuit().verified().confirmed()
    delivery.asked_again("LOGICAL").configured(attempt=2)
    assert [one.attempt for one in delivery.of(VirtualCircuitRequested)] == [1, 2]
    assert len(delivery.of(LogicalConfigurationRequested)) == 2
    assert delivery.of(ReworkCompleted) == []
    assert delivery.waits() == {"NOC ConfirmVirtualCircuit"}
    (done,) = delivery.with_circuit().of(ReworkCompleted)
    assert done.circuit_id == "BO-LPZ-FWAAS-000812"


@pytest.mark.criterion("13.5")
def test_a_second_rework_comes_after_the_first() -> None:
    delivery = Delivery().provisioned().asked_again("METHOD").verified().confirmed().asked_again("METHOD", number=2)
    assert [one.attempt for one in delivery.of(ReworkStarted)] == [2, 3]


@pytest.mark.criterion("13.5", "X.8")
def test_a_rework_heard_before_the_release_waits_for_the_first_delivery() -> None:
    delivery = Delivery.__new__(Delivery)
    super(Delivery, delivery).__init__("provisioning", Delivery().decider, released_with().suborder, released_with().parent)
    delivery.asked_again("METHOD")
    assert delivery.waits() == {"OM SuborderReleased"}
    delivery.when(released_with()).provisioned()
    assert len(delivery.of(ServiceProvisioned)) == len(delivery.of(ReworkStarted)) == 1

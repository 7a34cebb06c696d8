import pytest

from shared.contracts.common import FalloutRaised, FalloutResolved, ResolveFallout
from shared.contracts.provisioning import (
    ConfirmServiceProvisioned,
    ProvisionedService,
    ProvisioningMethodVerified,
    ServiceProvisioned,
)
from tests.builders import SUBORDER
from tests.products import AWS, FWAAS, ficha, released_with, sold
from tests.unit.provisioning.delivery import ENGINEER, SUPERVISOR, Delivery

OVER_LTE = released_with(
    ficha(sold("FWAAS_GESTIONADO", access="LTE"), traits=FWAAS.model_copy(update={"noc_circuit": False})), "BILLING"
)


@pytest.mark.criterion("9.1")
def test_the_table_gives_a_method_for_every_item_that_is_not_only_charged() -> None:
    its = ficha(sold("SDWAN"), sold("SDWAN", 2, charge_only=True, charge="ONE_TIME"))
    delivery = Delivery(released_with(its)).networked().configured().stocked().visited().verified()
    (verified,) = delivery.of(ProvisioningMethodVerified)
    assert [(one.method, one.row) for one in verified.methods] == [("ZERO_TOUCH", "PM-01")]
    assert verified.rules == {"METHODS": "2026-09-01"}
    assert delivery.verified().last == []


@pytest.mark.criterion("9.1", "X.4")
def test_no_row_is_a_fallout_and_never_a_default() -> None:
    delivery = Delivery(OVER_LTE).configured().verified()
    (fallout,) = delivery.of(FalloutRaised)
    assert (fallout.fallout_class, fallout.step, fallout.queue) == ("NO_RULE_ROW", "METHOD", "INGENIERO_B2B")
    assert delivery.of(ProvisioningMethodVerified) == []
    assert delivery.waits() == {"INGENIERO_B2B ResolveFallout"}
    delivery.when(_resolve(delivery, "RETRY"), ENGINEER)
    assert delivery.refusal
    assert delivery.refusal.code == "NO_RULE_ROW"


@pytest.mark.criterion("9.1", "1.7")
def test_a_product_that_is_not_homologated_has_no_method() -> None:
    strange = released_with(ficha(sold("SDWAN", homologated=False)))
    delivery = Delivery(strange).networked().configured().stocked().visited().verified()
    assert [one.fallout_class for one in delivery.of(FalloutRaised)] == ["NO_RULE_ROW"]


@pytest.mark.criterion("9.1")
def test_the_access_of_an_item_that_is_not_delivered_is_refused() -> None:
    delivery = Delivery(OVER_LTE).configured().verified(otro="FIBRA_EXISTENTE")
    assert delivery.refusal
    assert delivery.refusal.code == "INVALID_FIELDS"


@pytest.mark.criterion("9.1", "X.4")
def test_the_access_found_on_site_gives_the_method_and_ends_the_fallout() -> None:
    delivery = Delivery(OVER_LTE).configured().verified()
    delivery.verified(**{delivery.state.card.items[0].item_id: "FIBRA_EXISTENTE"})
    assert [one.row for one in delivery.of(ProvisioningMethodVerified)[0].methods] == ["PM-04"]
    assert [one.how for one in delivery.of(FalloutResolved)] == ["RETRY"]


@pytest.mark.criterion("X.4")
@pytest.mark.parametrize(("how", "skipped"), [("MANUAL", ()), ("SKIP", ("METHOD",))])
def test_a_method_chosen_by_a_person_is_marked_as_such(how: str, skipped: tuple[str, ...]) -> None:
    delivery = Delivery(OVER_LTE).configured().verified()
    delivery.when(_resolve(delivery, how), SUPERVISOR)
    assert [(one.method, one.row) for one in delivery.of(ProvisioningMethodVerified)[0].methods] == [(how, "")]
    (provisioned,) = delivery.confirmed().of(ServiceProvisioned)
    assert provisioned.skipped == skipped


def _resolve(delivery: Delivery, how: str) -> ResolveFallout:
    fallout = next(iter(delivery.state.fallouts))
    return ResolveFallout.model_validate({"aggregate": SUBORDER, "fallout_id": fallout, "how": how, "reason": "Según el NOC"})


@pytest.mark.criterion("9.1", "10.1")
def test_the_service_is_provisioned_once_with_what_was_done() -> None:
    delivery = Delivery().provisioned()
    (provisioned,) = delivery.of(ServiceProvisioned)
    assert provisioned.steps_done == ("NETWORK", "LOGICAL", "EQUIPMENT", "VISIT", "METHOD")
    assert [(one.method, one.service_id) for one in provisioned.services] == [("ZERO_TOUCH", "BO-It001A")]
    assert [(one.serial, one.warehouse) for one in provisioned.equipment] == [("SN-1", "ALM-SCZ-01")]
    assert (provisioned.parent, provisioned.billing_group) == (delivery.state.parent, SUBORDER)
    assert delivery.state.stage == "PROVISIONED"


@pytest.mark.criterion("9.1", "10.1")
def test_a_step_in_which_nothing_was_to_be_done_is_none_of_those_done() -> None:
    its = ficha(sold("AWS_ADMINISTRADO", access="NINGUNO"), traits=AWS)
    delivery = Delivery(released_with(its, "SERVICE_CREATION")).verified().confirmed()
    assert delivery.of(ServiceProvisioned)[0].steps_done == ("METHOD",)


@pytest.mark.criterion("9.1")
def test_no_service_before_its_method() -> None:
    delivery = Delivery().networked().configured().stocked().visited().confirmed()
    assert delivery.refusal
    assert delivery.refusal.code == "METHOD_NOT_VERIFIED"


@pytest.mark.criterion("9.1")
def test_every_item_has_its_service() -> None:
    delivery = Delivery().networked().configured().stocked().visited().verified()
    other = ProvisionedService(item_id="8025g00000It009AAB", service_id="BO-9")
    for services in ((), (other,)):
        delivery.when(ConfirmServiceProvisioned(aggregate=SUBORDER, services=services), ENGINEER)
        assert delivery.refusal
        assert delivery.refusal.code == "INVALID_FIELDS"

"""Who has the ball while a suborder is provisioned: the waits no other test tells."""

import pytest

from shared.contracts.intake import OrderHeld
from shared.decider import Wait
from tests.builders import PARENT, SUBORDER
from tests.unit.provisioning.delivery import Delivery
from tests.unit.provisioning.test_stock import short


@pytest.mark.criterion("1.4", "X.6")
@pytest.mark.parametrize(
    ("delivery", "wait"),
    [
        (Delivery(), "INGENIERO_B2B PlanNetworkBuild"),
        (Delivery().when(OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Obra")), "OM OrderResumed"),
        (Delivery().networked().configured().stocked().visited(), "INGENIERO_B2B VerifyProvisioningMethod"),
        (Delivery().networked().configured().stocked().visited().verified(), "INGENIERO_B2B ConfirmServiceProvisioned"),
        (Delivery().provisioned(), "INGENIERO_B2B ReworkRequested"),
    ],
)
def test_each_stage_names_its_party_and_the_message_that_takes_the_ball(delivery: Delivery, wait: str) -> None:
    assert delivery.waits() == {wait}


@pytest.mark.criterion("3.5", "X.6")
def test_activaciones_are_waited_for_until_the_end_of_their_day() -> None:
    delivery = Delivery().networked()
    (wait,) = delivery.decider.waiting(delivery.state)
    assert wait.due == delivery.decider.deadlines(delivery.state, delivery.calendar)["activations_due"].replace(second=0)


@pytest.mark.criterion("7.2", "X.6")
def test_the_task_of_a_shortage_says_that_something_is_missing() -> None:
    told = [one.what for one in (*_waits(Delivery().networked().configured()), *_waits(short()))]
    assert told == ["Confirmar stock y almacén", "Conseguir el equipo faltante"]


def _waits(delivery: Delivery) -> tuple[Wait, ...]:
    return tuple(delivery.decider.waiting(delivery.state))

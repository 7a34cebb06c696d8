"""Who has the ball while a suborder is tested: the stages whose waits no other test tells."""

import pytest

from services.testing.app import SUBORDER as DECIDER
from shared.contracts.intake import OrderHeld
from tests.builders import PARENT, SUBORDER
from tests.given import Given
from tests.products import ficha, released_with
from tests.unit.testing.trial import Trial, provisioned


def nobody() -> Given:
    return Given("testing", DECIDER, SUBORDER, PARENT)


@pytest.mark.criterion("1.4", "X.6")
@pytest.mark.parametrize(
    ("told", "party", "message"),
    [
        (nobody().when(provisioned(ficha())), "OM", "SuborderReleased"),
        (nobody().when(released_with()), "INGENIERO_B2B", "ServiceProvisioned"),
        (Trial().when(OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Obra")), "OM", "OrderResumed"),
        (Trial().with_customer(), "INGENIERO_B2B", "CloseTestRun"),
        (Trial().passed(), "CLIENTE", "RejectionUpheld"),
    ],
)
def test_each_stage_names_its_party_and_the_message_that_takes_the_ball(told: Given, party: str, message: str) -> None:
    assert [(one.party, one.cleared_by[0]) for one in told.decider.waiting(told.state)] == [(party, message)]

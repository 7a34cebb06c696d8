import pytest

from services.billing.domain.state import State
from shared.contracts.base import to_json
from shared.contracts.common import WaitingChanged
from shared.contracts.intake import OrderHeld, OrderResumed
from tests.builders import PARENT, SUBORDER
from tests.unit.billing.billing_group import Group, account, expired, freed, notified, ready, sold, validated


@pytest.mark.criterion("X.8")
def test_the_facts_alone_give_the_stored_document_again() -> None:
    group = ready(
        OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Mora"),
        expired(),
        OrderResumed(parent=PARENT, suborders=(SUBORDER,), reason="Pagó"),
        notified(),
    ).refuses()
    state = State()
    for fact in group.facts:
        state = group.decider.evolve(state, type(fact).model_validate_json(to_json(fact)))
    assert state == group.state
    assert State.model_validate_json(to_json(group.state)) == group.state


@pytest.mark.criterion("1.4", "X.6")
def test_somebody_has_the_ball_until_every_phase_is_active() -> None:
    group = Group()
    for fact in (sold(), validated(), freed(), account(), expired(), notified()):
        assert group.when(fact).decider.waiting(group.state)
    assert group.decider.waiting(group.confirms().state) == ()
    assert group.of(WaitingChanged)[-1].began == ()

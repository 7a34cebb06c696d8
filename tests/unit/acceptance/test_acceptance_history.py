import pytest

from services.acceptance.domain.state import State
from shared.contracts.acceptance import SuborderCompleted
from shared.contracts.base import to_json
from shared.contracts.intake import SuborderFailed
from tests.builders import PARENT, SUBORDER
from tests.unit.acceptance.acceptance_site import OM, Site, local
from tests.unit.acceptance.test_onboarding import BACKUP, accepted, update


def whole() -> Site:
    return accepted(BACKUP).billed().sent("kit").when(update(), OM)


@pytest.mark.criterion("X.8")
def test_the_facts_alone_give_the_stored_document_again() -> None:
    rejected = Site().acta_out().until(local("2026-12-02 16:30")).sent("reminder/1/1/2").rejects().dismisses()
    for site in (whole(), rejected, rejected.until(local("2027-01-30 16:30"))):
        state = State()
        for fact in site.facts:
            state = site.decider.evolve(state, type(fact).model_validate_json(to_json(fact)))
        assert state == site.state
        assert State.model_validate_json(to_json(site.state)) == site.state


@pytest.mark.criterion("1.4", "X.6")
def test_somebody_has_the_ball_until_the_suborder_is_complete() -> None:
    site = whole()
    assert len(site.of(SuborderCompleted)) == 1
    assert (site.state.waits, site.decider.waiting(site.state)) == ({}, ())
    for earlier in (Site().tested(), Site().acta_out(), Site().acta_out().rejects(), accepted(), accepted().billed()):
        assert earlier.decider.waiting(earlier.state)


@pytest.mark.criterion("X.3")
def test_a_suborder_given_up_has_no_clock_and_no_task_left() -> None:
    site = Site().acta_out().when(SuborderFailed(parent=PARENT, suborder=SUBORDER, billing_group=SUBORDER, reason="Sin obra"))
    assert site.names() == ["WorkStopped"]
    assert site.decider.waiting(site.state) == ()
    assert site.until(local("2027-01-30 16:30")).names() == []
    assert site.decider.effects(site.state) == ()

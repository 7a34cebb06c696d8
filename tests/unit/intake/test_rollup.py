"""The published states of suborders and parent, acceptance of all sites, completion."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.rollup import roll_up
from shared.contracts.common import ResolveFallout
from shared.contracts.intake import (
    AllSitesAccepted,
    CancelSuborder,
    FailSuborder,
    HoldOrder,
    OrderCompleted,
    OrderStateChanged,
    ReturnOrder,
    SuborderStateChanged,
)
from tests.builders import OTHER, PARENT, SUBORDER, sale, terms
from tests.unit.intake.desk import OWNER, SUPERVISOR, Desk, acceptance, only_legal

STATES = ("inProgress", "held", "completed", "failed", "cancelled")


def cancel(suborder: str) -> CancelSuborder:
    return CancelSuborder(aggregate=PARENT, suborder=suborder, reason="El cliente desiste")


def fail(suborder: str) -> FailSuborder:
    return FailSuborder(aggregate=PARENT, suborder=suborder, reason="Sin factibilidad")


@pytest.mark.criterion("X.10")
@pytest.mark.parametrize(
    ("states", "whole"),
    [
        (("cancelled", "cancelled"), "cancelled"),
        (("completed", "cancelled"), "completed"),
        (("failed", "cancelled"), "failed"),
        (("completed", "failed"), "partial"),
        (("held", "completed"), "held"),
        (("held", "cancelled"), "held"),
        (("held", "inProgress"), "inProgress"),
        (("inProgress", "completed"), "inProgress"),
    ],
)
def test_the_parent_is_the_roll_up_of_its_suborders(states: tuple[str, ...], whole: str) -> None:
    assert {roll_up(order) for order in permutations(states)} == {whole}


@pytest.mark.criterion("X.10")
@given(states=st.lists(st.sampled_from(STATES), min_size=1, max_size=6), data=st.data())
def test_the_roll_up_does_not_depend_on_the_order_of_its_suborders(states: list[str], data: st.DataObject) -> None:
    assert roll_up(states) == roll_up(data.draw(st.permutations(states)))


@pytest.mark.criterion("X.10")
def test_the_states_of_an_order_on_its_way() -> None:
    desk = Desk().claimed().validated()
    assert desk.states() == ["acknowledged", "pending"]
    desk.attached("PROPUESTA_COMERCIAL", "RIESGO_CREDITICIO").validated().generated().released(SUBORDER, OTHER)
    assert desk.states() == ["acknowledged", "pending", "inProgress"]
    for one in (SUBORDER, OTHER):
        desk.accepted(one).completed(one)
    assert desk.states()[-1] == "completed"
    only_legal(desk)


@pytest.mark.criterion("X.10", "1.3")
def test_an_amended_or_returned_order_waits_for_information_and_never_goes_back() -> None:
    desk = Desk().documented().when(sale(version=2, offer="Otra oferta"))
    assert desk.state.state == "pending"
    desk.validated()
    assert desk.state.state == "inProgress"
    other = Desk().claimed().validated().when(ReturnOrder(aggregate=PARENT, reason="DUPLICADA"), OWNER)
    assert other.state.state == "pending"
    only_legal(desk)
    only_legal(other)


@pytest.mark.criterion("X.10", "X.1")
def test_a_held_suborder_is_held_and_the_parent_only_when_none_runs() -> None:
    desk = Desk().planned()
    for number, one in enumerate((SUBORDER, OTHER)):
        desk.when(HoldOrder(aggregate=PARENT, suborders=(one,), reason="Obra en el edificio"), OWNER)
        assert desk.state.state == ("inProgress", "held")[number]
    assert desk.of(SuborderStateChanged)[-1].why == "Obra en el edificio"


@pytest.mark.criterion("X.10", "X.3")
def test_a_held_suborder_that_is_given_up_goes_by_in_progress_and_so_does_its_order() -> None:
    desk = Desk().delivered().when(fail(OTHER), SUPERVISOR).troubled()
    assert desk.state.state == "held"
    desk.when(fail(SUBORDER), SUPERVISOR)
    assert [(one.from_state, one.to_state) for one in desk.of(OrderStateChanged)][-2:] == [
        ("held", "inProgress"),
        ("inProgress", "failed"),
    ]
    only_legal(desk)


@pytest.mark.criterion("X.10", "X.3")
@pytest.mark.parametrize(("released", "stage"), [(False, "CANCELLED"), (True, "FAILED")])
def test_an_order_without_a_suborder_left_has_ended_and_nobody_waits(released: bool, stage: str) -> None:
    desk = Desk().delivered() if released else Desk().claimed()
    for one in (SUBORDER, OTHER):
        desk.when(fail(one), SUPERVISOR) if released else desk.when(cancel(one), OWNER)
    assert desk.state.stage == stage
    assert desk.waits() == set()
    assert desk.decider.deadlines(desk.state, desk.calendar) == {}
    assert desk.of(OrderCompleted) == [], "published for completed and partial alone"
    assert desk.of(AllSitesAccepted) == []
    assert desk.when(sale(version=2, offer="Otra")).names() == ["AmendmentReceived"], "a final order stays as it is"
    only_legal(desk)


@pytest.mark.criterion("14.9", "15.3")
def test_all_sites_are_accepted_once_with_the_last() -> None:
    desk = Desk().delivered().accepted()
    assert desk.of(AllSitesAccepted) == []
    (told,) = desk.accepted(OTHER).accepted(OTHER).of(AllSitesAccepted)
    assert told.suborders == (SUBORDER, OTHER)


@pytest.mark.criterion("14.9", "X.3")
@pytest.mark.parametrize("accepted_first", [True, False])
def test_the_last_open_site_may_also_leave(accepted_first: bool) -> None:
    desk = Desk().planned().released()
    leaves = (acceptance(), cancel(OTHER))
    for message in leaves if accepted_first else reversed(leaves):
        desk.when(message, OWNER)
    (told,) = desk.of(AllSitesAccepted)
    assert told.suborders == (SUBORDER,)


@pytest.mark.criterion("18.1")
@pytest.mark.parametrize(
    ("ends", "outcome", "stage"), [("completed", "completed", "COMPLETED"), ("failed", "partial", "PARTIAL")]
)
def test_an_order_is_done_when_every_suborder_is(ends: str, outcome: str, stage: str) -> None:
    desk = Desk().delivered().accepted().completed()
    assert desk.of(OrderCompleted) == []
    desk.accepted(OTHER).completed(OTHER) if ends == "completed" else desk.when(fail(OTHER), SUPERVISOR)
    (told,) = desk.of(OrderCompleted)
    assert told.outcome == outcome
    assert {one.suborder: one.state for one in told.suborders} == {SUBORDER: "completed", OTHER: ends}
    assert (desk.state.stage, desk.waits()) == (stage, set())
    only_legal(desk)


@pytest.mark.criterion("X.3", "14.9")
def test_giving_up_is_final_also_where_an_acceptance_and_a_completion_cross_it() -> None:
    desk = Desk().delivered().accepted().when(fail(OTHER), SUPERVISOR)
    desk.accepted(OTHER).completed(OTHER)
    assert desk.state.subs[OTHER].stage == "FAILED"
    assert [one.suborders for one in desk.of(AllSitesAccepted)] == [(SUBORDER,)]


@pytest.mark.criterion("X.4", "X.10", "7.2")
def test_a_fallout_of_another_service_holds_its_suborder_until_it_is_resolved_there() -> None:
    desk = Desk().delivered().troubled()
    assert desk.of(SuborderStateChanged)[-1].to_state == "held"
    mine = ResolveFallout(aggregate=PARENT, fallout_id="stock/1", how="MANUAL", reason="Ya está")
    assert desk.when(mine, OWNER).code() == "UNKNOWN_FALLOUT"
    assert "OM ResolveFallout" not in desk.waits()
    desk.settled()
    assert [(one.suborder, one.to_state) for one in desk.of(SuborderStateChanged)][-1] == (SUBORDER, "inProgress")


@pytest.mark.criterion("X.4", "X.10")
def test_fallouts_of_two_services_under_one_name_are_two() -> None:
    desk = Desk().delivered().troubled(fallout="effect/x").troubled(fallout="effect/x", service="acceptance")
    desk.settled(fallout="effect/x")
    assert desk.state.subs[SUBORDER].state == "held"
    assert desk.settled(fallout="effect/x", service="acceptance").state.subs[SUBORDER].state == "inProgress"


@pytest.mark.criterion("X.4", "15.6")
def test_a_fallout_of_a_billing_group_holds_every_member() -> None:

    group = f"{PARENT}/G1"
    desk = Desk(sale(groups=(terms(SUBORDER, OTHER, group=group),))).delivered()
    desk.troubled(suborder=group, service="billing", billing_group=group)
    assert {one.state for one in desk.state.subs.values()} == {"held"}


@pytest.mark.criterion("X.4", "X.10")
def test_a_fallout_before_the_documents_are_valid_is_shown_and_changes_no_state() -> None:
    desk = Desk().claimed().troubled()
    assert desk.of(SuborderStateChanged) == []
    desk.attached("PROPUESTA_COMERCIAL", "RIESGO_CREDITICIO").validated()
    assert desk.state.subs[SUBORDER].state == "held"
    only_legal(desk)

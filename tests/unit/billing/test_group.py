from decimal import Decimal

import pytest

from shared.contracts.billing import BillingGroupOpened, BillingPhasesSet, SetBillingPhases
from shared.contracts.common import FalloutRaised
from shared.contracts.intake import OrderAmended, OrderClaimed, SuborderCancelled, SuborderFailed
from shared.contracts.shapes import Phase, Terms, Trigger
from tests.builders import OTHER, PARENT, SUBORDER, item, phase, terms
from tests.unit.billing.billing_group import OM, Group, account, freed, ready, signed, sold, validated

BY_PHASE = terms(mechanism="BY_PHASE", phases=())


dateless = Phase(no=1, name="Fecha", percent=Decimal("100.00"), trigger=Trigger(on="DATE"))


def agreed(*phases: Phase, clause: str = "4.2") -> SetBillingPhases:
    return SetBillingPhases(aggregate=SUBORDER, phases=phases, clause=clause)


def owned(group: Group) -> Group:
    return group.when(OrderClaimed(parent=PARENT, owner="om-1"))


def amended(*groups: object, version: int = 2) -> OrderAmended:
    return OrderAmended.model_validate(sold(*groups).model_dump() | {"version": version})  # type: ignore[arg-type]


@pytest.mark.criterion("15.2")
def test_each_site_is_a_group_of_its_own_unless_the_contract_groups_them() -> None:
    group = Group(sold(terms(SUBORDER), terms(OTHER)))
    opened = group.of(BillingGroupOpened)[0]
    assert (opened.members, opened.billing_group) == ((SUBORDER,), SUBORDER)
    assert [one.amount.amount for one in opened.amounts] == [Decimal("5200.00")]
    assert [one.suborder for one in group.state.order.suborders] == [SUBORDER]


@pytest.mark.criterion("15.2")
@pytest.mark.parametrize("own", [terms(SUBORDER), terms(SUBORDER, mechanism="OTHER", phases=())])
def test_nothing_is_suggested_where_the_sale_says_something_else(own: Terms) -> None:
    assert Group(sold(own)).state.suggested == ()


@pytest.mark.criterion("15.2")
def test_a_contracts_group_has_all_its_members_and_their_money() -> None:
    key = f"{PARENT}/G1"
    both = sold(terms(SUBORDER, OTHER, group=key), suborders={SUBORDER: (item(1, "10.00"),), OTHER: (item(2, "5.55"),)})
    opened = Group(both, group=key).of(BillingGroupOpened)[0]
    assert (opened.billing_group, opened.amounts[0].amount.amount) == (key, Decimal("15.55"))


@pytest.mark.criterion("15.2")
def test_a_total_without_a_list_is_one_phase_on_the_acceptance() -> None:
    opened = Group(sold(terms(phases=()))).of(BillingGroupOpened)[0]
    assert [(one.no, one.percent, one.trigger.on) for one in opened.phases] == [(1, Decimal("100.00"), "ACCEPTANCE")]
    assert [one.amount.amount for one in opened.amounts] == [Decimal("5200.00")]


@pytest.mark.criterion("15.2")
def test_by_phase_without_a_list_nothing_is_billed_until_the_owner_sets_the_phases() -> None:
    group = owned(Group(sold(BY_PHASE), validated(), freed(SUBORDER, BY_PHASE), account(), signed()))
    assert "BillingRequested" not in group.names()
    (wait,) = group.decider.waiting(group.state)
    assert wait.cleared_by == ("SetBillingPhases",)
    assert wait.what == (
        "Definir las fases de facturación del contrato (sugerencia: 1 Entrega, 70.00 %, al aceptar el servicio; "
        "2 Cierre, 30.00 %, al aceptar todas las sedes)"
    )
    group.when(agreed(phase(1, "70.00"), phase(2, "30.00", "ALL_SITES_ACCEPTED")), OM)
    assert [one.amount.amount for one in group.of(BillingPhasesSet)[0].amounts] == [Decimal("3640.00"), Decimal("1560.00")]
    assert "BillingRequested" in group.names()  # what was due already
    assert group.request.phase.no == 1


@pytest.mark.criterion("15.2")
@pytest.mark.parametrize(
    ("command", "code"),
    [
        (agreed(phase(1, "70.00"), phase(2, "29.99")), "PHASES_NOT_100"),
        (agreed(), "PHASES_NOT_100"),
        (agreed(phase(1, "100.00"), clause=" "), "REASON_REQUIRED"),
        (agreed(phase(1, "100.00", "SERVICE_BILLED")), "INVALID_FIELDS"),  # comes after billing
        (agreed(phase(2, "100.00")), "INVALID_FIELDS"),
        (agreed(phase(1, "100.00"), phase(2, "0.00")), "INVALID_FIELDS"),
        (agreed(dateless), "INVALID_FIELDS"),
    ],
)
def test_phases_sum_to_a_hundred_name_their_clause_and_a_trigger_that_can_come(command: SetBillingPhases, code: str) -> None:
    group = owned(Group(sold(BY_PHASE)))
    assert group.when(command, OM).code() == code


@pytest.mark.criterion("15.2")
def test_a_phase_keeps_its_own_clause_and_has_the_agreements_where_it_has_none() -> None:
    group = owned(Group(sold(BY_PHASE)))
    group.when(agreed(phase(1, "70.00"), phase(2, "30.00").model_copy(update={"clause": None}), clause="anexo B"), OM)
    assert [one.clause for one in group.of(BillingPhasesSet)[0].phases] == ["4.2", "anexo B"]


@pytest.mark.criterion("15.2")
def test_phases_of_the_sale_are_agreed() -> None:
    assert owned(Group(sold())).when(agreed(phase(1, "100.00")), OM).code() == "PHASES_ALREADY_AGREED"


@pytest.mark.criterion("1.3", "X.2")
def test_an_amendment_replaces_the_group_and_phases_of_the_owner_stay() -> None:
    group = owned(Group(sold(BY_PHASE))).when(agreed(phase(1, "50.00"), phase(2, "50.00")), OM)
    corrected = sold(BY_PHASE, suborders={SUBORDER: (item(1, "300.00"),)}).model_dump() | {"version": 2}
    group.when(OrderAmended.model_validate(corrected))
    assert [one.amount.amount for one in group.state.in_order] == [Decimal("150.00"), Decimal("150.00")]
    assert group.when(sold()).names() == ["FactKept"]  # the first version again


@pytest.mark.criterion("1.3")
def test_a_group_that_an_amendment_no_longer_names_stops() -> None:
    group = Group(sold()).when(amended(terms(OTHER)))
    assert group.names() == ["WorkStopped"]
    assert group.decider.waiting(group.state) == ()


@pytest.mark.criterion("X.3")
@pytest.mark.parametrize("leaves", [SuborderCancelled, SuborderFailed])
def test_the_last_member_that_leaves_stops_the_group(leaves: type[SuborderCancelled | SuborderFailed]) -> None:
    key = f"{PARENT}/G1"
    group = Group(sold(terms(SUBORDER, OTHER, group=key)), group=key)
    for one, names in ((SUBORDER, ["FactKept"]), (OTHER, ["FactKept", "WorkStopped"])):
        assert group.when(leaves(parent=PARENT, suborder=one, billing_group=key, reason="Desiste")).names() == names


@pytest.mark.criterion("X.3")
def test_a_failure_that_crosses_a_request_leaves_it_and_becomes_a_task() -> None:
    group = ready(signed()).when(SuborderFailed(parent=PARENT, suborder=SUBORDER, billing_group=SUBORDER, reason="Sin obra"))
    assert group.names() == ["FactKept", "FalloutRaised", "WorkStopped"]
    raised = group.of(FalloutRaised)[0]
    assert (raised.fallout_class, raised.queue) == ("FAILED_AFTER_REQUEST", "OM")


@pytest.mark.criterion("15.1", "X.3")
def test_a_member_that_leaves_takes_only_its_own_money_along() -> None:
    key = f"{PARENT}/G1"
    pair = terms(SUBORDER, OTHER, group=key)
    order = sold(pair, suborders={SUBORDER: (item(1, "10.00"),), OTHER: (item(2, "5.55"),)})
    group = Group(order, validated(), freed(SUBORDER, pair), freed(OTHER, pair), account(key), signed(SUBORDER, key), group=key)
    assert group.state.phases["1"].stage == "WAITING"
    group.when(SuborderFailed(parent=PARENT, suborder=OTHER, billing_group=key, reason="Sin obra"))
    assert group.request.phase.amount.amount == Decimal("10.00")
    assert [one.suborder for one in group.request.suborders] == [SUBORDER]

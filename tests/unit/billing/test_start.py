from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.contracts.acceptance import AcceptanceClockResumed, RejectionUpheld
from shared.contracts.billing import (
    BillingBlocked,
    BillingDeferred,
    BillingPhaseReleased,
    BillingRequested,
    BillingRuleEvaluated,
)
from shared.contracts.common import FalloutRaised
from shared.contracts.intake import AllSitesAccepted
from shared.contracts.shapes import Terms
from tests.builders import CREATED, PARENT, SUBORDER, item, passed_tests, phase, terms
from tests.unit.billing.billing_group import Group, account, built, freed, ready, rejected, signed, sold, validated


def phased(*phases: Any, **changes: Any) -> Terms:
    return terms(mechanism="BY_PHASE", phases=phases, **changes)


def group_of(own: Terms, *items: Any) -> Group:
    order = sold(own, suborders={SUBORDER: items or (item(),)})
    return Group(order, validated(), freed(SUBORDER, own, *items), account())


def starts(group: Group) -> list[tuple[str, str, date | None]]:
    return [(one.rule, one.row, one.date) for one in group.of(BillingRuleEvaluated)]


@pytest.mark.criterion("15.3")
@pytest.mark.parametrize(
    ("begins", "row", "rule"),
    [
        (None, "B-01", "IMMEDIATE"),
        ("2026-11-30", "B-01", "IMMEDIATE"),  # today
        ("2026-12-01", "B-02", "WAIT_DATE"),
    ],
)
def test_a_total_is_billed_now_or_from_the_start_of_the_contract(begins: str | None, row: str, rule: str) -> None:
    group = group_of(terms(contract_start=begins)).when(signed())
    assert starts(group) == [(rule, row, date(2026, 12, 1) if rule == "WAIT_DATE" else None)]
    assert [one.rules for one in group.of(BillingRuleEvaluated)] == [{"BR018": "2026-09-01"}]
    assert len(group.of(BillingRequested)) == (1 if rule == "IMMEDIATE" else 0)


@pytest.mark.criterion("15.3")
def test_a_wait_for_a_date_ends_at_the_start_of_its_local_day() -> None:
    group = group_of(terms(contract_start="2026-12-15")).when(signed())
    (waits,) = group.of(BillingDeferred)
    assert (waits.date, waits.row, waits.rules) == (date(2026, 12, 15), "B-02", {"BR018": "2026-09-01"})
    midnight = datetime(2026, 12, 15, 4, 0, tzinfo=UTC)  # in La Paz
    assert group.decider.deadlines(group.state, group.calendar) == {"billing_date": midnight}
    group.until(midnight)
    assert group.names()[:2] == ["BillingPhaseReleased", "BillingRequested"]
    assert group.request.billing_start == date(2026, 12, 15)


@pytest.mark.criterion("15.3")
def test_mixed_lines_take_the_latest_start() -> None:
    cloud = item(2, line="AWS_ADMINISTRADO", product_code="AWS-ADM", family="CLOUD", charge="USAGE")
    group = group_of(terms(contract_start="2027-02-10"), item(), cloud).when(signed())
    assert starts(group) == [("WAIT_DATE", "B-02", date(2027, 2, 10))]
    group = group_of(terms(), item(), cloud).when(signed())
    assert starts(group) == [("WAIT_DATE", "B-03", date(2026, 12, 1))]


@pytest.mark.criterion("15.3")
def test_a_charge_beside_a_service_does_not_decide_when_it_is_billed_and_alone_it_does() -> None:
    cloud = item(1, line="AWS_ADMINISTRADO", product_code="AWS-ADM", family="CLOUD", charge="USAGE")
    charge = item(2, line="SDWAN", product_code="SDWAN-INST", family="SMART_CONNECTIVITY", charge="ONE_TIME", charge_only=True)
    own = terms(contract_start="2027-02-10")
    assert starts(group_of(own, cloud, charge).when(signed())) == [("WAIT_DATE", "B-03", date(2026, 12, 1))]
    assert starts(group_of(own, charge).when(signed())) == [("WAIT_DATE", "B-02", date(2027, 2, 10))]


@pytest.mark.criterion("15.3")
def test_nothing_is_asked_of_a_group_with_a_member_that_is_not_released() -> None:
    own = phased(phase(1, "100.00", day=date(2026, 11, 24)), pre_acceptance_agreed=True)
    group = Group(sold(own), validated(), account(), signed())
    assert (starts(group), group.decider.deadlines(group.state, group.calendar)) == ([], {})


@pytest.mark.criterion("15.3", "X.4")
def test_a_line_without_a_row_is_a_fallout_once_and_never_a_guess() -> None:
    group = group_of(terms(), item(line="INTERNET_DEDICADO")).hears([signed(), account()])
    assert (starts(group), group.of(BillingRequested)) == ([], [])
    assert [(one.fallout_class, one.queue) for one in group.of(FalloutRaised)] == [("NO_RULE_ROW", "OM")]


@pytest.mark.criterion("14.9", "15.2", "15.3")
def test_each_phase_waits_for_its_own_trigger() -> None:
    own = phased(phase(1, "70.00"), phase(2, "30.00", "ALL_SITES_ACCEPTED"))
    group = group_of(own).when(signed())
    assert [one.phase.no for one in group.of(BillingRequested)] == [1]
    assert group.of(BillingDeferred)[0].activity == "ALL_SITES_ACCEPTED"
    assert group.state.stages == {"REQUESTED", "DEFERRED"}
    group.when(AllSitesAccepted(parent=PARENT, suborders=(SUBORDER,)))
    assert [one.phase.no for one in group.of(BillingRequested)] == [1, 2]


@pytest.mark.criterion("15.3")
def test_a_trigger_that_came_before_the_evidence_does_not_wait() -> None:
    own = phased(phase(1, "100.00", "ALL_SITES_ACCEPTED"))
    group = group_of(own).hears([AllSitesAccepted(parent=PARENT, suborders=(SUBORDER,)), signed()])
    assert group.of(BillingDeferred) == []
    assert len(group.of(BillingRequested)) == 1


@pytest.mark.criterion("15.1")
def test_an_agreed_phase_before_acceptance_is_marked_and_names_what_triggered_it() -> None:
    own = phased(phase(1, "40.00", "NETWORK_BUILT"), phase(2, "60.00"), pre_acceptance_agreed=True)
    group = group_of(own).when(built())
    asked = group.request
    assert (asked.phase.pre_acceptance, asked.basis, asked.clause) == (True, (), "4.2")
    assert asked.triggered_by == (f"test/{SUBORDER}/5",)
    assert [one.phase.no for one in group.when(signed()).of(BillingRequested)] == [1, 2]


@pytest.mark.criterion("15.1")
def test_a_phase_before_acceptance_that_is_not_agreed_is_blocked_until_the_acceptance() -> None:
    own = phased(phase(1, "40.00", "NETWORK_BUILT"), phase(2, "60.00"))
    group = group_of(own).when(built())
    assert group.of(BillingBlocked)[0].missing == ("PRE_ACCEPTANCE_NOT_AGREED",)
    assert group.state.stages == {"BLOCKED", "WAITING"}
    assert [one.phase.no for one in group.when(signed()).of(BillingRequested)] == [1, 2]
    assert not group.request.phase.pre_acceptance


@pytest.mark.criterion("15.1", "15.3")
def test_a_date_before_the_acceptance_bills_only_where_the_contract_says_so() -> None:
    dated = phase(1, "100.00", day=date(2026, 12, 2))
    eve = datetime(2026, 12, 2, 3, 59, tzinfo=UTC)
    for terms_of in (phased(dated), phased(dated, pre_acceptance_agreed=True)):
        assert (group_of(terms_of).until(eve).of(BillingRequested), group_of(terms_of).until(eve).of(BillingBlocked)) == ([], [])
    agreed = group_of(phased(dated, pre_acceptance_agreed=True)).until(datetime(2026, 12, 2, 4, 0, tzinfo=UTC))
    assert agreed.request.phase.pre_acceptance
    silent = group_of(phased(dated)).until(datetime(2026, 12, 20, 4, 0, tzinfo=UTC))
    assert (silent.of(BillingRequested), len(silent.of(BillingBlocked))) == ([], 1)
    assert silent.when(signed()).request.billing_start == date(2026, 12, 20)


@pytest.mark.criterion("15.1", "15.3")
def test_the_day_of_a_phase_comes_when_its_rejection_is_settled_and_not_before() -> None:
    own = phased(phase(1, "100.00", day=date(2026, 12, 2)), pre_acceptance_agreed=True)
    group = group_of(own).when(rejected()).until(datetime(2026, 12, 4, 4, 0, tzinfo=UTC))
    assert group.decider.deadlines(group.state, group.calendar) == {}
    resumed = AcceptanceClockResumed(
        parent=PARENT, suborder=SUBORDER, billing_group=SUBORDER, deadline=CREATED, slots=(), why="x"
    )
    assert group.when(resumed).request.phase.pre_acceptance


@pytest.mark.criterion("14.7")
def test_tests_that_a_rejection_voided_trigger_nothing() -> None:
    own = phased(phase(1, "100.00", "TESTS_PASSED"), pre_acceptance_agreed=True)
    void = RejectionUpheld(
        parent=PARENT, suborder=SUBORDER, billing_group=SUBORDER, rejection_id="r", items=("FA-02",), cause="LOGICAL", target="x"
    )
    group = group_of(own).hears([void, passed_tests(1)])
    assert group.of(BillingPhaseReleased) == []
    assert len(group.when(passed_tests(2)).of(BillingRequested)) == 1


@pytest.mark.criterion("15.3")
def test_the_rule_is_asked_once_per_phase() -> None:
    assert len(ready(signed()).hears([signed(), account()]).of(BillingRuleEvaluated)) == 1

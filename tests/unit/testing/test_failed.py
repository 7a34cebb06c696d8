from datetime import UTC, datetime, timedelta

import pytest

from shared.contracts.acceptance import RejectionUpheld
from shared.contracts.common import TaskEscalated
from shared.contracts.intake import OrderHeld, OrderResumed
from shared.contracts.shapes import Run
from shared.contracts.testing import (
    CustomerTestsStarted,
    EndToEndTestsStarted,
    InternalTestsStarted,
    RetestOpened,
    ReworkRequested,
    TestsFailed,
    TestsPassed,
    TestsReopened,
)
from tests.builders import PARENT, SUBORDER
from tests.given import MONDAY
from tests.products import FIREWALL, ficha, sold
from tests.unit.testing.trial import TICKET, Trial


@pytest.mark.criterion("13.5")
@pytest.mark.parametrize(
    ("cause", "steps"),
    [
        ("NETWORK", ("NETWORK",)),
        ("LOGICAL", ("LOGICAL",)),
        ("EQUIPMENT", ("EQUIPMENT", "VISIT")),
        ("PROVISIONING", ("METHOD",)),
    ],
)
def test_the_cause_of_a_failure_names_the_steps_that_are_done_again(cause: str, steps: tuple[str, ...]) -> None:
    trial = Trial().run("INTERNAL", "SD-03", cause=cause)
    assert trial.names() == [
        "InternalTestsFailed",
        "TestsFailed",
        "NotificationRequested",
        "ReworkRequested",
    ]
    (asked,) = trial.of(ReworkRequested)
    assert (asked.steps, asked.items, asked.rules) == (steps, ("SD-03",), {"CAUSES": "2026-09-01"})
    assert (asked.rework_id, asked.cause, asked.limit_days) == (f"{SUBORDER}/rework/1/1", cause, 5)
    assert trial.state.stage == "REWORK"
    assert trial.waits() == {"INGENIERO_B2B ReworkCompleted"}


@pytest.mark.criterion("13.5")
def test_after_rework_the_failed_items_and_those_that_prove_the_step_run_again_and_other_passes_stay() -> None:
    trial = Trial().run("INTERNAL", "SD-04", cause="NETWORK").reworked()
    (retest,) = trial.of(RetestOpened)
    assert (retest.run, retest.attempt, retest.items) == ("INTERNAL", 2, ("SD-01", "SD-02", "SD-04"))
    assert [(one.item, one.attempt) for one in retest.kept] == [("SD-03", 1)]
    assert trial.waits() == {"INGENIERO_B2B StartInternalTests"}
    trial.internal().scheduled().informed().begins().run("CUSTOMER").run("E2E")
    (passed,) = trial.of(TestsPassed)
    attempts = {one.item: one.attempt for one in passed.results if one.run == "INTERNAL"}
    assert attempts == {"SD-01": 2, "SD-02": 2, "SD-03": 1, "SD-04": 2}
    assert [one.attempt for one in trial.of(InternalTestsStarted)] == [1, 2]
    assert passed.circuit_id == "BO-SCZ-FWAAS-000812", "a rework that made no circuit leaves the one that is there"


@pytest.mark.criterion("13.5")
def test_a_rework_that_is_not_the_one_asked_for_changes_nothing() -> None:
    trial = Trial().run("INTERNAL", "SD-04", cause="LOGICAL")
    other = trial.of(ReworkRequested)[0].model_copy(update={"rework_id": "otro"})
    trial.facts.append(other)
    assert trial.reworked().of(RetestOpened) == []


@pytest.mark.criterion("13.5")
def test_a_failure_on_the_customers_side_needs_a_new_date_and_no_rework() -> None:
    trial = Trial().with_customer().run("CUSTOMER", "SD-01", cause="CUSTOMER_SIDE")
    assert trial.of(ReworkRequested) == []
    assert [(one.run, one.attempt, one.items) for one in trial.of(RetestOpened)] == [("CUSTOMER", 2, ("SD-01",))]
    assert trial.waits() == {"OM AgreeTestDate"}
    trial.scheduled().informed().begins()
    assert [(one.session, one.attempt) for one in trial.of(CustomerTestsStarted)] == [(1, 1), (2, 2)]
    assert len(trial.run("CUSTOMER").run("E2E").of(TestsPassed)) == 1


@pytest.mark.criterion("10.2", "13.5")
def test_an_internal_run_that_failed_on_the_customers_side_is_repeated_before_a_date_is_agreed() -> None:
    trial = Trial().run("INTERNAL", "SD-02", cause="CUSTOMER_SIDE")
    assert (trial.of(RetestOpened)[0].run, trial.state.stage) == ("INTERNAL", "INTERNAL")


@pytest.mark.criterion("13.5")
def test_tests_with_the_customer_that_prove_nothing_reworked_stand_and_are_not_run_again() -> None:
    managed = ficha(sold("FIREWALL_GESTIONADO"), traits=FIREWALL, regional_ticket=TICKET)
    trial = Trial(managed).with_customer().run("CUSTOMER").run("E2E", "FW-05", cause="EQUIPMENT").reworked()
    assert [(one.run, one.items) for one in trial.of(RetestOpened)] == [("INTERNAL", ("FW-01", "FW-05"))]
    trial.internal()
    assert trial.names() == ["InternalTestsPassed", "EndToEndTestsStarted"]
    assert len(trial.of(CustomerTestsStarted)) == 1


@pytest.mark.criterion("13.5")
def test_a_failed_item_that_is_not_mandatory_is_no_pass_that_stays() -> None:
    trial = Trial().with_customer().run("CUSTOMER", "SD-05").run("E2E", "SD-06", cause="TEST_SETUP")
    assert "SD-05" not in {one.item for one in trial.of(RetestOpened)[0].kept}


@pytest.mark.criterion("13.5")
@pytest.mark.parametrize("run", ["INTERNAL", "CUSTOMER", "E2E"])
def test_a_wrong_set_up_repeats_the_run_at_once(run: Run) -> None:
    trial = Trial()
    if run != "INTERNAL":
        trial.with_customer()
    if run == "E2E":
        trial.run("CUSTOMER")
    failing = trial.state.of_run(run)[0].item
    trial.run(run, failing, cause="TEST_SETUP")
    assert trial.state.stage == run
    assert trial.state.attempt(run) == 2
    assert trial.state.result(run, failing) is None


@pytest.mark.criterion("13.5")
def test_a_failed_end_to_end_run_voids_itself_only() -> None:
    trial = Trial().with_customer().run("CUSTOMER").run("E2E", "SD-06", cause="TEST_SETUP").run("E2E")
    (passed,) = trial.of(TestsPassed)
    assert {(one.run, one.attempt) for one in passed.results} == {("INTERNAL", 1), ("CUSTOMER", 1), ("E2E", 2)}


@pytest.mark.criterion("13.5")
def test_a_failed_end_to_end_run_on_the_customers_side_gets_a_new_date_and_the_customers_tests_stand() -> None:
    trial = Trial().with_customer().run("CUSTOMER").run("E2E", "SD-06", cause="CUSTOMER_SIDE")
    assert trial.waits() == {"OM AgreeTestDate"}
    assert trial.scheduled().informed().begins().state.stage == "E2E"
    assert [one.attempt for one in trial.of(EndToEndTestsStarted)] == [1, 2]
    assert len(trial.run("E2E").of(TestsPassed)) == 1


@pytest.mark.criterion("13.5")
def test_a_cause_that_says_more_opens_the_earlier_runs_too() -> None:
    trial = Trial().with_customer().run("CUSTOMER").run("E2E", "SD-06", cause="PROVISIONING").reworked()
    (retest,) = trial.of(RetestOpened)
    assert (retest.run, retest.items) == ("INTERNAL", ("SD-03", "SD-04", "SD-06"))
    trial.internal().scheduled().informed().begins().run("CUSTOMER").run("E2E")
    (passed,) = trial.of(TestsPassed)
    assert {(one.run, one.item) for one in passed.results if one.attempt == 2} == {
        ("INTERNAL", "SD-03"),
        ("INTERNAL", "SD-04"),
        ("CUSTOMER", "SD-04"),
        ("E2E", "SD-06"),
    }


@pytest.mark.criterion("13.5")
def test_the_ec_is_told_once_per_failure_and_the_gi_from_the_third_on() -> None:
    trial = Trial()
    for _ in range(4):
        trial.run("INTERNAL", "SD-02", cause="TEST_SETUP")
    mails = trial.mails("PRUEBA_FALLIDA")
    assert [[one.ref for one in (*mail.to, *mail.cc)] for mail in mails] == [
        ["ec-1", "om-1"],
        ["ec-1", "om-1"],
        ["ec-1", "om-1", "gi-1"],
        ["ec-1", "om-1", "gi-1"],
    ]
    told = {"corrida": "INTERNAL", "items": "SD-02", "causa": "preparación de la prueba", "falla": "4"}
    assert told.items() <= mails[-1].values.items()
    assert [one.failure_no for one in trial.of(TestsFailed)] == [1, 2, 3, 4]
    assert [one.attempt for one in trial.of(TestsFailed)] == [1, 2, 3, 4]
    assert [one.to for one in trial.of(TaskEscalated)] == ["GI"]
    assert [one.ref for one in trial.mails("ESCALAMIENTO")[0].to] == ["gi-1"]


FRIDAY = datetime(2026, 12, 4, 20, 0, tzinfo=UTC)
LIMIT = datetime(2026, 12, 11, 20, 0, tzinfo=UTC)


def in_rework() -> Trial:
    return Trial().until(FRIDAY).run("INTERNAL", "SD-02", cause="NETWORK")


@pytest.mark.criterion("13.5")
def test_five_business_days_of_rework_go_to_the_gi_once() -> None:
    trial = in_rework().until(LIMIT - timedelta(seconds=1))
    assert trial.of(TaskEscalated) == []
    assert [(one.to, one.level) for one in trial.until(LIMIT + timedelta(days=30)).of(TaskEscalated)] == [("GI", 1)]
    assert len(trial.mails("ESCALAMIENTO")) == 1


@pytest.mark.criterion("13.5")
def test_a_rework_that_is_done_has_no_limit_any_more() -> None:
    assert in_rework().reworked().until(LIMIT + timedelta(days=30)).of(TaskEscalated) == []


@pytest.mark.criterion("13.5", "X.1")
def test_a_hold_does_not_count_as_rework() -> None:
    trial = in_rework()
    trial.when(OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Obra civil"), at=FRIDAY + timedelta(hours=1))
    trial.when(OrderResumed(parent=PARENT, suborders=(SUBORDER,), reason="Listo"), at=FRIDAY + timedelta(days=3, hours=1))
    assert trial.until(LIMIT + timedelta(days=3) - timedelta(seconds=1)).of(TaskEscalated) == []
    assert len(trial.until(LIMIT + timedelta(days=3)).of(TaskEscalated)) == 1


def upheld(*items: str, cause: str = "LOGICAL", target: str = "BY_CAUSE") -> RejectionUpheld:
    rejection = f"{SUBORDER}/rejections/1"
    return RejectionUpheld(parent=PARENT, suborder=SUBORDER, rejection_id=rejection, items=items, cause=cause, target=target)


@pytest.mark.criterion("14.7", "13.4", "13.2")
def test_an_upheld_rejection_reopens_the_tests_and_they_pass_once_more_as_the_next_series() -> None:
    trial = Trial().passed().when(upheld("SD-04"))
    assert trial.names() == ["FactKept", "TestsReopened", "ReworkRequested"]
    assert [(one.series, one.cause) for one in trial.of(TestsReopened)] == [(2, "LOGICAL")]
    trial.reworked().internal().scheduled().informed().begins().run("CUSTOMER")
    assert len(trial.of(TestsPassed)) == 1
    trial.run("E2E")
    assert [one.series for one in trial.of(TestsPassed)] == [1, 2]
    assert [one.attempt for one in trial.of(EndToEndTestsStarted)] == [1, 2]
    assert len(trial.mails("SERVICIO_ENTREGADO")) == 1


@pytest.mark.criterion("14.7")
def test_an_upheld_rejection_without_rework_tests_its_items_again() -> None:
    trial = Trial().passed().when(upheld("SD-06", cause="TEST_SETUP"))
    assert trial.names() == ["FactKept", "TestsReopened", "RetestOpened"]
    assert [one.series for one in trial.run("E2E").of(TestsPassed)] == [1, 2]


@pytest.mark.criterion("14.7")
def test_the_operator_may_send_every_upheld_rejection_to_one_activity() -> None:
    trial = Trial().passed().when(upheld("SD-04", target="9"))
    assert [one.steps for one in trial.of(ReworkRequested)] == [("METHOD",)]


@pytest.mark.criterion("13.4", "X.8")
def test_what_is_told_twice_after_the_end_changes_nothing() -> None:
    trial = Trial().passed()
    assert trial.now == MONDAY
    assert trial.run("E2E").code == "WRONG_STAGE"
    assert len(trial.of(TestsPassed)) == 1

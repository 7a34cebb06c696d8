from typing import Any

import pytest

from shared.contracts.testing import (
    AgreeTestDate,
    AtpResultsRecorded,
    CloseTestRun,
    CustomerTestsPassed,
    EndToEndTestsPassed,
    EndToEndTestsStarted,
    InternalTestsFailed,
    InternalTestsPassed,
    InternalTestsStarted,
    RecordAtpResults,
    StartCustomerTests,
    StartInternalTests,
    TestResult,
    TestsPassed,
)
from tests.builders import PARENT, SUBORDER, doc
from tests.given import MONDAY
from tests.unit.testing.trial import ENGINEER, OWNER, Trial

EVIDENCE = doc("EVIDENCIA_ATP")


def recorded(*results: TestResult) -> Trial:
    return Trial().when(RecordAtpResults(aggregate=SUBORDER, run="INTERNAL", results=results), ENGINEER)


@pytest.mark.criterion("10.1")
def test_the_engineer_begins_once() -> None:
    trial = Trial().when(StartInternalTests(aggregate=SUBORDER), ENGINEER).when(StartInternalTests(aggregate=SUBORDER), ENGINEER)
    assert [one.attempt for one in trial.of(InternalTestsStarted)] == [1]
    assert trial.waits() == {"INGENIERO_B2B CloseTestRun"}


@pytest.mark.criterion("10.1")
def test_who_records_has_begun() -> None:
    trial = recorded(TestResult(item="SD-01", outcome="FAIL"))
    assert trial.names() == ["InternalTestsStarted", "AtpResultsRecorded"]


@pytest.mark.criterion("10.3", "12.1")
@pytest.mark.parametrize(
    ("result", "code"),
    [
        ({"item": "FW-01", "outcome": "PASS", "evidence": EVIDENCE}, "UNKNOWN_ATP_ITEM"),
        ({"item": "SD-06", "outcome": "PASS", "evidence": EVIDENCE}, "UNKNOWN_ATP_ITEM"),  # not in this run
        ({"item": "SD-01", "outcome": "PASS"}, "EVIDENCE_REQUIRED"),
        ({"item": "SD-01", "outcome": "FAIL"}, None),
        ({"item": "SD-01", "outcome": "PASS", "evidence": EVIDENCE}, None),
    ],
)
def test_a_mandatory_item_passes_only_with_its_evidence(result: Any, code: str | None) -> None:
    trial = recorded(TestResult.model_validate(result))
    assert trial.code == code
    assert len(trial.of(AtpResultsRecorded)) == (code is None)


@pytest.mark.criterion("10.2", "12.1")
def test_results_are_recorded_and_closed_only_of_the_run_that_is_on() -> None:
    trial = Trial().when(RecordAtpResults(aggregate=SUBORDER, run="CUSTOMER", results=()), OWNER)
    assert trial.code == "WRONG_STAGE"
    assert trial.closes("CUSTOMER").code == "WRONG_STAGE"


@pytest.mark.criterion("10.2", "13.1")
def test_a_run_with_results_missing_is_not_closed() -> None:
    trial = recorded(TestResult(item="SD-01", outcome="PASS", evidence=EVIDENCE)).closes("INTERNAL")
    assert trial.code == "RESULTS_INCOMPLETE"


@pytest.mark.criterion("12.1", "13.5")
@pytest.mark.parametrize(
    ("outcome", "cause", "code"),
    [("FAIL", None, "CAUSE_REQUIRED"), ("NOT_RUN", None, "RESULTS_INCOMPLETE"), ("NOT_RUN", "CUSTOMER_SIDE", None)],
)
def test_an_item_that_did_not_pass_fails_the_run_for_a_named_cause(outcome: Any, cause: str | None, code: str | None) -> None:
    trial = Trial()
    results = tuple(
        TestResult(item=one.item, outcome=outcome if one.item == "SD-02" else "PASS", evidence=EVIDENCE)
        for one in trial.state.of_run("INTERNAL")
    )
    trial.when(RecordAtpResults(aggregate=SUBORDER, run="INTERNAL", results=results), ENGINEER).closes("INTERNAL", cause)
    assert trial.code == code
    assert [one.items for one in trial.of(InternalTestsFailed)] == ([("SD-02",)] if code is None else [])


@pytest.mark.criterion("10.2", "11.1")
def test_nothing_is_agreed_or_started_with_the_customer_before_the_internal_tests_passed() -> None:
    trial = Trial()
    for command in (
        AgreeTestDate(aggregate=SUBORDER, date=MONDAY, channel="CALL", person=f"{PARENT}:tecnico"),
        StartCustomerTests(aggregate=SUBORDER),
    ):
        assert trial.when(command, OWNER).code == "INTERNAL_TESTS_PENDING"
    trial.internal()
    assert [one.attempt for one in trial.of(InternalTestsPassed)] == [1]
    assert trial.waits() == {"OM AgreeTestDate"}


@pytest.mark.criterion("13.1", "13.2", "13.4")
def test_customer_tests_open_the_end_to_end_run_and_the_last_pass_tells_the_ec_once() -> None:
    trial = Trial().with_customer()
    assert trial.mails("SERVICIO_ENTREGADO") == []
    trial.run("CUSTOMER")
    assert trial.names() == ["CustomerTestsPassed", "EndToEndTestsStarted"]
    assert trial.waits() == {"OM CloseTestRun"}
    trial.run("E2E")
    assert trial.names() == ["EndToEndTestsPassed", "NotificationRequested", "TestsPassed"]
    (mail,) = trial.mails("SERVICIO_ENTREGADO")
    assert [one.ref for one in (*mail.to, *mail.cc)] == ["ec-1", "om-1"]
    assert len(trial.of(EndToEndTestsStarted)) == len(trial.of(CustomerTestsPassed)) == len(trial.of(EndToEndTestsPassed)) == 1


@pytest.mark.criterion("13.1")
def test_the_end_to_end_run_is_closed_by_the_owner() -> None:
    trial = Trial().with_customer().run("CUSTOMER")
    assert trial.when(CloseTestRun(aggregate=SUBORDER, run="E2E"), ENGINEER).code == "ROLE_NOT_ALLOWED"


@pytest.mark.criterion("13.4", "14.1")
def test_the_result_says_what_was_tested_when_how_and_on_which_service() -> None:
    (passed,) = Trial().passed().of(TestsPassed)
    assert (passed.series, passed.atps, passed.mode) == (1, ("ATP-SDWAN-v4",), "ONLINE")
    assert {(one.run, one.item) for one in passed.results} >= {("INTERNAL", "SD-01"), ("CUSTOMER", "SD-01"), ("E2E", "SD-06")}
    assert all(one.evidence_sha256 for one in passed.results)
    assert {one.value for one in passed.results} == {"conforme"}
    assert (passed.regional_ticket, passed.circuit_id) == ("RITM0045127", "BO-SCZ-FWAAS-000812")
    assert passed.internal_at <= passed.customer_at <= passed.e2e_at
    assert [one.service_id for one in passed.services] == ["BO-It001A"]

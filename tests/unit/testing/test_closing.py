from typing import Any

import pytest

from shared.contracts.common import FalloutRaised, FalloutResolved, RegionalTicketOpened, RegionalTicketRequested, ResolveFallout
from shared.contracts.testing import (
    CloseRegionalTicket,
    DigitalDeliveryKitReceived,
    RecordDeliveryKit,
    RecordRegionalTicket,
    RegionalTicketClosed,
    TestsPassed,
)
from tests.builders import SUBORDER, doc
from tests.products import AWS, FIREWALL, ficha, sold
from tests.unit.testing.test_information import SEND, not_sent
from tests.unit.testing.trial import OWNER, REGIONAL, SUPERVISOR, TICKET, Trial

KIT = RecordDeliveryKit(aggregate=SUBORDER, kit=doc("DIGITAL_DELIVERY_KIT"), ticket=TICKET)


def firewall() -> Trial:
    return Trial(ficha(sold("FIREWALL_GESTIONADO"), traits=FIREWALL, regional_ticket=TICKET))


def closes(outcome: Any, ticket: str = TICKET) -> CloseRegionalTicket:
    return CloseRegionalTicket(aggregate=SUBORDER, ticket=ticket, outcome=outcome)


@pytest.mark.criterion("12.2")
def test_an_open_ticket_of_the_start_of_provisioning_is_used_again() -> None:
    trial = Trial().passed()
    assert trial.of(RegionalTicketRequested) == []
    assert trial.of(TestsPassed)[0].regional_ticket == TICKET


@pytest.mark.criterion("12.2")
def test_without_a_ticket_servicenow_is_asked_once_before_the_tests() -> None:
    trial = Trial(ficha())
    assert trial.of(RegionalTicketRequested) == []
    trial.internal().dated().proposed()
    (asked,) = trial.of(RegionalTicketRequested)
    assert (asked.purpose, asked.answer_to, asked.order_number) == ("TESTS", "o2c.testing.commands.v1", "00012345")
    assert (asked.request_id, asked.product_codes) == (f"{SUBORDER}/ticket/1", ("SDWAN",))
    trial.ticket(" RITM0099001 ")
    assert [(one.request_id, one.ticket) for one in trial.of(RegionalTicketOpened)] == [(asked.request_id, "RITM0099001")]
    assert trial.ticket("ritm0099001").last == []
    assert len(trial.of(RegionalTicketRequested)) == 1


@pytest.mark.criterion("12.2")
def test_the_operator_may_want_a_new_ticket_for_the_tests() -> None:
    trial = Trial()
    trial.policy = type(trial.policy)({**trial.policy.values, "regional_ticket": ((trial.now.date(), "ALWAYS_NEW"),)})
    trial.internal().scheduled().informed()
    assert len(trial.of(RegionalTicketRequested)) == 1
    assert trial.begins().code == "REGIONAL_TICKET_MISSING"
    assert trial.ticket("RITM0099001").begins().refusal is None


@pytest.mark.criterion("12.2")
def test_a_ticket_that_was_closed_before_the_tests_is_asked_for_anew() -> None:
    trial = Trial(ficha()).internal().ticket().when(closes("CANCELLED"), REGIONAL)
    assert [one.request_id for one in trial.of(RegionalTicketRequested)] == [f"{SUBORDER}/ticket/1", f"{SUBORDER}/ticket/2"]
    assert trial.scheduled().informed().begins().code == "REGIONAL_TICKET_MISSING"
    assert trial.ticket("RITM0099001").begins().refusal is None


@pytest.mark.criterion("12.2")
def test_a_product_without_regional_has_no_ticket() -> None:
    cloud = ficha(sold("NUBE_PRIVADA", scenario="ALTA_SIN_ENLACE"), traits=AWS)
    trial = Trial(cloud).internal().when(RecordRegionalTicket(aggregate=SUBORDER, ticket=TICKET), REGIONAL)
    assert trial.code == "REGIONAL_NOT_EXPECTED"
    assert trial.of(RegionalTicketRequested) == []


@pytest.mark.criterion("13.3", "13.4")
@pytest.mark.parametrize("kit_first", [True, False])
def test_a_managed_firewall_passes_with_kit_and_solved_ticket_in_either_order(kit_first: bool) -> None:
    trial = firewall().passed()
    assert trial.state.stage == "CLOSING"
    assert trial.waits() == {"REGIONAL RecordDeliveryKit", "REGIONAL CloseRegionalTicket"}
    first, second = (KIT, closes("SOLVED")) if kit_first else (closes("SOLVED"), KIT)
    assert trial.when(first, REGIONAL).of(TestsPassed) == []
    (passed,) = trial.when(second, REGIONAL).of(TestsPassed)
    assert (passed.kit, trial.of(DigitalDeliveryKitReceived)[0].ticket) == (KIT.kit, TICKET)
    assert trial.when(KIT, REGIONAL).code == "WRONG_STAGE"


@pytest.mark.criterion("13.3")
def test_kit_and_closing_may_come_before_the_end_to_end_run() -> None:
    trial = firewall().with_customer().when(KIT, REGIONAL).when(closes("SOLVED"), REGIONAL)
    assert len(trial.of(DigitalDeliveryKitReceived)) == len(trial.of(RegionalTicketClosed)) == 1
    assert len(trial.run("CUSTOMER").run("E2E").of(TestsPassed)) == 1


@pytest.mark.criterion("13.3")
def test_a_kit_or_a_closing_that_is_told_twice_and_what_comes_after_solved_change_nothing() -> None:
    trial = firewall().with_customer()
    for told in (KIT, closes("SOLVED")):
        assert trial.when(told, REGIONAL).last != []
    for told in (KIT, closes("SOLVED"), closes("CANCELLED")):
        assert (trial.when(told, REGIONAL).last, trial.code) == ([], None)


@pytest.mark.criterion("13.3", "X.4")
def test_another_bad_outcome_of_one_ticket_is_no_second_fallout() -> None:
    trial = firewall().passed().when(closes("CANCELLED"), REGIONAL).when(closes("REJECTED"), REGIONAL)
    assert trial.names() == ["RegionalTicketClosed"]
    assert len(trial.of(FalloutRaised)) == 1


@pytest.mark.criterion("13.3", "X.4")
@pytest.mark.parametrize("outcome", ["CANCELLED", "REJECTED"])
def test_a_ticket_that_was_not_solved_is_a_fallout_and_the_gate_stays_shut(outcome: str) -> None:
    trial = firewall().passed().when(KIT, REGIONAL).when(closes(outcome), REGIONAL)
    assert [(one.fallout_class, one.queue) for one in trial.of(FalloutRaised)] == [("TICKET_NOT_SOLVED", "REGIONAL")]
    assert trial.of(TestsPassed) == []
    assert trial.waits() == {"REGIONAL ResolveFallout"}
    trial.when(closes("SOLVED"), REGIONAL)
    assert len(trial.of(FalloutResolved)) == len(trial.of(TestsPassed)) == 1


@pytest.mark.criterion("13.3", "X.4")
def test_a_retry_asks_for_another_ticket_and_ends_when_that_one_is_solved() -> None:
    trial = firewall().passed().when(KIT, REGIONAL).when(closes("CANCELLED"), REGIONAL)
    trial.when(_resolve(trial, "RETRY"), REGIONAL)
    assert trial.waits() == {"REGIONAL RecordRegionalTicket"}
    assert trial.when(_resolve(trial, "RETRY"), REGIONAL).last == []  # asked already
    trial.ticket("RITM0099001").when(closes("SOLVED", "RITM0099001"), REGIONAL)
    (passed,) = trial.of(TestsPassed)
    assert (passed.regional_ticket, trial.state.ticket.settled) == ("RITM0099001", False)


@pytest.mark.criterion("13.3", "X.4")
def test_a_supervisor_may_go_on_without_the_closing_and_the_result_says_so() -> None:
    trial = firewall().passed().when(KIT, REGIONAL).when(closes("CANCELLED"), REGIONAL)
    trial.when(_resolve(trial, "SKIP"), SUPERVISOR)
    assert [one.skipped for one in trial.of(TestsPassed)] == [("CLOSING",)]


@pytest.mark.criterion("13.3", "X.4", "X.6")
def test_a_ticket_settled_by_hand_leaves_only_the_kit_to_wait_for_and_every_skip_is_named() -> None:
    trial = firewall().internal().scheduled().when(SEND, OWNER).when(not_sent("information/1"))
    trial.when(_resolve(trial, "SKIP"), SUPERVISOR).begins().run("CUSTOMER").run("E2E").when(closes("CANCELLED"), REGIONAL)
    trial.when(_resolve(trial, "SKIP"), SUPERVISOR)
    assert trial.waits() == {"REGIONAL RecordDeliveryKit"}
    assert trial.when(KIT, REGIONAL).of(TestsPassed)[0].skipped == ("INFORMATION", "CLOSING")


def _resolve(trial: Trial, how: str) -> ResolveFallout:
    fallout = next(iter(trial.state.fallouts))
    return ResolveFallout.model_validate({"aggregate": SUBORDER, "fallout_id": fallout, "how": how, "reason": "Según Regional"})


@pytest.mark.criterion("13.3", "X.4")
def test_a_ticket_closed_as_solved_ends_its_own_fallout_and_no_other() -> None:
    trial = firewall().internal().dated().proposed().when(not_sent("invitation/1"))
    trial.when(closes("SOLVED"), REGIONAL)
    assert trial.of(FalloutResolved) == []
    assert len(trial.state.fallouts) == 1


@pytest.mark.criterion("13.3")
def test_only_a_managed_firewall_has_a_kit_and_only_for_its_own_ticket() -> None:
    assert Trial().with_customer().when(KIT, REGIONAL).code == "KIT_NOT_EXPECTED"
    other = KIT.model_copy(update={"ticket": "RITM0000001"})
    assert firewall().with_customer().when(other, REGIONAL).code == "UNKNOWN_TICKET"
    assert Trial().when(closes("SOLVED", "RITM0000001"), REGIONAL).code == "UNKNOWN_TICKET"

"""Activity 3: two quotes, the owner's choice, the 24 hours, the service record, the account, the regional ticket."""

from datetime import timedelta

import pytest

from shared.contracts.common import (
    ActivationsResponded,
    ActivationsSlaBreached,
    JeopardyCleared,
    JeopardyRaised,
    NotificationRequested,
    OverrideRecorded,
    RegionalTicketOpened,
    TaskEscalated,
)
from shared.contracts.intake import (
    BillingAccountPrepared,
    CancelSuborder,
    HoldOrder,
    QuoteReceived,
    QuoteSelected,
    RecordRegionalTicket,
    ResumeOrder,
    SelectQuote,
    SubmitQuote,
)
from shared.contracts.shapes import Money
from tests.builders import OTHER, PARENT, SUBORDER, bob, line, sale, terms
from tests.given import MONDAY as NOW
from tests.unit.intake.desk import ACTIVACIONES, OWNER, REGIONAL, Desk

QUOTES, SERVICE, ACCOUNT = (f"{SUBORDER}/{kind}" for kind in ("quotes", "service_creation", "billing_account"))
DUE = NOW + timedelta(hours=24)


def quote(contractor: str, total: Money, request: str = QUOTES) -> SubmitQuote:
    return SubmitQuote(aggregate=PARENT, request_id=request, contractor=contractor, total=total)


def breaches(desk: Desk, request: str) -> list[ActivationsSlaBreached]:
    return [one for one in desk.of(ActivationsSlaBreached) if one.request_id == request]


@pytest.mark.criterion("3.4")
def test_nothing_is_chosen_with_fewer_than_two_quotes() -> None:
    desk = Desk().planned()
    for found in (0, 1):
        refusal = desk.chosen().refusal
        assert refusal
        assert (refusal.code, refusal.details["found"]) == ("TOO_FEW_QUOTES", found)
        desk = Desk().planned().offered("14200.00")
    assert "OM SelectQuote" not in desk.waits()
    assert "OM SelectQuote" in desk.offered().waits()


@pytest.mark.criterion("3.4")
def test_the_cheapest_is_chosen_unless_another_is_named_with_a_reason_which_is_an_override() -> None:
    desk = Desk().planned().offered("14200.00", "12900.00")
    dearer = f"{SUBORDER}/quote/1"
    assert desk.chosen(quote_id=dearer).code() == "REASON_REQUIRED"
    assert desk.chosen(quote_id=f"{SUBORDER}/quote/9").code() == "UNKNOWN_QUOTE"
    (chosen,) = desk.chosen().of(QuoteSelected)
    assert (chosen.contractor, chosen.cheapest) == ("Fibra Oriente Ltda.", True)
    assert desk.of(OverrideRecorded) == []
    desk.chosen(quote_id=dearer, reason="Ya construyó en el edificio")
    (override,) = desk.of(OverrideRecorded)
    assert (override.default, override.chosen) == (chosen.quote_id, dearer)


@pytest.mark.criterion("3.4")
def test_of_two_equal_quotes_the_earlier_one_is_taken() -> None:
    desk = Desk().planned().offered("12900.00").when(quote("Fibra Oriente Ltda.", bob("12900.00")), ACTIVACIONES, at=DUE)
    assert desk.chosen().of(QuoteSelected)[0].contractor == "Redes del Altiplano S.R.L."


@pytest.mark.criterion("3.4")
def test_quotes_in_other_currencies_are_compared_in_bolivianos() -> None:
    dollars = Money.model_validate({"amount": "1900.00", "currency": "USD", "rate": "6.96", "rate_date": "2026-11-30"})
    desk = Desk().planned().offered("13200.00").when(quote("Enlaces Andinos S.A.", dollars), ACTIVACIONES)
    (chosen,) = desk.chosen().of(QuoteSelected)  # 1,900 dollars are Bs 13,224
    assert chosen.total == bob("13200.00")


@pytest.mark.criterion("3.4", "3.5")
def test_the_second_quote_answers_the_request_and_the_same_one_again_changes_nothing() -> None:
    desk = Desk().planned().offered("14200.00")
    assert desk.of(ActivationsResponded) == []
    assert desk.offered("14200.00").last == [], "a repeated quote is not a second one"
    desk.offered()
    (told,) = desk.of(ActivationsResponded)
    assert (told.kind, told.late) == ("QUOTES", False)
    assert len(desk.of(QuoteReceived)) == 2
    assert desk.chosen().when(quote("Tarde S.A.", bob(1)), ACTIVACIONES).code() == "QUOTE_CLOSED"
    assert desk.when(quote("Nadie S.A.", bob(1), "otra"), ACTIVACIONES).code() == "UNKNOWN_REQUEST"


@pytest.mark.criterion("3.4")
def test_no_quote_is_chosen_where_nothing_is_installed_nor_after_the_release() -> None:
    desk = Desk(sale({SUBORDER: (line("FWAAS-GEST-M"),)})).planned()
    assert desk.chosen().code() == "UNKNOWN_QUOTE"
    done = Desk().planned().released()
    assert done.chosen().last == []
    assert done.chosen(quote_id=f"{SUBORDER}/quote/1", reason="Tarde").code() == "WRONG_STAGE"


@pytest.mark.criterion("3.5")
def test_three_quarters_of_the_time_gone_is_a_warning_and_past_due_one_breach_with_its_mail() -> None:
    desk = Desk().planned()
    assert desk.until(NOW + timedelta(hours=18) - timedelta(seconds=1)).of(JeopardyRaised) == []
    assert {one.level for one in desk.until(NOW + timedelta(hours=18)).of(JeopardyRaised)} == {"AMBER"}
    assert desk.until(DUE).of(ActivationsSlaBreached) == [], "exactly 24 hours is in time"
    assert len(breaches(desk.until(DUE + timedelta(seconds=1)), SERVICE)) == 1  # one second later
    assert len(breaches(desk.until(DUE + timedelta(days=9)), SERVICE)) == 1
    told = [one for one in desk.of(TaskEscalated) if one.key == SERVICE]
    mails = [one for one in desk.of(NotificationRequested) if one.purpose == f"escalation/{SERVICE}/1"]
    assert (len(told), [one.template for one in mails]) == (1, ["ESCALAMIENTO"])


@pytest.mark.criterion("3.5", "X.1")
def test_each_request_is_warned_of_and_breached_once_also_where_they_fall_due_at_different_times() -> None:
    held = {"aggregate": PARENT, "suborders": (SUBORDER,), "reason": "Obra en el edificio"}
    desk = Desk().planned().when(HoldOrder.model_validate(held), OWNER, at=NOW + timedelta(hours=1))
    desk.when(ResumeOrder.model_validate(held), OWNER, at=NOW + timedelta(hours=11)).until(DUE + timedelta(hours=11))
    for kind, key in ((ActivationsSlaBreached, "request_id"), (JeopardyRaised, "name")):
        told = [f"{getattr(one, key)} {getattr(one, 'level', '')}" for one in desk.of(kind)]
        assert len(told) == len(set(told)) == 6 * len({getattr(one, "level", "") for one in desk.of(kind)})


@pytest.mark.criterion("3.5")
@pytest.mark.parametrize(("after", "late"), [(timedelta(), False), (timedelta(seconds=1), True)])
def test_a_late_answer_is_accepted_and_marked(after: timedelta, late: bool) -> None:
    desk = Desk().planned().until(DUE + after).created()
    told = [one for one in desk.of(ActivationsResponded) if one.request_id == SERVICE]
    assert [one.late for one in told] == [late]
    assert desk.state.subs[SUBORDER].service_id == "BO-LPZ-000812"
    assert f"activaciones/{SERVICE}" in {one.name for one in desk.of(JeopardyCleared)}, "its cause is gone"


@pytest.mark.criterion("3.5")
def test_an_answer_ends_its_clock_and_the_same_again_is_late() -> None:
    desk = Desk().planned().created()
    assert desk.created().last == []
    assert breaches(desk.until(DUE + timedelta(days=2)), SERVICE) == []
    assert desk.answered("nada").code() == "UNKNOWN_REQUEST"
    assert desk.answered(QUOTES).code() == "UNKNOWN_REQUEST"


@pytest.mark.criterion("3.7")
@pytest.mark.parametrize(("request_id", "field"), [(SERVICE, "service_id"), (ACCOUNT, "account")])
def test_an_answer_without_its_value_is_refused(request_id: str, field: str) -> None:
    desk = Desk().planned().answered(request_id, **{field: "  "})
    assert desk.refusal
    assert (desk.refusal.code, desk.refusal.details["paths"]) == ("INVALID_FIELDS", f"values.{field}")


@pytest.mark.criterion("3.7")
def test_the_account_is_prepared_for_the_group_and_holds_up_no_release() -> None:
    desk = Desk().planned().released()
    assert set(desk.cards()) == {SUBORDER}
    assert "ACTIVACIONES AnswerActivationsRequest" in desk.waits()
    (prepared,) = desk.answered(ACCOUNT, account="BBD-4471").of(BillingAccountPrepared)
    assert (prepared.billing_group, prepared.account) == (SUBORDER, "BBD-4471")


@pytest.mark.criterion("3.7", "X.3")
def test_the_account_of_a_group_is_wanted_as_long_as_one_member_is() -> None:
    group = f"{PARENT}/G1"
    desk = Desk(sale(groups=(terms(SUBORDER, OTHER, group=group),))).planned()

    desk.when(CancelSuborder(aggregate=PARENT, suborder=SUBORDER, reason="El cliente desiste"), OWNER)
    assert [one.request_id for one in desk.until(DUE + timedelta(days=1)).of(ActivationsSlaBreached)] == [
        f"{group}/billing_account",
        f"{OTHER}/quotes",
        f"{OTHER}/service_creation",
    ]


@pytest.mark.criterion("3.6")
def test_the_regional_ticket_is_taken_where_it_was_asked_for_and_once() -> None:
    desk = Desk().planned()
    assert "REGIONAL RecordRegionalTicket" in desk.waits()
    assert desk.when(RecordRegionalTicket(aggregate=PARENT, suborder=SUBORDER, ticket=" "), REGIONAL).code() == "INVALID_FIELDS"
    (opened,) = desk.with_ticket().of(RegionalTicketOpened)
    assert (opened.purpose, opened.ticket) == ("PROVISIONING_START", "RITM0045127")
    assert desk.with_ticket().last == []
    again = RecordRegionalTicket(aggregate=PARENT, suborder=SUBORDER, ticket=" ritm0045127")
    assert desk.when(again, REGIONAL).last == [], "tickets are compared without case"
    desk.when(RecordRegionalTicket(aggregate=PARENT, suborder=SUBORDER, ticket="RITM0099001"), REGIONAL)
    assert desk.state.subs[SUBORDER].ticket == "RITM0099001", "a corrected number is taken"
    local = Desk(sale({SUBORDER: (line("SDWAN-INST"),)})).planned()
    assert "REGIONAL RecordRegionalTicket" not in local.waits()
    assert local.with_ticket().code() == "REGIONAL_NOT_EXPECTED"


@pytest.mark.criterion("3.4")
def test_only_activaciones_quotes_and_only_the_owner_chooses() -> None:
    desk = Desk().planned().when(quote("Fibra Oriente Ltda.", bob(1)), OWNER)
    assert desk.code() == "ROLE_NOT_ALLOWED"
    assert desk.offered().when(SelectQuote(aggregate=PARENT, suborder=SUBORDER), ACTIVACIONES).code() == "ROLE_NOT_ALLOWED"

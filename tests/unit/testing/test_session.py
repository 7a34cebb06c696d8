from datetime import timedelta

import pytest

from shared.contracts.intake import SuborderFailed
from shared.contracts.testing import (
    AgreeTestDate,
    AnswerSession,
    CustomerTestDateAgreed,
    CustomerTestsScheduled,
    CustomerTestsStarted,
    SessionAnswered,
    SessionProposed,
    SlotRefused,
)
from tests.builders import PARENT, SUBORDER
from tests.given import actor
from tests.products import SDWAN, ficha
from tests.unit.testing.trial import OWNER, TICKET, Trial, window

WITH_TIER2 = ficha(traits=SDWAN.model_copy(update={"tier2": True}), regional_ticket=TICKET)


@pytest.mark.criterion("11.1")
def test_channel_person_and_who_agreed_are_stored_with_the_date() -> None:
    (agreed,) = Trial().internal().dated().of(CustomerTestDateAgreed)
    assert (agreed.channel, agreed.person, agreed.by) == ("CALL", f"{PARENT}:tecnico", "om-1")


@pytest.mark.criterion("11.1")
@pytest.mark.parametrize(("seconds", "code"), [(0, "WINDOW_IN_PAST"), (1, None)])
def test_a_date_lies_ahead(seconds: int, code: str | None) -> None:
    trial = Trial().internal()
    at = trial.now + timedelta(seconds=seconds)
    assert trial.when(AgreeTestDate(aggregate=SUBORDER, date=at, channel="CALL", person=f"{PARENT}:tecnico"), OWNER).code == code


@pytest.mark.criterion("11.2")
def test_a_session_needs_a_date_and_lies_ahead() -> None:
    trial = Trial().internal().proposed()
    assert trial.code == "DATE_NOT_AGREED"
    assert trial.dated().proposed(hours=-3).code == "WINDOW_IN_PAST"


@pytest.mark.criterion("11.2")
def test_the_engineer_of_a_session_is_one_the_operator_knows() -> None:
    trial = Trial().internal().dated().knowing(ingeniero_1="INGENIERO_B2B", om_2="OM")
    assert [trial.proposed(engineer).code for engineer in ("ingeniero-9", "om-2")] == ["UNKNOWN_STAFF"] * 2
    assert trial.proposed("ingeniero-1").of(SessionProposed)


@pytest.mark.criterion("11.2", "12.1", "12.3")
def test_everybody_who_takes_part_is_asked_and_invited() -> None:
    trial = Trial(WITH_TIER2).internal().dated().proposed()
    (proposed,) = trial.of(SessionProposed)
    assert proposed.parties == ("CLIENTE", "INGENIERO_B2B", "REGIONAL", "TIER2")
    (mail,) = trial.mails("INVITACION_PRUEBAS")
    assert [one.ref for one in mail.to] == [f"{PARENT}:tecnico", "ingeniero-1", "area:regional", "area:tier2"]
    assert (mail.purpose, mail.invite.link) == ("invitation/1", "https://teams.example.com/p")
    assert mail.values.items() >= {"modalidad": "ONLINE", "enlace": "https://teams.example.com/p", "orden": "00012345"}.items()
    assert trial.waits() == {
        "CLIENTE AnswerSession",
        "INGENIERO_B2B SlotBooked",
        "REGIONAL AnswerSession",
        "TIER2 AnswerSession",
    }


@pytest.mark.criterion("11.2", "12.3")
def test_the_session_is_scheduled_with_the_last_yes() -> None:
    trial = Trial(WITH_TIER2).internal().dated().proposed().answers("CLIENTE").booked().answers("REGIONAL")
    assert trial.of(CustomerTestsScheduled) == []
    assert trial.begins().code == "PARTIES_PENDING"
    trial.answers("TIER2")
    assert len(trial.of(CustomerTestsScheduled)) == 1
    assert trial.answers("TIER2").last == []
    assert trial.state.stage == "SCHEDULED"


@pytest.mark.criterion("11.2")
@pytest.mark.parametrize("when_scheduled", [False, True])
def test_one_no_returns_to_negotiating_and_the_next_session_replaces_it(when_scheduled: bool) -> None:
    trial = Trial().internal().scheduled() if when_scheduled else Trial().internal().dated().proposed()
    trial.answers("REGIONAL", yes=False)
    assert trial.state.stage == "AGENDA"
    assert trial.waits() == {"OM ProposeSession"}
    assert trial.begins().code == "PARTIES_PENDING"
    again = trial.proposed("ingeniero-2").of(SessionProposed)[-1]
    assert again.session == 2
    assert (again.replaces.session, again.replaces.engineer) == (1, "ingeniero-1")


@pytest.mark.criterion("11.2")
def test_an_engineer_who_is_busy_is_a_no() -> None:
    trial = Trial().internal().dated().proposed()
    trial.when(SlotRefused(parent=PARENT, suborder=SUBORDER, session=1, window=window(), conflict="ENGINEER_BUSY"))
    assert [(one.party, one.accepted) for one in trial.of(SessionAnswered)] == [("INGENIERO_B2B", False)]
    assert trial.waits() == {"OM ProposeSession"}


@pytest.mark.criterion("11.2")
def test_an_answer_about_an_older_session_is_late() -> None:
    trial = Trial().internal().dated().proposed().proposed("ingeniero-2")
    assert trial.booked(session=1).last == []
    assert trial.answers("CLIENTE", session=1).code == "UNKNOWN_SESSION"


@pytest.mark.criterion("11.2")
@pytest.mark.parametrize(("speaker", "party"), [("REGIONAL", "CLIENTE"), ("TIER2", "TIER2"), ("OM", "REGIONAL")])
def test_each_party_speaks_for_itself_and_the_owner_for_the_customer(speaker: str, party: str) -> None:
    trial = Trial().internal().dated().proposed()
    command = AnswerSession(aggregate=SUBORDER, session=1, party=party, accepted=True)
    assert trial.when(command, actor(speaker, "om-1")).code == "ROLE_NOT_ALLOWED"


@pytest.mark.criterion("11.2")
def test_the_engineers_yes_is_that_of_his_agenda_alone_but_he_may_say_no() -> None:
    trial = Trial().internal().dated().proposed()
    assert trial.answers("INGENIERO_B2B").last == []
    assert trial.answers("INGENIERO_B2B", yes=False).names() == ["SessionAnswered"]


@pytest.mark.criterion("11.2", "11.3", "12.1", "12.2")
def test_the_session_begins_after_parties_information_and_ticket() -> None:
    trial = Trial(ficha()).internal().scheduled()
    assert trial.begins().code == "INFORMATION_NOT_SENT"
    trial.informed()
    assert trial.begins().code == "REGIONAL_TICKET_MISSING"
    assert trial.waits() == {"REGIONAL RecordRegionalTicket"}
    trial.ticket()
    assert trial.waits() == {"OM StartCustomerTests"}
    (started,) = trial.begins().of(CustomerTestsStarted)
    assert (started.session, started.attempt, started.mode) == (1, 1, "ONLINE")


@pytest.mark.criterion("X.3", "11.2")
def test_a_suborder_that_is_given_up_frees_the_engineer_and_waits_for_nobody() -> None:
    trial = Trial().internal().scheduled()
    trial.when(SuborderFailed(parent=PARENT, suborder=SUBORDER, reason="El cliente desiste"), at=trial.now + timedelta(hours=1))
    assert [one.accepted for one in trial.of(SessionAnswered)][-1] is False
    assert trial.state.stage == "STOPPED"
    assert trial.waits() == set()


@pytest.mark.criterion("X.3", "11.2")
def test_a_session_that_has_begun_is_not_called_off_any_more() -> None:
    trial = Trial().with_customer()
    trial.when(SuborderFailed(parent=PARENT, suborder=SUBORDER, reason="El cliente desiste"))
    assert all(one.accepted for one in trial.of(SessionAnswered))

"""Activity 1: look, then own; return what is not ours; hand over; escalate what nobody takes."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.contracts.common import JeopardyCleared, JeopardyRaised, NotificationRequested, OverrideRecorded, TaskEscalated
from shared.contracts.intake import (
    ClaimOrder,
    OrderClaimed,
    OrderReassigned,
    OrderReturned,
    ReassignOrder,
    ReturnOrder,
    ReviewOrder,
    ValidateDocs,
)
from tests.builders import PARENT, SUBORDER, line, sale
from tests.given import MONDAY as NOW
from tests.unit.intake.desk import EC, OWNER, RIVAL, SUPERVISOR, Desk

REVIEW, CLAIM = ReviewOrder(aggregate=PARENT), ClaimOrder(aggregate=PARENT)


@pytest.mark.criterion("1.5")
def test_an_order_manager_looks_before_owning() -> None:
    desk = Desk().when(CLAIM, OWNER)
    assert desk.code() == "ORDER_NOT_REVIEWED"
    assert desk.when(REVIEW, OWNER).when(CLAIM, OWNER).state.owner == "om-1"
    assert desk.when(CLAIM, OWNER).last == [], "started twice, the first start stands"


@pytest.mark.criterion("1.5")
def test_a_look_at_an_older_version_does_not_count() -> None:
    desk = Desk().when(REVIEW, OWNER).when(sale({SUBORDER: (line("SDWAN-100"),)}, version=2)).when(CLAIM, OWNER)
    assert desk.code() == "ORDER_NOT_REVIEWED"


@pytest.mark.criterion("1.5")
def test_two_at_once_have_one_winner_and_the_loser_is_told_the_owner() -> None:
    desk = Desk().when(REVIEW, OWNER).when(REVIEW, RIVAL).when(CLAIM, OWNER).when(CLAIM, RIVAL)
    assert desk.refusal
    assert (desk.refusal.code, desk.refusal.details["owner"]) == ("ALREADY_CLAIMED", "om-1")
    assert len(desk.of(OrderClaimed)) == 1


@pytest.mark.criterion("1.5")
def test_only_the_owner_validates_and_a_supervisor_needs_a_reason_which_is_recorded() -> None:
    desk = Desk().claimed()
    for who, code in ((RIVAL, "NOT_OWNER"), (EC, "ROLE_NOT_ALLOWED"), (SUPERVISOR, "REASON_REQUIRED")):
        assert desk.when(ValidateDocs(aggregate=PARENT), who).code() == code
    desk.when(ValidateDocs(aggregate=PARENT, override_reason="El dueño está de baja"), SUPERVISOR)
    assert desk.of(OverrideRecorded)[0].reason == "El dueño está de baja"


@pytest.mark.criterion("1.7")
def test_an_order_that_is_not_homologated_is_not_claimed_only_returned() -> None:
    desk = Desk(sale({SUBORDER: (line("INET-DED-50"),)})).when(REVIEW, OWNER).when(CLAIM, OWNER)
    assert desk.refusal
    assert (desk.refusal.code, desk.refusal.details["items"]) == ("NOT_HOMOLOGATED", "INET-DED-50")
    assert desk.when(ReturnOrder(aggregate=PARENT, reason="NO_HOMOLOGADO"), OWNER).state.stage == "RETURNED"


@pytest.mark.criterion("1.6")
def test_a_returned_order_has_a_reason_the_ec_is_told_and_nobody_owns_it() -> None:
    desk = Desk().claimed()
    assert desk.when(ReturnOrder(aggregate=PARENT, reason="OTRO", detail=" "), OWNER).code() == "REASON_REQUIRED"
    assert desk.when(ReturnOrder(aggregate=PARENT, reason="DUPLICADA"), RIVAL).code() == "NOT_OWNER"
    desk.when(ReturnOrder(aggregate=PARENT, reason="OTRO", detail="La sede ya no existe"), OWNER)
    assert [one.reason for one in desk.of(OrderReturned)] == ["OTRO"]
    (mail,) = desk.of(NotificationRequested)
    assert (mail.template, mail.purpose, mail.to[0].role) == ("ORDEN_DEVUELTA", "returned/1", "EC")
    assert mail.values == {"orden": "00012345", "cliente": "Banco Ejemplo S.A.", "motivos": "La sede ya no existe"}
    named = Desk().claimed().when(ReturnOrder(aggregate=PARENT, reason="DUPLICADA", detail="Ya existe."), OWNER)
    assert named.of(NotificationRequested)[0].values["motivos"] == "Orden duplicada: Ya existe."
    assert desk.state.owner is None
    assert desk.waits() == {"EC SalesforceOrderSubmitted"}


@pytest.mark.criterion("1.6", "D14")
def test_a_supervisor_may_return_what_another_owns() -> None:
    command = ReturnOrder(aggregate=PARENT, reason="DUPLICADA", override_reason="El dueño está de baja")
    assert Desk().claimed().when(command, SUPERVISOR).names()[:1] == ["OrderReturned"]


@pytest.mark.criterion("1.9")
def test_nobody_is_made_the_owner_who_is_no_order_manager() -> None:
    desk = Desk().claimed().knowing(om_1="OM", om_2="OM", ec_1="EC")
    assert desk.when(ReassignOrder(aggregate=PARENT, to="ec-1", reason="Vacaciones"), OWNER).code() == "UNKNOWN_STAFF"
    assert desk.when(ReassignOrder(aggregate=PARENT, to="om-2", reason="Vacaciones"), OWNER).state.owner == "om-2"


@pytest.mark.criterion("1.9")
def test_the_owner_changes_with_a_reason_and_history_stays() -> None:
    desk = Desk().claimed()
    assert desk.when(ReassignOrder(aggregate=PARENT, to="om-2", reason=" "), OWNER).code() == "REASON_REQUIRED"
    desk.when(ReassignOrder(aggregate=PARENT, to="om-2", reason="Vacaciones"), OWNER)
    (told,) = desk.of(OrderReassigned)
    assert (told.from_owner, told.to, desk.state.owner) == ("om-1", "om-2", "om-2")
    assert desk.when(ReassignOrder(aggregate=PARENT, to="om-2", reason="Vacaciones"), RIVAL).last == []


@pytest.mark.criterion("1.9")
def test_an_order_without_owner_is_in_the_queue_again_and_is_not_released_meanwhile() -> None:
    desk = Desk().planned().offered().chosen().staffed().with_ticket()
    desk.when(ReassignOrder(aggregate=PARENT, reason="Baja médica"), OWNER).created()
    assert "OM ClaimOrder" in desk.waits()
    assert desk.cards() == {}, "the card names an owner"
    desk.when(REVIEW, RIVAL).when(CLAIM, RIVAL)
    assert "OrderReassigned" in desk.names()
    assert desk.cards()[SUBORDER].owner == "om-2"


@pytest.mark.criterion("1.8")
def test_an_order_nobody_claims_is_escalated_after_four_business_hours_and_each_business_day() -> None:
    friday = datetime(2026, 11, 27, 16, 0, tzinfo=ZoneInfo("America/La_Paz"))
    desk = Desk(empty=True).when(sale(), at=friday)
    assert desk.until(friday + timedelta(hours=24)).of(TaskEscalated) == [], "half past six ends the day"
    monday = datetime(2026, 11, 30, 10, 0, tzinfo=friday.tzinfo)  # two and a half hours on Friday, one and a half on Monday
    assert desk.until(monday - timedelta(seconds=1)).of(TaskEscalated) == []
    (told,) = desk.until(monday).of(TaskEscalated)
    assert (told.key, told.level, told.to) == (f"{PARENT}/ClaimOrder", 1, "OM_SUPERVISOR")
    assert [one.level for one in desk.until(monday + timedelta(days=2)).of(TaskEscalated)] == [1, 2, 3]
    assert [one.level for one in desk.of(JeopardyRaised)] == ["AMBER"]
    mails = [one for one in desk.of(NotificationRequested) if one.template == "ESCALAMIENTO"]
    assert len(mails) == 3
    assert mails[0].to[0].ref == "area:om_supervisor"


@pytest.mark.criterion("1.8")
def test_nobody_is_told_again_on_a_day_off() -> None:
    thursday = datetime(2026, 12, 24, 9, 0, tzinfo=ZoneInfo("America/La_Paz"))  # Friday is Christmas
    desk = Desk(empty=True).when(sale(), at=thursday)
    assert [one.level for one in desk.until(thursday + timedelta(days=3, hours=14)).of(TaskEscalated)] == [1]
    assert [one.level for one in desk.until(thursday + timedelta(days=4, hours=4)).of(TaskEscalated)] == [1, 2]


@pytest.mark.criterion("1.8", "X.5")
def test_a_claimed_order_is_escalated_no_more_and_its_jeopardy_is_cleared() -> None:
    desk = Desk().until(NOW + timedelta(hours=5)).claimed()
    assert [one.name for one in desk.of(JeopardyCleared)] == ["claim"]
    assert desk.until(NOW + timedelta(days=5)).of(TaskEscalated)[-1].level == 1

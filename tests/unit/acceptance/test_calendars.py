import pytest

from services.acceptance.app import CALENDARS
from shared.contracts.acceptance import (
    AcceptanceClockRedated,
    AcceptanceExpired,
    AmendCalendar,
    ApproveRedating,
    CalendarAmended,
    DayChange,
    RedatingProposed,
)
from shared.contracts.common import RecordClocksRedated
from shared.contracts.intake import OrderHeld, OrderResumed
from tests.builders import PARENT, SUBORDER, card, passed_tests, released, terms
from tests.decrees import amended, change, decided_by
from tests.given import Given, actor
from tests.unit.acceptance.acceptance_site import SENT, SYSTEM, Site, local
from tests.unit.acceptance.test_rejection import refusal

SUPERVISOR = actor("OM_SUPERVISOR", "sup-om-1")


def in_business_days() -> Site:
    own = card(terms=terms(acceptance={"n": 10, "unit": "BUSINESS"}))
    return Site().when(released(own), at=SENT).when(passed_tests()).rendered().sent("acta/1/1")


def calendar() -> Given:
    return Given("acceptance", CALENDARS, "calendar:BO", "calendar:BO")


@pytest.mark.criterion("X.9")
def test_a_decree_is_published_and_adopted_when_every_clock_was_looked_at() -> None:
    one = calendar().when(AmendCalendar(aggregate="calendar:BO", changes=(change("2026-12-04", working=False),)), SUPERVISOR)
    assert (one.names(), one.of(CalendarAmended)[0].version) == (["CalendarAmended"], 2)
    assert [wanted.kind for wanted in CALENDARS.effects(one.state)] == ["RedateClocks"]
    version = one.state.version
    done = RecordClocksRedated(aggregate="calendar:BO", version=version, redated=3)
    assert one.when(done, SYSTEM).names() == ["CalendarAdopted"]
    assert CALENDARS.effects(one.state) == ()
    assert one.when(done, SYSTEM).names() == []


@pytest.mark.criterion("X.9")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ((), "INVALID_FIELDS"),
        ((change("2026-12-04", working=False, calendar="BO-X"),), "INVALID_FIELDS"),
        ((change("2026-12-04", working=False, decree=" "),), "DECREE_REQUIRED"),
        ((change("2026-12-04", working=False), change("2026-12-11", working=False, decree="")), "DECREE_REQUIRED"),
    ],
)
def test_only_a_decree_amends_a_known_calendar(changes: tuple[DayChange, ...], code: str) -> None:
    one = calendar().when(AmendCalendar(aggregate="calendar:BO", changes=changes), SUPERVISOR)
    assert one.refusal is not None
    assert one.refusal.code == code


@pytest.mark.criterion("X.9")
def test_a_new_day_off_gives_the_customer_a_later_deadline_at_once() -> None:
    site = in_business_days().when(amended(change("2026-12-04", working=False)))
    assert site.names() == ["AcceptanceClockRedated", "NotificationRequested"]
    assert site.state.clock.deadline == local("2026-12-14 16:30")
    assert site.when(amended(change("2026-12-04", working=False))).names() == []


@pytest.mark.criterion("X.9")
@pytest.mark.parametrize(
    "elsewhere",
    [change("2026-12-04", working=False, calendar="BO-L"), change("2026-12-18", working=False)],  # another place, another time
)
def test_a_decree_that_changes_nothing_for_a_clock_is_not_told_to_its_customer(elsewhere: DayChange) -> None:
    assert in_business_days().when(amended(elsewhere)).names() == []


@pytest.mark.criterion("X.9")
def test_an_older_decree_that_is_heard_late_does_not_take_back_a_newer_one() -> None:
    first, second = change("2026-12-04", working=False), change("2026-12-09", working=False)
    site = decided_by(decided_by(in_business_days(), first), second).when(amended(first))
    moved = site.of(AcceptanceClockRedated)[0]
    assert (moved.calendar.version, moved.after) == (3, local("2026-12-15 16:30"))
    assert site.when(CalendarAmended(version=3, changes=(second,))).names() == []


@pytest.mark.criterion("X.9", "14.5")
def test_an_earlier_deadline_that_nobody_proposed_yet_does_not_keep_a_clock_from_expiring() -> None:
    site = in_business_days().until(local("2026-12-11 16:29"))
    decided_by(site, change("2026-12-05", working=True)).until(local("2026-12-11 16:30"))
    assert (site.names()[0], site.of(RedatingProposed)) == ("AcceptanceExpired", [])


@pytest.mark.criterion("X.9")
def test_a_clock_in_calendar_days_does_not_move() -> None:
    assert Site().acta_out().when(amended(change("2026-12-04", working=False))).names() == []


@pytest.mark.criterion("X.9")
def test_an_earlier_deadline_waits_for_a_supervisor_and_is_never_nearer_than_two_business_days() -> None:
    site = in_business_days()
    site.when(amended(change("2026-12-05", working=True)))  # a Saturday
    assert site.names() == ["RedatingProposed"]
    assert site.state.clock.deadline == site.of(RedatingProposed)[0].before == local("2026-12-11 16:30")
    assert refusal(site.when(ApproveRedating(aggregate=SUBORDER, calendar_version=7), SUPERVISOR)) == "UNKNOWN_REDATING"
    site.when(ApproveRedating(aggregate=SUBORDER, calendar_version=2), SUPERVISOR)
    assert site.of(AcceptanceClockRedated)[0].approved_by == "sup-om-1"
    assert site.state.clock.deadline == local("2026-12-10 16:30")


@pytest.mark.criterion("X.9", "X.1")
def test_a_clock_that_stands_still_is_looked_at_when_it_goes_on() -> None:
    site = in_business_days().when(OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Obra"))
    decided_by(site, change("2026-12-04", working=False))
    assert site.when(amended(change("2026-12-04", working=False))).names() == []
    site.when(OrderResumed(parent=PARENT, suborders=(SUBORDER,), reason="Lista"))
    assert site.names() == ["HoldLifted", "AcceptanceClockRedated", "NotificationRequested"]
    assert site.state.clock.deadline == local("2026-12-14 16:30")


@pytest.mark.criterion("X.9", "14.3")
def test_an_acta_printed_before_a_decree_starts_as_printed_and_the_customer_is_told_the_later_end() -> None:
    own = card(terms=terms(acceptance={"n": 10, "unit": "BUSINESS"}))
    site = Site().when(released(own), at=SENT).when(passed_tests()).rendered()
    decided_by(site, change("2026-12-04", working=False)).sent("acta/1/1")
    assert site.names() == ["AcceptanceClockStarted", "AcceptanceClockRedated", "NotificationRequested"]
    moved = site.of(AcceptanceClockRedated)[0]
    assert (moved.before, moved.after) == (local("2026-12-11 16:30"), local("2026-12-14 16:30"))


@pytest.mark.criterion("X.9", "14.5")
def test_a_clock_nobody_looked_at_since_the_decree_does_not_expire_at_its_old_end() -> None:
    site = in_business_days().until(local("2026-12-11 16:29"))
    decided_by(site, change("2026-12-04", working=False)).until(local("2026-12-11 16:30"))
    assert site.of(AcceptanceExpired) == []
    assert site.until(local("2026-12-14 16:30")).names()[0] == "AcceptanceExpired"
    assert site.of(AcceptanceExpired)[0].evidence.calendar.version == 2


@pytest.mark.criterion("X.9")
def test_a_proposal_taken_back_by_a_later_decree_is_closed_without_a_mail() -> None:
    site = in_business_days()
    for working in (True, False):
        decided_by(site, change("2026-12-05", working=working))
        site.when(CalendarAmended(version=site.calendar.version, changes=(change("2026-12-05", working=working),)))
    assert site.names() == ["AcceptanceClockRedated"]
    assert (site.state.redating, site.state.clock.deadline) == (None, local("2026-12-11 16:30"))

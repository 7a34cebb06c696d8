"""What every service decides alike: failed effects, hold and resume, a new owner, the end, fallouts, clocks of Activaciones."""

from datetime import timedelta

import pytest

from shared.common.answers import answer_deadlines
from shared.common.behaviours import TRIES
from shared.common.calendars import CALENDAR, COPY
from shared.contracts.acceptance import CalendarAmended, DayChange
from shared.contracts.base import Message
from shared.contracts.common import (
    ActivationsSlaBreached,
    CalendarAdopted,
    EffectDeferred,
    FalloutRaised,
    HoldApplied,
    HoldLifted,
    JeopardyRaised,
    NotificationRequested,
    OwnerChanged,
    RecordClocksRedated,
    RecordEffectFailed,
    ResolveFallout,
    TaskEscalated,
    WorkStopped,
)
from shared.contracts.intake import HoldOrder, OrderHeld, OrderReassigned, OrderResumed, ResumeOrder, SuborderFailed
from tests.builders import OTHER, PARENT, SUBORDER
from tests.given import MONDAY as NOW
from tests.given import Given, actor, day
from tests.unit.acceptance.acceptance_site import SYSTEM, Site
from tests.unit.intake.desk import OWNER, Desk
from tests.unit.provisioning.delivery import REQUEST, STOCK, Delivery
from tests.unit.provisioning.test_stock import short

HELD = OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Obra", at=NOW)
RESUMED = OrderResumed(parent=PARENT, suborders=(SUBORDER,), reason="Lista")
FAILED = SuborderFailed(parent=PARENT, suborder=SUBORDER, reason="El cliente desiste")


def effect_failed(attempt: int) -> RecordEffectFailed:
    return RecordEffectFailed(aggregate=SUBORDER, key="acta/1/1", attempt=attempt, code="TypstError")


@pytest.mark.criterion("X.4")
@pytest.mark.parametrize(("attempt", "seconds"), [(1, 5), (2, 10), (3, 20), (10, 2560), (11, 3600), (30, 3600)])
def test_a_failed_effect_is_tried_again_after_pauses_that_double_up_to_an_hour(attempt: int, seconds: int) -> None:
    site = Site().tested().when(effect_failed(attempt), SYSTEM)
    (deferred,) = site.of(EffectDeferred)
    assert deferred.next_at == site.now + timedelta(seconds=seconds)
    (wanted,) = site.decider.effects(site.state)
    assert (wanted.not_before, wanted.attempt) == (deferred.next_at, attempt + 1)


@pytest.mark.criterion("X.4")
def test_the_last_try_is_one_task_and_a_try_that_is_told_late_changes_nothing() -> None:
    site = Site().tested()
    for attempt in range(1, TRIES + 2):
        site.when(effect_failed(attempt), SYSTEM)
        assert len(site.of(FalloutRaised)) == (attempt >= TRIES)
    (raised,) = site.of(FalloutRaised)
    assert (raised.fallout_id, raised.fallout_class, raised.queue) == ("effect/acta/1/1", "EFFECT_FAILED", "OM")
    assert site.when(effect_failed(1), SYSTEM).last == []


@pytest.mark.criterion("X.1", "X.3", "1.9")
@pytest.mark.parametrize(
    ("told", "made"),
    [
        ((HELD, HELD), [HoldApplied]),  # the first hold stands
        ((RESUMED,), []),
        ((HELD, RESUMED, RESUMED), [HoldApplied, HoldLifted]),
        ((FAILED, FAILED), [WorkStopped]),
        ((FAILED, HELD), [WorkStopped]),  # what has ended is not held
        ((OrderReassigned(parent=PARENT, to="om-2", reason="Vacaciones"),) * 2, [OwnerChanged]),
    ],
)
def test_what_intake_says_of_the_whole_order_is_followed_once(told: tuple[Message, ...], made: list[type]) -> None:
    delivery = Delivery()
    before = len(delivery.facts)
    for one in told:
        delivery.when(one)
    known = {HoldApplied, HoldLifted, WorkStopped, OwnerChanged}
    assert [type(one) for one in delivery.facts[before:] if type(one) in known] == made


@pytest.mark.criterion("X.1")
def test_a_hold_says_since_when_and_its_end_how_long_it_was() -> None:
    delivery = Delivery().when(HELD).when(RESUMED, at=NOW + timedelta(hours=7))
    assert [(one.reason, one.at) for one in delivery.of(HoldApplied)] == [("Obra", NOW)]
    assert [(one.held_for, one.reason) for one in delivery.of(HoldLifted)] == [(7 * 3600, "Lista")]


@pytest.mark.criterion("X.4")
@pytest.mark.parametrize(
    ("fallout", "reason", "code"),
    [("otra", "Llegó", "UNKNOWN_FALLOUT"), ("", "  ", "REASON_REQUIRED")],
)
def test_only_a_fallout_that_is_open_is_resolved_and_never_without_a_reason(fallout: str, reason: str, code: str) -> None:
    delivery = short()
    key = fallout or next(iter(delivery.state.fallouts))
    delivery.when(ResolveFallout(aggregate=SUBORDER, fallout_id=key, how="MANUAL", reason=reason), STOCK)
    assert delivery.refusal
    assert delivery.refusal.code == code


@pytest.mark.criterion("3.5", "X.5")
def test_a_breach_names_its_request_and_suborder_and_its_mail_says_why() -> None:
    delivery = Delivery().networked().until(NOW + timedelta(hours=24, seconds=1))
    (breached,), (told,) = delivery.of(ActivationsSlaBreached), delivery.of(TaskEscalated)
    assert (breached.request_id, breached.kind, breached.due) == (REQUEST, "LOGICAL_CONFIGURATION", NOW + timedelta(hours=24))
    assert (told.key, told.level, breached.suborder, told.suborder) == (REQUEST, 1, SUBORDER, SUBORDER)
    amber, red = delivery.of(JeopardyRaised)
    assert (amber.predicted, red.predicted) == (NOW + timedelta(hours=24), None)
    assert {amber.suborder, red.suborder} == {SUBORDER}
    mail = next(one for one in delivery.of(NotificationRequested) if one.template == "ESCALAMIENTO")
    assert (mail.purpose, mail.to[0].ref, mail.cc[0].ref) == (f"escalation/{REQUEST}/1", "area:om_supervisor", "om-1")
    assert mail.values.items() >= {"motivo": told.why, "orden": "00012345"}.items()


@pytest.mark.criterion("3.5", "X.1")
def test_of_several_requests_each_has_its_own_clock_and_a_hold_of_one_suborder_moves_only_its_own() -> None:
    held = {"aggregate": PARENT, "suborders": (OTHER,), "reason": "Obra en el edificio"}
    desk = Desk().planned().when(HoldOrder.model_validate(held), OWNER)
    desk.when(ResumeOrder.model_validate(held), OWNER, at=NOW + timedelta(hours=10))
    due = {key: one.due - NOW for key, one in desk.state.requests.items()}
    assert {key.partition("/")[0]: hours for key, hours in due.items()} == {
        SUBORDER: timedelta(hours=24),
        OTHER: timedelta(hours=34),
    }
    warning, breach = NOW + timedelta(hours=18), NOW + timedelta(hours=24, seconds=1)
    assert answer_deadlines(desk.state, desk.calendar) == {"activations_warning": warning, "activations_due": breach}
    assert {one.name.split("/")[1] for one in desk.until(warning).of(JeopardyRaised)} == {SUBORDER}
    assert {one.suborder for one in desk.until(breach).of(ActivationsSlaBreached)} == {SUBORDER}
    desk.until(NOW + timedelta(hours=35))
    assert len(desk.of(ActivationsSlaBreached)) == 6
    assert len(desk.of(JeopardyRaised)) == 12


@pytest.mark.criterion("X.9")
def test_a_copy_of_the_calendar_follows_each_version_once_and_is_adopted_when_its_own_round_ended() -> None:
    change = DayChange(calendar="BO", date=day("2026-12-04"), working=False, decree="DS 9999", published=day("2026-11-28"))
    copy = Given("provisioning", COPY, CALENDAR, CALENDAR).when(CalendarAmended(version=3, changes=(change,)))
    for version in (2, 3):
        assert copy.when(CalendarAmended(version=version, changes=(change,))).last == []
    (wanted,) = COPY.effects(copy.state)
    assert (wanted.kind, wanted.key, wanted.args["version"]) == ("RedateClocks", "calendar/3", 3)
    assert wanted.args["changes"] == [change.model_dump(mode="json")]
    for version, names in ((2, []), (3, ["CalendarAdopted"]), (3, [])):
        assert copy.when(RecordClocksRedated(aggregate=CALENDAR, version=version, redated=7), actor("SYSTEM")).names() == names
    assert [(one.version, one.redated) for one in copy.of(CalendarAdopted)] == [(3, 7)]
    assert COPY.effects(copy.state) == ()

"""Rejections, disputes, holds and decrees in any order: a pause moves the rest exactly, nothing shortens it unasked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.acceptance import (
    AcceptanceClockRedated,
    AcceptanceClockResumed,
    ApproveRedating,
    ReferDispute,
    RejectAcceptance,
    ResolveDispute,
)
from shared.contracts.common import NotificationRequested
from shared.contracts.intake import OrderHeld, OrderResumed
from tests.builders import PARENT, SUBORDER
from tests.decrees import change, decided_by, decreed
from tests.given import actor
from tests.unit.acceptance.acceptance_site import EC, GI, OM, Site, local
from tests.unit.acceptance.test_calendars import SUPERVISOR, in_business_days
from tests.unit.acceptance.test_rejection import refusal

DAY: Final = timedelta(days=1)
OFF, WORKED = "2026-12-04", "2026-12-05"
"""A Friday that a decree gives off, a Saturday that it makes a working day; both within the term, 27/11 to 11/12 at 16:30."""


def approve(site: Site) -> Site:
    version = site.state.redating.calendar.version if site.state.redating else 2
    return site.when(ApproveRedating(aggregate=SUBORDER, calendar_version=version), SUPERVISOR)


def left(site: Site) -> timedelta:
    """What is left of the customer's time."""
    clock, rejection, held = site.state.clock, site.state.rejection, site.state.held
    if rejection is not None:
        return timedelta(seconds=rejection.remaining)
    ends: timedelta = clock.deadline - (max(held.at, clock.sent_at) if held else site.now)
    return ends


@pytest.mark.criterion("X.9", "14.7", "14.8")
def test_an_earlier_term_approved_while_a_rejection_is_open_shortens_what_is_left() -> None:
    site = in_business_days()
    decreed(site, WORKED, working=True)
    site.until(local("2026-12-01 16:30")).rejects()
    assert left(site) == 10 * DAY
    site.now = local("2026-12-08 16:30")
    approve(site)
    (moved,) = site.of(AcceptanceClockRedated)
    assert (moved.before, moved.after) == (local("2026-12-18 16:30"), local("2026-12-17 16:30"))  # if it went on now
    told = site.of(NotificationRequested)[-1]
    assert (told.template, told.values["plazo"]) == ("PLAZO_MODIFICADO", "17/12/2026 16:30 (hora de Bolivia)")
    assert "no corre" in told.values["consecuencia"]
    site.now = local("2026-12-09 16:30")
    assert site.dismisses().state.clock.deadline == local("2026-12-18 16:30")


@pytest.mark.criterion("X.9", "14.8")
def test_a_later_term_decreed_while_a_dispute_is_open_is_granted_when_the_clock_goes_on() -> None:
    site = in_business_days().until(local("2026-12-01 16:30")).rejects()
    site.when(ReferDispute(aggregate=SUBORDER, subject="Precio"), OM)
    decreed(site, OFF, working=False)
    site.when(ResolveDispute(aggregate=SUBORDER, outcome="Se mantiene"), EC, at=local("2026-12-07 16:30"))
    assert site.names()[-2:] == ["AcceptanceClockRedated", "NotificationRequested"]
    assert site.of(AcceptanceClockResumed)[-1].deadline == local("2026-12-17 16:30")
    assert left(site) == 13 * DAY  # ten days were left of a term that ends on Monday instead of Friday


@pytest.mark.criterion("X.9", "X.1")
def test_an_approval_after_a_hold_shortens_by_the_day_that_was_decreed_and_no_more() -> None:
    site = decreed(in_business_days(), WORKED, working=True)
    site.when(OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Obra"))
    site.when(OrderResumed(parent=PARENT, suborders=(SUBORDER,), reason="Lista"), at=site.now + 14 * DAY)
    assert approve(site).state.clock.deadline == local("2026-12-24 16:30")


@pytest.mark.criterion("X.9", "14.8")
def test_a_proposal_that_a_decree_took_back_while_the_clock_stood_cannot_be_approved() -> None:
    site = decreed(in_business_days(), WORKED, working=True).rejects()
    decreed(site, WORKED, working=False)
    assert refusal(approve(site)) == "UNKNOWN_REDATING"
    assert site.dismisses().state.redating is None


@pytest.mark.criterion("X.9", "14.8")
def test_an_approval_takes_in_all_that_was_decreed_while_the_clock_stood_and_once() -> None:
    site = decreed(in_business_days(), WORKED, working=True).rejects()
    decreed(site, "2026-11-28", working=True)
    approve(site)
    assert left(site) == 12 * DAY  # fourteen to begin with, two Saturdays
    assert "RedatingProposed" not in site.dismisses().names()
    assert site.state.acta.calendar.version == 3


@pytest.mark.criterion("X.9", "14.8")
def test_an_approval_within_two_business_days_of_the_end_shortens_nothing_and_tells_nobody() -> None:
    site = decreed(in_business_days(), WORKED, working=True).until(local("2026-12-10 10:00"))
    assert approve(site).names() == ["AcceptanceClockRedated"]
    assert site.state.clock.deadline == local("2026-12-11 16:30")


STEPS: Final[dict[str, Callable[[Site], Site]]] = {
    "a day off": lambda site: decreed(site, OFF, working=False),
    "a day off nobody looked at": lambda site: decided_by(site, change(OFF, working=False)),
    "a working day": lambda site: decreed(site, WORKED, working=True),
    "a working day taken back": lambda site: decreed(site, WORKED, working=False),
    "approve": approve,
    "reject": lambda site: site.when(
        RejectAcceptance(aggregate=SUBORDER, reason="No navega", by=f"{PARENT}:firmante", channel="EMAIL"), actor("CLIENTE")
    ),
    "dismiss": lambda site: site.dismisses(GI),
    "refer": lambda site: site.when(ReferDispute(aggregate=SUBORDER, subject="Precio"), OM),
    "resolve": lambda site: site.when(ResolveDispute(aggregate=SUBORDER, outcome="Se mantiene"), EC),
    "hold": lambda site: site.when(OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Obra")),
    "resume": lambda site: site.when(OrderResumed(parent=PARENT, suborders=(SUBORDER,), reason="Lista")),
}


@pytest.mark.criterion("X.9", "X.1", "14.7", "14.8")
@given(steps=st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 40)), max_size=14))
def test_in_any_order_nothing_shortens_the_customers_time_but_an_approval_and_that_never_below_two_days(
    steps: list[tuple[str, int]],
) -> None:
    site = in_business_days()
    for name, hours in steps:
        before, runs, known = left(site), not site.state.held and site.state.rejection is None, len(site.facts)
        site.until(site.now + timedelta(hours=hours))
        if site.state.stage == "EXPIRED":
            assert before <= timedelta(hours=hours)
            return
        granted = sum(
            (one.after - one.before for one in site.facts[known:] if isinstance(one, AcceptanceClockRedated)), timedelta()
        )
        assert left(site) == before + granted - runs * timedelta(hours=hours)
        before, known = left(site), len(site.facts)
        STEPS[name](site)
        made = site.facts[known:]
        two_days = site.calendar.add_days(site.now, 2, "BUSINESS", site.state.card.site.department) - site.now
        moved = [one for one in made if isinstance(one, AcceptanceClockRedated)]
        floor = two_days if any(isinstance(one, AcceptanceClockResumed) for one in made) else timedelta()
        assert left(site) == max(before, floor) + sum((one.after - one.before for one in moved), timedelta())
        assert left(site) >= (min(before, two_days) if name == "approve" else before)
        assert all(one.after >= one.before or one.approved_by for one in moved)

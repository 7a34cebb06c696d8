"""What the operator may decide otherwise: each alternative of a policy value of acceptance changes what it says it changes."""

import pytest

from shared.contracts.acceptance import ActaPrepared, OnboardingStarted
from tests.unit.acceptance.acceptance_site import SENT, Site, local


@pytest.mark.criterion("D4", "14.4")
@pytest.mark.parametrize(("every", "days"), [(2, [2, 4, 6, 8]), (3, [3, 6, 9]), (10, [])])
def test_the_operator_says_every_how_many_days_the_customer_is_reminded(every: int, days: list[int]) -> None:
    site = Site().choosing(acceptance__reminder_every=every).acta_out()
    assert [slot.slot for slot in site.state.clock.open_slots] == days


@pytest.mark.criterion("D13", "16")
@pytest.mark.parametrize(("choice", "at_acceptance"), [("BILLING_ACTIVATED", False), ("ACCEPTED", True)])
def test_the_onboarding_may_start_with_the_acceptance(choice: str, at_acceptance: bool) -> None:
    site = Site().choosing(onboarding__starts_on=choice).acta_out().signs()
    assert bool(site.of(OnboardingStarted)) is at_acceptance
    assert len(site.billed().of(OnboardingStarted)) == 1


@pytest.mark.criterion("D15", "14.3")
@pytest.mark.parametrize(
    ("saturdays", "deadline"),
    [((), "2026-12-11 16:30"), (("BO-S",), "2026-12-09 16:30"), (("BO-L",), "2026-12-11 16:30")],
)
def test_a_department_may_work_on_saturdays_and_its_business_days_pass_sooner(saturdays: tuple[str, ...], deadline: str) -> None:
    site = Site().choosing(acceptance__unit="BUSINESS")
    site.calendar = site.calendar.with_saturdays(saturdays)
    assert site.tested(at=SENT).of(ActaPrepared)[0].printed_deadline == local(deadline)

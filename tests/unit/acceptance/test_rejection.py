import pytest

from shared.contracts.acceptance import AcceptanceRejected, ReferDispute, RejectAcceptance, RejectionUpheld, ResolveDispute
from shared.contracts.common import NotificationRequested
from tests.builders import PARENT, SUBORDER, passed_tests
from tests.unit.acceptance.acceptance_site import EC, GI, OM, Site, local
from tests.unit.acceptance.test_acta import failed


def refusal(site: Site) -> str:
    assert site.refusal is not None
    return site.refusal.code


@pytest.mark.criterion("14.7")
def test_a_rejection_stops_clock_and_reminders() -> None:
    site = Site().acta_out().until(local("2026-11-30 16:30")).rejects()
    assert site.names() == ["AcceptanceRejected"]
    assert site.of(AcceptanceRejected)[0].remaining == 7 * 86400
    assert site.until(local("2027-01-30 16:30")).names() == []
    assert site.rejects().names() == []  # the same again


@pytest.mark.criterion("14.7")
def test_a_rejection_needs_a_reason_and_an_open_acceptance() -> None:
    blank = RejectAcceptance(aggregate=SUBORDER, reason=" ", by=f"{PARENT}:firmante", channel="CALL")
    assert refusal(Site().acta_out().when(blank, OM)) == "REASON_REQUIRED"
    assert refusal(Site().expired().rejects()) == "ACCEPTANCE_CLOSED"


@pytest.mark.criterion("14.7")
def test_an_upheld_rejection_goes_back_to_delivery_and_ends_in_a_new_acta_with_ten_new_days() -> None:
    site = Site().acta_out().rejects().upholds()
    assert site.names() == ["RejectionUpheld"]
    assert site.state.stage == "REWORK"
    site.when(passed_tests(1))  # the old series again: nothing
    assert site.state.stage == "REWORK"
    site.when(passed_tests(2), at=local("2026-12-10 10:00")).rendered().sent("acta/2/1")
    assert site.state.clock.deadline == local("2026-12-20 10:00")
    assert site.state.evidence is None


@pytest.mark.criterion("14.7")
@pytest.mark.parametrize(("changes", "code"), [({"items": ("ZZ-9",)}, "UNKNOWN_ATP_ITEM"), ({"cause": " "}, "CAUSE_REQUIRED")])
def test_upholding_names_known_items_and_a_cause(changes: dict[str, object], code: str) -> None:
    assert refusal(Site().acta_out().rejects().upholds(**changes)) == code


@pytest.mark.criterion("14.7")
def test_items_that_the_rejection_names_need_not_be_said_again_but_somebody_must_name_one() -> None:
    assert Site().acta_out().rejects().upholds(items=()).of(RejectionUpheld)[0].items == ("FA-02",)
    vague = RejectAcceptance(aggregate=SUBORDER, reason="No sirve", by=f"{PARENT}:firmante", channel="CALL")
    assert refusal(Site().acta_out().when(vague, OM).upholds(items=())) == "INVALID_FIELDS"


@pytest.mark.criterion("14.7", "14.8")
def test_without_an_open_rejection_there_is_nothing_to_settle() -> None:
    site = Site().acta_out()
    assert refusal(site.upholds()) == "NO_OPEN_REJECTION"
    assert refusal(site.dismisses()) == "NO_OPEN_REJECTION"
    assert refusal(site.when(ReferDispute(aggregate=SUBORDER, subject="Precio"), OM)) == "NO_OPEN_REJECTION"


@pytest.mark.criterion("14.8")
def test_a_dismissal_gives_the_reasons_and_what_was_left_of_the_term() -> None:
    site = Site().acta_out().until(local("2026-11-30 16:30")).rejects()
    site.now = local("2026-12-04 16:30")
    site.dismisses()
    assert site.names() == ["RejectionDismissed", "AcceptanceClockResumed", "NotificationRequested"]
    assert site.state.clock.deadline == local("2026-12-11 16:30")
    mail = site.of(NotificationRequested)[-1]
    assert (mail.template, mail.purpose, [one.role for one in mail.cc]) == ("RECHAZO_DESESTIMADO", "dismissal/1", ["EC"])
    assert mail.values["motivos"].startswith("El equipo")
    assert mail.values["plazo"] == "11/12/2026 16:30 (hora de Bolivia)"
    # Day 4 was unused when the clock stopped: it moves by the four days of the pause.
    assert site.state.clock.open_slots[0].at == local("2026-12-05 16:30")


@pytest.mark.criterion("14.8")
def test_at_least_two_business_days_remain_after_a_dismissal() -> None:
    site = Site().acta_out().until(local("2026-12-07 16:00")).rejects()
    site.now = local("2026-12-11 16:00")  # a Friday
    assert site.dismisses().state.clock.deadline == local("2026-12-15 16:00")


@pytest.mark.criterion("14.8")
def test_a_second_dismissal_needs_the_gerente_de_ingenieria() -> None:
    site = Site().acta_out().rejects().dismisses().rejects()
    assert refusal(site.dismisses()) == "DISMISSAL_NEEDS_GI"
    assert "RejectionDismissed" in site.dismisses(GI).names()


@pytest.mark.criterion("14.8")
def test_a_commercial_dispute_is_the_executives_and_holds_the_suborder_until_it_is_settled() -> None:
    site = Site().acta_out().rejects().when(ReferDispute(aggregate=SUBORDER, subject="Precio"), OM)
    assert site.names() == ["DisputeReferred", "FalloutRaised"]
    assert site.decider.waiting(site.state)[0].party == "EC"
    assert refusal(site.when(ResolveDispute(aggregate=SUBORDER, outcome=" "), EC)) == "REASON_REQUIRED"
    site.when(ResolveDispute(aggregate=SUBORDER, outcome="Se mantiene el precio"), EC)
    assert site.names() == ["DisputeResolved", "FalloutResolved", "AcceptanceClockResumed"]
    assert (site.state.stage, site.state.fallouts) == ("OPEN", {})


@pytest.mark.criterion("14.7", "14.8")
def test_a_dispute_that_ends_in_an_upheld_rejection_no_longer_holds_the_suborder() -> None:
    site = Site().acta_out().rejects().when(ReferDispute(aggregate=SUBORDER, subject="Precio"), OM).upholds()
    assert (site.names(), site.state.fallouts) == (["RejectionUpheld", "FalloutResolved"], {})


@pytest.mark.criterion("14.8", "X.4")
def test_a_settled_dispute_settles_no_other_fallout() -> None:
    site = Site().acta_out().rejects().dismisses().when(failed("dismissal/1", "ADDRESS_MISSING"))
    (other,) = site.state.fallouts
    site.rejects().when(ReferDispute(aggregate=SUBORDER, subject="Precio"), OM).signs()
    assert (site.names(), list(site.state.fallouts)) == (["AcceptanceSigned", "FalloutResolved"], [other])


@pytest.mark.criterion("14.5", "14.8")
def test_a_signature_ends_a_dispute() -> None:
    site = Site().acta_out().rejects().when(ReferDispute(aggregate=SUBORDER, subject="Precio"), OM).signs()
    assert site.names() == ["AcceptanceSigned", "FalloutResolved"]

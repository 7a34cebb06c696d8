"""Who has the ball of an acceptance, and which message takes it."""

import pytest

from shared.contracts.acceptance import RecordExpiryCall, ReferDispute
from shared.contracts.intake import OrderHeld
from tests.builders import PARENT, SUBORDER, passed_tests, released
from tests.unit.acceptance.acceptance_site import OM, SENT, Site
from tests.unit.acceptance.test_acta import bounced, failed
from tests.unit.acceptance.test_onboarding import BACKUP, NUBE, accepted, schedule, update

LIVE = accepted().billed()
NOTICE = ("OM", "NotificationSent")
CALL = ("OM", "RecordExpiryCall")
BILL = ("FACTURADOR_BBD", "ServiceBillingActivated")
DATA = ("OM", "UpdateCustomerData")


def called(site: Site) -> Site:
    return site.when(RecordExpiryCall(aggregate=SUBORDER, person=f"{PARENT}:firmante", at=site.now, outcome="Avisado"), OM)


@pytest.mark.criterion("1.4", "X.6")
@pytest.mark.parametrize(
    ("site", "waits"),
    [
        (Site().when(passed_tests()), [("OM", "SuborderReleased")]),
        (Site().when(released()), [("INGENIERO_B2B", "TestsPassed")]),
        (Site().tested(), [("OM", "RecordActaRendered")]),
        (Site().tested().rendered(), [("OM", "NotificationSent")]),
        (Site().tested().rendered().when(failed("acta/1/1", "DEADLINE_TEXT_MISSING")), [("OM", "ResendActa")]),
        (Site().acta_out().when(bounced("acta/1/1")), [("OM", "ResendActa")]),
        (Site().acta_out(), [("CLIENTE", "RecordSignature")]),
        (Site().acta_out().when(OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Obra")), [("OM", "OrderResumed")]),
        (Site().acta_out().rejects(), [("OM", "DismissRejection")]),
        (Site().acta_out().rejects().dismisses().rejects(), [("GI", "DismissRejection")]),
        (Site().acta_out().rejects().when(ReferDispute(aggregate=SUBORDER, subject="Precio"), OM), [("EC", "ResolveDispute")]),
        (Site().acta_out().rejects().upholds(), [("INGENIERO_B2B", "TestsPassed")]),
        (Site().acta_out().signs(), [BILL]),
        (Site().expired(), [NOTICE, CALL, BILL]),
        (Site().expired().sent("expiry/1", cc=("EC", "GI")), [CALL, BILL]),
        (called(Site().expired()), [NOTICE, BILL]),
        (LIVE, [DATA, ("OM", "ScheduleTraining")]),
        (accepted().billed().when(schedule(LIVE), OM), [DATA, ("OM", "RecordTraining")]),
        (accepted(NUBE).billed(), [DATA, ("OM", "NotificationSent")]),
        (accepted(BACKUP).billed(), [DATA, ("OM", "RecordKitDelivery")]),
        (accepted(BACKUP).billed(1).sent("kit").when(update(), OM), [BILL]),
    ],
)
def test_each_wait_names_its_party_and_the_message_that_takes_it(site: Site, waits: list[tuple[str, str]]) -> None:
    assert [(one.party, one.cleared_by[0]) for one in site.decider.waiting(site.state)] == waits


@pytest.mark.criterion("14.3", "X.6")
def test_the_wait_for_the_customer_is_due_when_the_term_ends() -> None:
    (wait,) = Site().acta_out(SENT).decider.waiting(Site().acta_out(SENT).state)
    assert wait.due == Site().acta_out(SENT).state.clock.deadline

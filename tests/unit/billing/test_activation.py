from datetime import timedelta

import pytest

from shared.contracts.billing import (
    AttachBillingDocument,
    BillingRequestResent,
    ConfirmBillingActivation,
    ResendBillingRequest,
    ServiceBillingActivated,
)
from shared.contracts.common import (
    ActivationsResponded,
    ActivationsSlaBreached,
    FalloutRaised,
    JeopardyRaised,
    NotificationRequested,
    ResolveFallout,
    TaskEscalated,
)
from shared.contracts.intake import AllSitesAccepted, AnswerActivationsRequest, OrderHeld, OrderResumed
from tests.builders import PARENT, SUBORDER, doc, phase
from tests.unit.billing.billing_group import ACTIVACIONES, BBD, OM, built, ready, signed
from tests.unit.billing.test_start import group_of, phased

REQUEST = f"{SUBORDER}/1"
TAKES_UP = AnswerActivationsRequest(aggregate=SUBORDER, request_id=REQUEST)


@pytest.mark.criterion("15.6", "15.7")
def test_the_confirmation_activates_once_and_tells_the_executive() -> None:
    group = ready(signed()).confirms()
    assert group.names() == ["ServiceBillingActivated", "NotificationRequested"]
    activated = group.of(ServiceBillingActivated)[0]
    assert (activated.suborders, activated.phases_left, activated.pre_acceptance) == ((SUBORDER,), 0, False)
    mail = group.of(NotificationRequested)[-1]
    assert (mail.template, [(one.role, one.ref) for one in mail.to]) == (
        "ALTA_REALIZADA",
        [("EC", "ec-1"), ("SUPERVISOR_EC", "sup-1")],
    )
    assert ([one.ref for one in mail.cc], mail.values["referencia"]) == (["om-1"], activated.bbd_reference)
    assert group.decider.waiting(group.state) == ()
    assert group.decider.deadlines(group.state, group.calendar) == {}
    assert (group.confirms().names(), group.refusal) == ([], None)  # a repeat is late, not wrong


@pytest.mark.criterion("15.7")
def test_the_executive_is_told_once_per_group_and_not_of_a_phase_before_acceptance() -> None:
    own = phased(
        phase(1, "20.00", "NETWORK_BUILT"),
        phase(2, "50.00"),
        phase(3, "30.00", "ALL_SITES_ACCEPTED"),
        pre_acceptance_agreed=True,
    )
    group = group_of(own).when(built()).confirms(1)
    assert [one.template for one in group.of(NotificationRequested)] == ["SOLICITUD_ALTA"]
    group.when(signed()).confirms(2).when(AllSitesAccepted(parent=PARENT, suborders=(SUBORDER,))).confirms(3)
    assert [one.template for one in group.of(NotificationRequested)].count("ALTA_REALIZADA") == 1
    assert [one.phases_left for one in group.of(ServiceBillingActivated)] == [2, 1, 0]


@pytest.mark.criterion("15.6")
def test_unknown_and_unrequested_phases_are_refused_by_their_own_code() -> None:
    group = group_of(phased(phase(1, "70.00"), phase(2, "30.00", "ALL_SITES_ACCEPTED"))).when(signed())
    assert group.confirms(2).code() == "PHASE_NOT_REQUESTED"
    assert group.confirms(9).code() == "UNKNOWN_REQUEST"
    assert group.refuses(9).code() == "UNKNOWN_REQUEST"
    assert group.refuses(2).code() == "PHASE_NOT_REQUESTED"
    stranger = AnswerActivationsRequest(aggregate=SUBORDER, request_id="x/1")
    assert group.when(stranger, ACTIVACIONES).code() == "UNKNOWN_REQUEST"


@pytest.mark.criterion("3.5", "15.6")
def test_taking_it_up_does_not_close_the_day_the_confirmation_does() -> None:
    group = ready(signed()).when(TAKES_UP, ACTIVACIONES)
    assert group.names() == ["ActivationsResponded"]
    assert (group.when(TAKES_UP, ACTIVACIONES).names(), group.refusal) == ([], None)
    assert "activations_due" in group.decider.deadlines(group.state, group.calendar)
    assert "activations_due" not in group.confirms().decider.deadlines(group.state, group.calendar)


@pytest.mark.criterion("3.5", "15.6")
@pytest.mark.parametrize(("seconds", "late"), [(0, False), (1, True)])  # exactly 24 h is in time, one second later is not
def test_a_request_that_is_taken_up_too_late_is_marked(seconds: int, late: bool) -> None:
    group = ready(signed())
    group.when(TAKES_UP, ACTIVACIONES, at=group.request.due + timedelta(seconds=seconds))
    assert [one.late for one in group.of(ActivationsResponded)] == [late]


@pytest.mark.criterion("15.6")
def test_a_resent_request_is_taken_up_anew_and_a_fallout_that_was_solved_by_hand_is_not_solved_twice() -> None:
    group = ready(signed()).when(TAKES_UP, ACTIVACIONES).refuses()
    group.when(ResolveFallout(aggregate=SUBORDER, fallout_id=f"{REQUEST}/refused/1", how="MANUAL", reason="Cuenta reabierta"), OM)
    group.when(ResendBillingRequest(aggregate=SUBORDER, request_id=REQUEST, reason="Cuenta reabierta"), OM)
    assert group.names() == ["BillingRequestResent", "NotificationRequested"]
    assert group.of(NotificationRequested)[-1].purpose == "request/1/2"
    assert group.when(TAKES_UP, ACTIVACIONES).names() == ["ActivationsResponded"]


@pytest.mark.criterion("3.5", "15.6", "X.5")
def test_a_day_without_confirmation_is_warned_of_and_breached_once() -> None:
    group = ready(signed())
    due = group.request.due
    assert [one.level for one in group.until(due).of(JeopardyRaised)] == ["AMBER"]
    group.until(due + timedelta(days=3))
    assert (len(group.of(ActivationsSlaBreached)), len(group.of(TaskEscalated))) == (1, 1)
    assert group.confirms().names() == ["ServiceBillingActivated", "JeopardyCleared", "NotificationRequested"]


@pytest.mark.criterion("15.6")
def test_a_refusal_is_a_fallout_and_a_resend_says_everything_anew_under_the_same_key() -> None:
    group = ready(signed()).refuses()
    assert group.names() == ["BillingActivationRefused", "FalloutRaised"]
    raised = group.of(FalloutRaised)[0]
    assert (raised.fallout_class, raised.queue, raised.detail) == ("BILLING_REFUSED", "OM", "CUENTA: La cuenta está cerrada")
    assert (group.refuses().names(), group.refusal) == ([], None)
    assert group.confirms().code() == "PHASE_NOT_REQUESTED"
    assert group.decider.deadlines(group.state, group.calendar) == {}
    blank = ResendBillingRequest(aggregate=SUBORDER, request_id=REQUEST, reason=" ")
    assert group.when(blank, OM).code() == "REASON_REQUIRED"
    again = ResendBillingRequest(aggregate=SUBORDER, request_id=REQUEST, reason="Cuenta reabierta")
    group.when(again, OM, at=group.now + timedelta(days=2))
    assert group.names() == ["BillingRequestResent", "FalloutResolved", "NotificationRequested"]
    resent = group.of(BillingRequestResent)[0]
    mail = group.of(NotificationRequested)[-1]
    assert (mail.purpose, [one.ref for one in mail.cc]) == ("request/1/2", ["om-1"])
    assert mail.values["vence_el"] == resent.due.isoformat()
    assert (resent.request_id, resent.attempt, resent.due) == (REQUEST, 2, group.now + timedelta(hours=24))
    assert resent.billing_start == group.request.billing_start
    assert group.when(again, OM).code() == "NOT_REFUSED"
    assert group.confirms().names()[0] == "ServiceBillingActivated"


@pytest.mark.criterion("15.4", "15.6")
def test_what_a_refusal_asks_for_is_attached_after_it_and_goes_with_the_resend() -> None:
    better = AttachBillingDocument(aggregate=SUBORDER, doc=doc("CONTRATO_FIRMADO", "contrato-2", version=2))
    group = ready(signed()).refuses().when(better, OM)
    assert group.names() == ["BillingDocumentAttached"]
    group.when(ResendBillingRequest(aggregate=SUBORDER, request_id=REQUEST, reason="Contrato corregido"), OM)
    assert group.of(BillingRequestResent)[0].attachments[1].doc_id == "contrato-2"


@pytest.mark.criterion("3.5", "X.1")
def test_a_hold_moves_the_day_of_activaciones_by_exactly_the_time_paused() -> None:
    group = ready(signed())
    before = group.decider.deadlines(group.state, group.calendar)
    group.when(OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Mora"))
    group.when(OrderResumed(parent=PARENT, suborders=(SUBORDER,), reason="Pagó"), at=group.now + timedelta(hours=30))
    after = group.decider.deadlines(group.state, group.calendar)
    assert after == {name: at + timedelta(hours=30) for name, at in before.items()}


@pytest.mark.criterion("15.6", "X.8")
def test_the_owner_does_not_confirm_for_the_billing_system() -> None:
    told = ConfirmBillingActivation(aggregate=SUBORDER, request_id=REQUEST, activated_at=ready().now, bbd_reference="x")
    assert ready(signed()).when(told, OM).code() == "ROLE_NOT_ALLOWED"
    assert ready().when(told, BBD).code() == "WRONG_STAGE"

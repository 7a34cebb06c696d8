"""Each mail exactly once: taken on, tried, proved; what a person can mend is his task."""

from datetime import timedelta

import pytest

from services.notifications.app import MESSAGE
from shared.contracts.common import AssignTask, NotificationRequested, RecordEffectFailed, TaskAssigned
from shared.contracts.notifications import (
    DeliveryDeferred,
    NotificationBounced,
    NotificationFailed,
    NotificationQueued,
    NotificationSent,
    RecordBounce,
    RecordDelivery,
    RetryNotification,
)
from shared.contracts.shapes import AskedBy, Recipient, SentAttachment
from tests.given import MONDAY, Given, actor

ID = "acceptance/8015g00000AbC02AAF/7"
PARENT = "8015g00000AbC01AAF"
REQUEST = NotificationRequested(
    parent=PARENT,
    suborder="8015g00000AbC02AAF",
    template="ACTA_ENTREGA",
    purpose="acta/1/1",
    to=(Recipient(role="CLIENTE", ref=f"{PARENT}:firmante"),),
    cc=(Recipient(role="OM", ref="om-1"), Recipient(role="EC", ref="ec-1")),
    asked_by=AskedBy(service="acceptance", aggregate="8015g00000AbC02AAF"),
)
OM, OPS = actor("OM"), actor("OPS")


def a_mail() -> Given:
    return Given("notifications", MESSAGE, ID, PARENT).when(REQUEST)


def tried(attempt: int, outcome: str, code: str = "") -> RecordDelivery:
    sent = {"message_id": "<m@x>", "server_reply": "250 A1", "content_sha256": "a" * 64} if outcome == "SENT" else {}
    return RecordDelivery.model_validate({"aggregate": ID, "attempt": attempt, "outcome": outcome, "code": code} | sent)


@pytest.mark.criterion("X.11")
def test_a_request_becomes_one_mail_that_wants_to_be_sent() -> None:
    mail = a_mail()
    assert mail.names() == ["NotificationQueued"]
    [effect] = MESSAGE.effects(mail.state)
    assert (effect.kind, effect.key, effect.attempt, effect.not_before) == ("SendMail", "mail", 1, MONDAY)
    assert effect.args["notification_id"] == mail.of(NotificationQueued)[0].notification_id
    assert mail.when(REQUEST).names() == []


@pytest.mark.criterion("14.3", "11.3", "X.11")
def test_the_proof_of_sending_names_request_time_and_who_got_it() -> None:
    mail = a_mail().when(tried(1, "SENT").model_copy(update={"left_out": ("ec-1",)}), at=MONDAY + timedelta(seconds=3))
    [sent] = mail.of(NotificationSent)
    assert (sent.purpose, sent.asked_by, sent.sent_at) == ("acta/1/1", REQUEST.asked_by, MONDAY + timedelta(seconds=3))
    assert (sent.notification_id, sent.message_id, sent.server_reply) == (mail.state.notification_id, "<m@x>", "250 A1")
    assert [one.ref for one in sent.cc] == ["om-1"]
    assert (mail.state.stage, MESSAGE.effects(mail.state), MESSAGE.waiting(mail.state)) == ("SENT", (), ())


@pytest.mark.criterion("X.11")
def test_what_comes_after_the_end_changes_nothing() -> None:
    mail = a_mail().when(tried(1, "SENT"))
    for late in (tried(1, "SENT"), tried(1, "FAILED", "REFUSED_BY_SERVER"), tried(2, "LATER", "SERVER_UNREACHABLE")):
        assert mail.when(late).names() == []
    assert mail.when(RecordEffectFailed(aggregate=ID, key="mail", attempt=1, code="TimeoutError")).names() == []


@pytest.mark.criterion("X.11")
def test_an_unreachable_server_is_tried_with_growing_pauses_and_at_last_a_persons_task() -> None:
    mail, pauses = a_mail(), []
    for attempt in range(1, 8):
        mail.when(tried(attempt, "LATER", "SERVER_UNREACHABLE"))
        [deferred] = [fact for fact in mail.last if isinstance(fact, DeliveryDeferred)]
        pauses.append((deferred.next_at - mail.now).total_seconds())
        mail.now = deferred.next_at
    assert pauses == [30, 60, 120, 240, 480, 960, 1920]
    assert mail.when(tried(7, "LATER", "SERVER_UNREACHABLE")).names() == []  # an old try
    mail.when(tried(8, "LATER", "SERVER_UNREACHABLE"))
    assert [fact.code for fact in mail.of(NotificationFailed)] == ["RETRIES_EXHAUSTED"]
    [wait] = MESSAGE.waiting(mail.state)
    assert (wait.party, wait.cleared_by) == ("OM", ("RetryNotification",))


@pytest.mark.criterion("X.11", "14.6")
@pytest.mark.parametrize("code", ["ADDRESS_MISSING", "CC_ADDRESS_MISSING"])
def test_an_address_is_waited_for_fifteen_minutes(code: str) -> None:
    mail = a_mail()
    while not mail.of(NotificationFailed):
        mail.when(tried(mail.state.attempt, "LATER", code))
        mail.now = mail.state.next_at or mail.now
    assert mail.of(NotificationFailed)[0].code == code
    assert timedelta(minutes=15) <= mail.now - MONDAY <= timedelta(minutes=16)
    assert mail.state.server_tries == 0


@pytest.mark.criterion("X.11")
def test_a_try_that_broke_off_counts_as_one() -> None:
    mail = a_mail().when(RecordEffectFailed(aggregate=ID, key="mail", attempt=1, code="TimeoutError"))
    assert [fact.code for fact in mail.of(DeliveryDeferred)] == ["TimeoutError"]
    assert MESSAGE.effects(mail.state)[0].attempt == 2


@pytest.mark.criterion("14.3")
def test_too_late_is_final_since_the_asker_makes_a_new_mail() -> None:
    mail = a_mail().when(tried(1, "FAILED", "TOO_LATE_TO_SEND"))
    assert mail.state.stage == "FAILED"
    assert MESSAGE.waiting(mail.state) == ()


@pytest.mark.criterion("X.11")
def test_a_person_retries_a_failed_mail_and_tries_go_on_counting() -> None:
    mail = a_mail().when(tried(1, "FAILED", "ADDRESS_MISSING"))
    assert mail.when(RetryNotification(aggregate=ID), OM).names() == ["NotificationQueued"]
    [effect] = MESSAGE.effects(mail.state)
    assert (effect.key, effect.attempt) == ("mail", 2)
    assert mail.when(tried(2, "SENT")).names() == ["NotificationSent"]
    assert mail.when(RetryNotification(aggregate=ID), OM).refusal is not None
    assert mail.refusal is not None
    assert mail.refusal.code == "ALREADY_SENT"


@pytest.mark.criterion("14.3", "X.11")
def test_a_bounce_is_told_once_and_found_by_its_message_id() -> None:
    mail = a_mail().when(tried(1, "SENT"))
    mail.when(RecordBounce(aggregate=ID, message_id="<other@x>", code="5.1.1"), OPS)
    assert mail.refusal is not None
    assert mail.refusal.code == "UNKNOWN_MESSAGE"
    mail.when(RecordBounce(aggregate=ID, message_id="<m@x>", code="5.1.1"), OPS)
    assert [(fact.code, fact.purpose) for fact in mail.of(NotificationBounced)] == [("5.1.1", "acta/1/1")]
    assert mail.when(RecordBounce(aggregate=ID, message_id="<m@x>", code="5.1.1"), OPS).names() == []
    [wait] = MESSAGE.waiting(mail.state)
    assert wait.cleared_by == ("RetryNotification",)
    assert mail.when(RetryNotification(aggregate=ID), OM).names() == ["NotificationQueued"]


@pytest.mark.criterion("14.3", "X.11")
def test_a_bounce_in_the_mail_servers_own_words_is_refused_for_the_address_in_them() -> None:
    mail = a_mail().when(tried(1, "SENT"))
    mail.when(RecordBounce(aggregate=ID, message_id="<m@x>", code="550 5.1.1 <ana@example.com> unknown"), OPS)
    assert mail.refusal is not None
    assert mail.refusal.code == "PERSONAL_DATA"
    assert mail.of(NotificationBounced) == []


@pytest.mark.criterion("X.6")
def test_the_task_of_a_failed_mail_can_be_taken() -> None:
    mail = a_mail().when(tried(1, "FAILED", "REFUSED_BY_SERVER"))
    [wait] = MESSAGE.waiting(mail.state)
    mail.when(AssignTask(aggregate=ID, key=wait.key, to="om-2"), OM)
    assert [fact.to for fact in mail.of(TaskAssigned)] == ["om-2"]


def test_nobody_but_the_system_says_that_a_mail_was_sent() -> None:
    mail = a_mail().when(tried(1, "SENT"), OM)
    assert mail.refusal is not None
    assert mail.refusal.code == "ROLE_NOT_ALLOWED"


@pytest.mark.criterion("X.6", "X.11")
@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("ADDRESS_MISSING", f"Falta la dirección de correo de {PARENT}:firmante. "),
        ("CC_ADDRESS_MISSING", "Falta la dirección de una copia obligatoria, de om-1 o de ec-1. "),
        ("RETRIES_EXHAUSTED", ""),
        ("REFUSED_BY_SERVER", ""),
        ("HASH_MISMATCH", ""),
        ("DEADLINE_TEXT_MISSING", ""),
    ],
)
def test_the_task_of_a_failed_mail_says_why_and_whom_it_lacks(code: str, why: str) -> None:
    [wait] = MESSAGE.waiting(a_mail().when(tried(1, "FAILED", code)).state)
    assert wait.what.startswith(f"El correo ACTA_ENTREGA no se envió. {why}")
    assert wait.what.endswith(". Corrija y vuelva a enviarlo")
    assert code not in wait.what, "a sentence, not its code"
    assert "—" not in wait.what


@pytest.mark.criterion("X.11")
def test_no_pause_is_longer_than_an_hour_for_the_server_or_a_minute_for_an_address() -> None:
    mail, pauses = a_mail().choosing(delivery__tries=12), []
    for attempt in range(1, 12):
        mail.when(tried(attempt, "LATER", "SERVER_SAYS_LATER"))
        pauses.append((mail.of(DeliveryDeferred)[-1].next_at - mail.now).total_seconds())
        mail.now = mail.of(DeliveryDeferred)[-1].next_at
        assert [one.not_before for one in MESSAGE.effects(mail.state)] == [mail.now]
    assert pauses[5:] == [960, 1920, 3600, 3600, 3600, 3600]
    mail, pauses = a_mail(), []
    for attempt in range(1, 7):
        mail.when(tried(attempt, "LATER", "CC_ADDRESS_MISSING"))
        pauses.append((mail.of(DeliveryDeferred)[-1].next_at - mail.now).total_seconds())
    assert pauses == [5, 10, 20, 40, 60, 60]


@pytest.mark.criterion("X.11")
def test_waiting_for_an_address_is_not_held_against_the_server() -> None:
    mail = a_mail()
    for attempt in range(1, 6):
        mail.when(tried(attempt, "LATER", "ADDRESS_MISSING"))
    mail.when(tried(6, "LATER", "SERVER_UNREACHABLE"))
    assert (mail.of(DeliveryDeferred)[-1].next_at - mail.now).total_seconds() == 30
    assert (mail.state.attempt, mail.state.server_tries) == (7, 1)


@pytest.mark.criterion("X.11")
def test_fifteen_minutes_to_the_second_end_the_wait_for_an_address() -> None:
    mail = a_mail()
    mail.when(tried(1, "LATER", "ADDRESS_MISSING"), at=MONDAY + timedelta(minutes=15, seconds=-1))
    assert mail.names() == ["DeliveryDeferred"]
    mail.when(tried(2, "LATER", "ADDRESS_MISSING"), at=MONDAY + timedelta(minutes=15))
    assert mail.names() == ["NotificationFailed"]


@pytest.mark.criterion("X.11")
def test_a_mail_is_of_its_askers_order_site_and_group_and_keeps_its_id_when_it_is_tried_again() -> None:
    asked = REQUEST.model_copy(update={"billing_group": "8015g00000AbC01AAF/WHOLE", "values": {"orden": "00012345"}})
    mail = Given("notifications", MESSAGE, ID, PARENT).when(asked)
    first = mail.of(NotificationQueued)[0]
    assert (mail.state.parent, mail.state.suborder, mail.state.billing_group) == (PARENT, asked.suborder, asked.billing_group)
    assert (first.notification_id, first.request, first.queued_at) == (f"test/{ID}/1", asked, MONDAY)
    assert mail.state.numbers == {"order.number": "00012345"}
    assert a_mail().state.numbers == {}
    later = MONDAY + timedelta(hours=3)
    for attempt in (1, 2):
        mail.when(tried(attempt, "LATER", "SERVER_UNREACHABLE"))
    mail.when(tried(3, "FAILED", "REFUSED_BY_SERVER")).when(RetryNotification(aggregate=ID), OM, at=later)
    again = mail.of(NotificationQueued)[-1]
    assert (again.notification_id, again.request, again.queued_at) == (first.notification_id, asked, later)
    [effect] = MESSAGE.effects(mail.state)
    assert (effect.not_before, effect.attempt, mail.state.server_tries, mail.state.code) == (later, 4, 0, "")


@pytest.mark.criterion("X.11", "11.3", "14.6")
def test_every_end_of_a_mail_is_told_to_whoever_asked_for_it() -> None:
    failed = a_mail().when(tried(1, "FAILED", "REFUSED_BY_SERVER"))
    bounced = a_mail().when(tried(1, "SENT")).when(RecordBounce(aggregate=ID, message_id="<m@x>", code="5.1.1"), OPS)
    for fact in (failed.last[0], bounced.last[0]):
        assert isinstance(fact, NotificationFailed | NotificationBounced)
        assert (fact.notification_id, fact.purpose, fact.asked_by) == (f"test/{ID}/1", REQUEST.purpose, REQUEST.asked_by)
    proof = tried(1, "SENT").model_copy(update={"attachments": (SentAttachment(doc_id="acta-1", sha256="b" * 64),)})
    [sent] = a_mail().when(proof).of(NotificationSent)
    assert (sent.to, sent.attachments, sent.content_sha256) == (REQUEST.to, proof.attachments, "a" * 64)


@pytest.mark.criterion("14.3", "14.6", "X.11")
@pytest.mark.parametrize(
    ("copies_only", "required", "told"), [(False, False, 1), (True, False, 0), (True, True, 1), (False, True, 1)]
)
def test_a_copy_that_came_back_counts_where_copies_are_required(*, copies_only: bool, required: bool, told: int) -> None:
    request = REQUEST.model_copy(update={"all_cc_required": required})
    mail = Given("notifications", MESSAGE, ID, PARENT).when(request).when(tried(1, "SENT"))
    mail.when(RecordBounce(aggregate=ID, message_id="<m@x>", code="5.1.1", copies_only=copies_only), OPS)
    assert (mail.refusal, len(mail.of(NotificationBounced))) == (None, told)


@pytest.mark.criterion("X.6", "X.11")
def test_who_has_the_ball_is_the_server_while_tries_go_on_and_the_owner_after_a_bounce() -> None:
    mail = a_mail()
    for expected in ("QUEUED", "DEFERRED"):
        [wait] = MESSAGE.waiting(mail.state)
        assert (mail.state.stage, wait.party, wait.cleared_by) == (expected, "SYSTEM", ("RecordDelivery",))
        mail.when(tried(mail.state.attempt, "LATER", "SERVER_SAYS_LATER"))
    mail.when(tried(mail.state.attempt, "SENT")).when(RecordBounce(aggregate=ID, message_id="<m@x>", code="5.1.1"), OPS)
    [wait] = MESSAGE.waiting(mail.state)
    assert (wait.party, wait.what) == (
        "OM",
        "El correo ACTA_ENTREGA fue devuelto: corrija la dirección y vuelva a enviarlo",
    )
    assert MESSAGE.effects(mail.state) == ()


@pytest.mark.criterion("14.3", "X.11")
def test_a_bounce_is_of_a_mail_that_was_sent_and_only_the_mailbox_or_operations_tell_it() -> None:
    bounce = RecordBounce(aggregate=ID, message_id="<m@x>", code="5.1.1")
    queued, owners = a_mail().when(bounce, OPS), a_mail().when(tried(1, "SENT")).when(bounce, OM)
    assert [one.refusal.code for one in (queued, owners) if one.refusal] == ["WRONG_STAGE", "ROLE_NOT_ALLOWED"]
    retried = a_mail().when(tried(1, "SENT")).when(bounce, OPS).when(RetryNotification(aggregate=ID), OM)
    assert retried.names() == ["NotificationQueued"]


@pytest.mark.criterion("X.11")
def test_the_outcome_of_an_older_try_and_a_sending_without_proof_are_no_end() -> None:
    mail = a_mail().when(tried(1, "LATER", "SERVER_SAYS_LATER"))
    for late in (
        RecordEffectFailed(aggregate=ID, key="mail", attempt=1, code="TimeoutError"),
        tried(1, "LATER", "SERVER_SAYS_LATER"),
        tried(1, "FAILED", "REFUSED_BY_SERVER"),
    ):
        assert mail.when(late).names() == []
    unproven = RecordDelivery(aggregate=ID, attempt=2, outcome="SENT", message_id="<m@x>")
    assert mail.when(unproven).names() == ["DeliveryDeferred"]
    assert mail.when(tried(2, "SENT")).names() == ["NotificationSent"], "the server took an older try after all"

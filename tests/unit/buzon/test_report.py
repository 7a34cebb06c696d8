"""What the mails in the bounce mailbox mean: permanent failures come back to their notification, nothing else does."""

from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as some

from o2c.buzon.report import Bounce, read
from services.notifications.adapters.mime import message_id
from tests import bounces
from tests.bounces import COPY, OURS, ROOT, TO, block, postfix

NOTIFICATION = "acceptance/8015g00000AbC02AAF/7"


@pytest.mark.criterion("14.3", "X.11")
@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (postfix(), "5.1.1"),
        (postfix(whole=True), "5.1.1"),
        (bounces.exchange(), "5.1.10"),
        (bounces.gmail(), "5.1.1"),
        (bounces.forwarded(postfix()), "5.1.1"),
        (postfix(whole=True, attachment="A" * 4000)[:2000], "5.1.1"),  # the first bytes are all that is fetched
        (postfix(block((TO, "failed", "4.4.7"))), "4.4.7"),  # put off until its time was over: it failed
        (postfix(block((TO, "", "5.2.2"))), "5.2.2"),  # no action: the status says
        (postfix(block((TO, "Failed", ""))), "5.0.0"),
        (postfix(block((TO, "failed", "550 jorge.vaca@example.com"))), "5.0.0"),  # a code and nothing else leaves here
        (postfix(block((TO, "delivered", "2.0.0"), ("otra@example.com", "failed", "5.7.1"))), "5.7.1"),
    ],
)
def test_a_permanent_failure_names_the_mail_and_its_status(raw: bytes, code: str) -> None:
    found = read(raw)
    assert isinstance(found, Bounce)
    assert (found.notification, found.message_id, found.code) == (NOTIFICATION, OURS, code)


@pytest.mark.criterion("X.11")
@pytest.mark.parametrize(
    ("raw", "meaning"),
    [
        (postfix(block((TO, "delayed", "4.4.1"))), "DELAYED"),
        (postfix(block((TO, "", "4.2.2"))), "DELAYED"),
        (postfix(block((TO, "relayed", "2.0.0"), (COPY, "delayed", "4.4.1"))), "DELAYED"),
        (postfix(block((TO, "delivered", "2.1.5"))), "TAKEN"),
        (postfix(block((TO, "expanded", "2.1.5"))), "TAKEN"),
        (bounces.answered("Auto-Submitted: auto-replied"), "REPLY"),
        (bounces.answered("Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All"), "REPLY"),
        (bounces.answered("Precedence: auto_reply"), "REPLY"),
        (bounces.answered("X-Autoreply: yes"), "REPLY"),
        (bounces.read_receipt(), "REPLY"),
        (bounces.answered(), "UNREADABLE"),  # a person wrote
        (bounces.answered("Auto-Submitted: no"), "UNREADABLE"),
        (bounces.words_only(), "UNREADABLE"),
        (postfix(block((TO, "", ""))), "UNREADABLE"),
        (postfix(block((TO, "quarantined", "x"))), "UNREADABLE"),
        (b"", "UNREADABLE"),
        (b"\xff\xfe\x00 not a mail", "UNREADABLE"),
    ],
)
def test_what_may_still_arrive_and_what_machines_answer_is_passed_over_and_the_rest_is_for_a_person(
    raw: bytes, meaning: str
) -> None:
    assert read(raw) == meaning


@pytest.mark.criterion("X.11")
@pytest.mark.parametrize(
    "named",
    [
        "<m1@example.com>",
        ROOT,  # the thread of an order is no mail
        "<otros%2F8015g00000AbC02AAF%2F7@o2c.example.com>",
        "<acceptance%2F7@o2c.example.com>",
        "<acceptance%2F8015g00000AbC02AAF%2Facta@o2c.example.com>",
        "",
    ],
)
def test_a_failure_of_a_mail_that_is_not_ours_is_for_a_person(named: str) -> None:
    assert read(postfix(headers=f"Message-ID: {named}\nTo: {TO}\n")) == "UNREADABLE"


@pytest.mark.criterion("X.11")
def test_the_mail_is_found_by_what_was_returned_and_else_by_what_is_answered() -> None:
    other = "<acceptance%2F8015g00000AbC02AAF%2F9@o2c.example.com>"
    told = b"In-Reply-To: " + other.encode() + b"\r\nReferences: " + ROOT.encode() + b"\r\nMessage-Id:"
    both, answered = postfix().replace(b"Message-Id:", told, 1), postfix(headers="X: y\n").replace(b"Message-Id:", told, 1)
    assert [one.message_id for one in map(read, (both, answered)) if isinstance(one, Bounce)] == [OURS, other]
    thread = postfix(headers="X: y\n").replace(b"Message-Id:", f"References: {ROOT} {other}\r\nMessage-Id:".encode(), 1)
    found = read(thread)
    assert isinstance(found, Bounce)
    assert found.message_id == other


@pytest.mark.criterion("14.6", "X.11")
@pytest.mark.parametrize(
    ("recipients", "headers", "copies_only"),
    [
        (block((TO, "failed", "5.1.1")), bounces.SENT_HEADERS, False),
        (block((COPY, "failed", "5.2.2")), bounces.SENT_HEADERS, True),
        (block((COPY.upper(), "failed", "5.2.2")), bounces.SENT_HEADERS, True),
        (block((COPY, "failed", "5.2.2"), (TO, "failed", "5.1.1")), bounces.SENT_HEADERS, False),
        (block((COPY, "failed", "5.2.2"), (TO, "delayed", "4.4.1")), bounces.SENT_HEADERS, True),
        (block((COPY, "failed", "5.2.2")), f"Message-ID: {OURS}\n", False),  # whom it was for is not told
        (block(("otra@example.com", "failed", "5.1.1")), bounces.SENT_HEADERS, False),  # forwarded from one of them
        (block((TO, "failed", "5.1.1")), f"{bounces.SENT_HEADERS}Cc: {TO}\n", False),  # addressed and in copy
    ],
)
def test_a_copy_that_came_back_is_told_from_the_mail_itself(recipients: str, headers: str, copies_only: bool) -> None:
    found = read(postfix(recipients, headers=headers))
    assert isinstance(found, Bounce)
    assert found.copies_only is copies_only


@pytest.mark.criterion("X.11")
def test_a_report_has_one_id_however_often_it_is_read_and_another_report_another() -> None:
    def id_of(raw: bytes) -> str:
        found = read(raw)
        assert isinstance(found, Bounce)
        return found.id

    moved = b"Received: from mx.example.com\r\nX-Moved: yes\r\n" + postfix()
    nameless = postfix(message_id="")
    assert id_of(postfix()) == id_of(moved)
    assert id_of(nameless) == id_of(nameless)
    assert len({id_of(postfix()), id_of(postfix(message_id="<2@mx>")), id_of(nameless), id_of(bounces.gmail())}) == 4
    other = bounces.SENT_HEADERS.replace("%2F7@", "%2F8@")
    assert id_of(postfix()) != id_of(postfix(headers=other))


@pytest.mark.criterion("X.11")
@pytest.mark.parametrize("notification", ["billing/8015g00000AbC01AAF/WHOLE/12", NOTIFICATION, "intake/8015g00000AbC01AAF/1"])
def test_every_id_of_a_notification_leads_back_to_it(notification: str) -> None:
    own = message_id(notification, "o2c.example.com")
    found = read(postfix(headers=f"Message-ID: {own}\n"))
    assert isinstance(found, Bounce)
    assert (found.notification, found.message_id) == (notification, own)


@given(some.binary(max_size=300), some.integers(0, 3000), some.integers(0, 80))
def test_whatever_comes_has_a_meaning(noise: bytes, place: int, length: int) -> None:
    """A report with a hole, filled with noise: it never raises, and a bounce it still is names the mail it named."""
    raw = postfix(whole=True)
    found = read(raw[:place] + noise + raw[place + length :])
    assert isinstance(found, Bounce | str)


def test_samples_are_mails_of_the_kind_they_say() -> None:
    for raw in (postfix(), bounces.exchange(), bounces.gmail()):
        mail = message_from_bytes(raw)
        assert (mail.get_content_type(), mail.get_param("report-type")) == ("multipart/report", "delivery-status")
        assert not [one for part in mail.walk() for one in part.defects]

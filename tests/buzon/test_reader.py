"""The reader against an IMAP server: each mail of the inbox is told once, kept, and never lost."""

import asyncio
import imaplib
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from o2c import doctor
from o2c.buzon import reader
from o2c.buzon.mailbox import Box
from o2c.buzon.report import Bounce, read
from services.notifications.app import MESSAGE
from shared.clock import Clock
from shared.contracts.common import NotificationRequested
from shared.contracts.notifications import NotificationBounced, RecordBounce
from shared.settings import Mailbox, Settings
from tests import bounces
from tests.bounces import OURS, TO, block, postfix
from tests.given import Given, actor
from tests.imap import PASSWORD, MailServer, settings_of
from tests.kafka.certificates import make
from tests.unit.notifications.test_delivery import ID, PARENT, REQUEST, tried

READ, UNREADABLE = "o2c-leido", "o2c-ilegible"
LATE_ANSWER = bounces.answered("Auto-Submitted: auto-replied")


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


class Feed:
    """Takes what is told, or fails as Kafka does."""

    def __init__(self, *, broken: bool = False) -> None:
        self.told: list[Bounce] = []
        self.broken = broken

    async def __call__(self, bounce: Bounce) -> None:
        if self.broken:
            raise TimeoutError
        self.told.append(bounce)


async def look(server: MailServer, feed: Feed, **more: Any) -> Counter[str]:
    settings = Mailbox.model_validate(settings_of(server, **more))
    box = await asyncio.to_thread(Box, settings)
    try:
        return await reader.read_all(box, settings, feed)
    finally:
        await asyncio.to_thread(box.close)


@pytest.mark.criterion("14.3", "X.11")
@pytest.mark.parametrize("able", [("AUTH=PLAIN", "UIDPLUS", "MOVE"), ("AUTH=PLAIN", "UIDPLUS"), ("AUTH=PLAIN",)])
async def test_every_mail_is_told_kept_or_left_for_a_person(server: MailServer, able: tuple[str, ...]) -> None:
    server.able = able
    delayed, person = postfix(block((TO, "delayed", "4.4.1"))), bounces.answered()
    for raw in (postfix(), delayed, person, bounces.gmail(), LATE_ANSWER, bounces.words_only()):
        server.delivers(raw)
    feed = Feed()
    assert await look(server, feed) == {"BOUNCE": 2, "DELAYED": 1, "REPLY": 1, "UNREADABLE": 2}
    assert [one.message_id for one in feed.told] == [OURS, OURS]
    assert server.texts("INBOX") == []
    assert server.texts(READ) == [postfix(), delayed, bounces.gmail(), LATE_ANSWER]
    assert server.texts(UNREADABLE) == [person, bounces.words_only()]
    assert not any(r"\Seen" in one.flags for one in server.folders[UNREADABLE])
    assert await look(server, feed) == {}


@pytest.mark.criterion("X.11")
async def test_what_kafka_did_not_take_stays_and_is_told_again_under_the_same_id(server: MailServer) -> None:
    server.delivers(postfix())
    with pytest.raises(TimeoutError):
        await look(server, Feed(broken=True))
    assert server.texts("INBOX") == [postfix()]
    feed = Feed()
    server.fails = {"UID MOVE"}  # Kafka has it, and the reader ends before the mail is moved
    with pytest.raises(imaplib.IMAP4.error):
        await look(server, feed)
    assert server.texts("INBOX") == [postfix()]
    server.fails = set()
    await look(server, feed)
    assert [one.id for one in feed.told] == [feed.told[0].id] * 2
    assert (server.texts("INBOX"), server.texts(READ)) == ([], [postfix()])


@pytest.mark.criterion("X.11")
async def test_a_copy_that_the_server_refuses_takes_nothing_out_of_the_inbox(server: MailServer) -> None:
    server.able, server.fails = ("AUTH=PLAIN",), {"UID COPY"}
    server.delivers(postfix())
    with pytest.raises(imaplib.IMAP4.error):
        await look(server, Feed())
    assert server.texts("INBOX") == [postfix()]


@pytest.mark.criterion("14.3")
async def test_a_bounce_rests_until_the_sending_is_surely_recorded(server: MailServer) -> None:
    server.delivers(postfix(), Clock().now() - timedelta(seconds=30))
    assert await look(server, Feed()) == {}
    assert await look(server, Feed(), rest_seconds=10) == {"BOUNCE": 1}


async def test_a_mail_that_breaks_the_parser_is_left_for_a_person_and_holds_up_nobody(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(raw: bytes, whole: Callable[[bytes], Any] = read) -> Any:
        if raw == LATE_ANSWER:
            raise LookupError(TO)
        return whole(raw)

    monkeypatch.setattr(reader, "read", breaks)
    for raw in (LATE_ANSWER, postfix()):
        server.delivers(raw)
    with capture_logs() as lines:
        assert await look(server, Feed()) == {"UNREADABLE": 1, "BOUNCE": 1}
    assert lines == [{"event": "mail_unparsable", "error": "LookupError", "log_level": "warning"}]


async def test_folders_may_have_the_names_that_the_server_wants(server: MailServer) -> None:
    server.prefix = "INBOX."
    server.delivers(bounces.answered())
    with pytest.raises(imaplib.IMAP4.error):
        await look(server, Feed())
    names = {"read_folder": "INBOX.leido", "unreadable_folder": "INBOX.Para revisar"}
    assert await look(server, Feed(), **names) == {"UNREADABLE": 1}
    assert server.texts("INBOX.Para revisar") == [bounces.answered()]


async def test_a_round_tells_what_it_saw_in_numbers_and_outlives_a_server_that_is_away(server: MailServer) -> None:
    settings = Mailbox.model_validate(settings_of(server))
    for raw in (postfix(), bounces.answered(), bounces.words_only()):
        server.delivers(raw)
    with capture_logs() as lines:
        await reader.one_round(settings, Feed())
        await reader.one_round(settings.model_copy(update={"port": 1}), Feed())
        await reader.one_round(Mailbox.model_validate(settings_of(server, password=PASSWORD[1:])), Feed())
    assert lines == [
        {"event": "mailbox_read", "bounce": 1, "unreadable": 2, "left_for_people": 2, "log_level": "info"},
        {"event": "round_failed", "error": "ConnectionRefusedError", "log_level": "warning"},
        {"event": "round_failed", "error": "error", "log_level": "warning"},
    ]


async def test_a_password_crosses_the_network_only_to_a_server_that_is_known(tmp_path: Path) -> None:
    certificate, authority = make(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with MailServer(tls=context) as server:
        server.delivers(postfix())
        with pytest.raises(ssl.SSLCertVerificationError):
            await look(server, Feed())
        assert server.asked == []
        assert await look(server, Feed(), ca_file=authority) == {"BOUNCE": 1}
    for host in ("imap.example.com", "10.0.0.7", ""):
        told = {"host": host, "security": "PLAIN"}
        if host:
            with pytest.raises(ValidationError, match="O2C_MAILBOX__SECURITY"):
                Mailbox.model_validate(told)
        else:
            assert not Mailbox.model_validate(told).host
    assert PASSWORD not in repr(Mailbox.model_validate(settings_of(server)))


async def test_a_server_without_tls_is_not_logged_in_to(server: MailServer) -> None:
    with pytest.raises(imaplib.IMAP4.error):
        await look(server, Feed(), security="STARTTLS")
    assert "AUTHENTICATE" not in server.asked


# From the mailbox to the mail's own state.


@pytest.mark.criterion("14.3", "14.6", "X.11")
@pytest.mark.parametrize(
    ("recipient", "all_required", "bounces_made"), [(TO, False, 1), (bounces.COPY, False, 0), (bounces.COPY, True, 1)]
)
async def test_a_bounce_read_twice_is_one_and_a_copy_counts_where_it_is_required(
    server: MailServer, recipient: str, *, all_required: bool, bounces_made: int
) -> None:
    request: NotificationRequested = REQUEST.model_copy(update={"all_cc_required": all_required})
    sent = tried(1, "SENT").model_copy(update={"message_id": OURS})
    mail = Given("notifications", MESSAGE, ID, PARENT).when(request).when(sent)
    server.delivers(postfix(block((recipient, "failed", "5.1.1"))))
    server.delivers(postfix(block((recipient, "failed", "5.1.1")), message_id="<again@mx.example.com>"))
    feed = Feed()
    await look(server, feed)
    for one in feed.told:
        command = RecordBounce(aggregate=one.notification, message_id=one.message_id, code=one.code, copies_only=one.copies_only)
        mail = mail.when(command, actor("OPS"))
    assert [one.code for one in mail.facts if isinstance(one, NotificationBounced)] == ["5.1.1"] * bounces_made


async def test_the_doctor_tells_of_a_mailbox_that_does_not_open_or_holds_mails_for_a_person(server: MailServer) -> None:
    settings = Settings(mailbox=Mailbox.model_validate(settings_of(server)))
    assert (await doctor.bounces(Settings())).ok, "an installation may go without"
    assert (await doctor.bounces(settings)).ok
    server.delivers(bounces.answered())
    await look(server, Feed())
    waiting = await doctor.bounces(settings)
    assert not waiting.ok
    assert waiting.seen == "1 correos en o2c-ilegible."
    server.fails = {"AUTHENTICATE", "SELECT"}
    shut = await doctor.bounces(settings)
    assert not shut.ok
    assert "O2C_MAILBOX__" in shut.do

"""SendMail against a real mail server: one Message-ID, all or nobody, and a verdict for every answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from o2c.commands.mail import REF, example
from o2c.stack.ports import free_ports
from services.notifications.adapters import address_book, smtp
from shared.contracts.base import to_json
from shared.contracts.common import NotificationRequested
from shared.contracts.contacts import ContactRecord
from shared.contracts.notifications import RecordDelivery
from shared.contracts.shapes import Doc, Invite, Recipient, Window
from shared.decider import Effect
from shared.objects import put_once
from shared.settings import Objects, Settings, Smtp
from tests.notifications.conftest import MailServer

NOW = datetime(2026, 11, 27, 20, 30, tzinfo=UTC)
ID = "acceptance/8015g00000AbC02AAF/7"
ACTA = b"%PDF-1.7 acta"
EC, GI, AREA = "0055g000009AbCdAAK", "0055g000009GiNgAAK", "area:activaciones"
ADDRESSES = {REF: "jorge.vaca@example.com", EC: "ejecutiva@example.com", GI: "gerencia@example.com"}


class Office:
    """Sends mails for a test."""

    def __init__(self, connection: Any, server: MailServer, folder: Path) -> None:
        self.connection, self.server = connection, server
        self.settings = Settings(
            smtp=Smtp(port=server.port, areas={"activaciones": "activaciones@example.com"}, timeout_seconds=3),
            objects=Objects(url=f"file://{folder}"),
        )

    async def knows(self, *refs: str) -> None:
        records = [ContactRecord(ref=ref, kind="contact", name=f"Persona Ñ {ref[:4]}", email=ADDRESSES[ref]) for ref in refs]
        await address_book.upsert(self.connection, [(one.ref, to_json(one)) for one in records])

    async def sends(self, request: NotificationRequested, *, at: datetime = NOW, attempt: int = 1) -> RecordDelivery:
        @asynccontextmanager
        async def open_connection() -> AsyncIterator[Any]:
            yield self.connection

        effect = Effect("SendMail", "mail", {"notification_id": ID, "request": request}, at, attempt)
        task = SimpleNamespace(
            aggregate=ID, po=request.parent, effect=effect, now=at, settings=self.settings, connection=open_connection
        )
        outcome = await smtp.send(cast("Any", task))
        assert isinstance(outcome, RecordDelivery)
        return outcome

    def mail(self, index: int = -1) -> EmailMessage:
        found = message_from_bytes(cast("bytes", self.server.mails[index].content), policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found


@pytest.fixture
def office(connection: Any, mail_server: MailServer, tmp_path: Path) -> Office:
    return Office(connection, mail_server, tmp_path)


def acta_mail(**changes: Any) -> NotificationRequested:
    acta = Doc(
        doc_id="acta-1", kind="ACTA_ENTREGA", title="Acta 00012346.pdf", ref="actas/1", sha256=sha256(ACTA).hexdigest(), at=NOW
    )
    copies = (Recipient(role="EC", ref=EC), Recipient(role="GI", ref=GI))
    return example("ACTA_ENTREGA").model_copy(update={"attachments": (acta,), "cc": copies} | changes)


@pytest.mark.criterion("14.1", "14.3", "X.11")
async def test_the_acta_goes_out_with_file_copies_and_proof(office: Office) -> None:
    await put_once(office.settings.objects.url, "actas/1", ACTA)
    await office.knows(REF, EC, GI)
    outcome = await office.sends(acta_mail())
    assert (outcome.outcome, outcome.server_reply, outcome.left_out) == ("SENT", "250 4XyZ12", ())
    mail = office.mail()
    assert mail["Message-ID"] == outcome.message_id
    assert office.server.mails[0].rcpt_tos == [ADDRESSES[REF], ADDRESSES[EC], ADDRESSES[GI]]
    assert mail["Subject"].startswith("Orden 00012345: acta de entrega")
    body = mail.get_body(("plain",))
    assert body is not None
    assert "hasta el 07/12/2026 16:30" in body.get_content()
    assert mail.get_body(("html",)) is not None
    [attachment] = mail.iter_attachments()
    assert (attachment.get_filename(), attachment.get_content_type(), attachment.get_content()) == (
        "Acta 00012346.pdf",
        "application/pdf",
        ACTA,
    )
    assert [one.sha256 for one in outcome.attachments] == [sha256(ACTA).hexdigest()]


@pytest.mark.criterion("X.11")
async def test_a_repeat_keeps_its_message_id_and_content(office: Office) -> None:
    await office.knows(REF)
    request = example("INDUCCION")
    first = await office.sends(request)
    again = await office.sends(request, at=NOW + timedelta(minutes=3), attempt=2)
    assert (first.message_id, first.content_sha256) == (again.message_id, again.content_sha256)
    assert office.mail(0)["References"] == office.mail(1)["References"] == office.mail(0)["In-Reply-To"]


@pytest.mark.criterion("11.2", "17")
async def test_an_invitation_is_a_calendar_request(office: Office) -> None:
    await office.knows(REF)
    window = Window.model_validate({"from": NOW, "to": NOW + timedelta(hours=1)})
    request = example("INVITACION_PRUEBAS").model_copy(
        update={"invite": Invite(window=window, link="https://teams.example.com/1")}
    )
    assert (await office.sends(request)).outcome == "SENT"
    [calendar] = office.mail().iter_attachments()
    assert calendar.get_content_type() == "text/calendar"
    assert calendar.get_param("method") == "REQUEST"
    assert "BEGIN:VEVENT" in calendar.get_content()


@pytest.mark.criterion("X.11")
async def test_what_is_undeliverable_comes_back_to_a_mailbox_of_its_own(office: Office) -> None:
    await office.knows(REF)
    for bounces in (None, "rebotes@o2c.example.com"):
        office.settings.smtp.bounces = bounces
        assert (await office.sends(example("INDUCCION"))).outcome == "SENT"
    assert [one.mail_from for one in office.server.mails] == ["entregas@o2c.example.com", "rebotes@o2c.example.com"]
    assert {office.mail(index)["From"] for index in (0, 1)} == {office.settings.smtp.sender}


async def test_an_area_has_a_mailbox_of_its_own(office: Office) -> None:
    request = example("SOLICITUD_ACTIVACIONES").model_copy(update={"to": (Recipient(role="ACTIVACIONES", ref=AREA),)})
    assert (await office.sends(request)).outcome == "SENT"
    assert office.server.mails[0].rcpt_tos == ["activaciones@example.com"]


@pytest.mark.criterion("14.6", "X.11")
async def test_what_is_missing_is_waited_for(office: Office) -> None:
    request = acta_mail()
    assert (await office.sends(request)).code == "ADDRESS_MISSING"
    await office.knows(REF, EC)
    assert (await office.sends(request.model_copy(update={"all_cc_required": True}))).code == "CC_ADDRESS_MISSING"
    outcome = await office.sends(request)
    assert (outcome.outcome, outcome.code) == ("LATER", "ATTACHMENT_MISSING")
    await put_once(office.settings.objects.url, "actas/1", ACTA)
    sent = await office.sends(request)
    assert (sent.outcome, sent.left_out) == ("SENT", (GI,))


@pytest.mark.criterion("2.8")
async def test_a_file_that_is_not_the_one_named_is_not_sent(office: Office) -> None:
    await put_once(office.settings.objects.url, "actas/1", b"otro contenido")
    await office.knows(REF)
    outcome = await office.sends(acta_mail())
    assert (outcome.outcome, outcome.code) == ("FAILED", "HASH_MISMATCH")
    assert office.server.mails == []


@pytest.mark.criterion("14.3")
async def test_the_last_moment_counts(office: Office) -> None:
    await office.knows(REF)
    request = example("RECORDATORIO_ACTA").model_copy(update={"not_after": NOW, "attachments": ()})
    assert (await office.sends(request, at=NOW + timedelta(seconds=1))).code == "TOO_LATE_TO_SEND"
    assert (await office.sends(request, at=NOW)).outcome == "SENT"


@pytest.mark.criterion("X.11")
@pytest.mark.parametrize(
    ("reply", "outcome", "code"),
    [
        ("550 5.1.1 <jorge.vaca@example.com> unknown", "FAILED", "REFUSED_BY_SERVER"),
        ("451 4.7.1 greylisted", "LATER", "SERVER_SAYS_LATER"),
    ],
)
async def test_a_refused_recipient_holds_the_whole_mail(office: Office, reply: str, outcome: str, code: str) -> None:
    await office.knows(REF, EC)
    office.server.refuses[ADDRESSES[REF]] = reply
    request = example("INDUCCION").model_copy(update={"cc": (Recipient(role="EC", ref=EC),)})
    found = await office.sends(request)
    assert (found.outcome, found.code) == (outcome, code)
    assert "jorge" not in found.model_dump_json()
    assert office.server.mails == []


@pytest.mark.criterion("14.6")
async def test_a_refused_copy_holds_the_mail_only_where_it_is_required(office: Office) -> None:
    await office.knows(REF, EC)
    office.server.refuses[ADDRESSES[EC]] = "550 no"
    request = example("INDUCCION").model_copy(update={"cc": (Recipient(role="EC", ref=EC),)})
    assert (await office.sends(request)).left_out == (EC,)
    required = await office.sends(request.model_copy(update={"all_cc_required": True}))
    assert (required.outcome, required.code) == ("FAILED", "REFUSED_BY_SERVER")
    assert len(office.server.mails) == 1


@pytest.mark.criterion("X.11")
async def test_a_server_that_is_full_or_gone_is_tried_later(office: Office) -> None:
    await office.knows(REF)
    office.server.answer = "452 4.3.1 full"
    assert (await office.sends(example("INDUCCION"))).code == "SERVER_SAYS_LATER"
    office.settings.smtp.port = free_ports(1)[0]
    assert (await office.sends(example("INDUCCION"))).code == "SERVER_UNREACHABLE"

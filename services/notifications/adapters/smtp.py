"""SendMail: looks up addresses, renders, checks, and hands the mail to the server; answers how it went (X.11)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from hashlib import sha256
from typing import Final

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from services.notifications.adapters import address_book, mime
from services.notifications.adapters.mime import Mailbox
from services.notifications.adapters.render import TERM, Rendered, refs_of, render, states_the_term
from shared import objects
from shared.contracts.base import Command
from shared.contracts.common import NotificationRequested
from shared.contracts.contacts import ContactRecord
from shared.contracts.notifications import RecordDelivery
from shared.contracts.shapes import Doc, Recipient, SentAttachment
from shared.messaging.effects import Task
from shared.settings import Smtp

AREA: Final = "area:"
ACTA: Final = "ACTA_ENTREGA"
PERMANENT: Final = 500
QUEUE_ID: Final = re.compile(r"queued(?: as)?[ :]+<?([A-Za-z0-9._-]{1,60})", re.IGNORECASE)


class NotNowError(Exception):
    """Another try may succeed; the code says what is missing."""


class NeverError(Exception):
    """No try will succeed; the code says why."""


@dataclass(frozen=True, slots=True)
class Addressed:
    """Whom the mail goes to, and the copies left out for want of an address or because the server refused it."""

    to: list[Mailbox]
    cc: list[Mailbox]
    left_out: list[str] = field(default_factory=list)


async def send(task: Task) -> Command:
    """One try of one mail, under a Message-ID that never changes."""
    attempt = task.effect.attempt
    try:
        return await _try(task)
    except NotNowError as error:
        return RecordDelivery(aggregate=task.aggregate, attempt=attempt, outcome="LATER", code=str(error))
    except NeverError as error:
        return RecordDelivery(aggregate=task.aggregate, attempt=attempt, outcome="FAILED", code=str(error))


async def _try(task: Task) -> RecordDelivery:
    request = NotificationRequested.model_validate(task.effect.args["request"])
    settings, name = task.settings.smtp, str(task.effect.args["notification_id"])
    if request.not_after is not None and task.now > request.not_after:
        raise NeverError("TOO_LATE_TO_SEND")
    async with task.connection() as connection:
        wanted = {one.ref for one in (*request.to, *request.cc)} | refs_of(request)
        people = await address_book.lookup(connection, wanted)
    whom = addressed(request, people, settings.areas)
    rendered = checked(request, people)
    attachments = [await attached(doc, task.settings.objects.url) for doc in request.attachments]
    guests = [*whom.to, *whom.cc]
    uid = f"{request.template}/{request.asked_by.aggregate}"
    invite = mime.invitation(uid, request.invite, rendered, settings.sender, guests, task.now) if request.invite else None
    mail = mime.build(name, request.parent or task.po, settings.sender, whom.to, whom.cc, rendered, attachments, invite, task.now)
    reply = await hand_over(
        settings, mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")), whom, all_cc_required=request.all_cc_required
    )
    return RecordDelivery(
        aggregate=task.aggregate,
        attempt=task.effect.attempt,
        outcome="SENT",
        message_id=str(mail["Message-ID"]),
        server_reply=reply,
        content_sha256=mime.content_sha256(rendered, attachments),
        attachments=tuple(SentAttachment(doc_id=one.doc.doc_id, sha256=one.sha256) for one in attachments),
        left_out=tuple(whom.left_out),
    )


def addressed(request: NotificationRequested, people: Mapping[str, ContactRecord], areas: Mapping[str, str]) -> Addressed:
    """All of `to` must have an address, and all copies where they are required; another copy without one is left out."""
    to = [_address(one, people, areas) for one in request.to]
    if not to or not all(to):
        raise NotNowError("ADDRESS_MISSING")
    cc = {one.ref: _address(one, people, areas) for one in request.cc}
    left_out = [ref for ref, address in cc.items() if address is None]
    if request.all_cc_required and (left_out or not cc):
        raise NotNowError("CC_ADDRESS_MISSING")
    return Addressed([one for one in to if one], [one for one in cc.values() if one], left_out)


def _address(one: Recipient, people: Mapping[str, ContactRecord], areas: Mapping[str, str]) -> Mailbox | None:
    if one.ref.startswith(AREA):
        mailbox = areas.get(one.ref.removeprefix(AREA))
        return Mailbox(one.role.replace("_", " ").capitalize(), mailbox, one.ref) if mailbox else None
    person = people.get(one.ref)
    if person is None or not person.email or not _usable(person.email):
        return None
    return Mailbox(" ".join(person.name.split()), person.email, one.ref)


def _usable(address: str) -> bool:
    """Whether a mail can be addressed to it at all; a malformed address is as good as none."""
    try:
        return address.isascii() and bool(Address(addr_spec=address).domain)
    except (MessageError, ValueError):
        return False


def checked(request: NotificationRequested, people: Mapping[str, ContactRecord]) -> Rendered:
    """The texts; the acta's mail is not sent without its deadline and consequence (14.1). Another gap in a text is our bug."""
    if request.template == ACTA and not all(request.values.get(name) for name in TERM):
        raise NeverError("DEADLINE_TEXT_MISSING")
    rendered = render(request, people)
    if request.template == ACTA and not states_the_term(request, rendered):
        raise NeverError("DEADLINE_TEXT_MISSING")
    return rendered


async def attached(doc: Doc, store: str) -> mime.Attached:
    """The file from the document store, if it is the one that was named."""
    try:
        content = await objects.fetch(store, doc.ref)
    except FileNotFoundError as error:
        raise NotNowError("ATTACHMENT_MISSING") from error
    if doc.hash_of == "CONTENT" and sha256(content).hexdigest() != doc.sha256:
        raise NeverError("HASH_MISMATCH")
    return mime.Attached(doc, content)


async def hand_over(settings: Smtp, mail: bytes, whom: Addressed, *, all_cc_required: bool) -> str:
    """Hands the mail to the server, to all that must get it or to nobody; answers the reply's code and queue id."""
    client = SMTP(
        hostname=settings.host,
        port=settings.port,
        username=settings.username,
        password=settings.password.get_secret_value() if settings.password else None,
        start_tls=settings.starttls,
        timeout=settings.timeout_seconds,
    )
    try:
        async with client:
            await client.mail(settings.bounces or parseaddr(settings.sender)[1])
            for one in whom.to:
                await client.rcpt(one.address)
            for one in whom.cc:
                await _copy(client, one, whom, required=all_cc_required)
            code, text = await client.data(mail)
    except SMTPResponseException as error:
        raise _verdict(error.code) from error
    except (SMTPException, OSError, TimeoutError) as error:
        raise NotNowError("SERVER_UNREACHABLE") from error
    queue_id = QUEUE_ID.search(text)
    return f"{code} {queue_id[1]}" if queue_id else str(code)


async def _copy(client: SMTP, one: Mailbox, whom: Addressed, *, required: bool) -> None:
    try:
        await client.rcpt(one.address)
    except SMTPResponseException:
        if required:
            raise
        whom.left_out.append(one.ref)


def _verdict(code: int) -> Exception:
    return NeverError("REFUSED_BY_SERVER") if code >= PERMANENT else NotNowError("SERVER_SAYS_LATER")

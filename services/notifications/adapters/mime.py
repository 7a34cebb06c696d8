"""A mail as bytes: stable ids, a thread per parent order, attachments, and a meeting invitation."""

import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from icalendar import Calendar, Event, vCalAddress, vText

from services.notifications.adapters.render import Rendered
from shared.contracts.shapes import Doc, Invite

PDF: Final = "application/pdf"
OCTETS: Final = "application/octet-stream"


class Mailbox(NamedTuple):
    """Name and address behind a reference."""

    name: str
    address: str
    ref: str


@dataclass(frozen=True, slots=True)
class Attached:
    """An attachment with its content."""

    doc: Doc
    content: bytes

    @property
    def name(self) -> str:
        """A file name that a mail program shows."""
        title = (self.doc.title or self.doc.kind).replace("/", "-").replace("\\", "-")
        return title if "." in title else f"{title}{'.pdf' if self.content.startswith(b'%PDF') else ''}"

    @property
    def sha256(self) -> str:
        """Of the content as it is sent."""
        return sha256(self.content).hexdigest()


def message_id(notification_id: str, domain: str) -> str:
    """Made from the notification's id: a repeat keeps it, and a bounce leads back (I13)."""
    return f"<{quote(notification_id, safe='')}@{domain}>"


def notification_of(identity: str) -> str:
    """The notification behind a Message-ID of ours."""
    return unquote(identity.strip().strip("<>").rpartition("@")[0])


def domain_of(sender: str) -> str:
    """The domain of our own address."""
    return parseaddr(sender)[1].rpartition("@")[2] or "localhost"


def build(
    notification_id: str,
    parent: str,
    sender: str,
    to: Sequence[Mailbox],
    cc: Sequence[Mailbox],
    rendered: Rendered,
    attachments: Sequence[Attached],
    invite: bytes | None,
    now: datetime,
) -> EmailMessage:
    """The mail. All mails of a parent order answer one root, so programs show one thread."""
    domain = domain_of(sender)
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = _addresses(to)
    if cc:
        mail["Cc"] = _addresses(cc)
    mail["Subject"] = rendered.subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id(notification_id, domain)
    root = message_id(f"order/{parent}", domain)
    mail["In-Reply-To"] = root
    mail["References"] = root
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(rendered.text)
    mail.add_alternative(rendered.html, subtype="html")
    for one in attachments:
        main, _, sub = (mimetypes.guess_type(one.name)[0] or OCTETS).partition("/")
        mail.add_attachment(one.content, maintype=main, subtype=sub, filename=one.name)
    if invite is not None:
        mail.add_attachment(
            invite,
            maintype="text",
            subtype="calendar",
            filename="invitacion.ics",
            params={"method": "REQUEST", "charset": "utf-8"},
        )
    return mail


def _addresses(people: Sequence[Mailbox]) -> list[Address]:
    return [Address(display_name=one.name, addr_spec=one.address) for one in people]


def invitation(uid: str, invite: Invite, rendered: Rendered, sender: str, guests: Sequence[Mailbox], now: datetime) -> bytes:
    """A meeting request. The uid stays for a moved session and the sequence grows, so calendars move the meeting too."""
    meeting = Event()
    meeting.add("uid", f"{quote(uid, safe='')}@{domain_of(sender)}")
    meeting.add("sequence", int(now.timestamp()) // 60)
    meeting.add("dtstamp", now)
    meeting.add("dtstart", invite.window.start)
    meeting.add("dtend", invite.window.end)
    meeting.add("summary", rendered.subject)
    meeting.add("description", rendered.text)
    if invite.link:
        meeting.add("location", invite.link)
        meeting.add("url", invite.link)
    meeting.add("organizer", _attendee(*parseaddr(sender)))
    for one in guests:
        meeting.add("attendee", _attendee(one.name, one.address), encode=False)
    calendar = Calendar()
    calendar.add("prodid", "-//O2C//Entregas//ES")
    calendar.add("version", "2.0")
    calendar.add("method", "REQUEST")
    calendar.add_component(meeting)
    return bytes(calendar.to_ical())


def _attendee(name: str, address: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{address}")
    person.params["CN"] = vText(name or address)
    return person


def content_sha256(rendered: Rendered, attachments: Sequence[Attached]) -> str:
    """The proof of what was said: subject, both texts and the hashes of the attachments; the same for a repeat."""
    parts = (rendered.subject, rendered.text, rendered.html, *(one.sha256 for one in attachments))
    return sha256("\x1e".join(parts).encode()).hexdigest()

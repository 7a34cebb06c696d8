"""What a mail in the bounce mailbox says about a mail of ours: RFC 3464 reports, machines' replies, and all the rest."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses, parseaddr
from hashlib import sha256
from typing import Final, Literal

from services.notifications.adapters.mime import notification_of
from shared.contracts.catalogue import SERVICES

STATUS: Final = "message/delivery-status"
RECEIPT: Final = "message/disposition-notification"
WHOLE: Final = "message/rfc822"
HEADERS: Final = "text/rfc822-headers"
ACTIONS: Final = {"failed": "FAILED", "delayed": "DELAYED", "delivered": "TAKEN", "relayed": "TAKEN", "expanded": "TAKEN"}
CLASSES: Final = {"5": "FAILED", "4": "DELAYED", "2": "TAKEN"}
CODE: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}", re.ASCII)
UNKNOWN: Final = "5.0.0"
"""RFC 3463's "other undefined status"."""
IDENTITY: Final = re.compile(r"<[^<>\s]+>")
DAEMONS: Final = frozenset({"mailer-daemon", "postmaster"})

Other = Literal["DELAYED", "TAKEN", "REPLY", "UNREADABLE"]
"""Still being tried; reached somebody; a machine answered; and what a person must look at."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail of ours that came back for good. `id` is the same however often the report is read."""

    id: str
    notification: str
    message_id: str
    code: str
    copies_only: bool


def read(raw: bytes) -> Bounce | Other:
    """What the mail says; a report on a mail that is not ours is unreadable. `raw` may end early: what counts comes first."""
    mail = message_from_bytes(raw)
    outcomes = [(outcome_of(block), block) for block in recipients(mail)]
    outcomes = [(outcome, block) for outcome, block in outcomes if outcome]
    if not outcomes:
        return "REPLY" if of_a_machine(mail) else "UNREADABLE"
    failed = [block for outcome, block in outcomes if outcome == "FAILED"]
    if not failed:
        return "DELAYED" if any(outcome == "DELAYED" for outcome, _ in outcomes) else "TAKEN"
    original = next((one for one in originals(mail) if ours(one)), None)
    if original is None:
        return "UNREADABLE"
    code = CODE.search(str(failed[0].get("Status", "")))
    return Bounce(
        id=identity(mail, raw, original),
        notification=notification_of(original),
        message_id=original,
        code=code[0] if code else UNKNOWN,
        copies_only=were_copies(failed, mail),
    )


def recipients(mail: Message) -> Iterator[Message]:
    """The blocks of a report that speak of one recipient each."""
    for part in mail.walk():
        blocks = part.get_payload() if part.get_content_type() == STATUS else None
        for block in blocks if isinstance(blocks, list) else ():
            if isinstance(block, Message) and ("Action" in block or "Status" in block):
                yield block


def outcome_of(recipient: Message) -> str:
    """What became of the mail for one recipient, empty where neither field says.

    The action goes before the status: a mail that was put off until its time was over has failed with a 4 (RFC 3464, 2.3.3).
    """
    action = re.match(r"\s*([a-z]+)", str(recipient.get("Action", "")).lower())
    if action and action[1] in ACTIONS:
        return ACTIONS[action[1]]
    return CLASSES.get(str(recipient.get("Status", "")).strip()[:1], "")


def were_copies(failed: Sequence[Message], mail: Message) -> bool:
    """Whether all who did not get it had it in copy, as far as the returned headers tell; untold counts as addressed to them."""
    names = ("Original-Recipient", "Final-Recipient")
    lost = [{address_of(str(block[name])) for name in names if name in block} for block in failed]
    headers = list(returned(mail))
    to, cc = (
        {address.lower() for one in headers for _, address in getaddresses([str(one.get(name, ""))])} for name in ("To", "Cc")
    )
    return all(one & cc and not one & to for one in lost)


def address_of(field: str) -> str:
    """The address in a recipient's field: `rfc822; ana@example.com`."""
    return field.rpartition(";")[2].strip().strip("<>").lower()


def originals(mail: Message) -> Iterator[str]:
    """Message-IDs of the mail that this one is about, the surest first: as returned, then as answered."""
    for headers in returned(mail):
        yield from IDENTITY.findall(str(headers.get("Message-ID", "")))
    yield from IDENTITY.findall(str(mail.get("In-Reply-To", "")))
    yield from reversed(IDENTITY.findall(str(mail.get("References", ""))))


def returned(mail: Message) -> Iterator[Message]:
    """The mail that came back, or what there is of its headers."""
    for part in mail.walk():
        inner = part.get_payload()
        if part.get_content_type() == HEADERS:
            yield message_from_bytes(bytes(part.get_payload(decode=True) or b""))
        elif part.get_content_type() == WHOLE and isinstance(inner, list) and isinstance(inner[0], Message):
            yield inner[0]


def ours(message_id: str) -> bool:
    """Whether it names a notification, `<service>/<aggregate>/<number>`; the root of an order's thread does not."""
    service, _, rest = notification_of(message_id).partition("/")
    aggregate, _, number = rest.rpartition("/")
    return service in SERVICES and bool(aggregate) and number.isdigit()


def of_a_machine(mail: Message) -> bool:
    """An absence note, a receipt or the like (RFC 3834, 8098); not a mail server that reports in words of its own."""
    sender = parseaddr(str(mail.get("From", "")))[1].partition("@")[0].lower()
    if sender in DAEMONS or "X-Failed-Recipients" in mail:
        return False
    if any(part.get_content_type() == RECEIPT for part in mail.walk()):
        return True
    automatic = str(mail.get("Auto-Submitted", "no")).strip().lower() != "no"
    return automatic or "X-Autoreply" in mail or str(mail.get("Precedence", "")).strip().lower() == "auto_reply"


def identity(mail: Message, raw: bytes, original: str) -> str:
    """Of the command: the report's own Message-ID, else its content, with the mail that it is about. Hashed: it is not ours."""
    own = IDENTITY.search(str(mail.get("Message-ID", "")))
    return sha256(b"\n".join((own[0].encode() if own else raw, original.encode()))).hexdigest()[:32]

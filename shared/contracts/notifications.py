"""Facts and commands of notifications (`facts.md` section 9)."""

from typing import Any, Final, Literal

from pydantic import Field

from shared.contracts.base import Command, Fact, Instant, Name, Ref, Sha256, Text
from shared.contracts.common import COMMANDS as COMMON_COMMANDS
from shared.contracts.common import EVERYWHERE, NotificationRequested
from shared.contracts.shapes import AskedBy, Recipient, SendingProof, SentAttachment


class NotificationQueued(Fact):
    """A mail is taken on (X.11)."""

    notification_id: Name
    template_version: int
    request: NotificationRequested
    queued_at: Instant


class DeliveryDeferred(Fact):
    """The mail server said later, or an address is not there yet (X.11)."""

    attempt: int
    code: Name
    next_at: Instant


class NotificationSent(Fact):
    """The mail server took it: the proof of sending (11.3, 14.1, 14.3, 14.6)."""

    notification_id: Name
    purpose: Name
    asked_by: AskedBy
    sent_at: Instant
    message_id: Name
    server_reply: Name
    content_sha256: Sha256
    attachments: tuple[SentAttachment, ...] = ()
    to: tuple[Recipient, ...]
    cc: tuple[Recipient, ...] = ()

    @property
    def proof(self) -> SendingProof:
        """The part that proves the sending, for whoever keeps it."""
        return SendingProof.model_validate(self, from_attributes=True)


class NotificationFailed(Fact):
    """Not sent, and no more tries (14.6, X.11)."""

    notification_id: Name
    purpose: Name
    asked_by: AskedBy
    code: Name


class NotificationBounced(Fact):
    """Sent, then came back (14.3, X.11)."""

    notification_id: Name
    purpose: Name
    asked_by: AskedBy
    code: Name


class RecordDelivery(Command):
    """The outcome of one try of sending (X.11)."""

    attempt: int
    outcome: Literal["SENT", "LATER", "FAILED"]
    code: Name = ""
    message_id: Name = ""
    server_reply: Name = ""
    content_sha256: Sha256 | None = None
    attachments: tuple[SentAttachment, ...] = ()
    left_out: tuple[Ref, ...] = Field(default=(), description="Copies that had no address and were not required.")


class RetryNotification(Command):
    """Try a failed mail again (X.11)."""


class RecordBounce(Command):
    """A sent mail came back (X.11)."""

    message_id: Name
    code: Name
    copies_only: bool = Field(default=False, description="Only copies came back; whom the mail is addressed to has it.")


class PutContact(Command):
    """Write a contact into the contacts topic (X.11)."""

    ref: Ref
    fields: dict[str, Any]


class EraseContact(Command):
    """Erase a contact (X.11)."""

    ref: Ref
    reason: Text


FACTS: Final = (*EVERYWHERE, NotificationQueued, DeliveryDeferred, NotificationSent, NotificationFailed, NotificationBounced)
COMMANDS: Final = (*COMMON_COMMANDS, RecordDelivery, RetryNotification, RecordBounce, PutContact, EraseContact)

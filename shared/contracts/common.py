"""Facts and commands that several services share (`facts.md` section 3)."""

from typing import Any, Literal

from pydantic import Field

from shared.contracts.base import Command, Instant, Key, Name, Sha256, Staff, SuborderFact, Text
from shared.contracts.shapes import AskedBy, CalendarUse, Doc, Invite, Recipient, Site, TimeLimit, WaitEntry


class WaitingChanged(SuborderFact):
    """The waits of an aggregate changed: the difference alone (1.4, X.6)."""

    stage: Name
    began: tuple[WaitEntry, ...] = ()
    ended: tuple[Name, ...] = ()


class FactKept(SuborderFact):
    """A heard fact is kept because it is needed later (X.8)."""

    of: Name
    type: Name
    data: dict[str, Any]


class CommandRefused(SuborderFact):
    """A command that came by Kafka was refused, with its code and Spanish sentence (X.8)."""

    command: Name
    command_id: Name
    code: Name
    why: Text


class NotificationRequested(SuborderFact):
    """A mail is owed; notifications renders, sends and proves it (X.11)."""

    template: Name
    purpose: Name
    to: tuple[Recipient, ...]
    cc: tuple[Recipient, ...] = ()
    all_cc_required: bool = False
    values: dict[str, Text] = Field(default_factory=dict, description="`ref:` values are filled from the contacts.")
    attachments: tuple[Doc, ...] = ()
    invite: Invite | None = None
    not_after: Instant | None = None
    asked_by: AskedBy


class TaskAssigned(SuborderFact):
    """A person takes or is given a wait (X.6)."""

    key: Name
    to: Staff | None = None


class TaskEscalated(SuborderFact):
    """A wait passed its limit (1.8, 3.5, 13.5, 15.6)."""

    key: Name
    level: int
    to: Name
    why: Text


class JeopardyRaised(SuborderFact):
    """A limit is near or passed (X.5)."""

    name: Name
    level: Literal["AMBER", "RED"]
    predicted: Instant | None = None
    why: Text


class JeopardyCleared(SuborderFact):
    """The cause of a jeopardy is gone (X.5)."""

    name: Name
    level: Literal["AMBER", "RED"] = "AMBER"
    why: Text = ""


class FalloutRaised(SuborderFact):
    """A step cannot go on by itself: class, queue and reason (X.4)."""

    fallout_id: Name
    fallout_class: Name = Field(alias="class")
    step: Name
    detail: Text
    queue: Name

    model_config = {**SuborderFact.model_config, "populate_by_name": True, "serialize_by_alias": True}


class FalloutResolved(SuborderFact):
    """A fallout was retried with success, done by hand, or skipped (X.4)."""

    fallout_id: Name
    how: Literal["RETRY", "MANUAL", "SKIP"]
    reason: Text


class OverrideRecorded(SuborderFact):
    """A supervisor acted in place of the owner, or a choice went against the default (1.5, 3.4)."""

    command: Name
    default: Name | None = None
    chosen: Name
    reason: Text


class NoteAdded(SuborderFact):
    """A person wrote a note, without personal data (X.7)."""

    note_id: Name
    sha256: Sha256
    text: Text


class HoldApplied(SuborderFact):
    """Every clock stands still (X.1)."""

    reason: Text
    at: Instant


class HoldLifted(SuborderFact):
    """Clocks go on with exactly what was left (X.1)."""

    reason: Text
    held_for: float
    at: Instant


class OwnerChanged(SuborderFact):
    """The tasks move to the new owner (1.9)."""

    owner: Staff | None = None
    at: Instant


class WorkStopped(SuborderFact):
    """No wait and no deadline is left: the suborder was given up (X.3)."""

    reason: Text


class CalendarAdopted(SuborderFact):
    """An amended calendar is in force here and every running clock was looked at (X.9)."""

    version: int
    redated: int


class ClockRedated(SuborderFact):
    """An amended calendar moved a clock in working time, earlier or later; both dates are kept (X.9)."""

    clock: Key = Field(description="The request whose answer is due, or `<suborder>/reservation`.")
    before: Instant
    after: Instant
    warn_at: Instant | None = Field(default=None, description="When a missing answer is in jeopardy from now on.")
    calendar: CalendarUse


class EffectDeferred(SuborderFact):
    """An effect failed and is wanted again later (X.4)."""

    key: Name
    attempt: int
    code: Name
    next_at: Instant


class ActivationsRequested(SuborderFact):
    """A request went to Activaciones; its 24 hours begin (3.5, 3.7)."""

    request_id: Key
    kind: Name
    asked_of: Name = Field(default="ACTIVACIONES", description="The role that answers; quotes may be the contractors' (D6).")
    due: Instant
    warn_at: Instant | None = Field(default=None, description="When a missing answer is in jeopardy; without it, never.")
    limit: TimeLimit | None = Field(default=None, description="How `due` was counted.")
    answer_to: Name = ""
    order_number: Name = ""
    suborder_number: Name = ""
    site: Site | None = None
    product_codes: tuple[Name, ...] = ()


class ActivationsResponded(SuborderFact):
    """Activaciones answered, in time or late (3.5)."""

    request_id: Key
    kind: Name
    due: Instant
    late: bool = False
    values: dict[str, Name] = {}


class ActivationsSlaBreached(SuborderFact):
    """The 24 hours passed without an answer; once (3.5)."""

    request_id: Key
    kind: Name
    due: Instant


class RegionalTicketRequested(SuborderFact):
    """ServiceNow is asked for a ticket with Regional (3.6, 12.2)."""

    request_id: Key
    purpose: Literal["PROVISIONING_START", "TESTS"]
    answer_to: Name = ""
    order_number: Name = ""
    suborder_number: Name = ""
    site: Site | None = None
    product_codes: tuple[Name, ...] = ()


class RegionalTicketOpened(SuborderFact):
    """ServiceNow gave the ticket's number (3.6, 12.2)."""

    request_id: Key
    purpose: Literal["PROVISIONING_START", "TESTS"]
    ticket: Name


class AssignTask(Command):
    """Take or give a wait (X.6)."""

    key: Name
    to: Staff | None = None


class AddNote(Command):
    """Write a note (X.7)."""

    text: Text


class ResolveFallout(Command):
    """Retry a fallout, say it was done by hand, or skip it (X.4)."""

    fallout_id: Name
    how: Literal["RETRY", "MANUAL", "SKIP"]
    reason: Text


class RecordEffectFailed(Command):
    """An effect failed (X.4)."""

    key: Name
    attempt: int
    code: Name


class RecordClocksRedated(Command):
    """Every running clock was looked at under the new calendar (X.9)."""

    version: int
    redated: int


EVERYWHERE = (WaitingChanged, CommandRefused, TaskAssigned)
"""Published by every service."""

OF_THE_FIVE = (
    *EVERYWHERE,
    FactKept,
    NotificationRequested,
    TaskEscalated,
    JeopardyRaised,
    JeopardyCleared,
    FalloutRaised,
    FalloutResolved,
    OverrideRecorded,
    NoteAdded,
    CalendarAdopted,
    EffectDeferred,
)
"""Published by the five services of the procedure."""

AFTER_INTAKE = (*OF_THE_FIVE, HoldApplied, HoldLifted, OwnerChanged, WorkStopped)
"""Published by the four that follow intake."""

COMMANDS = (AssignTask, AddNote, ResolveFallout, RecordEffectFailed, RecordClocksRedated)

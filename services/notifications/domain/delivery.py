"""A mail is taken on once, tried until the mail server has it, and its end is told to whoever asked (X.11)."""

from datetime import timedelta
from typing import Final

from services.notifications.domain.evolve import ADDRESS_CODES
from services.notifications.domain.state import OPEN, SENT, State
from shared.calendar.calendar import local_day
from shared.common.personal import PERSONAL
from shared.contracts.common import NotificationRequested, RecordEffectFailed
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
from shared.decider import Decision, World, refused

TEMPLATE_VERSION: Final = 2
"""Raised with every change to a file in `templates/`."""
FIRST_SERVER_PAUSE: Final = timedelta(seconds=30)
LONGEST_SERVER_PAUSE: Final = timedelta(hours=1)
FIRST_ADDRESS_PAUSE: Final = timedelta(seconds=5)
LONGEST_ADDRESS_PAUSE: Final = timedelta(minutes=1)


def queue(state: State, fact: NotificationRequested, world: World) -> Decision:
    """Each request is one mail, named by the request's own id."""
    if state.request is not None:
        return []
    return [NotificationQueued(notification_id=world.id, template_version=TEMPLATE_VERSION, request=fact, queued_at=world.now)]


def record(state: State, command: RecordDelivery, world: World) -> Decision:
    """The outcome of a try: sent with its proof, another try, or the end. A late outcome of an older try changes nothing."""
    if state.stage not in OPEN or state.request is None:
        return []
    if command.outcome == "SENT" and command.content_sha256 is not None:
        left_out = set(command.left_out)
        return [
            NotificationSent(
                notification_id=state.notification_id,
                purpose=state.request.purpose,
                asked_by=state.request.asked_by,
                sent_at=world.now,
                message_id=command.message_id,
                server_reply=command.server_reply,
                content_sha256=command.content_sha256,
                attachments=command.attachments,
                to=state.request.to,
                cc=tuple(one for one in state.request.cc if one.ref not in left_out),
            )
        ]
    if command.attempt != state.attempt:
        return []
    return _fail(state, command.code) if command.outcome == "FAILED" else again(state, command.code, world)


def again(state: State, code: str, world: World) -> Decision:
    """Another try with a growing pause: 15 minutes for an address, a number of tries for the mail server."""
    day = local_day(world.now)
    if code in ADDRESS_CODES:
        since = state.queued_at or world.now
        if world.now - since >= timedelta(minutes=int(world.policy.value("address.wait_minutes", day))):
            return _fail(state, code)
        pause = min(FIRST_ADDRESS_PAUSE * 2 ** min(state.attempt - 1, 10), LONGEST_ADDRESS_PAUSE)
    else:
        if state.server_tries + 1 >= int(world.policy.value("delivery.tries", day)):
            return _fail(state, "RETRIES_EXHAUSTED")
        pause = min(FIRST_SERVER_PAUSE * 2**state.server_tries, LONGEST_SERVER_PAUSE)
    return [DeliveryDeferred(attempt=state.attempt, code=code, next_at=world.now + pause)]


def effect_failed(state: State, command: RecordEffectFailed, world: World) -> Decision:
    """A try that ended without an answer counts as one the mail server put off; the Message-ID stays the same."""
    if state.stage not in OPEN or command.attempt != state.attempt:
        return []
    return again(state, command.code, world)


def _fail(state: State, code: str) -> Decision:
    assert state.request is not None  # noqa: S101 - callers have seen it
    return [
        NotificationFailed(
            notification_id=state.notification_id,
            purpose=state.request.purpose,
            asked_by=state.request.asked_by,
            code=code,
        )
    ]


def retry(state: State, command: RetryNotification, world: World) -> Decision:
    """A person has mended the cause: the same mail, under the same Message-ID, is queued again."""
    if state.stage == SENT:
        return refused("ALREADY_SENT")
    if state.request is None:
        return []
    return [
        NotificationQueued(
            notification_id=state.notification_id,
            template_version=TEMPLATE_VERSION,
            request=state.request,
            queued_at=world.now,
        )
    ]


def bounce(state: State, command: RecordBounce, world: World) -> Decision:
    """A sent mail came back; found by its Message-ID (14.3)."""
    if command.message_id != state.message_id or state.request is None:
        return refused("UNKNOWN_MESSAGE")
    if PERSONAL.search(command.code):  # a mail server's own words name the address that bounced
        return refused("PERSONAL_DATA")
    if state.stage != SENT:
        return []
    if command.copies_only and not state.request.all_cc_required:  # as a copy that the server refuses when it is sent
        return []
    return [
        NotificationBounced(
            notification_id=state.notification_id,
            purpose=state.request.purpose,
            asked_by=state.request.asked_by,
            code=command.code,
        )
    ]

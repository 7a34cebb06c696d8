"""Reads the bounce mailbox and tells notifications what came back (14.3, X.11).

A mail leaves the inbox only after Kafka has its bounce, so a death between the two repeats the command, under the same id.
"""

import asyncio
import imaplib
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from o2c.buzon.mailbox import Box
from o2c.buzon.report import Bounce, Other, read
from shared.clock import Clock
from shared.contracts.base import to_json
from shared.contracts.notifications import RecordBounce
from shared.messaging.envelope import command_headers
from shared.messaging.relay import producer
from shared.settings import Mailbox, Settings

log = structlog.get_logger()
SOURCE: Final = "/buzon"
TOPIC: Final = "o2c.notifications.commands.v1"
AWAY: Final = (imaplib.IMAP4.error, OSError, TimeoutError, KafkaError)
"""What passes by itself: the mail is still in the inbox, and the next round reads it."""
ROUND: Final = 200
"""Mails of one round, so that who stops the process does not wait for thousands."""
CLOCK: Final = Clock()

Tell = Callable[[Bounce], Awaitable[None]]
"""Returns once the bounce cannot be lost any more."""


async def read_all(box: Box, settings: Mailbox, tell: Tell) -> Counter[str]:
    """One look through the inbox; answers how many mails said what."""
    seen: Counter[str] = Counter()
    waiting = await asyncio.to_thread(box.waiting, CLOCK.now() - timedelta(seconds=settings.rest_seconds), ROUND)
    for uid in waiting:
        raw = await asyncio.to_thread(box.fetch, uid)
        if not raw:  # another reader was faster
            continue
        found = understood(raw)
        if isinstance(found, Bounce):
            await tell(found)
        kept = settings.unreadable_folder if found == "UNREADABLE" else settings.read_folder
        await asyncio.to_thread(box.move, uid, kept)
        seen["BOUNCE" if isinstance(found, Bounce) else found] += 1
    return seen


def understood(raw: bytes) -> Bounce | Other:
    """What a mail says; one that breaks the parser is for a person, and never in the way of those behind it."""
    try:
        return read(raw)
    except Exception as error:  # noqa: BLE001 - anybody may send anything
        log.warning("mail_unparsable", error=type(error).__name__)
        return "UNREADABLE"


async def run(settings: Settings, stopping: asyncio.Event) -> None:
    """Reads until it is told to stop; what is away is looked for again at the next round."""
    sender = producer(settings.kafka, f"buzon-{settings.instance}")
    await sender.start()

    async def tell(bounce: Bounce) -> None:
        command = RecordBounce(
            aggregate=bounce.notification, message_id=bounce.message_id, code=bounce.code, copies_only=bounce.copies_only
        )
        headers = command_headers("notifications", command, bounce.id, SOURCE)
        await sender.send_and_wait(TOPIC, to_json(command), key=bounce.notification.encode(), headers=headers)
        log.info("bounce_told", notification=bounce.notification, code=bounce.code, command_id=bounce.id)

    try:
        log.info("ready", topic=TOPIC)
        while not stopping.is_set():
            await one_round(settings.mailbox, tell)
            await _pause(stopping, settings.mailbox.poll_seconds)
    finally:
        await sender.stop()


async def one_round(settings: Mailbox, tell: Tell) -> None:
    """Reads the mailbox once; what is away is logged and waits for the next round."""
    try:
        box = await asyncio.to_thread(Box, settings)
        try:
            seen = await read_all(box, settings, tell)
            left = await asyncio.to_thread(box.unreadable)
        finally:
            await asyncio.to_thread(box.close)
    except AWAY as error:
        log.warning("round_failed", error=type(error).__name__)
        return
    if seen or left:
        log.info("mailbox_read", **{name.lower(): count for name, count in sorted(seen.items())}, left_for_people=left)


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return

"""The users of the local mode as contacts, so that mails find them; in production their tokens and the sale bring these."""

import asyncio

from o2c.stack.tokens import users
from shared.contracts.base import to_json
from shared.contracts.contacts import ContactRecord
from shared.messaging.relay import producer
from shared.settings import Kafka

CONTACTS = "o2c.contacts.v1"


async def publish_staff(kafka: Kafka) -> None:
    """Writes a record for each user: an upsert that may be repeated."""
    sender = producer(kafka, "o2c-staff")
    await sender.start()
    try:
        records = [ContactRecord(ref=key, kind="staff", name=one["name"], email=one["email"]) for key, one in users().items()]
        await asyncio.gather(*[await sender.send(CONTACTS, to_json(one), key=one.ref.encode()) for one in records])
    finally:
        await sender.stop()

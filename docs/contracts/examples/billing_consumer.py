"""A biller's consumer of o2c.billing.v1, whole: it needs the published schemas alone, and may be killed at any moment.

    pip install aiokafka==0.14.0 jsonschema==4.26.0
    python billing_consumer.py HOST:9092 docs/contracts/billing requests.db GROUP [--answer]

The database commits before the offset, so a kill costs a repeat, never a loss, and the primary keys take the repeat.
"""

import argparse
import asyncio
import json
import sqlite3
from datetime import datetime, timezone
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from jsonschema import Draft202012Validator

TOPIC, NAMES = "o2c.billing.v1", ("BillingRequested", "BillingRequestResent")
TABLES = """
CREATE TABLE IF NOT EXISTS seen (source TEXT, id TEXT, PRIMARY KEY (source, id));
CREATE TABLE IF NOT EXISTS request (request_id TEXT PRIMARY KEY, attempt INTEGER, body TEXT, answered INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS invalid (topic TEXT, part INTEGER, pos INTEGER, why TEXT, PRIMARY KEY (topic, part, pos))"""
KEEP = """INSERT INTO request (request_id, attempt, body) VALUES (?, ?, ?) ON CONFLICT (request_id) DO UPDATE
SET attempt = excluded.attempt, body = excluded.body, answered = 0 WHERE excluded.attempt > request.attempt"""


def keep(database, schemas, message):
    """One message in one transaction: known already, kept, or recorded as unusable with the reason."""
    told = {name: (value or b"").decode("utf-8", "replace") for name, value in message.headers}
    if told.get("ce_type") not in schemas:
        return  # another type of this topic, passed over by its header alone
    with database:
        try:
            if told.get("ce_specversion") != "1.0" or not told.get("ce_source") or not told.get("ce_id"):
                raise ValueError("not a CloudEvent 1.0 with source and id")
            body = json.loads(message.value or b"")
            if wrong := next(schemas[told["ce_type"]].iter_errors(body), None):
                raise ValueError(f"{wrong.json_path}: {wrong.validator}")
        except (ValueError, RecursionError) as error:
            place = (message.topic, message.partition, message.offset)
            database.execute("INSERT OR IGNORE INTO invalid VALUES (?, ?, ?, ?)", (*place, str(error)))
        else:
            if database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (told["ce_source"], told["ce_id"])).rowcount:
                database.execute(KEEP, (body["request_id"], body.get("attempt", 1), json.dumps(body)))


async def answer(database, producer):
    """Confirms what is not confirmed yet; after a kill once more, under the same id, which is taken once."""
    for attempt, text in database.execute("SELECT attempt, body FROM request WHERE NOT answered").fetchall():
        body, now = json.loads(text), datetime.now(timezone.utc).isoformat()
        request, group = body["request_id"], body["billing_group"]
        value = {"aggregate": group, "request_id": request, "activated_at": now, "bbd_reference": f"BBD-{request}"}
        told = {"ce_specversion": "1.0", "ce_type": "o2c.billing.ConfirmBillingActivation.v1", "ce_source": "/bbd"}
        told |= {"ce_id": f"{request}/{attempt}", "ce_subject": group, "content-type": "application/json"}
        headers = [(name, one.encode()) for name, one in told.items()]
        await producer.send_and_wait(body["answer_to"], json.dumps(value).encode(), key=body["parent"].encode(), headers=headers)
        with database:
            database.execute("UPDATE request SET answered = 1 WHERE request_id = ? AND attempt = ?", (request, attempt))


async def main(chosen):
    """Reads for ever, from the earliest offset; an offset is committed after what it brought is in the database."""
    files = {f"o2c.billing.{name}.v1": Path(chosen.schemas, name, "v1.0.schema.json") for name in NAMES}
    schemas = {kind: Draft202012Validator(json.loads(one.read_text("utf-8"))) for kind, one in files.items()}
    database = sqlite3.connect(chosen.database)
    database.executescript(TABLES)
    reading = {"group_id": chosen.group, "group_instance_id": chosen.group, "enable_auto_commit": False}
    async with (
        AIOKafkaConsumer(TOPIC, bootstrap_servers=chosen.bootstrap, auto_offset_reset="earliest", **reading) as consumer,
        AIOKafkaProducer(bootstrap_servers=chosen.bootstrap, enable_idempotence=True) as producer,
    ):
        while True:
            found = await consumer.getmany(timeout_ms=500, max_records=100)
            for message in (one for of_partition in found.values() for one in of_partition):
                keep(database, schemas, message)
            if chosen.answer:
                await answer(database, producer)
            if found:
                await consumer.commit()


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("bootstrap", "schemas", "database", "group"):
        words.add_argument(name)
    words.add_argument("--answer", action="store_true")
    asyncio.run(main(words.parse_args()))

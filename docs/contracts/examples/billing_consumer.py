"""A biller's consumer of o2c.billing.BillingRequested.v1, whole: validates, deduplicates, and may be killed at any moment.

    pip install aiokafka==0.14.0 jsonschema==4.26.0
    python billing_consumer.py --bootstrap HOST:9092 --schemas docs/contracts/billing --database requests.db [--answer]

It reads at least once and keeps each request once: the database commits before the offset, so a kill costs a repeat, never a
loss, and the primary keys take the repeat. With --answer it confirms each new request, as the billing system would.
"""

import argparse
import asyncio
import json
import sqlite3
from datetime import datetime, timezone
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from jsonschema import Draft202012Validator

REQUESTED, RESENT = "o2c.billing.BillingRequested.v1", "o2c.billing.BillingRequestResent.v1"
TABLES = """
CREATE TABLE IF NOT EXISTS seen (ce_source TEXT, ce_id TEXT, PRIMARY KEY (ce_source, ce_id));
CREATE TABLE IF NOT EXISTS request (request_id TEXT PRIMARY KEY, attempt INTEGER, parent TEXT, body TEXT, answered INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS invalid (topic TEXT, part INTEGER, pos INTEGER, why TEXT, PRIMARY KEY (topic, part, pos));
"""
REQUEST = """INSERT INTO request (request_id, attempt, parent, body) VALUES (?, ?, ?, ?) ON CONFLICT (request_id) DO UPDATE
SET attempt = excluded.attempt, body = excluded.body, answered = 0 WHERE excluded.attempt > request.attempt"""


def problem(headers, value, validators):
    """Why a message cannot be used, or None."""
    if headers.get("ce_specversion") != "1.0" or not headers.get("ce_id") or not headers.get("ce_source"):
        return "no es un CloudEvent 1.0 con id y origen"
    try:
        body = json.loads(value or b"")
    except ValueError:
        return "el cuerpo no es JSON"
    error = next(validators[headers["ce_type"]].iter_errors(body), None)
    return None if error is None else f"{error.json_path}: {error.validator}"


def keep(database, message, validators):
    """One message in one transaction: skipped, recorded as invalid, known already, or kept."""
    headers = {name: raw.decode("utf-8", "replace") for name, raw in message.headers}
    if headers.get("ce_type") not in validators:
        return  # another type of this topic: told by its header alone
    why = problem(headers, message.value, validators)
    with database:
        if why is not None:
            place = (message.topic, message.partition, message.offset)
            database.execute("INSERT OR IGNORE INTO invalid VALUES (?, ?, ?, ?)", (*place, why))
            return
        new = database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (headers["ce_source"], headers["ce_id"]))
        if new.rowcount:
            body = json.loads(message.value)
            key = (body["request_id"], body.get("attempt", 1), body["parent"], message.value.decode())
            database.execute(REQUEST, key)


async def answer(database, producer):
    """Confirms what is not confirmed yet; sent again after a kill, under the same id, which is taken once."""
    rows = database.execute("SELECT request_id, attempt, parent, body FROM request WHERE NOT answered").fetchall()
    for request_id, attempt, parent, body in rows:
        group, now = json.loads(body)["billing_group"], datetime.now(timezone.utc).isoformat()
        told = {"aggregate": group, "request_id": request_id, "activated_at": now, "bbd_reference": f"BBD-{request_id}"}
        attributes = {"specversion": "1.0", "id": f"{request_id}/{attempt}", "source": "/bbd", "subject": group}
        attributes["type"] = "o2c.billing.ConfirmBillingActivation.v1"
        headers = [("content-type", b"application/json"), *((f"ce_{name}", one.encode()) for name, one in attributes.items())]
        topic = json.loads(body)["answer_to"]
        await producer.send_and_wait(topic, json.dumps(told).encode(), key=parent.encode(), headers=headers)
        with database:
            database.execute("UPDATE request SET answered = 1 WHERE request_id = ? AND attempt = ?", (request_id, attempt))


async def main():
    """Reads for ever from the earliest offset; the offset is committed after the database."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--bootstrap", required=True)
    options.add_argument("--schemas", type=Path, required=True)
    options.add_argument("--database", required=True)
    options.add_argument("--group", default="biller.example")
    options.add_argument("--answer", action="store_true")
    told = options.parse_args()
    files = {REQUESTED: "BillingRequested", RESENT: "BillingRequestResent"}
    validators = {
        kind: Draft202012Validator(json.loads((told.schemas / name / "v1.0.schema.json").read_text("utf-8")))
        for kind, name in files.items()
    }
    database = sqlite3.connect(told.database)
    database.executescript(TABLES)
    consumer = AIOKafkaConsumer(
        "o2c.billing.v1",
        bootstrap_servers=told.bootstrap,
        group_id=told.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=6000,
    )
    producer = AIOKafkaProducer(bootstrap_servers=told.bootstrap, enable_idempotence=True)
    await asyncio.gather(consumer.start(), *([producer.start()] if told.answer else []))
    while True:
        batches = await consumer.getmany(timeout_ms=500, max_records=100)
        for message in (one for batch in batches.values() for one in batch):
            keep(database, message, validators)
        if told.answer:
            await answer(database, producer)
        if batches:
            await consumer.commit()


if __name__ == "__main__":
    asyncio.run(main())

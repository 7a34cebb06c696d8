"""Marked persons go in by every door of a real database; outside the address book no table, payload, log or span has them."""

import io
import itertools
import json
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import httpx2
import pytest
import structlog

from o2c.commands.demo import read_event
from o2c.commands.mail import example
from o2c.stack.postgres import Postgres
from o2c.stack.tokens import key_file, token_for
from services.intake.app import SERVICE as INTAKE
from services.intake.domain import receive
from services.notifications.app import SERVICE as NOTIFICATIONS
from shared import migrate
from shared.auth import Tokens
from shared.clock import Clock
from shared.contracts.base import Command, to_json
from shared.contracts.catalogue import SERVICES
from shared.contracts.common import AddNote
from shared.contracts.contacts import ContactRecord
from shared.contracts.intake import ReturnOrder, ReviewOrder, SubmitQuote
from shared.contracts.notifications import RecordBounce
from shared.contracts.shapes import Money, Recipient
from shared.db import open_pool
from shared.http import build_http
from shared.logs import with_trace
from shared.messaging.consumer import Consumer, Sorter
from shared.messaging.effects import perform_due
from shared.messaging.envelope import command_headers, headers_of
from shared.messaging.resources import Resources
from shared.service import Service
from shared.settings import Auth, Objects, Settings, Smtp
from tests.notifications.conftest import MailServer, mail_server
from tests.recorded import Recorded, recording

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
__all__ = ["mail_server"]
NAME, MAIL, PHONE, NIT, STREET = "Rosamarca", "rosamarca@example.com", "76543219", "9081726354", "Calle Marcada 4321"
MARKS = (NAME.casefold(), PHONE, NIT, STREET.casefold())
"""What is searched for; the name is in the mail address too."""
ORDER = json.loads(read_event(None)["Payload__c"])["order"]["Id"]
COUNT = itertools.count(1)
PERSON = {"Name": f"{NAME} Quispe", "Email": MAIL, "Phone": f"+591{PHONE}"}
PLACE = {"Street": STREET, "ContactName": PERSON["Name"], "ContactEmail": MAIL, "ContactPhone": PERSON["Phone"]}


def marked(**order: Any) -> dict[str, Any]:
    """The demo's order with a marked person in every place where Salesforce has one, and in fields nobody knows."""
    event = read_event(None)
    told = json.loads(event["Payload__c"])
    told["order"] |= {"TaxId__c": NIT, "Owner": told["order"]["Owner"] | PERSON, "Notas__c": f"llamar a {NAME}"} | order
    told["order"]["Contacts"] = [{"Role__c": "Firmante", **PERSON}, {"Role__c": "Técnico", **PERSON}]
    for one in told["suborders"]:
        one["Site"] |= PLACE
    own = {"OrderId__c": told["order"]["Id"], "EventUuid": f"{next(COUNT):08d}-2f0e-4c3f-9a57-1f7b1c0a9f10"}
    return event | own | {"Payload__c": json.dumps(told, ensure_ascii=False)}


class Process:
    """One service on its schema, without a broker: what it consumes, what it answers, what it does outside."""

    def __init__(self, service: Service, resources: Resources, folder: Path) -> None:
        self.service, self.resources, self.folder, self._offset = service, resources, folder, 0
        self.consumer = Consumer(
            resources, Sorter(resources, service.edges(resources.settings), service.mirrors, service.partners)
        )

    async def takes(self, topic: str, *values: bytes, key: bytes | None = None, headers: Any = ()) -> None:
        """Records as one batch."""
        raw = []
        for value in values:
            self._offset += 1
            place = {"topic": topic, "partition": 0, "offset": self._offset, "timestamp": 0}
            raw.append(SimpleNamespace(**place, key=key, value=value, headers=headers))
        await self.consumer.on_batch(SimpleNamespace(raw_message=raw, ack=_nothing, nack=_nothing))

    async def asked(self, command: str, body: bytes, key: str, role: str = "OM") -> int:
        """A command over HTTP as a person sends it."""
        app = build_http(self.resources, Tokens(self.resources.settings.auth, self.resources.clock), _ready)
        headers = {
            "authorization": f"Bearer {token_for(self.folder, 'om-1', [role])}",
            "idempotency-key": key,
            "content-type": "application/json",
        }
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://o2c") as client:
            answer = await client.post(f"/v1/commands/{command}", content=body, headers=headers)
        assert not any(mark in answer.text.casefold() for mark in MARKS), answer.text
        return answer.status_code


async def _nothing() -> None:
    return None


async def _ready() -> dict[str, str]:
    return {}


@pytest.fixture
async def folder(server: Postgres, tmp_path: Path) -> Path:
    admin = await asyncpg.connect(migrate.role_dsn(server.dsn, "postgres"))
    for name in SERVICES:
        await admin.execute(
            f"SET search_path = {name}; TRUNCATE aggregate, fact, outbox, inbox, parked, dead_letter, command_log"
        )
    await admin.execute("TRUNCATE notifications.contact")
    await admin.close()
    return tmp_path


async def started(service: Service, server: Postgres, folder: Path, smtp: Smtp | None = None) -> Process:
    clock = Clock()
    auth, store = Auth(key_file=key_file(folder)), Objects(url=f"file://{folder}")
    settings = Settings(auth=auth, objects=store, smtp=smtp or Smtp(port=1))
    pool = await open_pool(server.dsn, f"{service.name}_app", 4)
    return Process(service, Resources(service.name, settings, service.roster(), service.worlds(clock), pool, pool, clock), folder)


@pytest.fixture
async def intake(server: Postgres, folder: Path) -> AsyncIterator[Process]:
    process = await started(INTAKE, server, folder)
    yield process
    await process.resources.pool.close()


@pytest.fixture
async def notifications(server: Postgres, folder: Path, mail_server: MailServer) -> AsyncIterator[Process]:
    process = await started(NOTIFICATIONS, server, folder, Smtp(port=mail_server.port, timeout_seconds=3))
    yield process
    await process.resources.pool.close()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[io.StringIO]:
    """Every log line of ours, exceptions with their whole text; those of libraries are in caplog."""
    caplog.set_level(logging.INFO)  # a process never writes below it
    written = io.StringIO()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            with_trace,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(written),
    )
    yield written
    structlog.reset_defaults()


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with recording() as kept:
        yield kept


KNOWN_PLACES = {("notifications", "contact"), ("dead_letter", "raw")}
"""The address book, and the bytes of what could not be read."""


async def leaks(server: Postgres, *elsewhere: str) -> list[str]:
    """Where a mark stands: table and column of every schema, or a log or span."""
    found = [
        text[max(0, text.casefold().find(mark) - 200) :][:400] for text in elsewhere for mark in MARKS if mark in text.casefold()
    ]
    admin = await asyncpg.connect(migrate.role_dsn(server.dsn, "postgres"))
    tables = await admin.fetch(
        "SELECT table_schema AS schema, table_name AS name FROM information_schema.tables WHERE table_schema = ANY($1)", SERVICES
    )
    seen = 0
    for table in tables:
        if (table["schema"], table["name"]) in KNOWN_PLACES:
            continue
        for row in await admin.fetch(f'SELECT * FROM "{table["schema"]}"."{table["name"]}"'):  # noqa: S608 - names of the catalogue
            seen += 1
            for column, value in row.items():
                if (table["name"], column) in KNOWN_PLACES:
                    continue
                text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                found += [f"{table['schema']}.{table['name']}.{column}: {mark}" for mark in MARKS if mark in text.casefold()]
    await admin.close()
    assert seen, "nothing was stored at all"
    return found


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """What libraries wrote, but for the test's own mail server."""
    return "\n".join(caplog.handler.format(one) for one in caplog.records if one.name != "mail.log")


def spans_of(recorded: Recorded) -> str:
    return "\n".join(one.to_json() for one in recorded.spans)


@pytest.mark.criterion("X.11")
async def test_an_order_and_what_is_wrong_with_it_leave_no_person_outside_the_contacts(
    server: Postgres,
    intake: Process,
    lines: io.StringIO,
    caplog: pytest.LogCaptureFixture,
    recorded: Recorded,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contacts: dict[str, bytes | None] = {}

    async def put(ref: str, value: bytes | None) -> None:
        contacts[ref] = value

    intake.resources.put_contact = put
    order = json.dumps(marked(), ensure_ascii=False).encode()
    await intake.takes("salesforce.orders", order)
    assert any(MAIL.encode() in (value or b"") for value in contacts.values()), "the marks did go in"
    assert any(STREET.encode() in (value or b"") for value in contacts.values())

    wrong = {"Segment__c": MAIL, "TaxId__c": f"NIT {NIT} de {NAME}", "AccountId": MAIL, "EffectiveDate": STREET}
    rejected = marked(Id="8015g00000AbC91AAF", **wrong)
    await intake.takes(
        "salesforce.orders",
        json.dumps(rejected).encode(),
        order[:-40],  # no JSON
        json.dumps(marked() | {"Action__c": NAME}).encode(),
        json.dumps([MAIL, PHONE]).encode(),
        f'"{NAME} {PHONE}"'.encode(),
        json.dumps(marked() | {"Payload__c": f"{NAME}: {MAIL}"}).encode(),
        json.dumps(marked() | {"SubOrderCount__c": PHONE, "OrderId__c": MAIL}).encode(),
    )

    facts = {row["type"] for row in await intake.resources.pool.fetch("SELECT type FROM fact")}
    assert facts >= {"OrderReceived", "OrderRejected"}
    assert len(await intake.resources.pool.fetch("SELECT reason FROM dead_letter")) >= 4

    quote = SubmitQuote(aggregate=ORDER, request_id="q", contractor="Andes", total=Money(amount=Decimal(1)))
    topic = "o2c.intake.commands.v1"
    headers = command_headers("intake", quote, "q-1", "/activaciones", None)
    await intake.takes(topic, b'{"aggregate": "' + MAIL.encode() + b'", "total": "' + NAME.encode(), headers=headers)

    assert await intake.asked("ReviewOrder", to_json(ReviewOrder(aggregate=ORDER)), "k1") == 200
    note = AddNote(aggregate=ORDER, text=f"Llamar al {PHONE} o a {MAIL}, NIT {NIT}")
    assert await intake.asked("AddNote", to_json(note), "k2") == 422
    assert await intake.asked("AddNote", to_json(note)[:-5], "k3") == 422
    assert await intake.asked("AddNote", json.dumps({"aggregate": [NAME], "text": {"a": PHONE}}).encode(), "k4") == 422
    returned = ReturnOrder(aggregate=ORDER, reason="OTRO", detail=f"El cliente pidió hablar con {MAIL}")
    assert await intake.asked("ReturnOrder", to_json(returned), "k5") == 422

    def fails(*_: Any) -> Any:
        raise ValueError(f"{NAME} {MAIL} {PHONE} {NIT} {STREET}")

    with monkeypatch.context() as patch:
        patch.setattr(receive, "_reject", fails)
        await intake.takes("salesforce.orders", json.dumps(marked(Id="8015g00000AbC92AAF")).encode())
    blocked = await intake.resources.pool.fetch("SELECT blocked FROM aggregate WHERE blocked IS NOT NULL")
    assert [row["blocked"].split()[0] for row in blocked] == ["ValueError"]

    assert await leaks(server, lines.getvalue(), logged(caplog), spans_of(recorded)) == []


@pytest.mark.criterion("X.11", "14.3")
async def test_a_mail_that_is_sent_refused_or_comes_back_leaves_no_person_outside_the_address_book(
    server: Postgres,
    notifications: Process,
    mail_server: MailServer,
    lines: io.StringIO,
    caplog: pytest.LogCaptureFixture,
    recorded: Recorded,
) -> None:
    ref = f"{ORDER}:tecnico"
    person = ContactRecord(
        ref=ref, kind="contact", name=PERSON["Name"], email=MAIL, phone=PERSON["Phone"], street=STREET, nit=NIT
    )
    await notifications.takes("o2c.contacts.v1", to_json(person), key=ref.encode())
    await notifications.takes("o2c.contacts.v1", f"{NAME} {MAIL}".encode(), key=b"broken")

    async def asks(seq: int) -> str:
        wanted = example("VISITA_TECNICA")
        values = wanted.values | {"contacto": f"ref:{ref}", "telefono": f"ref:{ref}/phone", "direccion": f"ref:{ref}/street"}
        request = wanted.model_copy(
            update={"to": (Recipient(role="CLIENTE", ref=ref),), "cc": (), "values": values, "parent": ORDER}
        )
        now = datetime(2026, 11, 27, tzinfo=UTC)
        headers = headers_of("provisioning", ORDER, seq, "NotificationRequested", now, "test", "test", None)
        await notifications.takes("o2c.provisioning.v1", to_json(request), key=ORDER.encode(), headers=headers)
        return f"provisioning/{ORDER}/{seq}"

    async def sends() -> None:
        while await perform_due(notifications.resources, NOTIFICATIONS.adapters):
            pass

    sent = await asks(1)
    await sends()
    (mail,) = mail_server.mails
    assert PHONE.encode() in (mail.content or b""), "the marks did go out"
    mail_server.refuses[MAIL] = f"550 5.1.1 <{MAIL}> {NAME}: no such user"
    await asks(2)
    await sends()
    mail_server.refuses[MAIL] = f"451 4.7.1 <{MAIL}> {NAME}: later"
    await asks(3)
    await sends()
    rows = await notifications.resources.pool.fetch("SELECT type FROM fact ORDER BY type")
    assert {row["type"] for row in rows} >= {"NotificationSent", "NotificationFailed", "DeliveryDeferred"}

    known = json.loads(await notifications.resources.pool.fetchval("SELECT doc FROM aggregate WHERE id = $1", sent))["message_id"]

    async def bounces(code: str, key: str) -> int:
        command: Command = RecordBounce(aggregate=sent, message_id=known, code=code)
        return await notifications.asked("RecordBounce", to_json(command), key, role="OPS")

    assert await bounces(f"550 5.1.1 <{MAIL}> unknown", "b1") == 422
    assert await bounces("5.1.1", "b2") == 200
    body = json.dumps({"ref": ref, "fields": {"apodo": NAME, "email": [MAIL]}}).encode()
    assert await notifications.asked("PutContact", body, "c1") in {404, 422}

    assert await leaks(server, lines.getvalue(), logged(caplog), spans_of(recorded)) == []

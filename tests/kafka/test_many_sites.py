"""One order of three hundred sites on a real Postgres: as many statements as one of three, however many messages come at once."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from o2c.stack.postgres import Postgres
from services.intake.app import SERVICE as INTAKE
from services.provisioning.app import SERVICE as PROVISIONING
from shared import migrate
from shared.clock import Clock
from shared.contracts.base import Command, Message, to_json
from shared.contracts.catalogue import SERVICES
from shared.contracts.intake import (
    AnswerActivationsRequest,
    AssignTeam,
    AttachDocument,
    ClaimOrder,
    GenerateWorkOrders,
    RecordRegionalTicket,
    ReviewOrder,
    SelectQuote,
    SubmitQuote,
    SuborderReleased,
    ValidateDocs,
)
from shared.db import open_pool, unit_of_work
from shared.decider import Actor, Target
from shared.messaging.apply import Unit
from shared.messaging.inbound import Item, Record
from shared.service import Service
from tests.builders import PARENT, bob, doc, line, sale
from tests.unit.intake.desk import ACTIVACIONES, OWNER, PEOPLE, REGIONAL, STILL_MISSING, SYSTEM

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]
FEW, MANY = 3, 300
KAFKA_LIMIT = 1024 * 1024
UNIT_LIMIT_SECONDS = 25
TABLES = "aggregate, fact, outbox, inbox, parked, dead_letter, command_log"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    postgres = Postgres(Path(".o2c/test-many-sites").resolve())
    postgres.start()
    asyncio.run(migrate.upgrade(postgres.dsn, SERVICES))
    yield postgres
    postgres.stop()


@asynccontextmanager
async def pool_of(server: Postgres, service: Service) -> AsyncIterator[Any]:
    admin = await asyncpg.connect(migrate.role_dsn(server.dsn, "postgres"))
    await admin.execute(f"SET search_path = {service.name}; TRUNCATE {TABLES}")
    await admin.close()
    opened = await open_pool(server.dsn, f"{service.name}_app", 1)
    yield opened
    await opened.close()


class Batches:
    """Batches of one service, each with the statements it took."""

    def __init__(self, service: Service, pool: Any) -> None:
        self.service, self.pool = service, pool
        self.worlds = service.worlds(Clock())
        self.statements: dict[str, int] = {}
        self.count = 0

    async def of(self, name: str, *messages: tuple[Message, Actor, str]) -> None:
        """Applies them in one unit of work; (message, who, aggregate) each."""
        items = [self._item(*one) for one in messages]
        seen: list[str] = []
        started = time.monotonic()
        async with unit_of_work(self.pool) as connection:
            with connection.query_logger(lambda record: seen.append(record.query)):
                outcome = await Unit(self.service.name, self.service.roster(), self.worlds, connection).apply(items)
        assert outcome.blocked == []
        assert time.monotonic() - started < UNIT_LIMIT_SECONDS
        self.statements[name] = len(seen)

    def _item(self, message: Message, who: Actor, aggregate: str) -> Item:
        self.count += 1
        identity, command = f"test/{self.count}", isinstance(message, Command)
        record = Record("test", 0, self.count, PARENT.encode(), b"{}", {})
        fact = isinstance(message, SuborderReleased)
        return Item(
            record,
            message,
            identity,
            "intake" if fact else "/test",
            aggregate,
            who,
            Target(ids=(aggregate,)),
            PARENT,
            seq=self.count if fact else None,
            is_command=command,
        )


def asked(suborders: Sequence[str]) -> list[tuple[Message, Actor, str]]:
    """What Activaciones, Regional and the owner answer for every site."""
    found: list[tuple[Message, Actor, str]] = []
    for one in suborders:
        for name, total in (("Redes del Altiplano S.R.L.", "14200.00"), ("Fibra Oriente Ltda.", "12900.00")):
            offer = SubmitQuote(aggregate=PARENT, request_id=f"{one}/quotes", contractor=name, total=bob(total))
            found.append((offer, ACTIVACIONES, PARENT))
        service = AnswerActivationsRequest(
            aggregate=PARENT, request_id=f"{one}/service_creation", values={"service_id": f"BO-{one}"}
        )
        found += [
            (SelectQuote(aggregate=PARENT, suborder=one), OWNER, PARENT),
            (RecordRegionalTicket(aggregate=PARENT, suborder=one, ticket="RITM0045127"), REGIONAL, PARENT),
            (service, ACTIVACIONES, PARENT),
        ]
    return found


async def delivered(server: Postgres, sites: int) -> dict[str, int]:
    """One order of so many sites from the sale to its build; the statements of each batch."""
    suborders = [f"8015g00000Sit{number:03}AF" for number in range(sites)]
    async with pool_of(server, INTAKE) as pool:
        desk = Batches(INTAKE, pool)
        sold = sale({one: (line("SDWAN-100", number),) for number, one in enumerate(suborders)})
        await desk.of("receive", (sold, SYSTEM, PARENT))
        papers = [(AttachDocument(aggregate=PARENT, doc=doc(kind)), OWNER, PARENT) for kind in STILL_MISSING]
        look = [(ReviewOrder(aggregate=PARENT), OWNER, PARENT), (ClaimOrder(aggregate=PARENT), OWNER, PARENT)]
        await desk.of("claim", *look, *papers, (ValidateDocs(aggregate=PARENT), OWNER, PARENT))
        await desk.of("decompose", (GenerateWorkOrders(aggregate=PARENT), OWNER, PARENT))
        names = ["INGENIERO_B2B", "ACTIVACIONES", "CONTRATISTA", "JEFE_PRODUCTO", "REGIONAL"]
        roles = {one: PEOPLE[one] for one in names + ["PROJECT_MANAGER"] * (sites >= 10)}
        await desk.of("team", (AssignTeam(aggregate=PARENT, suborders=tuple(suborders), roles=roles), OWNER, PARENT))
        answers = asked(suborders)
        for at in range(0, len(answers), 50):
            await desk.of("answers", *answers[at : at + 50])
        rows = await pool.fetch("SELECT data FROM fact WHERE type = 'SuborderReleased' ORDER BY seq")
        largest = await pool.fetchval("SELECT max(octet_length(data::text)) FROM fact")
    released = [SuborderReleased.model_validate_json(row["data"]) for row in rows]
    assert sorted(one.suborder for one in released) == sorted(suborders)
    assert largest < KAFKA_LIMIT
    async with pool_of(server, PROVISIONING) as pool:
        field = Batches(PROVISIONING, pool)
        await field.of("released", *((one, SYSTEM, one.suborder) for one in released))
        assert await pool.fetchval("SELECT count(*) FROM aggregate") == sites
        assert await pool.fetchval("SELECT count(*) FROM outbox") >= sites
    return desk.statements | field.statements


@pytest.mark.criterion("1.2", "3.1", "3.8")
async def test_three_hundred_sites_take_no_more_statements_than_three(server: Postgres) -> None:
    few, many = await delivered(server, FEW), await delivered(server, MANY)
    assert many == few
    assert max(many.values()) <= 8, "inbox, rows, opening of what is missing, one write, and the transaction itself"


def test_the_message_of_three_hundred_sites_is_smaller_than_a_record_may_be() -> None:
    sold = sale({f"8015g00000Sit{number:03}AF": (line("SDWAN-100", number),) for number in range(MANY)})
    assert len(to_json(sold)) < KAFKA_LIMIT

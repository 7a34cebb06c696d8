"""What no contract explains stays inspectable and replayable: `o2c dlq` on a real database."""

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from o2c.cli import app
from o2c.commands.demo import read_event
from o2c.stack.postgres import Postgres
from services.intake.app import SERVICE
from shared import migrate
from shared.clock import Clock
from shared.db import open_pool, unit_of_work
from shared.messaging.apply import Unit
from shared.messaging.consumer import Sorter
from shared.messaging.inbound import Dead, Item, Record
from shared.messaging.resources import Resources
from shared.settings import Settings

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]
TOPIC = "salesforce.orders"
PARENT = json.loads(read_event(None)["Payload__c"])["order"]["Id"]
Command = Callable[..., Result]


@pytest.fixture
def o2c(server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line beside this database, with empty tables."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("O2C_POSTGRES__DSN", server.dsn)
    asyncio.run(emptied(server))
    return lambda *words: CliRunner().invoke(app, words)


async def emptied(server: Postgres) -> None:
    admin = await asyncpg.connect(migrate.role_dsn(server.dsn, "postgres"))
    await admin.execute("SET search_path = intake; TRUNCATE aggregate, fact, outbox, inbox, parked, dead_letter")
    await admin.close()


def take(server: Postgres, *records: Record) -> list[str]:
    """The records as the consumer takes them; answers the reasons of those that are dead."""

    async def take_all() -> list[str]:
        settings = Settings()
        pool = await open_pool(server.dsn, "intake_app", 1)
        try:
            resources = Resources("intake", settings, SERVICE.roster(), SERVICE.worlds(Clock()), pool, pool, Clock())
            sorter = Sorter(resources, SERVICE.edges(settings), SERVICE.mirrors, SERVICE.partners)
            found = [(record, sorter.sort(record)) for record in records]
            async with unit_of_work(pool) as connection:
                unit = Unit("intake", resources.roster, resources.worlds, connection)
                dead = [(record, one) for record, one in found if isinstance(one, Dead)]
                await unit.apply([one for _, one in found if isinstance(one, Item)], dead)
            return [one.reason for _, one in dead]
        finally:
            await pool.close()

    return asyncio.run(take_all())


def event(offset: int, **changes: Any) -> Record:
    """The demo's order, told by an organisation that names a field its own way."""
    value = read_event(None)
    value["Accion__c"] = value.pop("Action__c")
    return Record(TOPIC, 0, offset, b"\xff\xfe", json.dumps(value | changes).encode(), {})


def facts(server: Postgres) -> list[str]:
    async def read() -> list[str]:
        connection = await asyncpg.connect(migrate.role_dsn(server.dsn, "intake_ops"))
        try:
            return [row["type"] for row in await connection.fetch("SELECT type FROM fact ORDER BY aggregate, seq")]
        finally:
            await connection.close()

    return asyncio.run(read())


def test_a_dead_order_is_listed_and_enters_once_the_mapping_names_its_field(
    server: Postgres, o2c: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (reason,) = take(server, event(7))
    listed = json.loads(o2c("dlq", "list", "--json").output)["intake"]["dead"]
    assert [(one["id"], one["reason"]) for one in listed] == [(f"{TOPIC}/0/7", reason)]
    assert "Cliente" not in o2c("dlq", "show", f"{TOPIC}/0/7").output

    still = o2c("dlq", "replay", "--reason", reason)
    assert (still.exit_code, "0 hechos, 1 siguen fallando" in still.output) == (1, True)
    assert facts(server) == []

    rules = tmp_path / "rules"
    shutil.copytree(SERVICE.folder / "rules", rules / "intake")
    mapping = rules / "intake" / "salesforce" / "bo-dev.yaml"
    mapping.write_text(mapping.read_text().replace("action: [Action__c]", "action: [Action__c, Accion__c]"))
    monkeypatch.setenv("O2C_RULES_DIR", str(rules))

    dry = o2c("dlq", "replay", "--topic", TOPIC, "--dry-run")
    assert "se aplicaría: SalesforceOrderSubmitted" in dry.output
    assert facts(server) == []
    assert o2c("dlq", "replay", f"{TOPIC}/0/7").exit_code == 0
    assert "OrderReceived" in facts(server)
    assert json.loads(o2c("dlq", "list", "--json").output)["intake"]["dead"] == []

    count = len(facts(server))
    again = o2c("dlq", "replay", f"{TOPIC}/0/7")
    assert (again.exit_code, "ya fue atendido" in again.output, len(facts(server))) == (1, True, count)


def test_a_dead_letter_is_dismissed_with_who_and_why_and_can_still_be_seen(server: Postgres, o2c: Command) -> None:
    take(server, Record(TOPIC, 0, 1, None, b"{", {}), Record(TOPIC, 0, 2, None, b"\xff", {}))
    done = o2c("dlq", "dismiss", f"{TOPIC}/0/1", "--why", "prueba del conector")
    assert "1 hechos, 0 siguen fallando" in done.output
    left = json.loads(o2c("dlq", "list", "--json").output)["intake"]["dead"]
    assert [one["id"] for one in left] == [f"{TOPIC}/0/2"]
    settled = json.loads(o2c("dlq", "list", "--all", "--json").output)["intake"]["dead"]
    assert next(one["note"] for one in settled if one["id"].endswith("/1")).endswith(": prueba del conector")
    assert o2c("dlq", "replay", f"{TOPIC}/0/1").exit_code == 1


def test_nothing_chosen_is_a_mistake_and_not_everything(server: Postgres, o2c: Command) -> None:
    take(server, Record(TOPIC, 0, 1, None, b"{", {}))
    assert o2c("dlq", "replay").exit_code == 2
    assert o2c("dlq", "dismiss", "--why", "x").exit_code == 2
    assert o2c("dlq", "list", "--age", "1d").output.strip() == "No hay mensajes muertos ni órdenes bloqueadas."
    assert o2c("dlq", "list", "--order", PARENT).output.strip() == "No hay mensajes muertos ni órdenes bloqueadas."

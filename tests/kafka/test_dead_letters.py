"""What no contract explains stays inspectable and replayable: `o2c dlq` on a real database."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography.fernet import Fernet
from typer.testing import CliRunner, Result

from benchmarks.orders import order
from o2c.cli import app
from o2c.commands.demo import read_event
from o2c.stack.letters import letter_key_file
from o2c.stack.postgres import Postgres
from o2c.stack.tokens import key_file, token_for
from services.intake.app import SERVICE
from shared import migrate
from shared.clock import Clock
from shared.db import open_pool
from shared.messaging.consumer import Consumer, Sorter
from shared.messaging.inbound import Dead, Item, Record
from shared.messaging.resources import EXIT_KEYLESS, Resources
from shared.settings import Settings

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]
ROOT = Path(__file__).parents[2]
TOPIC = "salesforce.orders"
PARENT = json.loads(read_event(None)["Payload__c"])["order"]["Id"]
Command = Callable[..., Result]


@pytest.fixture
def o2c(server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line beside this database, with empty tables."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("O2C_POSTGRES__DSN", server.dsn)
    monkeypatch.setenv("O2C_LETTERS__KEY_FILE", str(letter_key_file(tmp_path)))
    monkeypatch.setenv("O2C_AUTH__KEY_FILE", str(key_file(tmp_path)))
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
            dead = [(record, one) for record, one in found if isinstance(one, Dead)]
            await Consumer(resources, sorter).apply_together([one for _, one in found if isinstance(one, Item)], dead, [])
            return [one.reason for _, one in dead]
        finally:
            await pool.close()

    return asyncio.run(take_all())


def event(offset: int, **changes: Any) -> Record:
    """The demo's order, told by an organisation that names a field its own way."""
    value = read_event(None)
    value["Contenido__c"] = value.pop("Payload__c")
    for name in ("OrderId__c", "_ObjectType"):  # by which it would be an announcement or a changed record
        del value[name]
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
    assert [(one["id"], one["reason"]) for one in listed] == [(f"{TOPIC}/0/7@0", reason)]
    assert "Cliente" not in o2c("dlq", "show", f"{TOPIC}/0/7").output

    still = o2c("dlq", "replay", "--reason", reason)
    assert (still.exit_code, "0 hechos, 1 siguen fallando" in still.output) == (1, True)
    assert facts(server) == []

    rules = tmp_path / "rules"
    shutil.copytree(SERVICE.folder / "rules", rules / "intake")
    mapping = rules / "intake" / "salesforce" / "bo-dev.yaml"
    mapping.write_text(mapping.read_text().replace("payload: [Payload__c]", "payload: [Payload__c, Contenido__c]"))
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
    assert [one["id"] for one in left] == [f"{TOPIC}/0/2@0"]
    settled = json.loads(o2c("dlq", "list", "--all", "--json").output)["intake"]["dead"]
    assert next(one["note"] for one in settled if one["id"].endswith("/1@0")).endswith(": prueba del conector")
    assert o2c("dlq", "replay", f"{TOPIC}/0/1").exit_code == 1


def test_at_the_same_place_of_a_new_cluster_lies_another_message(server: Postgres, o2c: Command) -> None:
    def at(appended_ms: int, offset: int, value: bytes) -> Record:
        return Record(TOPIC, 0, offset, None, value, {}, appended_ms)

    def without_id(number: int) -> bytes:
        return json.dumps({key: one for key, one in order(number).items() if key not in {"EventUuid", "ReplayId"}}).encode()

    for _ in range(2):  # told again it is a repeat, as ever
        take(server, at(1_000, 1, b"{"), at(1_000, 2, without_id(1)))
        take(server, at(2_000, 1, b"["), at(2_000, 2, without_id(2)))
    dead = json.loads(o2c("dlq", "list", "--json").output)["intake"]["dead"]
    assert [one["id"] for one in dead] == [f"{TOPIC}/0/1@1000", f"{TOPIC}/0/1@2000"]
    assert facts(server).count("OrderReceived") == 2
    assert o2c("dlq", "dismiss", f"{TOPIC}/0/1@2000", "--why", "de otra prueba").exit_code == 0
    left = json.loads(o2c("dlq", "list", "--json").output)["intake"]["dead"]
    assert [one["id"] for one in left] == [f"{TOPIC}/0/1@1000"]


MARKS = ("Zulema Canqui", "zulema.canqui@example.com", "77712345", "1023456789")


def about_a_person(offset: int) -> Record:
    """An order that no mapping reads and that names somebody, also where no field says so."""
    person = {"Name": MARKS[0], "Email": MARKS[1], "Phone": int(MARKS[2]), "NIT__c": MARKS[3], MARKS[1]: True}
    return event(offset, Solicitante__c=person, Payload2__c=json.dumps({"contact": person, "Id": PARENT}))


def everything(server: Postgres) -> str:
    async def read() -> str:
        connection = await asyncpg.connect(migrate.role_dsn(server.dsn, "intake_ops"))
        try:
            rows = await connection.fetch("SELECT d::text, encode(raw, 'escape') FROM dead_letter d")
            return str([*rows, *await connection.fetch("SELECT message::text FROM parked")])
        finally:
            await connection.close()

    return asyncio.run(read())


def test_a_person_in_a_dead_order_is_readable_nowhere_until_ops_asks_and_that_is_kept(
    server: Postgres, o2c: Command, tmp_path: Path
) -> None:
    dead = about_a_person(3)
    assert dead.value is not None
    take(server, dead)
    kept, shown = everything(server), o2c("dlq", "show", f"{TOPIC}/0/3")
    assert shown.exit_code == 0
    assert not [mark for mark in MARKS if mark in kept or mark.encode().hex() in kept or mark in shown.output]
    content = json.loads(shown.output)["content"]
    assert content["Solicitante__c"]["Email"] == "<texto, 25>"
    assert content["Payload2__c"]["Id"] == PARENT, "ids stay, since they find the order"

    for token in ([], ["--token", "rubbish"], ["--token", token_for(tmp_path, "om-1")]):
        refused = o2c("dlq", "show", f"{TOPIC}/0/3", "--raw", *token)
        assert (refused.exit_code, MARKS[0] in refused.output) == (1, False)
    assert "ops-1" not in everything(server)
    raw = o2c("dlq", "show", f"{TOPIC}/0/3", "--raw", "--token", token_for(tmp_path, "ops-1"))
    assert dead.value in raw.stdout_bytes
    assert "Z ops-1" in everything(server)


def test_a_message_that_waits_behind_its_blocked_order_is_sealed_too_and_applied_once_released(
    server: Postgres, o2c: Command
) -> None:
    value = read_event(None)
    take(server, Record(TOPIC, 0, 1, None, json.dumps(value).encode(), {}))
    before = facts(server)
    assert "OrderReceived" in before
    asyncio.run(blocked(server))
    value["Payload__c"] = value["Payload__c"].replace("2026", "2027", 1)
    take(
        server, Record(TOPIC, 0, 2, None, json.dumps(value | {"EventUuid": "5f0d9d53-0000-4000-8000-000000000002"}).encode(), {})
    )
    kept = everything(server)
    assert '"sealed": true' in kept
    assert PARENT.encode().hex() not in kept, "not a word of the order"
    assert o2c("dlq", "release", PARENT).exit_code == 0
    assert len(facts(server)) > len(before)


async def blocked(server: Postgres) -> None:
    admin = await asyncpg.connect(migrate.role_dsn(server.dsn, "postgres"))
    await admin.execute("UPDATE intake.aggregate SET blocked = 'for a test' WHERE id = $1", PARENT)
    await admin.close()


def test_a_new_key_takes_over_and_the_old_one_can_be_dropped(
    server: Postgres, o2c: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(server, about_a_person(4))
    keys = letter_key_file(tmp_path)
    old, new = keys.read_text(), Fernet.generate_key().decode()
    keys.write_text(new)
    missing = o2c("dlq", "reseal")
    assert (missing.exit_code, "otra llave" in missing.output) == (1, True)
    assert "otra llave" in json.loads(o2c("dlq", "show", f"{TOPIC}/0/4").output)["content"]
    assert o2c("dlq", "replay", f"{TOPIC}/0/4").exit_code == 1
    keys.write_text(f"{new}\n{old}")
    assert "1 mensajes" in o2c("dlq", "reseal").output
    keys.write_text(new)
    assert "Solicitante__c" in json.loads(o2c("dlq", "show", f"{TOPIC}/0/4").output)["content"]
    monkeypatch.delenv("O2C_LETTERS__KEY_FILE")
    assert "falta la llave" in json.loads(o2c("dlq", "show", f"{TOPIC}/0/4").output)["content"]


def test_intake_does_not_start_in_production_without_a_usable_key(server: Postgres, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.key"
    wrong.write_text("secreto")
    scram = {"SECURITY": "SASL_SSL", "USERNAME": "intake", "PASSWORD": "x"}
    env = os.environ | {f"O2C_KAFKA__{name}": value for name, value in scram.items()} | {"O2C_ENVIRONMENT": "production"}
    for more in ({}, {"O2C_LETTERS__KEY_FILE": str(wrong)}):
        done = subprocess.run(
            [sys.executable, "-m", "services.intake.app"],
            env=env | more,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, "O2C_LETTERS__KEY_FILE" in done.stdout or "wrong.key" in done.stdout) == (EXIT_KEYLESS, True)


def test_nothing_chosen_is_a_mistake_and_not_everything(server: Postgres, o2c: Command) -> None:
    take(server, Record(TOPIC, 0, 1, None, b"{", {}))
    assert o2c("dlq", "replay").exit_code == 2
    assert o2c("dlq", "dismiss", "--why", "x").exit_code == 2
    assert o2c("dlq", "list", "--age", "1d").output.strip() == "No hay mensajes muertos ni órdenes bloqueadas."
    assert o2c("dlq", "list", "--order", PARENT).output.strip() == "No hay mensajes muertos ni órdenes bloqueadas."

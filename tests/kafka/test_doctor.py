"""The doctor on a real stack: well when all is well, and each thing broken on purpose is named with what to do."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka.admin import NewPartitions
from typer.testing import CliRunner

from o2c.cli import app
from o2c.doctor import Finding, clocks, examine
from o2c.local import service_of, topics_of
from o2c.stack.kafka import Kafka
from o2c.stack.ports import free_ports
from o2c.stack.postgres import Postgres
from o2c.stack.smtp_sink import MailSink
from o2c.stack.tokens import key_file
from shared import migrate, topics
from shared.clock import Clock
from shared.contracts.catalogue import SERVICES
from shared.messaging.relay import producer
from shared.settings import Settings

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
FOLDER = Path(".o2c/test-doctor").resolve()
CONTACTS = "o2c.contacts.v1"


@dataclass
class Place:
    """A stack without services, as the settings of an installation name it."""

    variables: dict[str, str]

    def settings(self, **changed: Any) -> Settings:
        """The settings, some sections changed."""
        read: dict[str, Any] = {}
        for name, value in self.variables.items():
            section, _, field = name.removeprefix("O2C_").lower().partition("__")
            read.setdefault(section, {})[field] = value
        for section, fields in changed.items():
            read[section] = read.get(section, {}) | fields if isinstance(fields, dict) else fields
        return Settings.model_validate(read)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    database, kafka = Postgres(FOLDER / "postgres"), Kafka(FOLDER / "kafka", print)
    sink = MailSink(FOLDER / "mail", free_ports(1)[0])
    try:
        database.start()
        kafka.start()
        sink.start()
        found = Place(
            {
                "O2C_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap,
                "O2C_POSTGRES__DSN": database.dsn,
                "O2C_SMTP__PORT": str(sink.port),
                "O2C_OBJECTS__URL": f"file://{FOLDER / 'objects'}",
                "O2C_AUTH__KEY_FILE": str(key_file(FOLDER)),
            }
        )
        asyncio.run(migrate.upgrade(database.dsn, SERVICES))
        asyncio.run(topics.create(found.settings().kafka, topics_of(found.settings())))
        yield found
    finally:
        sink.stop()
        kafka.kill()
        database.stop()


async def failing(settings: Settings) -> dict[str, Finding]:
    found = {one.check: one for one in await examine(settings) if not one.ok}
    assert all(one.do for one in found.values()), "every failure says what to do"
    return found


async def test_a_stack_in_order_passes_every_check(place: Place) -> None:
    assert await failing(place.settings()) == {}


async def test_a_wrong_port_fails_what_is_behind_it_and_nothing_else(place: Place) -> None:
    kafka, database, smtp = free_ports(3)
    broken = await failing(place.settings(kafka={"bootstrap_servers": f"127.0.0.1:{kafka}"}))
    assert set(broken) == {"kafka", "temas", "relojes"}
    assert str(kafka) in broken["kafka"].seen
    assert "O2C_KAFKA__BOOTSTRAP_SERVERS" in broken["kafka"].do
    broken = await failing(place.settings(postgres={"dsn": f"postgresql://127.0.0.1:{database}/o2c"}))
    assert set(broken) == {"postgres", "migraciones", "relojes"}
    assert set(await failing(place.settings(smtp={"port": smtp}))) == {"correo"}


async def test_a_missing_topic_and_one_with_other_partitions_are_named(place: Place) -> None:
    settings = place.settings()
    async with topics.administering(settings.kafka) as admin:
        await admin.delete_topics(["o2c.billing.v1"])
        await admin.create_partitions({"o2c.testing.v1": NewPartitions(13)})
    try:
        async with asyncio.timeout(20):
            while True:
                broken = await failing(settings)
                if "temas" in broken and "o2c.billing.v1" in broken["temas"].seen:
                    break
                await asyncio.sleep(0.1)
        assert set(broken) == {"temas"}
        assert "o2c topics create" in broken["temas"].do
        await topics.create(settings.kafka)
        assert "o2c.testing.v1: partitions es 13, debe ser 12" in (await failing(settings))["temas"].seen
    finally:
        async with topics.administering(settings.kafka) as admin:
            await admin.delete_topics(["o2c.testing.v1"])
        async with asyncio.timeout(20):
            while True:
                if (await topics.create(settings.kafka)).created == ("o2c.testing.v1",):
                    break
                await asyncio.sleep(0.1)


async def test_a_migration_that_is_not_applied_or_was_changed_is_named(place: Place) -> None:
    settings = place.settings()
    admin = await asyncpg.connect(migrate.role_dsn(settings.postgres.dsn, "postgres"))
    try:
        kept: Any = await admin.fetchrow("DELETE FROM billing.migration WHERE name LIKE 'common_0001%' RETURNING *")
        await admin.execute("UPDATE testing.migration SET checksum = 'x' WHERE name LIKE 'common_0001%'")
        broken = await failing(settings)
        assert set(broken) == {"migraciones"}
        assert "billing: falta common_0001_pre_common" in broken["migraciones"].seen
        assert "testing: cambió common_0001_pre_common" in broken["migraciones"].seen
        assert "o2c db upgrade" in broken["migraciones"].do
    finally:
        await admin.execute("INSERT INTO billing.migration VALUES ($1, $2, $3)", *kept.values())
        await admin.execute("UPDATE testing.migration SET checksum = $1 WHERE name LIKE 'common_0001%'", kept["checksum"])
        await admin.close()


async def test_a_role_that_may_not_come_in_is_named(place: Place) -> None:
    settings = place.settings()
    admin = await asyncpg.connect(migrate.role_dsn(settings.postgres.dsn, "postgres"))
    try:
        await admin.execute("ALTER ROLE intake_relay NOLOGIN")
        broken = await failing(settings)
        assert set(broken) == {"postgres"}
        assert "intake_relay" in broken["postgres"].seen
    finally:
        await admin.execute("ALTER ROLE intake_relay LOGIN")
        await admin.close()


async def test_a_store_that_cannot_be_written_keys_that_are_not_there_and_bad_rules_are_named(
    place: Place, tmp_path: Path
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("no folder")
    assert set(await failing(place.settings(objects={"url": f"file://{taken}"}))) == {"documentos"}
    assert set(await failing(place.settings(auth={"key_file": str(tmp_path / "none.json")}))) == {"llaves"}
    taken.write_text('{"keys": []}')
    assert set(await failing(place.settings(auth={"key_file": str(taken)}))) == {"llaves"}
    own = tmp_path / "rules"
    for name in SERVICES:
        shutil.copytree(service_of(name).folder / "rules", own / name)
    (own / "billing" / "br018.yaml").write_text("table: BR018\nversions: 7\n")
    broken = await failing(place.settings(rules_dir=own))
    assert set(broken) == {"reglas"}
    assert "br018.yaml" in broken["reglas"].seen


async def test_clocks_apart_by_more_than_a_minute_fail(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, true = place.settings(), Clock.wall
    monkeypatch.setattr(Clock, "wall", lambda clock: true(clock) + timedelta(seconds=90))
    assert "Postgres está a -90 s" in (await clocks(settings)).seen
    sender = producer(settings.kafka, "test")
    await sender.start()
    await sender.send_and_wait(CONTACTS, None, key=b"nobody")
    await sender.stop()
    monkeypatch.setattr(Clock, "wall", lambda clock: true(clock) - timedelta(seconds=90))
    monkeypatch.setattr("o2c.doctor.DATABASE_NOW", "SELECT clock_timestamp() - interval '90 s'")
    assert "Un broker selló un registro" in (await clocks(settings)).seen


def test_the_command_says_each_check_and_ends_by_what_it_found(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in place.variables.items():
        monkeypatch.setenv(name, value)
    well = CliRunner().invoke(app, ["doctor"])
    assert well.exit_code == 0, well.output
    assert [line[:5].strip() for line in well.output.splitlines()] == ["OK"] * 10
    monkeypatch.setenv("O2C_SMTP__PORT", str(free_ports(1)[0]))
    ill = CliRunner().invoke(app, ["doctor", "--json"])
    assert ill.exit_code == 1
    assert [one["check"] for one in json.loads(ill.output) if not one["ok"]] == ["correo"]
    monkeypatch.setenv("O2C_KAFKA__SECURITY", "SASL_SSL")
    unset = CliRunner().invoke(app, ["doctor"])
    assert unset.exit_code == 1
    assert "O2C_KAFKA__USERNAME" in unset.output

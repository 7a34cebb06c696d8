"""One real Postgres for all tests of the database."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from o2c.stack.kafka import Kafka
from o2c.stack.postgres import Postgres
from shared import migrate, settings
from shared.contracts.catalogue import SERVICES


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A fresh server with every schema, role and right."""
    postgres = Postgres(Path(".o2c/test-database").resolve())
    postgres.start()
    asyncio.run(migrate.upgrade(postgres.dsn, SERVICES))
    yield postgres
    postgres.stop()


@pytest.fixture(scope="module")
def broker() -> Iterator[settings.Kafka]:
    """A broker without topics, for one file of tests."""
    folder = Path(tempfile.mkdtemp(prefix="o2c-broker-"))
    kafka = Kafka(folder, print)
    try:
        kafka.start()
        yield settings.Kafka(bootstrap_servers=[kafka.bootstrap])
    finally:
        kafka.kill()
        shutil.rmtree(folder)

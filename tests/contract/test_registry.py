"""Released schemas go to a registry over its usual REST interface, here a small one that answers as a strict one does."""

import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner, Result

from o2c.cli import app
from o2c.contracts.registry import CONTENT
from o2c.contracts.released import Released
from shared.contracts.base import type_name
from shared.contracts.catalogue import COMMANDS, FACTS

WHO = "Basic " + base64.b64encode(b"biller:secret").decode()


class Registry(ThreadingHTTPServer):
    """Keeps schemas by subject and numbers them; refuses who is unknown, what is no schema, and rules that would refuse ours."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ids: dict[str, int] = {}
        self.subjects: dict[str, list[int]] = {}
        self.rules: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"http://biller:secret@127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Registry

    def do_PUT(self) -> None:
        _, kind, subject = unquote(self.path).split("/")
        assert kind == "config"
        self.server.rules[subject] = self.body()["compatibility"]
        self.say(200, {"compatibility": self.server.rules[subject]})

    def do_POST(self) -> None:
        _, kind, subject, versions = unquote(self.path).split("/")
        told = self.body()
        if self.headers["authorization"] != WHO:
            self.say(401, {"error_code": 40101, "message": "Unauthorized"})
        elif self.server.rules.get(subject) != "NONE":
            self.say(409, {"error_code": 409, "message": "PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"})
        else:
            assert (kind, versions, told["schemaType"]) == ("subjects", "versions", "JSON")
            Draft202012Validator.check_schema(json.loads(told["schema"]))
            number = self.server.ids.setdefault(told["schema"], len(self.server.ids) + 1)
            kept = self.server.subjects.setdefault(subject, [])
            kept += [] if number in kept else [number]
            self.say(200, {"id": number})

    def body(self) -> Any:
        assert self.headers["content-type"] == CONTENT
        return json.loads(self.rfile.read(int(self.headers["content-length"])))

    def say(self, status: int, body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the library names it
        """Nothing on the screen."""


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def pushed(url: str, *words: str) -> Result:
    return CliRunner().invoke(app, ["contracts", "push", "--registry", url, *words])


def test_every_released_schema_is_registered_under_its_wire_type_and_a_repeat_changes_nothing(registry: Registry) -> None:
    done = pushed(registry.url)
    assert done.exit_code == 0, done.output
    wanted = {
        type_name(service, kind) for table in (FACTS, COMMANDS) for service, kinds in table.items() for kind in kinds.values()
    }
    assert registry.subjects.keys() == wanted
    before = {name: list(numbers) for name, numbers in registry.subjects.items()}
    assert sum(map(len, before.values())) == sum(map(len, Released().versions.values()))
    assert pushed(registry.url).exit_code == 0
    assert registry.subjects == before


def test_a_biller_takes_what_one_service_says_and_hears(registry: Registry) -> None:
    assert pushed(registry.url, "--service", "billing").exit_code == 0
    assert {name.split(".")[1] for name in registry.subjects} == {"billing"}
    assert pushed(registry.url, "--service", "biling").exit_code == 2


def test_a_registry_that_refuses_or_is_not_there_is_said_and_ends_in_one(registry: Registry) -> None:
    refused = pushed(registry.url.replace("secret", "wrong"))
    assert refused.exit_code == 1
    assert "401 Unauthorized" in refused.output
    assert "secret" not in refused.output
    away = pushed("http://127.0.0.1:9")
    assert away.exit_code == 1
    assert "no responde" in away.output

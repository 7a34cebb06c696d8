"""What holds of every service at once: tables are total, contracts are folded, states survive their own document."""

import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from faststream import AckPolicy

from shared.contracts.base import Fact
from shared.contracts.catalogue import COMMANDS, FACTS, SERVICES
from shared.contracts.refusals import REFUSALS
from shared.decider import Hears
from shared.messaging.broker import make_broker
from shared.messaging.consumer import Consumer, Sorter
from shared.messaging.resources import Resources
from shared.service import Service
from shared.settings import Settings

ROOT = Path(__file__).parents[2]


def service(name: str) -> Service:
    found: Service = import_module(f"services.{name}.app").SERVICE
    return found


@pytest.mark.parametrize("name", SERVICES)
def test_every_published_fact_has_a_fold(name: str) -> None:
    folded = {kind for decider in service(name).deciders for kind in decider.evolve.types}
    assert set(FACTS[name]) - folded == set()


@pytest.mark.parametrize("name", SERVICES)
def test_every_heard_fact_is_published_by_a_service_it_listens_to(name: str) -> None:
    one = service(name)
    for fact in one.roster().facts():
        producers = [producer for producer in one.listens if FACTS[producer].get(fact.__name__) is fact]
        assert producers, f"{name} hears {fact.__name__}, which nobody it listens to publishes"


@pytest.mark.parametrize("name", SERVICES)
def test_every_command_of_the_policy_is_decided_and_every_decided_command_is_allowed_to_somebody(name: str) -> None:
    for decider in service(name).deciders:
        decided = {
            row.message
            for row in decider.heard
            if isinstance(row, Hears) and row.to is None and row.message.__name__ in COMMANDS[name]
        }
        assert {row.command for row in decider.policy} == decided


@pytest.mark.parametrize("name", SERVICES)
def test_an_opened_aggregate_is_the_empty_state(name: str) -> None:
    for decider in service(name).deciders:
        assert decider.state.model_validate_json("{}") == decider.state()


def test_every_refusal_has_a_spanish_sentence_that_ends_and_a_status() -> None:
    for code, refusal in REFUSALS.items():
        assert refusal.sentence.endswith("."), code
        assert refusal.status in {403, 404, 409, 422}, code


@pytest.mark.parametrize("name", SERVICES)
def test_every_subscriber_acknowledges_by_hand_and_starts_from_the_earliest(name: str) -> None:
    one, settings = service(name), Settings()
    nothing: Any = None
    resources = Resources(name, settings, one.roster(), nothing, nothing, nothing, nothing)
    broker = make_broker(resources, Consumer(resources, Sorter(resources, {}, {}, {})).on_batch, one.topics({}))
    assert broker.subscribers
    for subscriber in broker.subscribers:
        config: Any = subscriber
        assert config.ack_policy is AckPolicy.MANUAL


def test_a_service_stands_alone_with_shared_code_and_prints_its_contract(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "shared", tmp_path / "shared", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "__init__.py").touch()
    shutil.copytree(ROOT / "services" / "provisioning", tmp_path / "services" / "provisioning")
    done = subprocess.run(
        [sys.executable, "-m", "services.provisioning.app", "--asyncapi"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"asyncapi": "3.0.0"' in done.stdout


def test_no_fact_is_published_under_two_meanings() -> None:
    by_name: dict[str, set[type[Fact]]] = {}
    for facts in FACTS.values():
        for name, kind in facts.items():
            by_name.setdefault(name, set()).add(kind)
    assert {name for name, kinds in by_name.items() if len(kinds) > 1} == set()

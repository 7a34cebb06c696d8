"""Each published fact has a golden body in `shared/contracts/samples/<service>/`, and today's code still reads it."""

import json
import re
from pathlib import Path

import pytest

from shared.contracts.base import Fact, to_json
from shared.contracts.catalogue import COMMANDS, FACTS, SERVICES, TOPIC, fact_type
from shared.contracts.refusals import REFUSALS, sentence

SAMPLES = Path(__file__).parents[2] / "shared" / "contracts" / "samples"
PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.\w+|\+591|\bAv\. |\bNIT\b")
PUBLISHED = [(service, name) for service in SERVICES for name in FACTS[service]]


def golden(service: str, name: str) -> tuple[type[Fact], bytes]:
    return FACTS[service][name], (SAMPLES / service / f"{name}.json").read_bytes()


def test_there_is_a_sample_for_every_fact_and_for_nothing_else() -> None:
    found = {(path.parent.name, path.stem) for service in SERVICES for path in (SAMPLES / service).glob("*")}
    assert found == set(PUBLISHED)


@pytest.mark.parametrize(("service", "name"), PUBLISHED)
def test_a_sample_is_read_whole_and_written_as_it_was(service: str, name: str) -> None:
    kind, body = golden(service, name)
    fact = kind.model_validate_json(body)
    # what the sample gives and nothing else, so that a field nobody knows shows and an optional one may be added later
    assert json.loads(fact.model_dump_json(exclude_unset=True)) == json.loads(body)
    assert kind.model_validate_json(to_json(fact)) == fact


@pytest.mark.parametrize(("service", "name"), PUBLISHED)
def test_a_sample_names_nobody(service: str, name: str) -> None:
    _, body = golden(service, name)
    assert PERSONAL.findall(body.decode()) == []


@pytest.mark.parametrize(("service", "name"), PUBLISHED)
def test_a_wire_type_leads_back_to_its_fact(service: str, name: str) -> None:
    assert fact_type(f"o2c.{service}.{name}.v1") == (service, FACTS[service][name])


def test_every_fact_and_command_has_a_docstring_of_one_line_of_its_own() -> None:
    kinds = {kind for table in (FACTS, COMMANDS) for by_name in table.values() for kind in by_name.values()}
    assert sorted(kind.__name__ for kind in kinds if "\n" in (kind.__dict__.get("__doc__") or "\n").strip()) == []


def test_a_topic_is_named_for_its_service() -> None:
    assert TOPIC("billing") == "o2c.billing.v1"


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_is_a_sentence_also_without_its_details(code: str) -> None:
    said = sentence(code, {})
    assert said.endswith(".")
    assert "{" not in said

"""Our facts in TM Forum's words: each by the table, against its published schema, for ever under the same id."""

import json
from datetime import datetime

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event
from jsonschema import Draft202012Validator

from o2c.contracts.released import FOLDER
from o2c.contracts.tmf import kinds, message, samples
from o2c.tmf.mapping import ROWS, TYPES, Told, notification
from o2c.tmf.shape import ADDED_IN_5, Version
from shared.contracts.base import Fact
from shared.contracts.billing import ServiceBillingActivated
from shared.contracts.common import FalloutRaised
from shared.contracts.intake import OrderStateChanged
from tests.samples import sample

GOLDEN = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("tmf/golden/*/*.json"))
VERSIONS: tuple[Version, ...] = (4, 5)
AT = "2026-12-01T12:00:00Z"
TABLE = {
    "OrderReceived": ("ProductOrderCreateEvent", "acknowledged"),
    "OrderStateChanged": ("ProductOrderStateChangeEvent", "acknowledged"),
    "SuborderStateChanged": ("ProductOrderStateChangeEvent", "pending"),
    "OrderAmended": ("ProductOrderAttributeValueChangeEvent", None),
    "DocsFoundIncomplete": ("ProductOrderInformationRequiredEvent", "pending"),
    "OrderReturned": ("ProductOrderInformationRequiredEvent", "acknowledged"),
    "DocsValidated": ("ProductOrderMilestoneEvent", "inProgress"),
    "NetworkBuilt": ("ProductOrderMilestoneEvent", "inProgress"),
    "ServiceProvisioned": ("ProductOrderMilestoneEvent", "inProgress"),
    "TestsPassed": ("ProductOrderMilestoneEvent", "inProgress"),
    "AcceptanceRequested": ("ProductOrderMilestoneEvent", "inProgress"),
    "AcceptanceSigned": ("ProductOrderMilestoneEvent", "inProgress"),
    "AcceptanceExpired": ("ProductOrderMilestoneEvent", "inProgress"),
    "BillingRequested": ("ProductOrderMilestoneEvent", "inProgress"),
    "ServiceBillingActivated": ("ProductOrderMilestoneEvent", "inProgress"),  # of the sample a phase is left
    "JeopardyRaised": ("ProductOrderJeopardyAlertEvent", None),
    "FalloutRaised": ("ProductOrderErrorMessageEvent", "held"),
}


def told(fact: Fact) -> Told:
    return Told("intake/8015g00000AbC01AAF/7", datetime.fromisoformat(AT), fact)


def test_every_row_of_the_table_has_a_sample_and_nothing_else_is_told() -> None:
    assert {name for _, name, _ in samples()} == set(TABLE) == {kind.__name__ for kind in ROWS}
    assert {name.split(".")[2] for name in TYPES} == set(TABLE)


def test_each_fact_is_told_by_the_notification_and_state_of_the_table() -> None:
    for service, name, fact in samples():
        found = message(service, name, fact, 5)["value"]
        assert (found["eventType"], found["event"]["productOrder"].get("state")) == TABLE[name], f"{service} {name}"


def test_version_4_says_the_same_with_its_own_events_alone() -> None:
    for service, name, fact in samples():
        old, new = (message(service, name, fact, version)["value"] for version in VERSIONS)
        wanted = "ProductOrderAttributeValueChangeEvent" if new["eventType"] in ADDED_IN_5 else new["eventType"]
        assert old["eventType"] == old["@type"] == wanted
        assert {key: old[key] for key in ("eventId", "eventTime", "correlationId", "title")} == {
            key: new[key] for key in ("eventId", "eventTime", "correlationId", "title")
        }
        assert old["event"]["productOrder"].get("state") == new["event"]["productOrder"].get("state")
        later = {"productOrderMilestone", "productOrderJeopardyAlert", "productOrderErrorMessage"}
        assert not later & set(old["event"]["productOrder"])
        if new["eventType"] in ADDED_IN_5:
            assert new["title"] in old["event"]["productOrder"]["note"][0]["text"]


@pytest.mark.parametrize("name", GOLDEN)
def test_every_golden_notification_is_a_cloud_event_and_what_its_schema_says(name: str) -> None:
    found = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    version, value, headers = name.split("/")[2], found["value"], found["headers"]
    schema = json.loads((FOLDER / "tmf" / version / f"{value['eventType']}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert list(Draft202012Validator(schema).iter_errors(value)) == []
    pairs = {key: text.encode() for key, text in headers.items()}
    event = from_kafka_event(KafkaMessage(pairs, found["key"].encode(), json.dumps(value).encode()))
    assert (event.get_id(), event.get_source()) == (value["eventId"], "/tmf")
    assert event.get_type() == f"o2c.tmf622.{value['eventType']}.{version}"
    assert event.get_subject() == value["event"]["productOrder"]["id"]
    assert value["eventId"] == f"tmf/{headers['ce_causationid']}"
    assert found["key"] == value["correlationId"]


def test_a_notification_in_the_form_of_the_sample_is_what_the_schema_says() -> None:
    given = sample("15")["value"]
    kind = given["eventType"]
    schema = json.loads((FOLDER / "tmf" / "v5" / f"{kind}.schema.json").read_text(encoding="utf-8"))
    assert list(Draft202012Validator(schema).iter_errors(given)) == []


def test_an_order_is_complete_for_the_biller_only_with_its_last_phase() -> None:
    _, _, fact = next(one for one in samples() if one[1] == "ServiceBillingActivated")
    value = ServiceBillingActivated.model_validate(fact["value"])
    found = notification(told(value.model_copy(update={"phases_left": 0})))
    assert found is not None
    assert found.event.order.state == "completed"


def test_what_is_of_no_order_is_not_told() -> None:
    fallout = next(FalloutRaised.model_validate(fact["value"]) for _, name, fact in samples() if name == "FalloutRaised")
    assert notification(told(fallout)) is not None
    assert notification(told(fallout.model_copy(update={"parent": "salesforce:bo-prod"}))) is None


@pytest.mark.parametrize("version", VERSIONS)
def test_every_notification_of_a_version_has_a_schema_and_no_other_has(version: Version) -> None:
    there = {path.name.removesuffix(".schema.json") for path in (FOLDER / "tmf" / f"v{version}").iterdir()}
    assert there == set(kinds(version))


def test_a_state_that_is_none_of_tm_forums_is_refused_and_never_sent() -> None:
    with pytest.raises(ValueError, match="state"):
        notification(told(OrderStateChanged.model_validate({"parent": "8015g00000AbC01AAF", "from": "held", "to": "shipped"})))

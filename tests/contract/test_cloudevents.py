"""The official CloudEvents SDK is the judge: it reads every message we send, and what it writes we read."""

import json
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from o2c.contracts.released import FOLDER, Released
from services.intake.domain.salesforce.results import Submitted
from tests.samples import BANK, order, received, sample

GOLDEN = sorted(name for name in Released().hashes if name.startswith("golden/"))


@pytest.mark.parametrize("name", GOLDEN)
def test_every_golden_message_is_a_cloud_event(name: str) -> None:
    message = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    headers = {key: value.encode() for key, value in message["headers"].items()}
    event = from_kafka_event(KafkaMessage(headers, message["key"].encode(), json.dumps(message["value"]).encode()))
    told = message["headers"]
    assert (event.get_id(), event.get_source(), event.get_type()) == (told["ce_id"], told["ce_source"], told["ce_type"])
    assert (event.get_subject(), event.get_datacontenttype()) == (told["ce_subject"], "application/json")
    assert event.get_data() == message["value"]


@pytest.mark.parametrize("write", [to_binary_event, to_structured_event])
def test_what_the_sdk_writes_is_the_same_order_in_both_modes(write: Any) -> None:
    attributes = {"specversion": "1.0", "id": "evt-7", "source": "/salesforce", "type": "sf.order.v1"}
    sent = write(CloudEvent(attributes | {"datacontenttype": "application/json"}, sample(BANK)))
    found = received(sent.value, {name: value.decode() for name, value in sent.headers.items()})
    assert isinstance(found, Submitted)
    assert (found.identity.source, found.identity.id) == ("/salesforce", "evt-7")
    assert found.message.content == order(sample(BANK)).message.content

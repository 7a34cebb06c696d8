"""What the benchmarks feed in and how they sum up: wrong input or a wrong percentile would go unseen in a report."""

import json

from benchmarks.bare import carry
from benchmarks.measure import percentile
from benchmarks.orders import MOST, order
from benchmarks.recording import batches, recorded
from services.intake.adapters.edge import edges
from shared.messaging.inbound import Inbound
from shared.settings import Settings


def test_every_order_is_another_that_intake_understands() -> None:
    edge = edges(Settings())["salesforce.orders"]
    numbers = [0, 1, 25, 26, 935, 936, MOST - 1]
    found = [edge(json.dumps(order(number)).encode(), None, []) for number in numbers]
    ids = [one.aggregate for one in found if isinstance(one, Inbound)]
    assert len(set(ids)) == len(numbers)


def test_the_bare_chain_carries_an_order_to_its_end() -> None:
    done = carry(range(3, 4))
    assert done.facts > 400
    assert done.facts_per_second > 0


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert (percentile(values, 0.5), percentile(values, 0.95), percentile(values, 0.0)) == (3.0, 5.0, 1.0)


def test_every_message_of_a_recording_is_told_again_once_beside_those_of_the_other_orders() -> None:
    histories = [one["testing"] for one in recorded(range(2))]
    together = [batch for _, batch in batches("testing", histories)]
    items = [item for batch in together for item in batch]
    assert len(items) == sum(len(one.told) for one in histories)
    assert len({(item.id, item.to.ids) for item in items}) == len(items)
    assert len(together[0]) == len(histories)

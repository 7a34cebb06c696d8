"""What the operator promises, told over all services in one process."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from o2c.play.cast import Cast
from shared.contracts.acceptance import (
    AcceptanceExpired,
    AcceptanceExpiryNotified,
    AcceptanceReminderSent,
    AcceptanceSigned,
    SuborderCompleted,
    WelcomeKitDelivered,
)
from shared.contracts.billing import BillingRequested, ServiceBillingActivated
from shared.contracts.intake import DocsFoundIncomplete, DocsValidated, OrderCompleted, OrderReceived
from tests.lifecycle.town import Town

SAMPLES = Path(__file__).parents[2] / "shared" / "contracts" / "samples" / "salesforce"
START = datetime(2026, 11, 24, 14, 3, 21, tzinfo=UTC)
FIRST, SECOND = "8015g00000AbC02AAF", "8015g00000AbC03AAF"


def bank(silent: frozenset[str] = frozenset({SECOND})) -> Town:
    town = Town(now=START, cast=Cast(silent=silent))
    town.salesforce(json.loads((SAMPLES / "01_platform_event_schemaless.json").read_text())["value"])
    return town


@pytest.mark.criterion("1.2", "2.7", "14.4", "14.5", "14.6", "15.1", "15.2", "18.1")
def test_a_bank_with_two_sites_is_carried_from_salesforce_to_the_welcome_kit() -> None:
    town = bank()
    town.live(30)
    assert len(town.of(OrderReceived)) == 1
    assert [one.item for one in town.of(DocsFoundIncomplete)[0].missing] == [3, 5]
    assert len(town.of(DocsValidated)) == 1
    assert [fact.suborder for fact in town.of(AcceptanceSigned)] == [FIRST]
    assert [fact.suborder for fact in town.of(AcceptanceExpired)] == [SECOND]
    assert [fact.slots for fact in town.of(AcceptanceReminderSent) if fact.suborder == SECOND] == [(2,), (4,), (6,), (8,)]
    assert len(town.of(AcceptanceExpiryNotified)) == 1
    asked = [fact.request_id for fact in town.of(BillingRequested)]
    assert sorted(asked) == [f"{FIRST}/1", f"{FIRST}/2", f"{SECOND}/1", f"{SECOND}/2"]
    assert len(town.of(ServiceBillingActivated)) == 4
    assert len(town.of(WelcomeKitDelivered)) == 2
    assert {fact.suborder for fact in town.of(SuborderCompleted)} == {FIRST, SECOND}
    assert [fact.outcome for fact in town.of(OrderCompleted)] == ["completed"]

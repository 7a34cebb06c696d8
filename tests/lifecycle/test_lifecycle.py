"""What the operator promises, told over all services in one process."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from o2c.play.cast import Cast
from services.acceptance.domain.dossier import lines
from services.acceptance.domain.proving import problems, seal_of
from shared.contracts.acceptance import (
    AcceptanceExpired,
    AcceptanceExpiryNotified,
    AcceptanceReminderSent,
    AcceptanceSigned,
    SuborderCompleted,
    WelcomeKitDelivered,
)
from shared.contracts.billing import BillingDeferred, BillingRequested, ServiceBillingActivated
from shared.contracts.common import WaitingChanged
from shared.contracts.intake import DocsFoundIncomplete, DocsValidated, OrderCompleted, OrderReceived
from tests.lifecycle.town import Town

SAMPLES = Path(__file__).parents[2] / "shared" / "contracts" / "samples" / "salesforce"
START = datetime(2026, 11, 24, 14, 3, 21, tzinfo=UTC)
FIRST, SECOND = "8015g00000AbC02AAF", "8015g00000AbC03AAF"


def bank(shuffle: Random | None = None, repeats: int = 1) -> Town:
    town = Town(now=START, cast=Cast(silent=frozenset({SECOND})), shuffle=shuffle, repeats=repeats)
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


@pytest.mark.criterion("14.5", "15.1")
def test_what_billing_is_told_of_each_site_is_the_hash_of_a_dossier_that_proves_itself(undisturbed: Town) -> None:
    asked = [basis for fact in undisturbed.of(BillingRequested) for basis in fact.basis]
    for suborder, basis in ((FIRST, "SIGNED"), (SECOND, "EXPIRED")):
        own = (one.fact for one in undisturbed.log if (one.service, one.subject) == ("acceptance", suborder))
        file = b"".join(line + b"\n" for line in lines(own))
        assert problems(file) == ()
        assert {one.basis for one in asked if one.suborder == suborder} == {basis}
        assert {one.dossier_sha256 for one in asked if one.suborder == suborder} == {seal_of(file)}


def told(town: Town) -> Counter[tuple[str, str, str]]:
    """How often each aggregate said what. A mail's id holds its asker's count, so mails are counted together.

    Apart: waits, which tell moments in between, and BillingDeferred, said only where the trigger had not come by then.
    """
    return Counter(
        (one.service, "" if one.service == "notifications" else one.subject, type(one.fact).__name__)
        for one in town.log
        if not isinstance(one.fact, WaitingChanged | BillingDeferred)
    )


def stages(town: Town) -> Counter[tuple[str, str, str]]:
    return Counter(
        (name, "" if name == "notifications" else key, cell.state.stage)
        for name, cells in town.cells.items()
        for key, cell in cells.items()
    )


@pytest.fixture(scope="module")
def undisturbed() -> Town:
    town = bank()
    town.live(14)
    return town


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", range(4))
def test_any_order_across_sources_and_any_repetition_end_alike(seed: int, undisturbed: Town) -> None:
    town = bank(shuffle=Random(seed), repeats=3)
    town.live(14)
    assert stages(town) == stages(undisturbed)
    assert told(town) == told(undisturbed)


def test_every_open_stage_names_somebody_who_has_the_ball() -> None:
    town = bank()
    town.live(6)
    for name in ("intake", "provisioning", "testing", "acceptance", "billing"):
        for cell in town.cells[name].values():
            if cell.decider.prefix or not cell.exists or cell.state.stage in {"DONE", "COMPLETED", "ACTIVE"}:
                continue
            assert cell.state.waits, f"{name} {cell.id} stands in {cell.state.stage} and nobody has the ball"

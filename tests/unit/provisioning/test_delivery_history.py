"""What holds of every delivery, however it came to be where it is: retold by its facts, somebody has the ball, and it ends."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.provisioning.domain.evolve import evolve
from services.provisioning.domain.state import STEPS, State
from shared.contracts.base import to_json
from shared.contracts.common import ResolveFallout
from shared.contracts.intake import OrderHeld, OrderResumed
from shared.contracts.provisioning import (
    CompleteBuildItem,
    ConfirmServiceProvisioned,
    LogicalConfigurationRequested,
    NetworkBuilt,
    ProvisionedService,
    ReleaseEquipment,
    ReportTechnicalVisit,
    ServiceProvisioned,
    StockCheckRequested,
    TechnicalVisitOrdered,
    VirtualCircuitRequested,
)
from shared.contracts.refusals import REFUSALS
from shared.contracts.shapes import Traits
from shared.decider import Wait
from tests.builders import PARENT, SUBORDER
from tests.given import actor
from tests.products import AWS, CLOUD, FWAAS, SDWAN, ficha, released_with, sold
from tests.unit.provisioning.delivery import CONTRACTOR, ENGINEER, STOCK, Delivery, there

Step = Callable[[Delivery], object]
SOLD: dict[str, tuple[Traits, str, str, tuple[str, ...]]] = {
    "SD-WAN": (SDWAN, "SDWAN", "FIBRA_NUEVA", ("INSTALLATION", "EQUIPMENT", "SERVICE_CREATION")),
    "FWaaS": (FWAAS, "FWAAS_GESTIONADO", "FIBRA_EXISTENTE", ("SERVICE_CREATION",)),
    "cloud": (CLOUD, "NUBE_PRIVADA", "NINGUNO", ("SERVICE_CREATION",)),
    "AWS": (AWS, "AWS_ADMINISTRADO", "NINGUNO", ("SERVICE_CREATION",)),
    "no method": (SDWAN, "SDWAN", "NINGUNO", ("INSTALLATION", "EQUIPMENT", "SERVICE_CREATION")),
}


def built(delivery: Delivery) -> object:
    return delivery.networked() if not delivery.state.build else _complete(delivery)


def _complete(delivery: Delivery) -> object:
    for item in delivery.state.build:
        delivery.when(CompleteBuildItem(aggregate=SUBORDER, item=item), CONTRACTOR)
    return delivery


def visit_failed(delivery: Delivery) -> object:
    failed = ReportTechnicalVisit(aggregate=SUBORDER, outcome="UNABLE", reason="Edificio cerrado")
    return delivery.visit_set().when(failed, CONTRACTOR)


def stock_told(delivery: Delivery) -> object:
    return delivery.stocked(*(there(one.sku, one.quantity) for one in delivery.state.stock_asked))


def short(delivery: Delivery) -> object:
    asked = delivery.state.stock_asked
    return delivery.stocked(*(there(one.sku, 0, None, available=False) for one in asked))


def by_hand(delivery: Delivery) -> object:
    for key, one in tuple(delivery.state.fallouts.items()):
        command = ResolveFallout(aggregate=SUBORDER, fallout_id=key, how="MANUAL", reason="Se consiguió")
        delivery.when(command, actor(one.queue))
    return delivery


def confirmed(delivery: Delivery) -> object:
    card = delivery.state.card
    items = [one for one in card.items if not one.charge_only] if card else []
    services = tuple(ProvisionedService(item_id=one.item_id, service_id="BO-1") for one in items)
    return delivery.when(ConfirmServiceProvisioned(aggregate=SUBORDER, services=services), ENGINEER)


STEPS_OF: dict[str, Step] = {
    "build": built,
    "configure": lambda one: one.configured(one.state.attempt),
    "circuit": lambda one: one.with_circuit(),
    "stock": stock_told,
    "shortage": short,
    "fallout by hand": by_hand,
    "give back": lambda one: one.when(ReleaseEquipment(aggregate=SUBORDER, reason="Otra sede"), STOCK),
    "visit": lambda one: one.visited(),
    "visit fails": visit_failed,
    "verify": lambda one: one.verified(),
    "confirm": confirmed,
    "hold": lambda one: one.when(OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Obra", at=one.now)),
    "resume": lambda one: one.when(OrderResumed(parent=PARENT, suborders=(SUBORDER,), reason="Listo", at=one.now)),
    "rework": lambda one: one.asked_again("NETWORK", "EQUIPMENT", "VISIT", number=one.state.attempt),
    "a week": lambda one: one.until(one.now + timedelta(days=7)),
    "a month": lambda one: one.until(one.now + timedelta(days=31)),
}
"""Everything that can happen to a delivery, in any order."""
ANSWERS: dict[str, str] = {
    "PlanNetworkBuild": "build",
    "CompleteBuildItem": "build",
    "AnswerActivationsRequest": "configure",
    "ConfirmVirtualCircuit": "circuit",
    "ReportStock": "stock",
    "ScheduleTechnicalVisit": "visit",
    "ReportTechnicalVisit": "visit",
    "ResolveFallout": "fallout by hand",
    "VerifyProvisioningMethod": "verify",
    "ConfirmServiceProvisioned": "confirm",
    "OrderResumed": "resume",
}
"""What the party of a wait does when it sends the message that the wait names."""


def lived(kind: str, names: list[str]) -> Delivery:
    traits, line, access, kinds = SOLD[kind]
    delivery = Delivery(released_with(ficha(sold(line, access=access), traits=traits), *kinds))
    for name in names:
        STEPS_OF[name](delivery)
        assert delivery.refusal is None or delivery.refusal.code in REFUSALS
    return delivery


def sound(delivery: Delivery) -> None:
    """What must hold in every reachable state."""
    state, told = delivery.state, State()
    for fact in delivery.facts:
        told = evolve(told, type(fact).model_validate_json(to_json(fact)))
    assert told == state, "its history gives the delivery as it stands"
    assert delivery.decider.follows(state, delivery.world(ENGINEER, "/test", "x")) in ([], ()), "all that follows has followed"
    waits = delivery.decider.waiting(state)
    assert waits, f"{state.stage} and nobody has the ball"
    assert len({one.key for one in waits}) == len(waits)
    assert {one.key for one in waits} == set(state.waits), "what was published is what is waited for"


def in_order(delivery: Delivery) -> None:
    """Each step of the first delivery opens only after the one before it."""
    opened = (NetworkBuilt, LogicalConfigurationRequested, StockCheckRequested, TechnicalVisitOrdered, ServiceProvisioned)
    firsts = [next((at for at, fact in enumerate(delivery.facts) if isinstance(fact, kind)), None) for kind in opened]
    known = [at for at in firsts if at is not None]
    assert all(one < other for one, other in pairwise(known)), f"{dict(zip(STEPS, firsts, strict=True))}"


@pytest.mark.criterion("X.6", "X.8", "5.1", "6.1", "7.1", "8.1", "9.1")
@settings(max_examples=80, deadline=None)
@given(kind=st.sampled_from(sorted(SOLD)), names=st.lists(st.sampled_from(sorted(STEPS_OF)), max_size=14))
def test_whatever_happens_a_delivery_stays_sound_and_what_is_waited_for_carries_it_to_its_end(
    kind: str, names: list[str]
) -> None:
    delivery = lived(kind, names)
    sound(delivery)
    for _ in range(60):
        wait: Wait = delivery.decider.waiting(delivery.state)[0]
        if wait.cleared_by[0] == "ReworkRequested":
            break
        before = delivery.cell.version
        STEPS_OF[ANSWERS[wait.cleared_by[0]]](delivery)
        assert delivery.cell.version > before, f"{wait} was answered and nothing moved: {delivery.refusal}"
    assert delivery.state.stage == "PROVISIONED"
    sound(delivery)
    in_order(delivery)
    assert len(delivery.of(ServiceProvisioned)) == 1
    assert len(delivery.of(VirtualCircuitRequested)) == (kind == "FWaaS") * (1 + ("LOGICAL" in _reworked(delivery)))
    assert all(one.method for one in delivery.of(ServiceProvisioned)[0].services)


def _reworked(delivery: Delivery) -> set[str]:
    return {step for fact in delivery.facts for step in getattr(fact, "steps", ())}

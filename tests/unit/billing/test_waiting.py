"""Who has the ball of a billing group, and which message takes it."""

from datetime import date

import pytest

from shared.contracts.base import Fact
from shared.contracts.intake import DocsRevalidationRequired, OrderHeld
from shared.contracts.shapes import Terms, Traits
from tests.builders import PARENT, SUBORDER, doc, item, phase, terms
from tests.unit.billing.billing_group import PAPERS, Group, account, freed, ready, signed, sold, validated

REGIONAL = freed(SUBORDER, None, traits=Traits(regional=True))
REOPENED = DocsRevalidationRequired(parent=PARENT, revision=1, items=(1,))
PROJECT = (item(standard=False),)
WRONG = (*PAPERS, doc("ANALISIS_RENTABILIDAD", approver="DIRECTOR_B2B"))


def by_phase(*phases: object) -> Terms:
    return terms(mechanism="BY_PHASE", phases=phases)


def prepared(own: Terms) -> tuple[Fact, ...]:
    return (sold(own), validated(), freed(SUBORDER, own), account())


@pytest.mark.criterion("1.4", "X.6")
@pytest.mark.parametrize(
    ("facts", "party", "message"),
    [
        ((validated(),), "EC", "OrderReceived"),
        ((sold(by_phase()),), "OM", "SetBillingPhases"),
        ((sold(),), "OM", "SuborderReleased"),
        (prepared(terms()), "CLIENTE", "AcceptanceSigned"),
        ((*prepared(terms()), OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Mora")), "OM", "OrderResumed"),
        ((*prepared(by_phase(phase(1, "100.00", "NETWORK_BUILT"))), signed()), "INGENIERO_B2B", "NetworkBuilt"),
        ((*prepared(by_phase(phase(1, "100.00", "SERVICE_PROVISIONED"))), signed()), "INGENIERO_B2B", "ServiceProvisioned"),
        ((*prepared(by_phase(phase(1, "100.00", "TESTS_PASSED"))), signed()), "INGENIERO_B2B", "TestsPassed"),
        ((*prepared(by_phase(phase(1, "100.00", "ALL_SITES_ACCEPTED"))), signed()), "CLIENTE", "AllSitesAccepted"),
        ((*prepared(by_phase(phase(1, "100.00", day=date(2026, 12, 15)))), signed()), "OM", "billing_date"),
        ((sold(), validated(PAPERS[0]), freed(), account(), signed()), "OM", "AttachBillingDocument"),
        (
            (sold(suborders={SUBORDER: PROJECT}), validated(*WRONG), freed(SUBORDER, None, *PROJECT), account(), signed()),
            "OM",
            "AttachBillingDocument",
        ),
        ((sold(), validated(), freed(), account(), REOPENED, signed()), "OM", "DocsValidated"),
        ((sold(), validated(), freed(), signed()), "ACTIVACIONES", "BillingAccountPrepared"),
        ((sold(), validated(), REGIONAL, account(), signed()), "REGIONAL", "TestsPassed"),
        ((*prepared(terms()), signed()), "FACTURADOR_BBD", "ConfirmBillingActivation"),
    ],
)
def test_each_wait_names_its_party_and_the_message_that_takes_it(facts: tuple[Fact, ...], party: str, message: str) -> None:
    group = Group(*facts)
    assert [(one.party, one.cleared_by[0]) for one in group.decider.waiting(group.state)] == [(party, message)]


@pytest.mark.criterion("X.6")
def test_a_refusal_is_mended_by_the_owner_and_what_is_missing_twice_is_asked_once() -> None:
    group = ready(signed())
    assert [(one.due, one.key) for one in group.decider.waiting(group.state)] == [
        (group.request.due, f"{SUBORDER}/1/ConfirmBillingActivation")
    ]
    (wait,) = group.refuses().decider.waiting(group.state)
    assert (wait.party, wait.cleared_by) == ("OM", ("ResendBillingRequest",))
    bare = Group(sold(), validated(doc("ORDEN_COMPRA")), freed(), account(), signed())
    (wait,) = bare.decider.waiting(bare.state)
    assert "FORMULARIO_RESUMEN_CONTRATO" in wait.what

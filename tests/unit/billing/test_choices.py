"""What the operator may decide otherwise: each alternative of a policy value of billing changes what it says it changes."""

import pytest

from shared.contracts.billing import BillingBlocked, BillingRequested
from tests.builders import phase, terms
from tests.unit.billing.billing_group import Group, account, built, expired, freed, notified, signed, sold, validated


@pytest.mark.criterion("D7", "15.1")
@pytest.mark.parametrize(("choice", "billed"), [("SIGNED_OR_EXPIRED", 1), ("SIGNED_ONLY", 0)])
def test_silence_may_be_no_basis_of_a_bill(choice: str, billed: int) -> None:
    group = Group().choosing(billing__basis=choice)
    group.hears([sold(), validated(), freed(), account(), expired(), notified()])
    assert len(group.of(BillingRequested)) == billed
    signing = group.when(signed())
    assert len(signing.of(BillingRequested)) == 1, "a signature always is one, and nobody is billed twice"


@pytest.mark.criterion("D8", "15.1")
@pytest.mark.parametrize(("choice", "billed"), [("IF_AGREED", 1), ("NEVER", 0)])
def test_the_operator_may_bill_nothing_before_the_acceptance(choice: str, billed: int) -> None:
    early = phase(1, "40.00", "NETWORK_BUILT")
    own = terms(mechanism="BY_PHASE", phases=(early, phase(2, "60.00")), pre_acceptance_agreed=True)
    group = Group().choosing(billing__pre_acceptance=choice)
    group.hears([sold(own), validated(), freed(group=own), account(), built()])
    assert (len(group.of(BillingRequested)), len(group.of(BillingBlocked))) == (billed, 1 - billed)
    assert [one.phase.no for one in group.when(signed()).of(BillingRequested)] == [1, 2]

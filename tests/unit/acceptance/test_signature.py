from datetime import timedelta

import pytest

from shared.contracts.acceptance import AcceptanceExpired, AcceptanceSigned, LateSignatureRecorded
from shared.contracts.shapes import Doc, Signature
from tests.builders import PARENT, SUBORDER, card, doc, passed_tests, released
from tests.given import actor
from tests.unit.acceptance.acceptance_site import SENT, Site, local, signature, signed_acta


def of_another_file(base: str | None) -> Doc:
    return signed_acta().model_copy(update={"signature": Signature(method="PADES", valid=True, base_sha256=base)})


@pytest.mark.criterion("14.1", "15.1")
def test_the_signed_acta_accepts_with_its_evidence() -> None:
    site = Site().acta_out().signs()
    assert site.names() == ["AcceptanceSigned"]
    signed = site.of(AcceptanceSigned)[0]
    assert (signed.evidence.basis, signed.regional_ticket) == ("SIGNED", "RITM0045127")
    assert signed.evidence.signature is not None
    assert (signed.evidence.signer, signed.evidence.signer_role) == (f"{PARENT}:firmante", "Gerente General")
    assert signed.billing_group == SUBORDER
    assert site.decider.deadlines(site.state, site.calendar) == {}


@pytest.mark.criterion("14.1")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"signer_role": " "}, "SIGNER_INCOMPLETE"),
        ({"document": signed_acta("SCAN")}, "SIGNER_INCOMPLETE"),  # a scan without attestation
        ({"document": signed_acta(valid=False)}, "SIGNATURE_INVALID"),
        ({"document": doc("ACTA_FIRMADA", origin=f"{SUBORDER}/acta/9/1"), "attestation": "vista"}, "ACTA_MISMATCH"),
        ({"document": of_another_file(None)}, "ACTA_MISMATCH"),  # signed otherwise than as an update of a file
        ({"document": of_another_file("f" * 64)}, "ACTA_MISMATCH"),  # whatever its origin says
        ({"document": signed_acta("SCAN"), "attestation": "La firmó en su oficina, tel. 71234567"}, "PERSONAL_DATA"),
        ({"signed_at": SENT - timedelta(days=1)}, "ACTA_MISMATCH"),  # before this acta existed
    ],
)
def test_a_signature_with_a_defect_is_refused_by_its_own_code(changes: dict[str, object], code: str) -> None:
    site = Site().acta_out().signs(**changes)
    assert site.refusal is not None
    assert site.refusal.code == code


@pytest.mark.criterion("12.2", "14.1")
def test_an_acceptance_names_the_ticket_of_the_start_where_the_tests_had_none() -> None:
    site = Site().when(released(card(regional_ticket="RITM0000001"))).when(passed_tests(regional_ticket=None))
    assert site.rendered().sent("acta/1/1").signs().of(AcceptanceSigned)[0].regional_ticket == "RITM0000001"


@pytest.mark.criterion("14.1")
def test_a_scan_with_attestation_counts() -> None:
    site = Site().acta_out().signs(document=signed_acta("SCAN"), attestation="Firmada ante el OM")
    assert site.names() == ["AcceptanceSigned"]
    told = site.of(AcceptanceSigned)[0].evidence
    assert (told.attestation, told.signed_at) == ("Firmada ante el OM", SENT)


@pytest.mark.criterion("14.1")
def test_a_digital_signature_needs_no_attestation_and_its_moment_is_evidence() -> None:
    told = Site().acta_out().signs().of(AcceptanceSigned)[0].evidence
    assert (told.attestation, told.signed_at) == (None, SENT)


@pytest.mark.criterion("14.1", "14.7")
def test_the_signature_of_the_acta_before_an_upheld_rejection_is_not_of_the_one_after_it() -> None:
    site = Site().acta_out().rejects().upholds()
    site.tested(2).rendered().sent("acta/2/1").signs(document=signed_acta().model_copy(update={"origin": None}))
    assert site.refusal is not None
    assert site.refusal.code == "ACTA_MISMATCH"


@pytest.mark.criterion("14.5")
def test_a_signature_after_the_expiry_is_kept_as_late_evidence_once() -> None:
    site = Site().expired().signs()
    assert site.names() == ["LateSignatureRecorded"]
    assert site.signs().names() == []
    assert (len(site.of(LateSignatureRecorded)), len(site.of(AcceptanceExpired))) == (1, 1)
    assert site.state.stage == "EXPIRED"


@pytest.mark.criterion("14.5")
def test_a_signature_that_commits_first_leaves_nothing_to_expire() -> None:
    site = Site().acta_out()
    site.now = local("2026-12-07 16:30")
    site.signs().until(local("2026-12-08 16:30"))
    assert site.of(AcceptanceExpired) == []


@pytest.mark.criterion("14.5")
def test_a_second_signature_is_a_repeat_and_another_one_is_refused() -> None:
    site = Site().acta_out().signs()
    assert site.signs().names() == []
    other = signed_acta(sha256="a" * 64)
    site.signs(document=other)
    assert site.refusal is not None
    assert site.refusal.code == "ACCEPTANCE_CLOSED"


@pytest.mark.criterion("14.1")
def test_the_signing_system_signs_for_the_customer_and_nobody_before_the_acta_is_out() -> None:
    assert Site().acta_out().when(signature(), actor("CLIENTE")).names() == ["AcceptanceSigned"]
    site = Site().tested().when(signature(), actor("CLIENTE"))
    assert site.refusal is not None
    assert site.refusal.code == "WRONG_STAGE"

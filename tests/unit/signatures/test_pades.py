"""A signature in a PDF is looked into, not believed: real signatures by an authority made here (14.1)."""

import asyncio
import logging
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from services.acceptance.adapters.acta_pdf import pdf_of
from shared import pades, uploads
from shared.contracts.shapes import Signature
from shared.settings import Settings, Signatures
from tests.signing import SIGNER, Authority, Change, emptied, noted, retitled, saved_anew, updated, written_over
from tests.unit.acceptance.acceptance_site import Site

AT = datetime(2026, 11, 30, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def acta() -> bytes:
    return pdf_of(Site().tested().acta_content(), AT)


@pytest.fixture(scope="module")
def signed(authority: Authority, acta: bytes) -> bytes:
    return authority.sign(acta)


@pytest.fixture
def trust(authority: Authority, tmp_path: Path) -> Signatures:
    return Signatures(authorities=authority.pem(tmp_path / "ac.pem"))


def found(content: bytes, trust: Signatures, at: datetime = AT) -> Signature:
    signature = asyncio.run(uploads.signature_in(content, trust, at))
    assert signature is not None
    assert signature.method == "PADES"
    return signature


@pytest.mark.criterion("14.1")
def test_a_signature_of_a_configured_authority_over_the_whole_file_is_valid(signed: bytes, trust: Signatures) -> None:
    signature = found(signed, trust)
    assert (signature.valid, signature.detail) == (True, pades.GOOD)


@pytest.mark.criterion("14.1")
def test_two_people_may_sign_one_after_the_other(signed: bytes, authority: Authority, trust: Signatures) -> None:
    assert (found(authority.sign(signed, "Operador"), trust)).valid


@pytest.mark.criterion("14.1")
def test_a_signed_acta_is_known_by_the_bytes_that_went_out_however_many_sign_it(
    acta: bytes, signed: bytes, authority: Authority, trust: Signatures
) -> None:
    sent = sha256(acta).hexdigest()
    assert found(signed, trust).base_sha256 == sent
    assert found(authority.sign(signed, "Operador"), trust).base_sha256 == sent


@pytest.mark.criterion("14.1")
@pytest.mark.parametrize("change", [written_over, noted, emptied])
def test_an_acta_that_the_signer_changed_is_another_file_whether_before_or_while_it_was_signed(
    change: Change, acta: bytes, authority: Authority, trust: Signatures
) -> None:
    before, meanwhile = authority.sign(updated(acta, change)), authority.sign(acta, change=change)
    for content in (before, meanwhile):
        signature = found(content, trust)
        assert (signature.valid, content.startswith(acta)) == (True, True)  # all intact and all of it signed
        assert signature.base_sha256 != sha256(acta).hexdigest()


@pytest.mark.criterion("14.1")
def test_an_acta_that_was_saved_anew_is_another_file(acta: bytes, authority: Authority, trust: Signatures) -> None:
    signature = found(authority.sign(saved_anew(acta)), trust)
    assert signature.valid
    assert signature.base_sha256 != sha256(acta).hexdigest()


@pytest.mark.criterion("14.1")
def test_a_signature_that_does_not_hold_says_nothing_of_what_was_signed(signed: bytes) -> None:
    assert found(signed, Signatures()).base_sha256 is None


@pytest.mark.criterion("14.1")
def test_a_file_changed_in_any_signed_place_is_broken(signed: bytes, trust: Signatures) -> None:
    for place in (100, len(signed) // 3, len(signed) - 40):
        changed = signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :]
        signature = found(changed, trust)
        assert not signature.valid, place
        assert signature.detail in {pades.BROKEN, pades.UNREADABLE}


@pytest.mark.criterion("14.1")
@pytest.mark.parametrize("later", [updated, retitled])
def test_a_file_with_an_update_that_nobody_signed_is_not_valid(
    later: Callable[[bytes], bytes], signed: bytes, trust: Signatures
) -> None:
    signature = found(later(signed), trust)
    assert (signature.valid, signature.detail) == (False, pades.CHANGED_AFTER)


@pytest.mark.criterion("14.1")
def test_a_second_signature_does_not_hide_what_was_changed_between(
    signed: bytes, authority: Authority, trust: Signatures
) -> None:
    signature = found(authority.sign(updated(signed), "Operador"), trust)
    assert (signature.valid, signature.detail) == (False, pades.CHANGED_AFTER)


@pytest.mark.criterion("14.1")
def test_without_configured_authorities_no_signature_is_valid_and_the_detail_says_why(signed: bytes, trust: Signatures) -> None:
    own = found(signed, Signatures())
    assert (own.valid, own.detail) == (False, pades.NO_AUTHORITIES)


@pytest.mark.criterion("14.1")
def test_a_stranger_who_signs_the_acta_is_not_trusted(acta: bytes, trust: Signatures) -> None:
    signature = found(Authority("Otra AC").sign(acta), trust)
    assert (signature.valid, signature.detail) == (False, pades.NOT_TRUSTED)


@pytest.mark.criterion("14.1")
def test_a_certificate_that_ended_is_not_trusted(signed: bytes, trust: Signatures) -> None:
    signature = found(signed, trust, AT + timedelta(days=800))
    assert (signature.valid, signature.detail) == (False, pades.NOT_TRUSTED)


@pytest.mark.criterion("14.1")
@pytest.mark.parametrize("cut", [0.4, 0.8, 0.97])
def test_a_signed_file_that_is_cut_off_is_not_valid(signed: bytes, trust: Signatures, cut: float) -> None:
    kept = signed[: int(len(signed) * cut)] + b"/ByteRange"
    signature = found(kept, trust)
    assert (signature.valid, signature.detail) == (False, pades.UNREADABLE)


@pytest.mark.criterion("14.1")
def test_an_update_that_takes_the_signature_out_of_the_form_leaves_a_file_that_only_says_it_is_signed(
    signed: bytes, trust: Signatures
) -> None:
    wiped = signed.replace(b"/AcroForm", b"/AcroForn")
    assert not (found(wiped, trust)).valid


@pytest.mark.parametrize("content", [b"", b"hola", b"%PDF-1.7 sin firma", b"acta /ByteRange [0 1 2 3]"])
def test_what_is_no_pdf_or_not_signed_has_no_signature(content: bytes, acta: bytes, trust: Signatures) -> None:
    assert asyncio.run(uploads.signature_in(content, trust, AT)) is None
    assert asyncio.run(uploads.signature_in(acta, trust, AT)) is None


def test_authorities_may_be_a_folder(signed: bytes, authority: Authority, tmp_path: Path) -> None:
    authority.pem(tmp_path / "uno.pem")
    Authority("Otra AC").pem(tmp_path / "dos.pem")
    assert (found(signed, Signatures(authorities=tmp_path))).valid


def test_authorities_that_are_not_there_stop_the_process_at_its_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("O2C_SIGNATURES__AUTHORITIES", str(tmp_path / "no.pem"))
    with pytest.raises(ValueError, match=r"no certificates at"):
        Settings()


def test_no_name_of_a_signer_is_told_or_logged_and_nothing_is_fetched(
    signed: bytes, trust: Signatures, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: Any, **__: Any) -> Any:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    caplog.set_level(logging.DEBUG)
    for content, at in ((signed, AT), (updated(signed), AT), (signed, AT + timedelta(days=800))):
        assert SIGNER not in str(found(content, trust, at))
    assert (found(Authority("Otra AC").sign(signed, "Otro"), trust)).valid is False
    assert "Marcada" not in caplog.text


def test_a_file_that_takes_too_long_is_given_up(signed: bytes, trust: Signatures, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TimeoutError):
        asyncio.run(uploads.signature_in(signed, trust.model_copy(update={"limit_seconds": 0.0}), AT))

"""Files come in by HTTP and are answered as the Doc that a command then carries; made-up ones prove nothing (2.8)."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest

from o2c.stack.tokens import key_file, token_for
from services.acceptance.adapters.acta_pdf import pdf_of
from services.acceptance.app import SERVICE
from shared import objects, uploads
from shared.auth import Tokens
from shared.clock import Clock
from shared.contracts.acceptance import RecordSignature
from shared.contracts.base import to_json
from shared.contracts.shapes import Doc
from shared.http import build_http
from shared.messaging.resources import Resources
from shared.settings import Auth, Objects, Settings, Signatures
from tests.builders import SUBORDER
from tests.signing import Authority, updated
from tests.unit.acceptance.acceptance_site import SENT, Site

CONTENT = b"%PDF-1.7 acta firmada"


AUTHORITY = Authority()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"file://{tmp_path / 'objects'}"


@pytest.fixture
async def caller(tmp_path: Path, url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """An Order Manager at acceptance's address; what needs no database is served without one."""
    token = token_for(tmp_path, "om-1", ["OM"])
    trust = Signatures(authorities=AUTHORITY.pem(tmp_path / "ac.pem"))
    settings = Settings(auth=Auth(key_file=key_file(tmp_path)), objects=Objects(url=url), signatures=trust)
    clock = Clock()
    resources = Resources("acceptance", settings, SERVICE.roster(), SERVICE.worlds(clock), None, None, clock)
    app = build_http(resources, Tokens(settings.auth, clock), _nothing)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="http://o2c", headers={"authorization": f"Bearer {token}"}
    ) as client:
        yield client


async def _nothing() -> dict[str, str]:
    return {}


def signature(doc: Doc) -> dict[str, Any]:
    command = RecordSignature(
        aggregate="8015g00000XYZAB111",
        document=doc,
        signer="8015g00000XYZAB111:firmante",
        signer_role="Gerente",
        signed_at=datetime(2026, 11, 30, tzinfo=UTC),
        attestation="Original recibido.",
    )
    body: dict[str, Any] = json.loads(to_json(command))
    return body


@pytest.mark.criterion("2.8", "14.1")
async def test_an_uploaded_file_is_stored_once_and_answered_with_its_hash_time_and_uploader(
    caller: httpx2.AsyncClient, url: str
) -> None:
    about = {"kind": "ACTA_FIRMADA", "title": "acta.pdf", "origin": "acta-1", "signed": "SCAN"}
    answer = await caller.post("/v1/documents", params=about, content=CONTENT)
    again = await caller.post("/v1/documents", params=about, content=CONTENT)
    doc = Doc.model_validate_json(answer.content)
    assert answer.status_code == 201
    assert again.json() == answer.json()
    assert (doc.kind, doc.title, doc.origin, doc.uploader, doc.source) == ("ACTA_FIRMADA", "acta.pdf", "acta-1", "om-1", "UPLOAD")
    assert doc.sha256 == sha256(CONTENT).hexdigest()
    assert doc.signature is not None
    assert doc.signature.method == "SCAN"
    assert await objects.fetch(url, doc.ref) == CONTENT


@pytest.mark.criterion("2.8")
async def test_an_amount_in_foreign_money_keeps_its_rate_and_date(caller: httpx2.AsyncClient) -> None:
    about = {"kind": "APROBACION", "approver": "GERENTE", "amount": "1200.50", "currency": "USD", "rate": "6.96"}
    answer = await caller.post("/v1/documents", params={**about, "rate_date": "2026-11-25"}, content=CONTENT)
    money = answer.json()["amount"]
    assert money == {"amount": "1200.50", "currency": "USD", "rate": "6.96", "rate_date": "2026-11-25"}


@pytest.mark.criterion("2.8", "14.1")
@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"origin": "acta-2"}, {"ref": "uploads/x"}, {"doc_id": "otro"}])
async def test_a_command_that_names_a_document_otherwise_than_it_was_answered_is_refused(
    caller: httpx2.AsyncClient, change: dict[str, str]
) -> None:
    answer = await caller.post("/v1/documents", params={"kind": "ACTA_FIRMADA", "origin": "acta-1"}, content=CONTENT)
    forged = Doc.model_validate_json(answer.content).model_copy(update=change)
    told = await caller.post("/v1/commands/RecordSignature", json=signature(forged), headers={"idempotency-key": "k"})
    assert told.status_code == 422
    assert told.json()["code"] == "DOCUMENT_UNKNOWN"
    assert forged.doc_id in told.json()["why"]


@pytest.mark.criterion("2.8")
async def test_a_document_that_was_answered_here_is_known_again_in_a_command(url: str) -> None:
    doc = await uploads.keep(url, CONTENT, uploads.About(kind="ACTA_FIRMADA"), "om-1", datetime(2026, 11, 25, tzinfo=UTC))
    command = RecordSignature.model_validate(signature(doc))
    assert await uploads.unvouched(url, command) is None


@pytest.mark.criterion("2.8")
async def test_an_empty_file_a_huge_one_and_one_of_unknown_length_are_refused_in_spanish(caller: httpx2.AsyncClient) -> None:
    async def in_pieces() -> AsyncIterator[bytes]:
        yield CONTENT

    empty = await caller.post("/v1/documents", params={"kind": "SOW"}, content=b"")
    huge = await caller.post("/v1/documents", params={"kind": "SOW"}, content=b"0" * (uploads.LARGEST_BYTES + 1))
    unknown = await caller.post("/v1/documents", params={"kind": "SOW"}, content=in_pieces())
    assert (empty.status_code, empty.json()["code"]) == (422, "EMPTY_FILE")
    assert (huge.status_code, huge.json()["code"]) == (413, "TOO_LARGE")
    assert (unknown.status_code, unknown.json()["code"]) == (411, "LENGTH_REQUIRED")


async def test_nobody_uploads_without_a_token(caller: httpx2.AsyncClient) -> None:
    answer = await caller.post("/v1/documents", params={"kind": "SOW"}, content=CONTENT, headers={"authorization": ""})
    assert answer.status_code == 401


def acta() -> bytes:
    return pdf_of(Site().tested().acta_content(), SENT)


SIGNED = AUTHORITY.sign(acta())
ANOTHER = AUTHORITY.sign(pdf_of(Site().tested(at=SENT + timedelta(days=1)).acta_content(), SENT))
NAMED = {"kind": "ACTA_FIRMADA", "origin": f"{SUBORDER}/acta/1/1"}


@pytest.mark.criterion("14.1")
async def test_an_acta_signed_by_the_customer_is_accepted_with_nobody_vouching_for_it(caller: httpx2.AsyncClient) -> None:
    answer = await caller.post("/v1/documents", params=NAMED, content=SIGNED)
    doc = Doc.model_validate_json(answer.content)
    assert doc.signature is not None
    assert (doc.signature.method, doc.signature.valid) == ("PADES", True)
    sent = sha256(acta()).hexdigest()
    assert Site().acta_out(sha256=sent).signs(document=doc).names() == ["AcceptanceSigned"]


@pytest.mark.criterion("14.1")
async def test_a_signed_acta_of_another_delivery_is_not_this_one_whatever_the_uploader_says(caller: httpx2.AsyncClient) -> None:
    doc = Doc.model_validate_json((await caller.post("/v1/documents", params=NAMED, content=ANOTHER)).content)
    site = Site().acta_out(sha256=sha256(acta()).hexdigest()).signs(document=doc, attestation="Es esta")
    assert site.refusal is not None
    assert site.refusal.code == "ACTA_MISMATCH"


@pytest.mark.criterion("14.1")
@pytest.mark.parametrize("said", [{}, {"signed": "SCAN"}])  # whatever the uploader says of a file that says it is signed
async def test_a_signed_acta_that_was_changed_is_refused_and_vouching_for_it_does_not_help(
    caller: httpx2.AsyncClient, said: dict[str, str]
) -> None:
    answer = await caller.post("/v1/documents", params=NAMED | said, content=updated(SIGNED))
    doc = Doc.model_validate_json(answer.content)
    site = Site().acta_out().signs(document=doc, attestation="Firmada ante el OM")
    assert site.refusal is not None
    assert site.refusal.code == "SIGNATURE_INVALID"
    assert site.refusal.details["detail"] == doc.signature.detail  # type: ignore[union-attr]


@pytest.mark.criterion("14.1")
async def test_a_scan_or_a_file_without_signature_needs_an_attestation(caller: httpx2.AsyncClient) -> None:
    for said in ({"signed": "SCAN"}, {}):
        doc = Doc.model_validate_json((await caller.post("/v1/documents", params=NAMED | said, content=acta())).content)
        site = Site().acta_out().signs(document=doc)
        assert site.refusal is not None
        assert site.refusal.code == "SIGNER_INCOMPLETE"
        assert Site().acta_out().signs(document=doc, attestation="Firmada ante el OM").names() == ["AcceptanceSigned"]


@pytest.mark.criterion("14.1")
async def test_a_file_judged_anew_after_an_authority_was_added_is_another_document(url: str, tmp_path: Path) -> None:
    about = uploads.About.model_validate(NAMED)

    async def kept(trust: Signatures) -> Doc:
        return await uploads.keep(url, SIGNED, about, "om-1", SENT, signature=await uploads.signature_in(SIGNED, trust, SENT))

    before, after = await kept(Signatures()), await kept(Signatures(authorities=AUTHORITY.pem(tmp_path / "ac.pem")))
    assert before.signature
    assert after.signature
    assert (before.signature.valid, after.signature.valid) == (False, True)
    assert before.doc_id != after.doc_id


async def test_a_signature_that_takes_too_long_to_check_keeps_nothing_and_asks_for_another_try(
    caller: httpx2.AsyncClient, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def too_long(*_: Any) -> None:
        raise TimeoutError

    monkeypatch.setattr(uploads, "signature_in", too_long)
    answer = await caller.post("/v1/documents", params=NAMED, content=SIGNED)
    assert (answer.status_code, answer.json()["code"]) == (503, "TRY_AGAIN")
    with pytest.raises(FileNotFoundError):
        await objects.fetch(url, f"uploads/{sha256(SIGNED).hexdigest()}")

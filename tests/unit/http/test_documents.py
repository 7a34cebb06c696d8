"""Files come in by HTTP and are answered as the Doc that a command then carries; made-up ones prove nothing (2.8)."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest

from o2c.stack.tokens import key_file, token_for
from services.acceptance.app import SERVICE
from shared import objects, uploads
from shared.auth import Tokens
from shared.clock import Clock
from shared.contracts.acceptance import RecordSignature
from shared.contracts.base import to_json
from shared.contracts.shapes import Doc
from shared.http import build_http
from shared.messaging.resources import Resources
from shared.settings import Auth, Objects, Settings

CONTENT = b"%PDF-1.7 acta firmada"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"file://{tmp_path / 'objects'}"


@pytest.fixture
async def caller(tmp_path: Path, url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """An Order Manager at acceptance's address; what needs no database is served without one."""
    token = token_for(tmp_path, "om-1", ["OM"])
    settings = Settings(auth=Auth(key_file=key_file(tmp_path)), objects=Objects(url=url))
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

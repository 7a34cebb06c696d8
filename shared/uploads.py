"""Files that people bring: kept once, hashed, and answered as the `Doc` that a command then carries (2.8).

A PDF that says it is signed is looked into, and what holds of its signature stands in its `Doc`, whatever the uploader
says of it (14.1). Beside each file lies the `Doc` it was answered as. A command may name only what was answered here: a
reference, a hash or a signature that somebody made up proves nothing, and nobody is billed on it.
"""

import asyncio
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Final, Literal

from anyio import to_thread
from pydantic import BaseModel, Field

from shared import objects
from shared.contracts.base import Amount, Message, Model, Name, to_json
from shared.contracts.shapes import Doc, Money, Signature
from shared.decider import Refused, refused
from shared.settings import Signatures

LARGEST_BYTES: Final = 25 << 20
PDF: Final = b"%PDF-"
HEAD_BYTES: Final = 1024
"""Where a PDF has to say that it is one."""
SIGNED: Final = b"/ByteRange"
"""What no signature of a PDF can be without, and what a filled form or an empty signature field never has."""


class About(Model):
    """What the uploader says of a file. Its time, hash and uploader are ours to say."""

    kind: Name = Field(min_length=1, description="Tipo de documento: CONTRATO_FIRMADO, ACTA_FIRMADA, SOW, ...")
    title: Name | None = Field(default=None, description="Nombre del archivo.")
    source: Literal["UPLOAD", "EMAIL"] = Field(default="UPLOAD", description="EMAIL: llegó por correo (sólo Negocio).")
    origin: Name | None = Field(default=None, description="De dónde viene; de un acta firmada, el doc_id del acta.")
    approver: Name | None = Field(default=None, description="Cargo de quien aprueba.")
    amount: Amount | None = Field(default=None, description="Monto que aprueba.")
    currency: Name = "BOB"
    rate: Amount | None = Field(default=None, description="Tipo de cambio, si la moneda no es BOB.")
    rate_date: date | None = None
    signed: Literal["SCAN"] | None = Field(
        default=None, description="SCAN: firma manuscrita escaneada; una firma digital se comprueba sola."
    )

    @property
    def money(self) -> Money | None:
        """The amount with its currency, absent when none is said."""
        if self.amount is None:
            return None
        return Money(amount=Decimal(self.amount), currency=self.currency, rate=self.rate, rate_date=self.rate_date)


async def signature_in(content: bytes, trust: Signatures, at: datetime) -> Signature | None:
    """What holds of the signature in a PDF, or None where it has none. Raises TimeoutError when that takes too long."""
    if PDF not in content[:HEAD_BYTES] or SIGNED not in content:
        return None

    def looked_into() -> Signature:
        from shared.pades import verdict  # noqa: PLC0415 - a second and 16 MB that only a signed PDF is worth

        return verdict(content, trust.authorities, at)

    async with asyncio.timeout(trust.limit_seconds):
        return await to_thread.run_sync(looked_into, abandon_on_cancel=True)


async def keep(url: str, content: bytes, about: About, uploader: str, at: datetime, *, signature: Signature | None = None) -> Doc:
    """Stores a file and what is known of it; the same file said to be the same thing is answered as the first time.

    A signature found in the file goes before what the uploader says. Judged otherwise than the last time, because an
    authority was added or a certificate ended, the file is another document.
    """
    digest = await objects.put_once(url, f"uploads/{sha256(content).hexdigest()}", content)
    known = to_json(about) + digest.encode() + (to_json(signature) if signature else b"")
    doc_id = f"UPL-{sha256(known).hexdigest()[:24]}"
    scanned = Signature(method="SCAN", valid=True, detail="Firma manuscrita escaneada") if about.signed else None
    doc = Doc(
        doc_id=doc_id,
        kind=about.kind,
        title=about.title,
        ref=f"uploads/{digest}",
        sha256=digest,
        source=about.source,
        origin=about.origin,
        uploader=uploader,
        at=at,
        approver=about.approver,
        amount=about.money,
        signature=signature or scanned,
    )
    return await vouch(url, doc)


async def vouch(url: str, doc: Doc) -> Doc:
    """Keeps what is known of a stored file, so that commands may name it. Answers what was kept first."""
    try:
        await objects.put_once(url, answer_of(doc), to_json(doc))
    except objects.OtherContentError:  # brought before, at another time or by another person
        return Doc.model_validate_json(await objects.fetch(url, answer_of(doc)))
    return doc


def answer_of(doc: Doc) -> str:
    """Where the `Doc` of a stored file lies."""
    return f"answers/{sha256(f'{doc.doc_id}/{doc.version}'.encode()).hexdigest()}.json"


def documents_of(value: object) -> Iterator[Doc]:
    """Every document a message carries, at any depth."""
    if isinstance(value, Doc):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from documents_of(getattr(value, name))
    elif isinstance(value, tuple | list):
        for one in value:
            yield from documents_of(one)


async def unvouched(url: str, message: Message) -> Refused | None:
    """DOCUMENT_UNKNOWN when a message names a document that was never answered here, or not like that."""
    for doc in documents_of(message):
        try:
            known = Doc.model_validate_json(await objects.fetch(url, answer_of(doc)))
        except FileNotFoundError:
            known = None
        if known != doc:
            return refused("DOCUMENT_UNKNOWN", document=doc.doc_id)
    return None

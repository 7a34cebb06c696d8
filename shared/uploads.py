"""Files that people bring: kept once, hashed, and answered as the `Doc` that a command then carries (2.8).

Beside each file lies the `Doc` it was answered as. A command may name only what was answered here: a reference, a
hash or a signature that somebody made up proves nothing, and nobody is billed on it.
"""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Final, Literal

from pydantic import BaseModel, Field

from shared import objects
from shared.contracts.base import Amount, Message, Model, Name, to_json
from shared.contracts.shapes import Doc, Money, Signature
from shared.decider import Refused, refused

LARGEST_BYTES: Final = 25 << 20


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
    signed: Literal["SCAN"] | None = Field(default=None, description="SCAN: firma manuscrita escaneada.")

    @property
    def money(self) -> Money | None:
        """The amount with its currency, absent when none is said."""
        if self.amount is None:
            return None
        return Money(amount=Decimal(self.amount), currency=self.currency, rate=self.rate, rate_date=self.rate_date)


async def keep(url: str, content: bytes, about: About, uploader: str, at: datetime) -> Doc:
    """Stores a file and what is known of it; the same file said to be the same thing is answered as the first time."""
    digest = await objects.put_once(url, f"uploads/{sha256(content).hexdigest()}", content)
    doc_id = f"UPL-{sha256(to_json(about) + digest.encode()).hexdigest()[:24]}"
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
        signature=scanned,
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

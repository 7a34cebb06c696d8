"""Signatures inside a PDF: whether they hold, by the authorities that the operator trusts (14.1).

Nothing is fetched: a signature is judged by the file, the configured authorities and the moment of the upload, so that
the same upload is judged alike everywhere. Whether a certificate was revoked is therefore not known, and the verdict
says so. Imported only where a file holds a signature: reading this module takes a second and 16 MB.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from shared.contracts.shapes import Signature
from shared.signed_revision import base_sha256

for library in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(library).setLevel(logging.CRITICAL + 1)  # they write the signer's name into their warnings

UNREADABLE: Final = "El archivo dice estar firmado, pero su firma no se puede leer."
BROKEN: Final = "La firma está rota: no corresponde al contenido del documento."
CHANGED_AFTER: Final = "El documento tiene cambios posteriores a la firma que ninguna firma cubre."
NO_AUTHORITIES: Final = "La firma está íntegra, pero no hay autoridades configuradas: no se sabe de quién es."
NOT_TRUSTED: Final = "La firma está íntegra, pero su certificado no vale en esta fecha o no es de una autoridad configurada."
GOOD: Final = "La firma está íntegra, cubre todo el documento y es de una autoridad configurada. Revocación: no consultada."


def verdict(content: bytes, trusted: Path | None, at: datetime) -> Signature:
    """What holds of the signatures in a PDF that says it has some. Never raises for what the file is.

    Valid when every signature is intact and of a trusted authority at `at`, and the last one, or a document timestamp
    after it, covers the whole file; then it is also said which file was signed. Without authorities none is valid: anybody
    can make an intact one for themselves.

    Args:
        content: The whole file.
        trusted: A PEM file of authorities, or a folder of `*.pem`; absent: none.
        at: The moment to judge certificates by.

    Raises:
        ValueError: `trusted` holds something else than certificates.
        OSError: `trusted` cannot be read.
    """
    authorities = list(load_certs_from_pemder(pem_files(trusted)))
    base = None
    try:
        reader = PdfFileReader(BytesIO(content))
        detail = _judged(reader, authorities, at)
        base = base_sha256(content, reader) if detail == GOOD else None
    except Exception:  # noqa: BLE001 - whatever a file made by anybody does to its reader, its signature is unread
        detail = UNREADABLE
    return Signature(method="PADES", valid=detail == GOOD, detail=detail, base_sha256=base)


def pem_files(trusted: Path | None) -> Sequence[Path]:
    """The file itself, or the PEM files of the folder."""
    if trusted is None:
        return ()
    return sorted(trusted.glob("*.pem")) if trusted.is_dir() else (trusted,)


def _judged(reader: PdfFileReader, authorities: Sequence[Any], at: datetime) -> str:
    signatures = reader.embedded_signatures
    if not any(one.sig_object_type == "/Sig" for one in signatures):
        return UNREADABLE
    last = len(signatures) - 1
    found = asyncio.run(_defects(signatures, authorities, at))
    defects = {_defect(status, whole=number == last) for number, status in enumerate(found)}
    for worst in (BROKEN, CHANGED_AFTER, NOT_TRUSTED):
        if worst in defects:
            return NO_AUTHORITIES if worst == NOT_TRUSTED and not authorities else worst
    return GOOD


async def _defects(signatures: Iterable[EmbeddedPdfSignature], authorities: Sequence[Any], at: datetime) -> list[Any]:
    def context() -> ValidationContext:
        return ValidationContext(trust_roots=authorities, moment=at, allow_fetching=False)

    return [
        await async_validate_pdf_signature(one, context())
        if one.sig_object_type == "/Sig"
        else await async_validate_pdf_timestamp(one, context())
        for one in signatures
    ]


def _defect(status: Any, *, whole: bool) -> str:
    """What is wrong with one signature or document timestamp; the last of a file has to cover all of it."""
    if not (status.intact and status.valid):
        return BROKEN
    covered = SignatureCoverageLevel.ENTIRE_FILE if whole else SignatureCoverageLevel.ENTIRE_REVISION
    signed = isinstance(status, PdfSignatureStatus)
    if status.coverage is None or status.coverage < covered or (signed and not status.docmdp_ok):
        return CHANGED_AFTER
    return GOOD if (status.bottom_line if signed else status.trusted) else NOT_TRUSTED

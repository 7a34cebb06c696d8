"""Signed PDFs for a test: an authority of its own, a signer, and a file that is really signed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, NumberObject, StreamObject, pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, sign_pdf
from pyhanko.sign.fields import SigSeedSubFilter

Change = Callable[[IncrementalPdfFileWriter], None]
SIGNER = "Rosa Marcada Quispe"
"""A person's name, as a certificate holds it."""
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
CA_USAGE = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
SIGNER_USAGE = x509.KeyUsage(True, True, False, False, False, False, False, False, False)


class Authority:
    """A certification authority and the one person it knows."""

    def __init__(self, name: str = "AC de prueba") -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        base = x509.CertificateBuilder().issuer_name(issuer).not_valid_before(BEGIN).not_valid_after(BEGIN + timedelta(days=730))
        self.certificate = (
            base.subject_name(issuer)
            .public_key(key.public_key())
            .serial_number(1)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(CA_USAGE, critical=True)
            .sign(key, SHA256())
        )
        own = ec.generate_private_key(ec.SECP256R1())
        person = (
            base.subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SIGNER)]))
            .public_key(own.public_key())
            .serial_number(2)
            .add_extension(SIGNER_USAGE, critical=True)
            .sign(key, SHA256())
        )
        self.signer = SimpleSigner.load_pkcs12_data(
            serialize_key_and_certificates(None, own, person, [self.certificate], NoEncryption()), other_certs=[]
        )

    def pem(self, path: Path) -> Path:
        """The authority's certificate in a file."""
        path.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        return path

    def sign(self, pdf: bytes, field: str = "Cliente", change: Change | None = None) -> bytes:
        """The PDF with a PAdES signature of the person, as an update of the file; a change goes into the same update."""
        signed, writer = BytesIO(), IncrementalPdfFileWriter(BytesIO(pdf))
        if change is not None:
            change(writer)
        about = PdfSignatureMetadata(field_name=field, subfilter=SigSeedSubFilter.PADES)
        sign_pdf(writer, about, self.signer, output=signed)
        return signed.getvalue()


def written_over(writer: IncrementalPdfFileWriter) -> None:
    """Something more is written on the first page."""
    writer.add_stream_to_page(0, writer.add_object(StreamObject(stream_data=b"0 0 100 100 re f")))


def noted(writer: IncrementalPdfFileWriter) -> None:
    """A note is laid over the first page."""
    box = ArrayObject(NumberObject(one) for one in (0, 0, 400, 100))
    note = {"/Type": pdf_name("/Annot"), "/Subtype": pdf_name("/FreeText"), "/Rect": box, "/Contents": pdf_string("Con reservas")}
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Annots"] = ArrayObject([writer.add_object(DictionaryObject({pdf_name(key): one for key, one in note.items()}))])
    writer.update_container(page)


def emptied(writer: IncrementalPdfFileWriter) -> None:
    """What the first page shows is another thing under the same number, and not even of another length."""
    shown = writer.root["/Pages"]["/Kids"][0].get_object().raw_get("/Contents").get_object()
    shown._encoded_data = shown.encoded_data[::-1]  # noqa: SLF001 - the library sets it at birth alone
    writer.update_container(shown)


def updated(pdf: bytes, change: Change = written_over) -> bytes:
    """The PDF with an update that nobody signed."""
    writer, changed = IncrementalPdfFileWriter(BytesIO(pdf)), BytesIO()
    change(writer)
    writer.write(changed)
    return changed.getvalue()


def retitled(pdf: bytes) -> bytes:
    """The PDF with a later update that nobody signed and that viewers let pass: another title, no other page."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        writer.set_info(writer.add_object(DictionaryObject({pdf_name("/Title"): pdf_string("Otra acta")})))

    return updated(pdf, change)


def saved_anew(pdf: bytes) -> bytes:
    """The PDF as a program writes it that keeps no updates."""
    saved = BytesIO()
    copy_into_new_writer(PdfFileReader(BytesIO(pdf))).write(saved)
    return saved.getvalue()

"""Signed PDFs for a test: an authority of its own, a signer, and a file that is really signed."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.generic import DictionaryObject, StreamObject, pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, sign_pdf
from pyhanko.sign.fields import SigSeedSubFilter

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

    def sign(self, pdf: bytes, field: str = "Cliente") -> bytes:
        """The PDF with a PAdES signature of the person, as an update of the file."""
        signed = BytesIO()
        about = PdfSignatureMetadata(field_name=field, subfilter=SigSeedSubFilter.PADES)
        sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), about, self.signer, output=signed)
        return signed.getvalue()


def updated(pdf: bytes) -> bytes:
    """The PDF with a later update that nobody signed: something more is written on its first page."""
    writer, changed = IncrementalPdfFileWriter(BytesIO(pdf)), BytesIO()
    writer.add_stream_to_page(0, writer.add_object(StreamObject(stream_data=b"0 0 100 100 re f")))
    writer.write(changed)
    return changed.getvalue()


def retitled(pdf: bytes) -> bytes:
    """The PDF with a later update that nobody signed and that viewers let pass: another title, no other page."""
    writer, changed = IncrementalPdfFileWriter(BytesIO(pdf)), BytesIO()
    writer.set_info(writer.add_object(DictionaryObject({pdf_name("/Title"): pdf_string("Otra acta")})))
    writer.write(changed)
    return changed.getvalue()

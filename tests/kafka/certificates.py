"""A certificate authority for a test: a broker's key and certificate in one file, and who signed them in another."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def make(folder: Path, address: str = "127.0.0.1") -> tuple[Path, Path]:
    """`server.pem` for a broker at this address, and `ca.pem` for its clients."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    signer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "o2c test authority")])
    base = x509.CertificateBuilder().issuer_name(signer).not_valid_before(BEGIN).not_valid_after(BEGIN + timedelta(days=3650))
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    authority = (
        base.subject_name(signer)
        .public_key(ca_key.public_key())
        .serial_number(1)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(ca_key, SHA256())
    )
    server = (
        base.subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")]))
        .public_key(key.public_key())
        .serial_number(2)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .sign(ca_key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signed, both = folder / "server.pem", folder / "ca.pem"
    signed.write_bytes(private + server.public_bytes(Encoding.PEM) + authority.public_bytes(Encoding.PEM))
    both.write_bytes(authority.public_bytes(Encoding.PEM))
    return signed, both

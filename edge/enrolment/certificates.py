"""X.509 as the house uses it: P-256 keys, the common name is the id, PEM in files."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge.errors import EnrolmentRefused

SLACK: Final = timedelta(days=2)
"""Certificates begin this much earlier than they are made: clocks differ, and batteries die."""

LARGEST_PEM: Final = 4096
_PEM: Final = serialization.Encoding.PEM
Key = ec.EllipticCurvePrivateKey


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: Key) -> bytes:
    """PKCS 8 without a password; the file must be its owner's alone."""
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def read_key(pem: bytes) -> Key:
    """A P-256 private key, wherever it stands in the text.

    Raises:
        EnrolmentRefused: There is none.
    """
    try:
        found = serialization.load_pem_private_key(_block(pem, b"PRIVATE KEY"), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise EnrolmentRefused("A private key is damaged. Enrol this box again.") from error
    if not isinstance(found, ec.EllipticCurvePrivateKey):
        raise EnrolmentRefused("A private key is damaged. Enrol this box again.")
    return found


def read_certificate(pem: bytes) -> x509.Certificate:
    """The first certificate of the text.

    Raises:
        EnrolmentRefused: There is none.
    """
    try:
        return x509.load_pem_x509_certificate(_block(pem, b"CERTIFICATE"))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise EnrolmentRefused("A certificate is damaged. Enrol this box again.") from error


def certificate_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(_PEM)


def name_of(certificate: x509.Certificate) -> str:
    """The common name, which is the id of the holder; empty if there is not exactly one."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if len(found) == 1 else ""


def subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate as hex."""
    return hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


def request_for(name: str, key: Key) -> bytes:
    """A signing request (PEM); the key itself stays where it is."""
    made = x509.CertificateSigningRequestBuilder().subject_name(subject(name))
    return made.sign(key, hashes.SHA256()).public_bytes(_PEM)


def read_request(pem: bytes, name: str) -> ec.EllipticCurvePublicKey:
    """The public key that a signing request asks a certificate for.

    Whatever else the request wishes is ignored: the township alone says what goes in.

    Raises:
        EnrolmentRefused: It is no good request of this name for a P-256 key.
    """
    if len(pem) > LARGEST_PEM:
        raise EnrolmentRefused("The signing request of the box is too long.")
    try:
        asked = x509.load_pem_x509_csr(pem)
        key = asked.public_key()
        good = asked.is_signature_valid
        names = asked.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise EnrolmentRefused("The signing request of the box cannot be read.") from error
    fits = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    if not (good and fits and [one.value for one in names] == [name]):
        raise EnrolmentRefused("The signing request of the box is not for its own id and key.")
    assert isinstance(key, ec.EllipticCurvePublicKey)  # noqa: S101 - said to the type checker
    return key


def belongs(certificate: x509.Certificate, key: Key) -> bool:
    """Whether the certificate is for this key."""
    return certificate.public_key() == key.public_key()


def issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether the authority signed it."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def moment(wall_s: float) -> datetime:
    return datetime.fromtimestamp(wall_s, tz=UTC).replace(microsecond=0)


def _block(pem: bytes, label: bytes) -> bytes:
    """One block of a file that may hold several, such as a key and its certificate."""
    begin, end = b"-----BEGIN " + label + b"-----", b"-----END " + label + b"-----"
    start, stop = pem.find(begin), pem.find(end)
    return pem[start : stop + len(end)] + b"\n" if 0 <= start < stop else pem

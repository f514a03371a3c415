"""The box's side of the exchange: a code for the first certificate, a certificate for the next."""

from __future__ import annotations

import hashlib
import http.client
import secrets
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from edge.enrolment import certificates as x
from edge.enrolment.codes import Code, prove, seal
from edge.enrolment.identity import Standing
from edge.enrolment.messages import (
    DEFAULT_PORT,
    ENROL_PATH,
    LARGEST_ANSWER,
    RENEW_PATH,
    EnrolRequest,
    Grant,
    RenewRequest,
    Sealed,
    Trouble,
    read,
    sealed_bytes,
)
from edge.errors import EnrolmentError, EnrolmentRefused

TIMEOUT_S: Final = 20.0
NO_CHECK_TIME: Final = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME: a box that woke up in 1970 must still know its township."""
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Desk:
    """The township's enrolment desk.

    Attributes:
        address: `https://host:port`, as people type it.
    """

    host: str
    port: int

    @classmethod
    def of(cls, address: str) -> Desk:
        """Read what somebody typed.

        Raises:
            EnrolmentRefused: It is no address of HTTPS.
        """
        text = address.strip()
        try:
            parts = urlsplit(text if "://" in text else f"https://{text}")
            port = parts.port or DEFAULT_PORT
        except ValueError:
            parts, port = urlsplit(""), 0
        if parts.scheme != "https" or not parts.hostname or parts.path.strip("/"):
            raise EnrolmentRefused(
                f"{text[:120]!r} is no address of a township. Write it as on the township's page, "
                "for example https://10.1.2.3:8445."
            )
        return cls(parts.hostname, port)

    @property
    def address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}:{self.port}"


def enrol(desk: Desk, code: Code, hub: str, key: x.Key) -> Grant:
    """Exchange a one-time code for a certificate; blocks for up to some twenty seconds.

    The box does not know the township yet, so the connection itself proves nothing. Both sides
    prove that they know the code, bound to the server certificate that the box sees: somebody in
    between can neither answer nor pass the question on.

    Raises:
        EnrolmentRefused: The township said no, or it is not the one that made the code.
        EnrolmentError: It could not be reached.
    """
    proof = prove(code)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with _Talk(desk, context) as talk:
        asked = EnrolRequest(
            lookup=proof.lookup,
            hub=hub,
            csr=x.request_for(hub, key).decode(),
            nonce=secrets.token_hex(32),
            binding=talk.binding,
        )
        signature = proof.private.sign(asked.signed()).hex()
        answer = talk.ask(ENROL_PATH, asked.model_copy(update={"signature": signature}))
    sealed = read(Sealed, answer)
    good = seal(proof.secret, sealed_bytes(asked, sealed.grant))
    if not secrets.compare_digest(good, sealed.seal):
        raise EnrolmentRefused(
            f"Whoever answers at {desk.address} did not make this code. Check the address; if it "
            "is right, somebody may be listening in: call the township."
        )
    grant = read(Grant, sealed.grant.encode())
    _examine(grant, key, hub)
    return grant


def renew(desk: Desk, standing: Standing, ca: Path, key: x.Key | None, *, trusted: bool) -> Grant:
    """Ask for the next certificate, or with no key for news only.

    Args:
        desk: Where.
        standing: Who we are.
        ca: Certificate of the township's authority.
        key: Of the certificate that is wanted.
        trusted: Whether our clock is believed; if not, dates of certificates are not judged.

    Raises:
        EnrolmentRefused: The township said no, or it is somebody else.
        EnrolmentError: It could not be reached.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # This authority makes server certificates for the township alone; its address may change.
    context.check_hostname = False
    try:
        context.load_verify_locations(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise EnrolmentError(
            f"The certificate of the township's authority {ca} cannot be read. Enrol the box "
            "again with a new code of the township."
        ) from error
    if not trusted:
        context.verify_flags |= NO_CHECK_TIME
    hub = standing.hub
    with _Talk(desk, context) as talk:
        asked = RenewRequest(
            certificate=x.certificate_pem(standing.certificate).decode(),
            csr=x.request_for(hub, key).decode() if key else "",
            nonce=secrets.token_hex(32),
            binding=talk.binding,
        )
        signature = standing.key.sign(asked.signed(), ec.ECDSA(hashes.SHA256())).hex()
        answer = talk.ask(RENEW_PATH, asked.model_copy(update={"signature": signature}))
    grant = read(Grant, answer)
    if grant.certificate and key:
        _examine(grant, key, hub)
    return grant


class _Talk:
    """One question and one answer over one TLS connection."""

    def __init__(self, desk: Desk, context: ssl.SSLContext) -> None:
        self._desk = desk
        self._http = http.client.HTTPSConnection(
            desk.host, desk.port, timeout=TIMEOUT_S, context=context
        )

    def __enter__(self) -> Self:
        try:
            self._http.connect()
            sock = self._http.sock
            shown = sock.getpeercert(binary_form=True) if isinstance(sock, ssl.SSLSocket) else None
        except (OSError, ValueError) as error:
            self._http.close()
            raise _unreachable(self._desk, error) from error
        self.binding = hashlib.sha256(shown or b"").hexdigest()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(self, path: str, message: EnrolRequest | RenewRequest) -> bytes:
        try:
            headers = {"Content-Type": "application/json", "Connection": "close"}
            self._http.request("POST", path, body=message.to_bytes(), headers=headers)
            answer = self._http.getresponse()
            body = answer.read(LARGEST_ANSWER + 1)
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(self._desk, error) from error
        if answer.status == _OK and len(body) <= LARGEST_ANSWER:
            return body
        try:
            sentence = Trouble.model_validate_json(body[:LARGEST_ANSWER]).sentence
        except ValidationError:
            raise EnrolmentError(
                f"What answers at {self._desk.address} is no enrolment desk of a township. Check "
                "the address and the port."
            ) from None
        raise EnrolmentRefused(sentence)


def _examine(grant: Grant, key: x.Key, hub: str) -> None:
    made = x.read_certificate(grant.certificate.encode())
    authority = x.read_certificate(grant.ca.encode())
    fits = x.belongs(made, key) and x.name_of(made) == hub == grant.hub
    if not (fits and _is_authority(authority) and x.issued_by(made, authority)):
        raise EnrolmentRefused(
            "The certificate that the township sent does not fit this box. Call the township."
        )


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _unreachable(desk: Desk, error: Exception) -> EnrolmentError:
    match error:
        case ssl.SSLCertVerificationError():
            return EnrolmentRefused(
                f"Whoever answers at {desk.address} is not our township. Check the address and the "
                "clock of this box."
            )
        case socket.gaierror():
            return EnrolmentError(
                f"The name {desk.host!r} is not known to the network. Check the name and DNS."
            )
        case _:
            return EnrolmentError(
                f"The enrolment desk of the township at {desk.address} cannot be reached: {error}. "
                "Check the address and the network."
            )

"""What a box and the township say to each other over HTTPS about certificates."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.enrolment.certificates import LARGEST_PEM
from edge.errors import EnrolmentRefused

LARGEST_REQUEST: Final = 16 * 1024
LARGEST_ANSWER: Final = 64 * 1024
ENROL_PATH: Final = "/v1/enrol"
RENEW_PATH: Final = "/v1/renew"
DEFAULT_PORT: Final = 8445

Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Pem = Annotated[str, Field(max_length=LARGEST_PEM)]
Signature = Annotated[str, Field(pattern=r"^[0-9a-f]{16,160}$")]
HubId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]


class Message(BaseModel):
    """A document of the exchange; unknown fields are ignored, so that either end may be newer."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    def to_bytes(self) -> bytes:
        return self.model_dump_json().encode()


class EnrolRequest(Message):
    """A box with a one-time code asks for its certificate.

    Attributes:
        binding: SHA-256 of the server certificate that the box sees on this very connection;
            somebody in between shows another one.
        signature: Ed25519 by the key that follows from the code, over `signed()`; hex.
    """

    lookup: Hex
    hub: HubId
    csr: Pem
    nonce: Hex
    binding: Hex
    signature: Signature = "0" * 16

    def signed(self) -> bytes:
        return _joined("enrol", self.lookup, self.hub, self.csr, self.nonce, self.binding)


class RenewRequest(Message):
    """A box with a certificate asks for the next one, and for news.

    Attributes:
        csr: Empty only asks for news.
        signature: ECDSA by the key of `certificate` over `signed()`; hex.
    """

    certificate: Pem
    csr: Pem = ""
    nonce: Hex
    binding: Hex
    signature: Signature = "0" * 16

    def signed(self) -> bytes:
        return _joined("renew", self.certificate, self.csr, self.nonce, self.binding)


class Grant(Message):
    """What a box is told.

    Attributes:
        certificate: Its new certificate (PEM); empty if it asked for none or it is too early.
        ca: Certificate of the township's authority (PEM).
        command_keys: Public keys (PEM) by id whose orders it shall obey.
        time: The township's clock, with which a box that woke up in 1970 can be compared.
    """

    hub: HubId
    village: str = Field("", max_length=40)
    grid: str = Field("", max_length=32)
    township: HubId
    certificate: str = ""
    ca: Pem
    broker_host: str = Field(max_length=253)
    broker_port: int = Field(ge=1, le=65535)
    command_keys: dict[str, str] = Field(default_factory=dict, max_length=16)
    time: datetime


class Sealed(Message):
    """A grant as it is sent to a box that has only its code.

    Attributes:
        grant: A `Grant` as JSON text, exactly as it was sealed.
        seal: HMAC over nonce, binding and grant with the secret that follows from the code.
    """

    grant: str = Field(max_length=LARGEST_ANSWER)
    seal: Hex


class Trouble(Message):
    """Why not, in a sentence of the house."""

    sentence: str = Field(max_length=500)


M = TypeVar("M", bound=Message)


def read(kind: type[M], body: bytes) -> M:
    """A document out of bytes that anybody may have sent.

    Raises:
        EnrolmentRefused: It is none.
    """
    try:
        return kind.model_validate_json(body)
    except (ValidationError, RecursionError) as error:
        raise EnrolmentRefused("The message about the certificate cannot be read.") from error


def sealed_bytes(request: EnrolRequest, grant: str) -> bytes:
    """What the township seals: this answer, to this question, on this connection."""
    return _joined("grant", request.nonce, request.binding, grant)


def _joined(*parts: str) -> bytes:
    """The parts so that no two lists of them give the same bytes."""
    text = "".join(f"{len(part)}:{part}" for part in ("village-hub-1", *parts))
    return hashlib.sha256(text.encode()).digest()

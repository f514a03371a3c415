"""The box's identity on its disk: key and certificate in one file, replaced as a whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from edge.enrolment import certificates as x
from edge.enrolment.messages import Grant
from edge.errors import EnrolmentError, EnrolmentRefused
from edge.files import write_durably

FOLDER = "identity"
"""Its name in the state folder."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Who the box is and where it belongs.

    Attributes:
        pem: Key and certificate as they stand in the file.
        address: `https://…` of the township's enrolment desk.
    """

    key: x.Key
    certificate: x509.Certificate
    pem: bytes
    address: str

    @property
    def hub(self) -> str:
        return x.name_of(self.certificate)


class IdentityFolder:
    """`identity/` in the state folder of a box.

    `hub.pem` is the moment of truth: it is written last, and key and certificate in it always
    belong together, also after a power cut.
    """

    def __init__(self, state: Path) -> None:
        self.path = state / FOLDER
        self.file = self.path / "hub.pem"
        self.ca = self.path / "ca.pem"
        self._desk = self.path / "township.json"
        self._pending = self.path / "next.key"

    def standing(self) -> Standing | None:
        """What the box has; None before its first enrolment.

        Raises:
            EnrolmentError: The files are damaged or may not be read.
        """
        try:
            pem = self.file.read_bytes()
            desk = json.loads(self._desk.read_bytes())
            key, certificate = x.read_key(pem), x.read_certificate(pem)
            address = str(desk["address"])
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(self.path, error) from error
        except (EnrolmentRefused, ValueError, KeyError, TypeError) as error:
            raise EnrolmentError(
                f"The certificate of this box in {self.path} is damaged. Enrol the box again with "
                "a new code of the township."
            ) from error
        return Standing(key, certificate, pem, address)

    def next_key(self) -> x.Key:
        """The key of the certificate that is asked for; the same until one is taken into use.

        A box whose answer got lost asks again with the same key and gets the same certificate.

        Raises:
            EnrolmentError: It cannot be kept.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                return x.read_key(self._pending.read_bytes())
            except (FileNotFoundError, EnrolmentRefused):
                key = x.new_key()
                write_durably(self._pending, x.key_pem(key), mode=0o600)
                return key
        except OSError as error:
            raise _unusable(self.path, error) from error

    def take(self, grant: Grant, key: x.Key, address: str) -> Path:
        """Take a granted certificate into use; returns the file of certificate and key.

        Raises:
            EnrolmentError: It cannot be written; what was there still holds.
        """
        made = x.read_certificate(grant.certificate.encode())
        try:
            write_durably(self.ca, grant.ca.encode(), mode=0o644)
            self.keep_keys(grant)
            desk = json.dumps({"address": address, "township": grant.township}, indent=1)
            write_durably(self._desk, desk.encode(), mode=0o644)
            write_durably(self.file, x.certificate_pem(made) + x.key_pem(key), mode=0o600)
            self._pending.unlink(missing_ok=True)
        except OSError as error:
            raise _unusable(self.path, error) from error
        return self.file

    def keep_keys(self, grant: Grant) -> bool:
        """Keep the public keys whose orders the box obeys; returns whether they changed.

        Raises:
            EnrolmentError: They cannot be written.
        """
        text = json.dumps(grant.command_keys, indent=1, sort_keys=True).encode()
        file = self.path / "command-keys.json"
        try:
            if file.exists() and file.read_bytes() == text:
                return False
            write_durably(file, text, mode=0o644)
        except OSError as error:
            raise _unusable(self.path, error) from error
        return True

    def command_keys(self) -> dict[str, bytes]:
        """Public keys (PEM) by id; none before the first enrolment or where they are damaged."""
        try:
            found = json.loads((self.path / "command-keys.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return {str(name): str(pem).encode() for name, pem in found.items()}


def _unusable(folder: Path, error: OSError) -> EnrolmentError:
    return EnrolmentError(
        f"The folder of this box's certificate {folder} cannot be used: {error.strerror}. Check "
        "its owner and the free space."
    )

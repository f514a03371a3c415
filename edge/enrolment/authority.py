"""The township's own certificate authority: made at first use, kept in one folder of the state."""

from __future__ import annotations

import fcntl
import ipaddress
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.clock import SOFTWARE_EPOCH_S, Clock
from edge.enrolment import certificates as x
from edge.enrolment.certificates import SLACK, Key
from edge.errors import EnrolmentError, EnrolmentRefused
from edge.files import write_durably

_AUTHORITY_LASTS: Final = timedelta(days=20 * 365)
_SERVER_LASTS: Final = timedelta(days=2 * 365)
_CLIENT: Final = ExtendedKeyUsageOID.CLIENT_AUTH
_SERVER: Final = ExtendedKeyUsageOID.SERVER_AUTH


@dataclass(frozen=True, slots=True)
class Revoked:
    """A certificate that is worth nothing any more; `at` is Unix seconds."""

    serial: int
    at: float


class Authority:
    """Signs certificates for boxes, for the console and for the server.

    Private keys lie in files of the owner alone (0600) and never leave the folder.
    """

    def __init__(self, folder: Path, certificate: x509.Certificate, key: Key, clock: Clock) -> None:
        self._folder = folder
        self.certificate = certificate
        self._key = key
        self._clock = clock

    @classmethod
    def open(cls, folder: Path, township: str, clock: Clock) -> Authority:
        """The authority that lives in this folder; a new one if there is none.

        Raises:
            EnrolmentError: The folder cannot be used, the keys in it are damaged, or the clock
                is so wrong that nothing may be signed by it.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _alone(folder):
                if not (folder / "ca.pem").exists():
                    _create(folder, township, clock)
                certificate = x.read_certificate((folder / "ca.pem").read_bytes())
                key = x.read_key((folder / "ca.key").read_bytes())
        except OSError as error:
            raise _unusable(folder, error) from error
        except EnrolmentRefused as error:
            raise EnrolmentError(
                f"The township's certificate authority in {folder} is damaged. Put the folder "
                "back from a backup; without it every village must be enrolled again."
            ) from error
        return cls(folder, certificate, key, clock)

    @property
    def pem(self) -> bytes:
        return x.certificate_pem(self.certificate)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the authority's certificate as hex."""
        return x.fingerprint(self.certificate)

    @property
    def file(self) -> Path:
        return self._folder / "ca.pem"

    def issue(self, name: str, key: ec.EllipticCurvePublicKey, *, days: int) -> x509.Certificate:
        """A certificate with which its holder signs in somewhere; it can never be a server."""
        return self._sign(name, key, timedelta(days=days), _CLIENT)

    def server(self, names: Sequence[str]) -> Path:
        """Certificate and key of this server in one file.

        It is made anew when a third of its life is left or other names are wanted; those who
        serve with it must be started or reloaded then.

        Args:
            names: Host names and addresses by which villages reach this server.

        Raises:
            EnrolmentError: It cannot be written.
        """
        wanted = sorted({"localhost", "127.0.0.1", *names})
        file = self._folder / "server.pem"
        return self._keep(file, f"server.{self._owner}", _SERVER_LASTS, _SERVER, wanted)

    def client(self, name: str) -> Path:
        """Certificate and key in one file for a program of the township, such as the console."""
        file = self._folder / f"{name}.pem"
        return self._keep(file, name, _SERVER_LASTS, _CLIENT, ())

    def revocations(self, revoked: Iterable[Revoked]) -> bytes:
        """The list of certificates that are worth nothing any more (PEM).

        It is valid as long as the authority: a list that expires would lock every village out.
        """
        made = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(self.certificate.not_valid_before_utc)
            .next_update(self.certificate.not_valid_after_utc)
            .add_extension(self._issuer(), critical=False)
        )
        for one in sorted(revoked, key=lambda one: one.serial):
            entry = x509.RevokedCertificateBuilder().serial_number(one.serial)
            made = made.add_revoked_certificate(entry.revocation_date(x.moment(one.at)).build())
        return made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def vouches_for(self, certificate: x509.Certificate) -> bool:
        """Whether this authority signed it, for signing in, and it is not over by our clock."""
        try:
            usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (x509.ExtensionNotFound, ValueError):
            return False
        now = x.moment(self._clock.wall())
        lives = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
        return lives and _CLIENT in usage and x.issued_by(certificate, self.certificate)

    @property
    def _owner(self) -> str:
        return str(
            self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        ).removesuffix(" CA")

    def _keep(
        self,
        file: Path,
        name: str,
        lasts: timedelta,
        usage: x509.ObjectIdentifier,
        names: Sequence[str],
    ) -> Path:
        try:
            with _alone(self._folder):
                if not self._serves(file, names):
                    key = x.new_key()
                    made = self._sign(name, key.public_key(), lasts, usage, names)
                    both = x.certificate_pem(made) + x.key_pem(key)
                    write_durably(file, both, mode=0o600)
        except OSError as error:
            raise _unusable(self._folder, error) from error
        return file

    def _serves(self, file: Path, names: Sequence[str]) -> bool:
        """Whether what is there can go on."""
        try:
            there = x.read_certificate(file.read_bytes())
        except (OSError, EnrolmentRefused):
            return False
        left = there.not_valid_after_utc - x.moment(self._clock.wall())
        return (
            left > _SERVER_LASTS / 3
            and x.issued_by(there, self.certificate)
            and _names_of(there) == sorted(names)
        )

    def _sign(
        self,
        name: str,
        key: ec.EllipticCurvePublicKey,
        lasts: timedelta,
        usage: x509.ObjectIdentifier,
        names: Sequence[str] = (),
    ) -> x509.Certificate:
        now = x.moment(_believable(self._clock))
        ends = min(now + lasts, self.certificate.not_valid_after_utc)
        made = (
            x509.CertificateBuilder()
            .subject_name(x.subject(name))
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - SLACK)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(self._issuer(), critical=False)
        )
        if names:
            alternatives = x509.SubjectAlternativeName([_general(one) for one in names])
            made = made.add_extension(alternatives, critical=False)
        return made.sign(self._key, hashes.SHA256())

    def _issuer(self) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())


def _create(folder: Path, township: str, clock: Clock) -> None:
    now = x.moment(_believable(clock))
    key, name = x.new_key(), x.subject(f"{township} CA")
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SLACK * 2)
        .not_valid_after(now + _AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    # The key first: a certificate without its key would look like an authority after a power cut.
    write_durably(folder / "ca.key", x.key_pem(key), mode=0o600)
    write_durably(folder / "ca.pem", x.certificate_pem(made), mode=0o644)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """The console and the command line may come at the same time."""
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _believable(clock: Clock) -> float:
    if clock.wall() < SOFTWARE_EPOCH_S:
        raise EnrolmentError(
            "The clock of this server is years behind, so no certificate can be made. Set the "
            "clock, then try again."
        )
    return clock.wall()


def _unusable(folder: Path, error: OSError) -> EnrolmentError:
    return EnrolmentError(
        f"The folder of the certificate authority {folder} cannot be used: {error.strerror}. "
        "Check its owner and the free space."
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode() if not name.isascii() else name)


def _names_of(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return sorted(str(one.value) for one in found)

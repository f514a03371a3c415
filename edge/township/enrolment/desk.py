"""Who gets a certificate: codes are made, exchanged, renewed and revoked here."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from edge.clock import Clock
from edge.enrolment import certificates as x
from edge.enrolment.authority import Authority
from edge.enrolment.codes import Check, Code, check_of, make_code, seal
from edge.enrolment.messages import (
    EnrolRequest,
    Grant,
    RenewRequest,
    Sealed,
    sealed_bytes,
)
from edge.errors import EnrolmentRefused
from edge.link.topics import safe_id
from edge.township.store.certificates import Enrolment, Issued, Register
from edge.township.store.places import place_box

log = logging.getLogger(__name__)

MOST_ATTEMPTS: Final = 5
HOUR_S: Final = 3600.0
DAY_S: Final = 86_400.0
EARLIEST: Final = 0.5
"""A box may ask for its next certificate after this part of the life of the present one."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What this township gives.

    Attributes:
        township: Its id on the wire.
        broker: Host and port that boxes connect to.
        code_hours: How long a code is good.
        days: How long a certificate is good.
        command_keys: The public keys (PEM) by id that boxes shall obey, asked each time.
    """

    township: str
    broker: tuple[str, int]
    code_hours: int = 24
    days: int = 90
    command_keys: Callable[[], Mapping[str, str]] = dict


class Desk:
    """Every method may block on the store; all may be called from any thread.

    Args:
        binding: SHA-256 (hex) of the certificate that our server shows, to tell whether the box
            talks to us or to somebody in between.
        on_change: Told the id of a hub that came in or was thrown out.
    """

    def __init__(
        self,
        register: Register,
        authority: Authority,
        terms: Terms,
        clock: Clock,
        *,
        binding: str,
        on_change: Callable[[str], None] = lambda _hub: None,
    ) -> None:
        self._register = register
        self._authority = authority
        self._terms = terms
        self._clock = clock
        self._binding = binding
        self._on_change = on_change

    def make_code(self, hub: str, village: str, grid: str, who: str) -> tuple[Code, float]:
        """A one-time code for one hub, and when it expires (Unix seconds).

        An older code of the same hub that was not used is withdrawn.

        Raises:
            MessageRefused: The id cannot be one.
            StoreError: It could not be kept.
        """
        safe_id(hub)
        code, now = make_code(), self._clock.wall()
        check = check_of(code)
        expires_at = now + self._terms.code_hours * HOUR_S
        self._register.put_enrolment(
            Enrolment(
                lookup=check.lookup,
                hub=hub,
                village=village[:40],
                grid=grid[:32],
                verifier=check.verifier,
                secret=check.secret,
                made_by=who,
                made_at=now,
                expires_at=expires_at,
            )
        )
        log.info("enrolment code made hub=%s by=%r", hub, who)
        return code, expires_at

    def enrol(self, asked: EnrolRequest) -> Sealed:
        """Give a box its first certificate, or a new one after a loss.

        The same question again gets the same answer, for a box whose answer was lost.

        Raises:
            EnrolmentRefused: The code is not good, or somebody is in between.
            StoreError: It could not be kept, and nothing was given.
        """
        with self._register.database.write() as connection:
            found = self._register.enrolment(connection, asked.lookup)
            refused = self._why_not(found, asked)
            if found is not None and not refused:
                issued = self._first(connection, found, asked)
                secret = bytes.fromhex(found.secret)
        if found is None or refused:
            # Outside of the transaction, which must not be rolled back with the refusal.
            if found is not None and refused in _SUSPICIOUS:
                self._register.count_attempt(asked.lookup)
            log.warning("enrolment refused hub=%s reason=%r", asked.hub, refused)
            raise EnrolmentRefused(refused)
        log.info("enrolled hub=%s serial=%s", asked.hub, issued.serial)
        self._on_change(asked.hub)
        grant = self._grant(issued, issued.pem).model_dump_json()
        return Sealed(grant=grant, seal=seal(secret, sealed_bytes(asked, grant)))

    def renew(self, asked: RenewRequest) -> Grant:
        """The next certificate for a box with a good one, and news in any case.

        Raises:
            EnrolmentRefused: Its certificate is not good any more.
            StoreError: It could not be kept, and nothing was given.
        """
        certificate = self._holder(asked)
        hub, serial = x.name_of(certificate), f"{certificate.serial_number:x}"
        with self._register.database.write() as connection:
            known = self._register.certificate(connection, serial)
            if known is None or known.hub != hub or known.revoked_at is not None:
                log.warning("renewal refused hub=%s serial=%s", hub, serial)
                raise EnrolmentRefused(_REVOKED)
            pem = self._next(connection, known, asked) if asked.csr else ""
        return self._grant(known, pem)

    def revoke(self, hub: str, who: str, reason: str = "") -> int:
        """Throw a hub out; returns how many certificates it had.

        Raises:
            StoreError: It could not be kept.
        """
        count = self._register.revoke(hub, who=who, reason=reason[:200], now=self._clock.wall())
        log.warning("revoked hub=%s certificates=%d by=%r", hub, count, who)
        self._on_change(hub)
        return count

    def _why_not(self, found: Enrolment | None, asked: EnrolRequest) -> str:  # noqa: PLR0911
        """The sentence of a refusal; empty if the box may come in."""
        if found is None or found.withdrawn:
            return _UNKNOWN
        if found.attempts >= MOST_ATTEMPTS:
            return _LOCKED
        if self._clock.wall() > found.expires_at:
            return _EXPIRED
        if not secrets.compare_digest(asked.binding, self._binding):
            return _BETWEEN
        check = Check(found.lookup, found.verifier, found.secret)
        if not check.signed(bytes.fromhex(_even(asked.signature)), asked.signed()):
            return _UNPROVEN
        if asked.hub != found.hub:
            return (
                f"This code is for the box {found.hub!r}, and this box is called {asked.hub!r}. "
                "Correct `id` in the `[hub]` section, or ask the township for another code."
            )
        if found.used_at is not None and found.request != _digest(asked.csr):
            return _USED
        return ""

    def _first(self, connection: sa.Connection, found: Enrolment, asked: EnrolRequest) -> Issued:
        request = _digest(asked.csr)
        if found.used_at is not None:
            given = self._register.certificate(connection, found.serial)
            if given is None or given.revoked_at is not None:
                raise EnrolmentRefused(_USED)
            return given
        issued = self._issue(found.hub, found.village, found.grid, asked.csr)
        if not self._register.use(connection, found.lookup, issued, now=self._clock.wall()):
            raise EnrolmentRefused(_USED)
        placed = place_box(connection, found.hub, found.village)
        log.info("certificate given hub=%s request=%s placed=%s", found.hub, request[:16], placed)
        return issued

    def _next(self, connection: sa.Connection, known: Issued, asked: RenewRequest) -> str:
        again = self._register.answer_to(connection, known.hub, _digest(asked.csr))
        if again is not None:
            return again.pem if again.revoked_at is None else ""
        lived_s = self._clock.wall() - known.issued_at
        if lived_s < EARLIEST * (known.expires_at - known.issued_at):
            return ""
        issued = self._issue(known.hub, known.village, known.grid, asked.csr)
        self._register.put_certificate(connection, issued)
        log.info("renewed hub=%s serial=%s", issued.hub, issued.serial)
        return issued.pem

    def _issue(self, hub: str, village: str, grid: str, csr: str) -> Issued:
        key = x.read_request(csr.encode(), hub)
        made = self._authority.issue(hub, key, days=self._terms.days)
        return Issued(
            serial=f"{made.serial_number:x}",
            hub=hub,
            village=village,
            grid=grid,
            pem=x.certificate_pem(made).decode(),
            request=_digest(csr),
            issued_at=self._clock.wall(),
            expires_at=made.not_valid_after_utc.timestamp(),
        )

    def _holder(self, asked: RenewRequest) -> x509.Certificate:
        """The certificate of a box that has just proved that it holds the key."""
        certificate = x.read_certificate(asked.certificate.encode())
        if not self._authority.vouches_for(certificate):
            raise EnrolmentRefused(_REVOKED)
        key = certificate.public_key()
        try:
            assert isinstance(key, ec.EllipticCurvePublicKey)  # noqa: S101 - we made it
            signature = bytes.fromhex(_even(asked.signature))
            key.verify(signature, asked.signed(), ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as error:
            raise EnrolmentRefused(_UNPROVEN) from error
        if not secrets.compare_digest(asked.binding, self._binding):
            raise EnrolmentRefused(_BETWEEN)
        return certificate

    def _grant(self, issued: Issued, pem: str) -> Grant:
        host, port = self._terms.broker
        return Grant(
            hub=issued.hub,
            village=issued.village,
            grid=issued.grid,
            township=self._terms.township,
            certificate=pem,
            ca=self._authority.pem.decode(),
            broker_host=host,
            broker_port=port,
            command_keys=dict(self._terms.command_keys()),
            time=x.moment(self._clock.wall()),
        )


_UNKNOWN: Final = (
    "This enrolment code is not known here. Read it again, or ask the township for a new one."
)
_LOCKED: Final = "This enrolment code was tried wrongly too often. Ask the township for a new one."
_EXPIRED: Final = "This enrolment code has expired. Ask the township for a new one."
_USED: Final = (
    "This enrolment code was used already. If it was not you, call the township at once; ask for "
    "a new one."
)
_BETWEEN: Final = (
    "Something between this box and the township opens the connection. Connect without a proxy, "
    "or call the township."
)
_UNPROVEN: Final = "The proof of the box is wrong. Ask the township for a new enrolment code."
_REVOKED: Final = (
    "The certificate of this box is not good any more. Enrol the box again with a new code of the "
    "township."
)
_SUSPICIOUS: Final = frozenset({_BETWEEN, _UNPROVEN})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _even(text: str) -> str:
    return text if len(text) % 2 == 0 else f"{text}0"

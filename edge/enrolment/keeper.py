"""Keeps the box's certificate fresh: asks for the next one in time, and says what is wrong."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.clock import Clock
from edge.enrolment import client
from edge.enrolment.certificates import SLACK, Key
from edge.enrolment.identity import IdentityFolder, Standing
from edge.enrolment.messages import Grant
from edge.errors import EdgeError, EnrolmentError, EnrolmentRefused

log = logging.getLogger(__name__)

DUE: Final = 2 / 3
"""Part of its life after which a certificate is renewed."""
LATE: Final = 5 / 6
"""Part of its life after which people are told that it could not be renewed."""
NEWS_S: Final = 6 * 3600.0
RETRY_S: Final = 600.0
LOOK_S: Final = 60.0
DAY_S: Final = 86_400.0

Ask = Callable[..., Grant]


@dataclass(frozen=True, slots=True)
class CertificateView:
    """How it stands with the certificate of the box.

    Attributes:
        state: `good`, `due`, `late` or `expired`; `unknown` while the clock is not believed.
        expires_at: Unix seconds.
    """

    state: str
    expires_at: float
    days_left: int
    fault: str = ""


class Keeper:
    """Looks after the files in the identity folder; `look` may block for up to a minute.

    Args:
        on_renewed: Told when a new certificate is in its place: begin the link anew.
        on_keys: Told the public keys (PEM) by id whose orders the box shall obey.
        ask: How the township is asked.
    """

    def __init__(
        self,
        state: Path,
        clock: Clock,
        *,
        on_renewed: Callable[[], None],
        on_keys: Callable[[Mapping[str, bytes]], None],
        ask: Ask = client.renew,
    ) -> None:
        self._folder = IdentityFolder(state)
        self._clock = clock
        self._on_renewed = on_renewed
        self._on_keys = on_keys
        self._ask = ask
        self._next_mono_s = clock.monotonic()
        self._trouble = ""
        self._refused = ""
        self._view: CertificateView | None = None

    @property
    def view(self) -> CertificateView | None:
        """None for a box that was never enrolled."""
        return self._view

    @property
    def fault(self) -> str:
        """What is wrong, as a sentence; empty if nothing is."""
        return self._view.fault if self._view else self._trouble

    def look(self) -> None:
        """Renew what is due; never raises."""
        try:
            standing = self._folder.standing()
            if standing is None:
                self._view = None
                return
            self._view = self._judge(standing)
            if self._is_time():
                self._talk(standing)
                self._view = self._judge(self._folder.standing() or standing)
        except EdgeError as error:
            self._trouble = str(error)
            self._view = None
            log.warning("certificate %s", error)

    def _is_time(self) -> bool:
        return self._clock.monotonic() >= self._next_mono_s

    def _talk(self, standing: Standing) -> None:
        now, trusted = self._clock.monotonic(), self._clock.trusted()
        # Where the clock is not believed the township says whether it is time.
        wanted = not trusted or self._part(standing) >= DUE
        self._next_mono_s = now + (RETRY_S if wanted and trusted else NEWS_S)
        try:
            key = self._folder.next_key() if wanted else None
            desk = client.Desk.of(standing.address)
            grant = self._ask(desk, standing, self._folder.ca, key, trusted=trusted)
        except EnrolmentRefused as error:
            self._refused = self._trouble = str(error)
            log.warning("certificate not renewed reason=%r", str(error))
            return
        except EnrolmentError as error:
            self._next_mono_s = now + RETRY_S
            self._trouble = str(error)
            log.warning("certificate not renewed reason=%r", str(error))
            return
        self._trouble = self._refused = ""
        self._take(grant, standing, key)

    def _take(self, grant: Grant, standing: Standing, key: Key | None) -> None:
        if self._folder.keep_keys(grant):
            log.info("command keys changed ids=%s", ",".join(sorted(grant.command_keys)))
        self._on_keys(self._folder.command_keys())
        if grant.certificate and key is not None:
            self._folder.take(grant, key, standing.address)
            self._next_mono_s = self._clock.monotonic() + NEWS_S
            log.info("certificate renewed hub=%s", grant.hub)
            self._on_renewed()

    def _part(self, standing: Standing) -> float:
        """How much of its life is over, by our clock."""
        certificate = standing.certificate
        begins = (certificate.not_valid_before_utc + SLACK).timestamp()
        ends = certificate.not_valid_after_utc.timestamp()
        return (self._clock.wall() - begins) / max(1.0, ends - begins)

    def _judge(self, standing: Standing) -> CertificateView:
        ends = standing.certificate.not_valid_after_utc.timestamp()
        days = int((ends - self._clock.wall()) // DAY_S)
        part = self._part(standing)
        if not self._clock.trusted():
            return CertificateView("unknown", ends, days, self._refused)
        if part > 1:
            return CertificateView("expired", ends, days, EXPIRED)
        if self._refused:
            return CertificateView("late", ends, days, self._refused)
        if part >= LATE:
            fault = (
                f"The certificate of this box is good for only {days} more days and could not be "
                f"renewed. {self._trouble}"
            ).strip()
            return CertificateView("late", ends, days, fault)
        return CertificateView("due" if part >= DUE else "good", ends, days)


EXPIRED: Final = (
    "The certificate of this box has expired, so the township does not hear it. Enrol the box "
    "again with a new code of the township."
)


async def keep_for_ever(keeper: Keeper) -> None:
    """Look now and every minute, beside everything else."""
    while True:
        await asyncio.to_thread(keeper.look)
        await asyncio.sleep(LOOK_S)

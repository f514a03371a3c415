"""Time as a parameter: wall, monotonic, boot, and whether the wall clock can be believed.

A box without a battery clock wakes up in 1970 or at the moment power failed. Every record
therefore carries a `Stamp`: wall time, monotonic time, the boot it belongs to, and whether the
wall clock was trusted when it was taken.
"""

from __future__ import annotations

import ctypes
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

SOFTWARE_EPOCH_S = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
"""No wall clock before this software was written can be right."""

_STA_UNSYNC = 0x0040
_ADJTIMEX_WORDS = 64


@dataclass(frozen=True, slots=True)
class Stamp:
    """One moment, as the box knew it.

    Attributes:
        wall_s: Seconds since 1970, UTC; only as good as `trusted`.
        mono_s: Seconds of the kernel's monotonic clock in boot `boot_id`.
        boot_id: The kernel's random id of this boot.
        trusted: Whether the wall clock was believed at that moment.
    """

    wall_s: float
    mono_s: float
    boot_id: str
    trusted: bool

    @property
    def utc(self) -> datetime:
        return datetime.fromtimestamp(self.wall_s, tz=UTC)

    def iso(self) -> str:
        """RFC 3339 with milliseconds and `Z`."""
        return self.utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def corrected(stamp: Stamp, now: Stamp) -> Stamp:
    """An earlier moment of this boot by a clock that was wrong then and is trusted now.

    Anything else comes back as it is: moments of other boots, and those that were trusted.
    """
    if stamp.trusted or not now.trusted or stamp.boot_id != now.boot_id:
        return stamp
    return replace(stamp, wall_s=now.wall_s - (now.mono_s - stamp.mono_s), trusted=True)


class Clock(Protocol):
    """What the house asks about time; the only way it may ask."""

    def wall(self) -> float:
        """Seconds since 1970, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump within one boot; comparable between processes of one boot."""
        ...

    def trusted(self) -> bool:
        """Whether `wall` is believed."""
        ...

    def stamp(self) -> Stamp:
        """All of it at one moment."""
        ...


def kernel_says_synchronised() -> bool:
    """Ask the kernel (adjtimex(2), read only) whether a time daemon keeps its clock.

    Returns False where the call does not exist.
    """
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        words = (ctypes.c_long * _ADJTIMEX_WORDS)()
        if libc.adjtimex(ctypes.byref(words)) < 0:
            return False
    except (OSError, AttributeError):
        return False
    # struct timex: modes(int, padded), offset, freq, maxerror, esterror, status(int) …
    return not ctypes.c_int(words[5] & 0xFFFFFFFF).value & _STA_UNSYNC


class SystemClock:
    """The machine's own clock.

    Trust: the kernel says a time daemon synchronised it, or somebody who knows (the township over
    the link, the installer) called `trust` or `adopt`. Never trusted before `SOFTWARE_EPOCH_S`.
    """

    def __init__(
        self,
        *,
        synchronised: Callable[[], bool] = kernel_says_synchronised,
        boot_file: Path = Path("/proc/sys/kernel/random/boot_id"),
    ) -> None:
        self._synchronised = synchronised
        self._vouched = False
        self._adopted_offset_s: float | None = None
        try:
            self._boot_id = boot_file.read_text(encoding="ascii").strip()
        except OSError:
            self._boot_id = str(uuid.uuid4())

    def wall(self) -> float:
        offset_s = self._adopted_offset_s
        return time.time() if offset_s is None else time.monotonic() + offset_s

    def monotonic(self) -> float:
        return time.monotonic()

    def adopt(self, wall_s: float) -> None:
        """Go by a time that somebody who knows it gave us, until a time daemon keeps our own.

        The machine's clock is not touched; setting it is the time daemon's work.
        """
        self._adopted_offset_s = wall_s - time.monotonic()
        self._vouched = True

    def trust(self) -> None:
        """Somebody who knows the time has confirmed ours."""
        self._vouched = True

    def trusted(self) -> bool:
        if self._adopted_offset_s is not None and self._synchronised():
            self._adopted_offset_s = None
        if self.wall() < SOFTWARE_EPOCH_S:
            return False
        return self._vouched or self._synchronised()

    def stamp(self) -> Stamp:
        trusted = self.trusted()
        return Stamp(self.wall(), self.monotonic(), self._boot_id, trusted)


class SimulatedClock:
    """A clock that stands still until it is told to move; for tests and simulations."""

    def __init__(
        self,
        wall_s: float = 1_795_000_000.0,
        *,
        mono_s: float = 1000.0,
        boot_id: str = "00000000-0000-4000-8000-000000000001",
        trusted: bool = True,
    ) -> None:
        self._wall_s = wall_s
        self._mono_s = mono_s
        self._boot_id = boot_id
        self._trusted = trusted

    def wall(self) -> float:
        return self._wall_s

    def monotonic(self) -> float:
        return self._mono_s

    def trusted(self) -> bool:
        return self._trusted

    def stamp(self) -> Stamp:
        return Stamp(self._wall_s, self._mono_s, self._boot_id, self._trusted)

    def advance(self, seconds: float) -> None:
        """Let real time pass: both clocks move."""
        self._wall_s += seconds
        self._mono_s += seconds

    def jump(self, seconds: float, *, trusted: bool | None = None) -> None:
        """Step the wall clock only, as NTP or a bad battery does."""
        self._wall_s += seconds
        if trusted is not None:
            self._trusted = trusted

    def trust(self) -> None:
        """Somebody who knows the time has confirmed ours."""
        self._trusted = True

    def adopt(self, wall_s: float) -> None:
        """Go by a time that somebody who knows it gave us."""
        self._wall_s, self._trusted = wall_s, True

    def reboot(self, boot_id: str, *, wall_s: float, trusted: bool) -> None:
        """A power cut: monotonic time starts again."""
        self._boot_id, self._wall_s, self._trusted = boot_id, wall_s, trusted
        self._mono_s = 5.0

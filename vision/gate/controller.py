"""Decides, packet by packet, how much of one camera's stream to decode: pure, on given times."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from statistics import median
from threading import Lock

from vision.gate.level import Level
from vision.gate.sizes import PacketSizes
from vision.gate.trust import MOST_DUTY, Trust
from vision.rate import Rate

FLOOR_S = 4.0
"""No longer than this between two looks, whatever the packets say: smoke grows slowly."""

CALM_LOOK_S = 1.1
"""Where packets would not call, no longer than this: nobody may be seen much later for the gate."""

CALLED_KEYS_S = 2.1
"""Where packets would call, as far as one can tell, key frames may come this far apart."""

SETTLE_S = 6.0
"""At the beginning everything is decoded: the background has to be learnt."""

CALM_AFTER_S = 3.0
TRY_S = 1.5
"""A call of the packets is followed by this long of decoding, unless a look sees motion."""

MEASURE_S, ENOUGH, SPARSE_S = 2.0, 1.5, 60.0
"""With fewer exact frames than so many for each look wanted, all are decoded for a while."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to do with a packet.

    Attributes:
        level: From `Level.NONREF` on, decode it (and whatever was left out before it).
        look: Below that: decode up to it once, for a look.
    """

    level: Level
    look: bool = False


@dataclass(frozen=True, slots=True)
class GateStatus:
    """What the gate does and why, for people.

    Attributes:
        why: `settling`, `motion`, `packets` (they called), `quiet`, `packets-silent` (they would
            not call, so there is a look a second), `keys-too-rare` or `fixed`.
        trusted: Packet sizes proved informative for this camera.
        packets_per_s: Frames that arrive.
        skipped: Packets never decoded.
        decoded: Packets decoded.
    """

    level: Level = Level.FULL
    why: str = "settling"
    trusted: bool = False
    packets_per_s: float = 0.0
    skipped: int = 0
    decoded: int = 0


class GateController:
    """One camera's gate.

    `packet` and `handed` are called by the thread that receives, `looked` by the one that looks.
    All times are monotonic seconds of one clock and never run backwards within one caller.

    Args:
        looks_per_s: How many looks an active camera should give; fewer exact frames than that
            and every frame is decoded.
        fixed: Always this level (for measurements); the floor holds nevertheless.
        rest: At rest always this level (for measurements), whatever was learnt; what stirs wakes
            it as usual.
    """

    def __init__(
        self,
        looks_per_s: float = 5.0,
        *,
        fixed: Level | None = None,
        rest: Level | None = None,
    ) -> None:
        self._wanted_per_s = looks_per_s
        self._fixed = fixed
        self._rest = rest
        self._lock = Lock()
        self._sizes = PacketSizes()
        self._trust = Trust()
        self._rate = Rate()
        self._skipped = self._decoded = 0
        self._status = (Level.FULL, "settling")
        self._active_until_s = -math.inf
        self._begin(None)

    def opened(self) -> None:
        """A new connection: everything but the trust in this camera's packets begins anew."""
        with self._lock:
            self._sizes.forget()
            self._begin(None)

    def packet(self, now_s: float, size: int, *, key: bool) -> Order:
        """What to do with this packet of `size` bytes."""
        with self._lock:
            if self._opened_s is None:
                self._begin(now_s)
            self._rate.count(now_s)
            self._listen(now_s, size, key=key)
            level, why = self._decide(now_s)
            self._status = (level, why)
            look = level < Level.NONREF and self._due(now_s, level, key=key)
            if look or level >= Level.NONREF:
                self._ordered_s = now_s
            return Order(level, look)

    def handed(self, *, decoded: int = 1, skipped: int = 0, given: int = 1) -> None:
        """Packets were decoded or left out, and pictures given on."""
        with self._lock:
            self._decoded += decoded
            self._skipped += skipped
            self._given += given

    def looked(self, now_s: float, *, moved: bool, tracks: int) -> None:
        """The picture captured at `now_s` showed movement or not, and `tracks` are followed."""
        with self._lock:
            self._trust.looked(now_s, moved=moved)
            self._sizes.judge(now_s, calm=not moved and not tracks)
            if moved or tracks:
                self._active_until_s = max(self._active_until_s, now_s + CALM_AFTER_S)
            if moved and self._called_s is not None:
                self._answer(now_s, rightly=True)

    def status(self, now_s: float) -> GateStatus:
        with self._lock:
            level, why = self._status
            return GateStatus(
                level,
                why,
                trusted=self._trusted,
                packets_per_s=self._rate.per_second(now_s),
                skipped=self._skipped,
                decoded=self._decoded,
            )

    def _begin(self, now_s: float | None) -> None:
        self._opened_s = now_s
        self._ordered_s = now_s if now_s is not None else -math.inf
        self._active_until_s = -math.inf
        self._called_s: float | None = None
        self._key_s: float | None = None
        self._intervals: deque[float] = deque(maxlen=4)
        self._key_sizes: deque[int] = deque(maxlen=5)
        self._given, self._measured_s = 0, -math.inf
        self._sparse_until_s = -math.inf

    @property
    def _trusted(self) -> bool:
        return self._trust.proven and self._sizes.duty <= MOST_DUTY

    def _listen(self, now_s: float, size: int, *, key: bool) -> None:
        if key:
            if self._key_s is not None:
                self._intervals.append(max(now_s - self._key_s, 0.0))
            self._key_s = now_s
            self._key_sizes.append(size)
        elif self._sizes.take(now_s, size):
            self._trust.fired(now_s)
            quiet = now_s >= self._active_until_s
            if quiet and self._called_s is None and self._trust.useful(now_s):
                self._called_s = now_s
        self._trust.settle(now_s)
        if self._called_s is not None and now_s > self._called_s + TRY_S:
            self._answer(now_s, rightly=False)

    def _answer(self, now_s: float, *, rightly: bool) -> None:
        self._trust.called(now_s, rightly=rightly)
        self._called_s = None

    def _decide(self, now_s: float) -> tuple[Level, str]:
        if self._fixed is not None:
            return self._fixed, "fixed"
        if why := self._stirred(now_s):
            return max(self._awake(now_s), self._rest or Level.PACKETS), why
        if self._rest is not None:
            return self._rest, "fixed"
        return (Level.PACKETS, "quiet") if self._trusted else self._by_keys(now_s)

    def _by_keys(self, now_s: float) -> tuple[Level, str]:
        """Nothing stirs, but the packets of this camera are not to be relied upon."""
        interval_s = self._interval_s(now_s)
        if interval_s <= (CALLED_KEYS_S if self._plausible(now_s) else CALM_LOOK_S):
            return Level.KEYS, "quiet"
        if interval_s <= FLOOR_S:
            return Level.KEYS, "packets-silent"
        return self._awake(now_s), "keys-too-rare"

    def _plausible(self, now_s: float) -> bool:
        """Nothing speaks against it that the packets would call."""
        return (
            self._sizes.lean(median(self._key_sizes) if self._key_sizes else 0)
            and not self._trust.refuted
            and self._trust.useful(now_s)
        )

    def _stirred(self, now_s: float) -> str:
        """Why the camera deserves more than key frames; empty if it does not."""
        if self._opened_s is None or now_s < self._opened_s + SETTLE_S:
            return "settling"
        if now_s < self._active_until_s:
            return "motion"
        return "packets" if self._called_s is not None else ""

    def _awake(self, now_s: float) -> Level:
        """`NONREF`, unless too few frames came out of it lately."""
        if now_s < self._sparse_until_s:
            return Level.FULL
        if self._status[0] is not Level.NONREF:
            self._measured_s, self._given = now_s, 0
        span_s = now_s - self._measured_s
        if span_s >= MEASURE_S:
            wanted_per_s = min(ENOUGH * self._wanted_per_s, 0.9 * self._rate.per_second(now_s))
            if self._given / span_s < wanted_per_s:
                self._sparse_until_s = now_s + SPARSE_S
                return Level.FULL
            self._measured_s, self._given = now_s, 0
        return Level.NONREF

    def _interval_s(self, now_s: float) -> float:
        if self._key_s is None or not self._intervals:
            return math.inf
        return max(*self._intervals, now_s - self._key_s, 0.0)

    def _due(self, now_s: float, level: Level, *, key: bool) -> bool:
        since_s = now_s - self._ordered_s
        silent = self._status[1] == "packets-silent"
        if since_s >= (CALM_LOOK_S if silent else FLOOR_S):
            return True
        # At the key frame before it would be too late: decoding up to the next moment costs more.
        limit_s = CALM_LOOK_S if level is Level.KEYS else FLOOR_S
        return key and since_s + max(self._intervals, default=math.inf) > limit_s

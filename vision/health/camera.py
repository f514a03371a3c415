"""The health of one camera, look by look."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from vision.frames import Frame
from vision.health.covered import Covered
from vision.health.dark import Dark
from vision.health.defocused import Defocused
from vision.health.fault import Evidence, Fault, weigh
from vision.health.frozen import Frozen
from vision.health.glare import Glare
from vision.health.moved import Moved
from vision.health.usual import Usual
from vision.health.view import View, Viewer
from vision.packets import PacketEvidence
from vision.settings import Polygon

FAULTS: Mapping[str, Callable[[], Fault]] = {
    fault.kind: fault for fault in (Covered, Dark, Defocused, Glare, Moved, Frozen)
}
"""Every fault by its kind; where several are suspected, the first explains the picture."""

EVERY_S = 0.5
"""Looks that come faster are left out: a fault that matters lasts, and looking costs."""

PAUSE_S = 30.0
"""After a longer silence the looks before it say nothing about those after it."""

ACCEPT_S = 600.0
"""A new view that stood so long is the usual one from then on, and the fault closes."""


class HealthPhase(StrEnum):
    """Where a fault is in its life."""

    OPENED = "opened"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class HealthFinding:
    """A fault opened or closed.

    Attributes:
        kind: One of `FAULTS`.
        score: How clearly it shows, 0..1.
        since_s: `mono_s` of the first suspicious look.
    """

    kind: str
    phase: HealthPhase
    score: float
    since_s: float


class _Case:
    """One fault with its memory: k of n looks open it, few close it."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.open = False
        self.since_s = 0.0
        self._scores: deque[float] = deque(maxlen=fault.looks)
        self._times: deque[float] = deque(maxlen=fault.looks)

    @property
    def score(self) -> float:
        return max(self._scores, default=0.0)

    @property
    def latest(self) -> float:
        return self._scores[-1] if self._scores else 0.0

    def note(self, score: float, now_s: float) -> None:
        self._scores.append(score)
        self._times.append(now_s)

    def turned(self) -> HealthPhase | None:
        """Whether the memory opens or closes it now."""
        count = sum(score > 0 for score in self._scores)
        if not self.open and count >= self.fault.enough:
            self.open = True
            pairs = zip(self._scores, self._times, strict=True)
            self.since_s = next(at for score, at in pairs if score > 0)
            return HealthPhase.OPENED
        full = len(self._scores) == self.fault.looks
        if self.open and full and count <= self.fault.few:
            self.open = False
            return HealthPhase.CLOSED
        return None

    def clear(self) -> None:
        self._scores.clear()
        self._times.clear()


class CameraHealth:
    """Watches one camera for every fault of `FAULTS`.

    Args:
        masks: The camera's privacy masks, in fractions of the picture.
    """

    def __init__(self, masks: tuple[Polygon, ...] = ()) -> None:
        self._viewer = Viewer(masks)
        self._usual = Usual()
        self._cases = [_Case(build()) for build in FAULTS.values()]
        self._last: View | None = None

    @property
    def undecided(self) -> bool:
        """Something looks wrong that is not open yet, or right again what still is."""
        return any(case.open != (case.latest > 0) for case in self._cases)

    def look(self, frame: Frame, packets: PacketEvidence | None = None) -> list[HealthFinding]:
        """Consider one frame, masks applied; times must not run backwards.

        Args:
            frame: The picture.
            packets: What the stream's packets say meanwhile, if anybody listens to them.

        Returns:
            What opened or closed with it. At most one finding for each kind.
        """
        last, now_s = self._last, frame.mono_s
        if self._viewer.blind or (last is not None and now_s - last.mono_s < EVERY_S - 0.05):
            return []
        view = self._viewer.look(frame)
        self._last = view
        steady = self._usual.follow(view)
        if last is None or now_s - last.mono_s > PAUSE_S:
            for case in self._cases:
                case.clear()
            return []
        if not self._usual.known:
            self._usual.learn(view, steady=steady)
            return []
        evidence = weigh(view, self._usual, steady=steady, last=last, packets=packets)
        suspected = self._note(evidence)
        if not suspected and not any(case.open for case in self._cases):
            self._usual.learn(view, steady=steady)
        return [*self._turned(), *self._accepted(now_s)]

    def _note(self, evidence: Evidence) -> bool:
        """Ask every fault; the first that suspects something explains the look."""
        explained = False
        for case in self._cases:
            score = case.fault.suspect(evidence)
            case.note(0.0 if explained else score, evidence.mono_s)
            explained = explained or score > 0
        return explained

    def _turned(self) -> list[HealthFinding]:
        return [
            HealthFinding(case.fault.kind, phase, round(case.score, 3), case.since_s)
            for case in self._cases
            if (phase := case.turned()) is not None
        ]

    def _accepted(self, now_s: float) -> list[HealthFinding]:
        """Close what a long-standing new view keeps open, and learn that view."""
        stale = [
            case
            for case in self._cases
            if case.open and isinstance(case.fault, Moved) and now_s - case.since_s > ACCEPT_S
        ]
        for case in stale:
            case.open = False
            case.clear()
            self._usual.forget()
        return [
            HealthFinding(case.fault.kind, HealthPhase.CLOSED, 0.0, case.since_s) for case in stale
        ]

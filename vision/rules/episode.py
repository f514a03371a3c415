"""The life of an incident, the same for every kind: opened, better evidence, closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vision.boxes import Box
from vision.reports import Phase
from vision.rules.rule import Finding
from vision.tracking import Track

UPDATE_EVERY_S = 3.0
BETTER_SCORE, BETTER_SIZE = 0.05, 1.5


@dataclass(frozen=True, slots=True)
class Sight:
    """Something in this look that speaks for an incident.

    Attributes:
        box: Pixels.
        score: Of this look, 0..1.
        first_s: `mono_s` when the object was first seen.
        since_s: `mono_s` when what makes it an incident began.
        best_score: The best score since then, 0..1.
    """

    box: Box
    label: str
    score: float
    first_s: float
    since_s: float
    best_score: float = 0.0

    @classmethod
    def of(cls, track: Track, since_s: float, best_score: float = 0.0) -> Sight:
        best_score = max(best_score, track.score)
        return cls(track.box, track.label, track.score, track.first_s, since_s, best_score)


@dataclass(slots=True)
class _Open:
    """The incident while it lasts."""

    number: int
    label: str
    score: float
    since_s: float
    first_s: float
    there_s: float
    told_s: float
    box: Box
    told_score: float
    told_size: float
    told_count: int


class Episode:
    """At most one incident at a time, however many objects come and go meanwhile."""

    def __init__(self, clear_s: float) -> None:
        self._clear_s = clear_s
        self._open: _Open | None = None
        self._number = 0

    @property
    def is_open(self) -> bool:
        return self._open is not None

    def look(
        self, now_s: float, there: Sequence[Sight], ripe: Sequence[Sight], *, count: int = 0
    ) -> list[Finding]:
        """Tell what one look changes.

        Args:
            now_s: `mono_s` of the frame.
            there: What keeps an open incident open.
            ripe: What may open one; the one with the best score is shown.
            count: How many there are; 0 takes the length of `there`.
        """
        count = count or len(there)
        if self._open is None:
            return self._opened(now_s, ripe, count) if ripe else []
        if there:
            return self._updated(now_s, there, count, self._open)
        if now_s - self._open.there_s >= self._clear_s:
            return [self._closed(self._open)]
        return []

    def _opened(self, now_s: float, ripe: Sequence[Sight], count: int) -> list[Finding]:
        best = max(ripe, key=lambda sight: sight.score)
        self._number += 1
        self._open = _Open(
            number=self._number,
            label=best.label,
            score=max(best.best_score, best.score),
            since_s=best.since_s,
            first_s=best.first_s,
            there_s=now_s,
            told_s=now_s,
            box=best.box,
            told_score=best.score,
            told_size=_size(best.box),
            told_count=count,
        )
        return [_finding(Phase.OPENED, self._open, now_s, count)]

    def _updated(
        self, now_s: float, there: Sequence[Sight], count: int, known: _Open
    ) -> list[Finding]:
        known.there_s = now_s
        best = max(there, key=lambda sight: sight.score)
        known.score = max(known.score, best.score)
        better_score = best.score >= known.told_score + BETTER_SCORE
        better_size = (
            _size(best.box) >= known.told_size * BETTER_SIZE
            and best.score >= known.told_score - BETTER_SCORE
        )
        more = count > known.told_count
        if now_s - known.told_s < UPDATE_EVERY_S or not (better_score or better_size or more):
            return []
        known.label, known.box = best.label, best.box
        known.told_s, known.told_score = now_s, max(known.told_score, best.score)
        known.told_size = max(known.told_size, _size(best.box))
        known.told_count = max(known.told_count, count)
        return [_finding(Phase.UPDATED, known, now_s, count)]

    def _closed(self, known: _Open) -> Finding:
        self._open = None
        return _finding(Phase.CLOSED, known, known.there_s, known.told_count, picture=False)


def _finding(
    phase: Phase, known: _Open, until_s: float, count: int, *, picture: bool = True
) -> Finding:
    return Finding(
        number=known.number,
        phase=phase,
        label=known.label,
        score=known.score,
        count=count,
        dwell_s=max(0.0, until_s - known.since_s),
        box=known.box,
        first_s=known.first_s,
        picture=picture,
    )


def _size(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])

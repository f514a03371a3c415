"""From boxes in single frames to objects through time, by place and movement alone.

Two stages as in ByteTrack (Zhang et al. 2022): strong detections are matched first, weak ones may
only carry on an object already known. No appearance or identity feature is computed or kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vision.boxes import Box, Boxes, overlaps, to_array, to_box
from vision.detections import Detections

KEEP_S = 2.0
"""An object unseen for this long is gone."""

UNPROVEN_KEEP_S = 0.7
PROVEN_HITS = 2
MIN_OVERLAP, MIN_WEAK_OVERLAP = 0.15, 0.3
REACH = 1.0
"""Without overlap: the centre may have moved this many times the box's mean side."""

OTHER_LABEL = 0.7
"""Overlap with a box of another label counts only this much."""

_VELOCITY_SHARE = 0.4


@dataclass(slots=True)
class Track:
    """One object being followed.

    Attributes:
        id: Number within this camera; says nothing about who or what it is.
        box: Where it was last seen, pixels.
        score: The detector's score when it was last seen.
        seen: Whether it was found in the latest look.
        hits: In how many looks it was found.
    """

    id: int
    box: Box
    score: float
    label: str
    first_s: float
    last_s: float
    seen: bool = True
    hits: int = 1
    _velocity: tuple[float, float] = (0.0, 0.0)
    _votes: dict[str, float] = field(default_factory=dict)

    @property
    def proven(self) -> bool:
        return self.hits >= PROVEN_HITS

    def expected(self, now_s: float) -> Box:
        """Where it should be now, if it goes on as it went. Pixels."""
        passed_s = min(now_s - self.last_s, 1.0)
        x, y = self._velocity[0] * passed_s, self._velocity[1] * passed_s
        left, top, right, bottom = self.box
        return left + x, top + y, right + x, bottom + y

    def see(self, box: Box, score: float, label: str, now_s: float) -> None:
        """It was found again."""
        passed_s = now_s - self.last_s
        if passed_s > 0:
            moved = _centre(box) - _centre(self.box)
            share = _VELOCITY_SHARE if self.hits > 1 else 1.0
            vx, vy = (
                (1 - share) * old + share * float(step) / passed_s
                for old, step in zip(self._velocity, moved, strict=True)
            )
            self._velocity = (vx, vy)
        self.box, self.score, self.last_s = box, score, now_s
        self.seen = True
        self.hits += 1
        self._vote(label, score)

    def _vote(self, label: str, score: float) -> None:
        votes = self._votes or {self.label: self.score}
        votes[label] = votes.get(label, 0.0) + score
        self._votes = votes
        self.label = max(votes, key=lambda name: votes[name])


class Tracker:
    """The objects of one camera."""

    def __init__(self) -> None:
        self._tracks: list[Track] = []
        self._next_id = 1

    @property
    def tracks(self) -> tuple[Track, ...]:
        """Every object not yet given up, also those not found in the latest look."""
        return tuple(self._tracks)

    def look(self, found: Detections, threshold: float, now_s: float) -> tuple[Track, ...]:
        """Match the detections of one look with the known objects.

        Args:
            found: What the detector gave, strong and weak.
            threshold: From this score on a detection may begin a new object.
            now_s: `mono_s` of the frame.

        Returns:
            As `tracks`.
        """
        strong = found.where(found.scores >= threshold)
        weak = found.where(found.scores < threshold)
        for track in self._tracks:
            track.seen = False
        left_over = self._match(strong, now_s, MIN_OVERLAP)
        self._match(weak, now_s, MIN_WEAK_OVERLAP)
        left_over = self._reach(left_over, now_s)
        for i in range(len(left_over)):
            self._begin(left_over, i, now_s)
        self._tracks = [track for track in self._tracks if _alive(track, now_s)]
        return self.tracks

    def _match(self, found: Detections, now_s: float, least: float) -> Detections:
        """Give detections to unseen objects they overlap, best pair first; return the rest."""
        waiting = [track for track in self._tracks if not track.seen]
        worth = overlaps(_expected(waiting, now_s), found.boxes)
        for row, track in enumerate(waiting):
            for column, label in enumerate(found.labels):
                if label != track.label:
                    worth[row, column] *= OTHER_LABEL
        return self._assign(waiting, found, worth, least, now_s)

    def _reach(self, found: Detections, now_s: float) -> Detections:
        """Second chance for what moves further than its own size between two looks."""
        waiting = [track for track in self._tracks if not track.seen]
        worth = _nearness(_expected(waiting, now_s), found.boxes)
        for row, track in enumerate(waiting):
            for column, label in enumerate(found.labels):
                if label != track.label:
                    worth[row, column] = 0.0
        return self._assign(waiting, found, worth, 1e-6, now_s)

    @staticmethod
    def _assign(
        waiting: Sequence[Track],
        found: Detections,
        worth: NDArray[np.float32],
        least: float,
        now_s: float,
    ) -> Detections:
        free = np.ones(len(found), bool)
        while worth.size and worth.max() >= least:
            row, column = divmod(int(worth.argmax()), worth.shape[1])
            box, score = to_box(found.boxes[column]), float(found.scores[column])
            waiting[row].see(box, score, found.labels[column], now_s)
            worth[row, :] = worth[:, column] = -1
            free[column] = False
        return found.where(free)

    def _begin(self, found: Detections, i: int, now_s: float) -> None:
        box, score = to_box(found.boxes[i]), float(found.scores[i])
        self._tracks.append(Track(self._next_id, box, score, found.labels[i], now_s, now_s))
        self._next_id += 1


def _alive(track: Track, now_s: float) -> bool:
    return now_s - track.last_s <= (KEEP_S if track.proven else UNPROVEN_KEEP_S)


def _expected(tracks: Sequence[Track], now_s: float) -> Boxes:
    return to_array([track.expected(now_s) for track in tracks])


def _centre(box: Box) -> NDArray[np.float32]:
    return np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2], np.float32)


def _nearness(first: Boxes, second: Boxes) -> NDArray[np.float32]:
    """1 at the same centre, 0 from `REACH` mean sides away or where the sizes differ, N×M."""
    sides_a = np.sqrt(np.prod(np.clip(first[:, 2:] - first[:, :2], 1e-3, None), axis=1))
    sides_b = np.sqrt(np.prod(np.clip(second[:, 2:] - second[:, :2], 1e-3, None), axis=1))
    centres_a = (first[:, :2] + first[:, 2:]) / 2
    centres_b = (second[:, :2] + second[:, 2:]) / 2
    apart = np.linalg.norm(centres_a[:, None] - centres_b[None, :], axis=2)
    side = (sides_a[:, None] + sides_b[None, :]) / 2
    ratio = sides_a[:, None] / sides_b[None, :]
    near = np.clip(1 - apart / (REACH * side), 0, None)
    return np.where((ratio > 0.5) & (ratio < 2.0), near, 0.0).astype(np.float32)

"""From boxes in single frames to objects through time, by place and movement alone.

Two stages as in ByteTrack (Zhang et al. 2022): strong detections are matched first, weak ones may
only carry on an object already known. An object that stands still need not be found again in each
look: while its place differs from the empty background and nothing moved there since it was found,
it has not left. No appearance or identity feature is computed or kept.

What was only judged because it moved must have come from somewhere: a branch, a shadow or a bottle
that is set down changes its shape in place, a person or a vehicle moves as a whole.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np
from numpy.typing import NDArray

from vision.boxes import Box, Boxes, areas, overlap, overlaps, to_array, to_box
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

MOST_TRACKS = 128
MOST_FOUND = 256
"""Detections of one look that are considered; the best ones."""

SCORES = 15
"""Looks over which the median of the score is taken."""

STILL_OVERLAP = 0.5
"""A box that overlaps the place where it came to rest this much is still there."""

STILL_LOOKS = 3
"""So many looks in a row away from that place are a movement, fewer are a shaky box."""

STILL_S = 2.0
"""An object at rest for this long may be kept without being found."""

COVERED = 0.5
"""Part of its box that must still differ from the background."""

UNFOUND_S = 30.0
"""For so long, at most; then the detector has to find it again."""

TRAVEL = 0.4
"""So many of its own sizes must something have moved as a whole to have arrived from elsewhere."""

GROWTH, ALIKE = 1.5, 1.4
"""What comes straight at the camera grows by this factor, in width and height nearly alike."""

JUMP = 2.2
"""What becomes so many times as large or small between two looks is something else: begin anew."""

WAY_LOOKS = 3
"""The median of so many looks tells where something is; shaky boxes are no way."""

AT_EDGE, OFF_EDGE = 0.01, 0.02
"""Of the picture: so near to its edge something is cut off by it, so far it has come in."""

WHOLE = 0.75
"""What has come in shows no less than this share of what was seen while it did."""

SURE_LOOKS = 25
"""So many sure looks by one who sees what stands, too, make any way needless."""

LOITERS_S = 15.0
"""What only moved and has not arrived from anywhere is given up after standing for so long."""

DISTRUST = 0.6
"""Below this share of the threshold in the median, what was believed is believed no longer."""

NO_SIZE = (1 << 30, 1 << 30)
"""Where the size of the picture is not known, nothing comes in by its right or bottom."""

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
        verified_s: When it was last known to be there, found or still covering its place.
        still_since_s: Since when it has been where it is.
        rest: Where it came to rest, pixels.
        travelled: How far it has moved as a whole since it appeared, in its own sizes.
        unsure: It was hardly seen otherwise than by judging what moved.
        sure: It was found in the latest look by a score that would begin an object.
    """

    id: int
    box: Box
    score: float
    label: str
    first_s: float
    last_s: float
    seen: bool = True
    hits: int = 1
    verified_s: float = 0.0
    still_since_s: float = 0.0
    rest: Box | None = None
    travelled: float = 0.0
    unsure: bool = False
    sure: bool = True
    _velocity: tuple[float, float] = (0.0, 0.0)
    _votes: dict[str, float] = field(default_factory=dict)
    _scores: deque[float] = field(default_factory=lambda: deque(maxlen=SCORES))
    _places: deque[Box] = field(default_factory=lambda: deque(maxlen=WAY_LOOKS))
    _sights: deque[Box] = field(default_factory=lambda: deque(maxlen=WAY_LOOKS))
    _origin: NDArray[np.float32] | None = None
    _moved: bool = False
    _steady: int = 0
    _away: int = 0
    _trusted: bool = True
    _verified: bool = False

    def __post_init__(self) -> None:
        self.verified_s = max(self.verified_s, self.last_s)
        self.still_since_s = self.still_since_s or self.first_s
        self.rest = self.rest or self.box
        self._scores.append(self.score)

    @property
    def arrived(self) -> bool:
        """Came from elsewhere, or needs not to have: seen by one who looks at what stands, too."""
        return not self.unsure or self.travelled >= TRAVEL

    @property
    def proven(self) -> bool:
        """Found more than once, convincingly in the median, and not hardly at all since."""
        return self.hits >= PROVEN_HITS and self._trusted

    @property
    def present(self) -> bool:
        """Whether it was there in the latest look: found, or known not to have left."""
        return self.seen or self._verified

    @property
    def usual_score(self) -> float:
        """Median of the latest scores; one lucky or unlucky look does not change it much."""
        return median(self._scores)

    def still_s(self, now_s: float) -> float:
        """For how long it has been where it is."""
        return max(0.0, now_s - self.still_since_s)

    def expected(self, now_s: float) -> Box:
        """Where it should be now, if it goes on as it went. Pixels."""
        passed_s = min(now_s - self.last_s, 1.0)
        x, y = self._velocity[0] * passed_s, self._velocity[1] * passed_s
        left, top, right, bottom = self.box
        return left + x, top + y, right + x, bottom + y

    def see(self, box: Box, score: float, label: str, now_s: float, *, moved: bool = False) -> None:
        """It was found again; `moved`: by judging what moves."""
        passed_s = now_s - self.last_s
        if passed_s > 0:
            steps = _centre(box) - _centre(self.box)
            share = _VELOCITY_SHARE if self.hits > 1 else 1.0
            vx, vy = (
                (1 - share) * old + share * float(step) / passed_s
                for old, step in zip(self._velocity, steps, strict=True)
            )
            self._velocity = (vx, vy)
        self.box, self.score, self.last_s, self.verified_s = box, score, now_s, now_s
        self.seen = True
        self._moved = moved
        self.hits += 1
        self._scores.append(score)
        self._vote(label, score)
        self._rest_or_move(box, now_s)

    def verify(self, now_s: float) -> None:
        """It was not found, but nothing left its place."""
        self.verified_s, self._verified = now_s, True
        self._velocity = (0.0, 0.0)

    def begin_look(self) -> None:
        """A new look, in which it was not found yet."""
        self.seen = self._verified = False

    def believe(self, threshold: float) -> None:
        """Trust it if its usual score is above the threshold, until it is far below."""
        if self.hits >= PROVEN_HITS and self.usual_score >= threshold:
            self._trusted = True
        elif self.usual_score < DISTRUST * threshold:
            self._trusted = False

    def settle(self, *, certain: bool) -> None:
        """Count a sure sight that needed no movement; `certain`: one is enough."""
        if not self._moved:
            self._steady += 1
            self.unsure = not certain and self._steady < SURE_LOOKS

    def go(self, size: tuple[int, int]) -> None:
        """Measure its way by a sure sight of it; `size`: width and height of the picture."""
        if self._places and _jumped(self._places[-1], self.box):
            self._places.clear()
            self._sights.clear()
            self._origin = None
        self._places.append(self.box)
        if len(self._places) < WAY_LOOKS or self.arrived:
            return
        place = np.median(to_array(list(self._places)), axis=0)
        if self._origin is None:
            self._origin = place
        self.travelled = max(self.travelled, _way(self._origin, place, size))

    def come_in(self, size: tuple[int, int]) -> None:
        """Measure whether it has come in by the picture's edge; a weak sight of it serves, too.

        Where it was cut off is known from sure sights; a weak one only says that it no longer is.
        """
        self._sights.append(self.box)
        if self._origin is None or len(self._sights) < WAY_LOOKS:
            return
        if _came_in(self._origin, np.median(to_array(list(self._sights)), axis=0), size):
            self.travelled = max(self.travelled, TRAVEL)

    def _rest_or_move(self, box: Box, now_s: float) -> None:
        if overlap(box, self.rest or box) >= STILL_OVERLAP:
            self._away = 0
            return
        self._away += 1
        if self._away >= STILL_LOOKS or self.hits <= STILL_LOOKS:
            self.rest, self.still_since_s, self._away = box, now_s, 0

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

    def look(
        self,
        found: Detections,
        threshold: float,
        now_s: float,
        *,
        moving: Sequence[Box] = (),
        still: Callable[[Box], bool] | None = None,
        size: tuple[int, int] | None = None,
    ) -> tuple[Track, ...]:
        """Match the detections of one look with the known objects.

        Args:
            found: What the detector gave, strong and weak.
            threshold: From this score on a detection may begin a new object.
            now_s: `mono_s` of the frame.
            moving: Regions in pixels that differ from the background, which must not learn what is
                followed.
            still: Whether nothing moved in a box (pixels) since the look before. An object at rest
                that the detector misses is kept while its place is both.
            size: Width and height of the picture, whose edges things come in by.

        Returns:
            As `tracks`.
        """
        found = _best(found)
        strong = found.where(found.scores >= threshold)
        weak = found.where(found.scores < threshold)
        at_rest = [t for t in self._tracks if t.present and _may_be_kept(t, now_s)]
        for track in self._tracks:
            track.begin_look()
        left_over = self._match(strong, now_s, MIN_OVERLAP)
        self._match(weak, now_s, MIN_WEAK_OVERLAP)
        left_over = self._reach(left_over, now_s)
        if still is not None:
            _verify([t for t in at_rest if not t.seen and still(t.box)], moving, now_s)
        for i in range(len(left_over)):
            self._begin(left_over, i, now_s)
        for track in self._tracks:
            track.believe(threshold)
            track.sure = track.seen and track.score >= threshold
            if track.sure and track.unsure:
                track.settle(certain=found.moved is None)
                track.go(size or NO_SIZE)
            if track.seen and track.unsure and track.proven:
                track.come_in(size or NO_SIZE)
        self._tracks = _most([track for track in self._tracks if _alive(track, now_s)])
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
            moved = _only_moved(found, column)
            waiting[row].see(box, score, found.labels[column], now_s, moved=moved)
            worth[row, :] = worth[:, column] = -1
            free[column] = False
        return found.where(free)

    def _begin(self, found: Detections, i: int, now_s: float) -> None:
        box, score = to_box(found.boxes[i]), float(found.scores[i])
        label, unsure = found.labels[i], found.moved is not None
        track = Track(self._next_id, box, score, label, now_s, now_s, unsure=unsure, _trusted=False)
        self._tracks.append(track)
        self._next_id += 1


def _only_moved(found: Detections, i: int) -> bool:
    return found.moved is not None and bool(found.moved[i])


def _alive(track: Track, now_s: float) -> bool:
    if not track.arrived and track.still_s(now_s) > LOITERS_S:
        return False
    return now_s - track.verified_s <= (KEEP_S if track.proven else UNPROVEN_KEEP_S)


def _may_be_kept(track: Track, now_s: float) -> bool:
    rested_s = track.last_s - track.still_since_s
    return track.proven and rested_s >= STILL_S and now_s - track.last_s <= UNFOUND_S


def _verify(waiting: Sequence[Track], moving: Sequence[Box], now_s: float) -> None:
    if not waiting or not moving:
        return
    shares = _covered(to_array([t.box for t in waiting]), to_array(moving))
    for track, share in zip(waiting, shares.tolist(), strict=True):
        if share >= COVERED:
            track.verify(now_s)


def _best(found: Detections) -> Detections:
    if len(found) <= MOST_FOUND:
        return found
    keep = np.zeros(len(found), bool)
    keep[np.argsort(-found.scores, kind="stable")[:MOST_FOUND]] = True
    return found.where(keep)


def _most(tracks: list[Track]) -> list[Track]:
    """The tracks that are kept: proven ones first, then the surest."""
    if len(tracks) <= MOST_TRACKS:
        return tracks
    kept = sorted(tracks, key=lambda t: (t.proven, t.usual_score), reverse=True)[:MOST_TRACKS]
    return sorted(kept, key=lambda track: track.id)


def _covered(boxes: Boxes, regions: Boxes) -> NDArray[np.float32]:
    """The largest part of each box that one region covers, N."""
    corner = np.maximum(boxes[:, None, :2], regions[None, :, :2])
    opposite = np.minimum(boxes[:, None, 2:], regions[None, :, 2:])
    sides = np.clip(opposite - corner, 0, None)
    common = (sides[..., 0] * sides[..., 1]).max(axis=1)
    return np.asarray(common / np.clip(areas(boxes), 1e-6, None), np.float32)


def _jumped(before: Box, now: Box) -> bool:
    """Whether a box became another one between two looks: the next branch, not the same object."""
    small, large = sorted((b[2] - b[0]) * (b[3] - b[1]) for b in (before, now))
    return large > JUMP * small


def _way(origin: NDArray[np.float32], place: NDArray[np.float32], size: tuple[int, int]) -> float:
    """How far a box moved as a whole, in its mean size; what only grew on one side did not.

    A side that goes out by the edge of the picture tells nothing; then the other one does.
    """
    left, top, right, bottom = (place - origin).tolist()
    gone = _cut(place, size) & ~_cut(origin, size)
    across, down = (
        _step(*ends, out=(bool(gone[axis]), bool(gone[axis + 2])))
        for axis, ends in enumerate(((left, right), (top, bottom)))
    )
    before = np.maximum(origin[2:] - origin[:2], 1e-3)
    after = np.maximum(place[2:] - place[:2], 1e-3)
    mean = float(np.sqrt(np.sqrt(before.prod() * after.prod())))
    less, more = sorted((after / before).tolist())
    nearer = less >= GROWTH and more <= ALIKE * less
    return max(math.hypot(across, down) / mean, TRAVEL if nearer else 0.0)


def _step(low: float, high: float, *, out: tuple[bool, bool]) -> float:
    """How far two opposite sides moved together; `out`: which of them left the picture."""
    if out[0] and high < 0:
        return -high
    if out[1] and low > 0:
        return low
    return min(abs(low), abs(high)) if low * high > 0 else 0.0


def _cut(place: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Which sides of a box lie at the edge of the picture, 4 bool."""
    extent = np.array([*size, *size], np.float32)
    edges = np.array([0, 0, *size], np.float32)
    return np.asarray(np.abs(place - edges) < AT_EDGE * extent)


def _came_in(
    origin: NDArray[np.float32], place: NDArray[np.float32], size: tuple[int, int]
) -> bool:
    """Whether something was cut off by an edge of the picture and is not any more."""
    extent = np.array([*size, *size], np.float32)
    inside = np.concatenate([np.zeros(2, np.float32), extent[2:]])
    before, now = np.abs(origin - inside) / extent, np.abs(place - inside) / extent
    sizes = (origin[2:] - origin[:2]).prod(), (place[2:] - place[:2]).prod()
    cut = before < AT_EDGE
    return bool(cut.any() and (now[cut] > OFF_EDGE).all() and sizes[1] > WHOLE * sizes[0])


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

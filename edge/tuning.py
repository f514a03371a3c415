"""What the box could look less at, worked out from what people said was a false alarm.

Nothing here changes anything: a proposal says what it would have suppressed, and waits for a
person. Fire, smoke and water are never proposed, nor is anything that would have suppressed an
incident somebody confirmed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from time import localtime

from edge.store.records import Incident
from vision.boxes import Box
from vision.rules.kinds import KINDS
from vision.tuning import FLOOR_KINDS, Outline

REASONS = ("insect", "rain", "light", "plant", "animal", "other")
"""Why something was a false alarm, as staff may say: spiders, rain or snow, headlights, …"""

SCORE, MASK, MOTION = "score", "mask", "motion"

ENOUGH = 3
"""So many false alarms of one kind at one camera before anything is proposed."""

HIGHEST = 0.9
"""No higher score is ever proposed: a clear sight must always count."""

WORTH = 0.5
"""Part of the false alarms that a proposal must have suppressed."""

NEAR = 0.12
"""False alarms whose middles are this close, fractions of the picture, are at one place."""

LARGEST = 0.25
"""No larger piece of the picture is ever proposed to be ignored."""

DAY_S = 86400.0
RESTLESS, WATCHED_S = 60, 6 * 3600.0
"""Percent of the time in which a cell must have moved, and over how long."""

LEAST_CELLS = 3


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something the box could look less at.

    Attributes:
        kind: Of incident; empty for motion.
        what: `score`, `mask` or `motion`.
        score: The least score that would count, for `score`.
        polygon: What would be ignored, fractions of the picture, else empty.
        evidence: What it would have suppressed, as numbers and words for the page.
    """

    camera: str
    kind: str
    what: str
    score: float = 0.0
    polygon: Outline = ()
    evidence: Mapping[str, int | str] = field(default_factory=dict)


def may_be_tuned(kind: str) -> bool:
    """Whether people may make the box care less about this kind."""
    return kind not in FLOOR_KINDS and not kind.startswith("camera_")


def proposals(incidents: Sequence[Incident]) -> list[Proposal]:
    """What the judged incidents of one camera speak for; at most two for each kind."""
    found: list[Proposal] = []
    for kind in sorted({i.kind for i in incidents if may_be_tuned(i.kind)}):
        mine = [i for i in incidents if i.kind == kind]
        false = [i for i in mine if i.verdict == "false_alarm"]
        if len(false) < ENOUGH:
            continue
        # What the picture itself is judged by has no detector's score.
        scored = kind not in KINDS or not KINDS[kind].own_label
        by_score = _by_score(mine, false) if scored else None
        found += [p for p in (by_score, _by_place(mine, false)) if p is not None]
    return found


def restless_piece(
    camera: str, shares: Sequence[int], columns: int, watched_s: float
) -> Proposal | None:
    """The largest piece of the picture that moves nearly all the time, if there is one.

    Args:
        camera: Its id.
        shares: Percent of the time in which each cell moved, row by row.
        columns: Cells in a row.
        watched_s: Seconds on which the shares stand.
    """
    if watched_s < WATCHED_S or columns < 1:
        return None
    rows = len(shares) // columns
    best: list[tuple[int, int]] = []
    seen: set[tuple[int, int]] = set()
    for row in range(rows):
        for column in range(columns):
            piece = _piece((row, column), shares, rows, columns, seen)
            best = max(best, piece, key=len)
    if len(best) < LEAST_CELLS:
        return None
    top, bottom = min(r for r, _ in best), max(r for r, _ in best) + 1
    left, right = min(c for _, c in best), max(c for _, c in best) + 1
    box = (left / columns, top / rows, right / columns, bottom / rows)
    if _area(box) > LARGEST:
        return None
    share = round(median(shares[row * columns + column] for row, column in best))
    hours = round(min(watched_s, DAY_S) / 3600)
    return Proposal(
        camera, "", MOTION, polygon=_outline(box), evidence={"share": share, "hours": hours}
    )


def _piece(
    start: tuple[int, int],
    shares: Sequence[int],
    rows: int,
    columns: int,
    seen: set[tuple[int, int]],
) -> list[tuple[int, int]]:
    """The restless cells that hang together with one."""
    waiting, piece = [start], []
    while waiting:
        row, column = cell = waiting.pop()
        inside = 0 <= row < rows and 0 <= column < columns
        if cell in seen or not inside or shares[row * columns + column] < RESTLESS:
            continue
        seen.add(cell)
        piece.append(cell)
        waiting += [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
    return piece


def _by_score(mine: list[Incident], false: list[Incident]) -> Proposal | None:
    """The lowest score that keeps all that was confirmed and drops as many others as can be."""
    true = [i.score for i in mine if i.verdict == "confirmed"]
    least = math.ceil(max(i.score for i in false) * 100 + 1) / 100
    least = min([least, HIGHEST, *(math.floor(score * 100) / 100 for score in true)])
    if sum(i.score < least for i in false) < WORTH * len(false):
        return None
    dropped = [i for i in mine if i.score < least]
    return Proposal(mine[0].camera, mine[0].kind, SCORE, least, evidence=_told(mine, dropped))


def _by_place(mine: list[Incident], false: list[Incident]) -> Proposal | None:
    """A piece around the place where most false alarms were, if nothing true was there."""
    boxes = [i.box for i in false if i.box is not None]
    if not boxes:
        return None
    middle = max((_middle(b) for b in boxes), key=lambda m: _near(m, boxes))
    near = [b for b in boxes if _distance(_middle(b), middle) <= NEAR]
    piece = (
        min(b[0] for b in near),
        min(b[1] for b in near),
        max(b[2] for b in near),
        max(b[3] for b in near),
    )
    dropped = [i for i in mine if i.box is not None and _inside(i.box, piece)]
    if (
        len(near) < max(ENOUGH, WORTH * len(false))
        or _area(piece) > LARGEST
        or any(i.verdict == "confirmed" for i in dropped)
    ):
        return None
    told = _told(mine, dropped)
    return Proposal(mine[0].camera, mine[0].kind, MASK, polygon=_outline(piece), evidence=told)


def _told(mine: list[Incident], dropped: list[Incident]) -> dict[str, int | str]:
    def count(of: list[Incident], verdict: str) -> int:
        return sum(i.verdict == verdict for i in of)

    false = [i for i in dropped if i.verdict == "false_alarm"]
    hours = Counter(localtime(i.opened.wall_s).tm_hour for i in false if i.opened.trusted)
    reasons = Counter(i.reason for i in false if i.reason)
    return {
        "false": count(dropped, "false_alarm"),
        "of_false": count(mine, "false_alarm"),
        "true": count(dropped, "confirmed"),
        "of_true": count(mine, "confirmed"),
        "unjudged": count(dropped, ""),
        "of_unjudged": count(mine, ""),
        "hour": hours.most_common(1)[0][0] if hours else -1,
        "reason": reasons.most_common(1)[0][0] if reasons else "",
    }


def _middle(box: Box) -> tuple[float, float]:
    """Half way between the middle and the feet, as the rules are told."""
    return (box[0] + box[2]) / 2, (box[1] + 3 * box[3]) / 4


def _near(middle: tuple[float, float], boxes: list[Box]) -> int:
    return sum(_distance(_middle(b), middle) <= NEAR for b in boxes)


def _distance(a: tuple[float, float], b: tuple[float, float]) -> float:
    return math.hypot(a[0] - b[0], a[1] - b[1])


def _inside(box: Box, piece: Box) -> bool:
    x, y = _middle(box)
    return piece[0] <= x <= piece[2] and piece[1] <= y <= piece[3]


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _outline(box: Box) -> Outline:
    left, top, right, bottom = (round(min(1.0, max(0.0, edge)), 3) for edge in box)
    return (left, top), (right, top), (right, bottom), (left, bottom)

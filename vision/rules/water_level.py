"""Water stands at or above a line that was drawn on a bank or a gauge. Experimental."""

from __future__ import annotations

from collections import deque
from statistics import median

from vision.boxes import Box
from vision.errors import RuleError
from vision.lines import DrawnLine
from vision.rules.episode import Episode, Sight
from vision.rules.rule import Finding, Scene
from vision.rules.shore import Shore
from vision.settings import Line, RuleSpec
from vision.zones import Zone

LABEL = "water"
RISEN, FALLEN = 0.6, 0.35
"""Part of the columns with water at the line that opens, and below which it is over."""

LEAST_JUDGED = 0.3
LOOKS = 9
TALL = 0.06


class WaterLevel:
    """One incident while water stands at the line for the dwell.

    The line is drawn from one side to the other at the level that must not be reached, with the
    water below it in the picture. The box learns how the dry place looks when the camera is
    started: that must not be during a flood. Where land and water look alike, as in a night
    without light, nothing is said.

    Raises:
        RuleError: No line was drawn, or it is none.
    """

    def __init__(self, spec: RuleSpec, zone: Zone) -> None:  # noqa: ARG002 - the seam's two
        if spec.line is None:
            raise RuleError("The rule 'water_level' needs a line. Draw it.")
        DrawnLine(spec.line)
        self._line = spec.line
        self._dwell_s = spec.dwell_s
        self._shore = Shore(spec.line)
        self._shares: deque[float] = deque(maxlen=LOOKS)
        self._since_s: float | None = None
        self._episode = Episode(spec.clear_s)

    def look(self, scene: Scene) -> list[Finding]:
        if scene.frame is None:
            return []
        reading = self._shore.look(scene.frame)
        if reading is None or reading.judged < LEAST_JUDGED:
            return []
        self._shares.append(reading.share)
        share = median(self._shares)
        over = share >= (FALLEN if self._episode.is_open else RISEN)
        if not over or len(self._shares) < LOOKS:
            self._since_s = None
            return self._episode.look(scene.now_s, (), ())
        if self._since_s is None:
            self._since_s = scene.now_s
        box = _around(self._line, scene)
        sight = Sight(box, LABEL, share, self._since_s, self._since_s, share)
        ripe = [sight] if scene.now_s - self._since_s >= self._dwell_s else []
        return self._episode.look(scene.now_s, [sight], ripe)


def _around(line: Line, scene: Scene) -> Box:
    (x1, y1), (x2, y2) = line
    return (
        min(x1, x2) * scene.width,
        max(0.0, min(y1, y2) - TALL) * scene.height,
        max(x1, x2) * scene.width,
        min(1.0, max(y1, y2) + TALL) * scene.height,
    )

"""The lens is covered: by a hand, a bag, paint, a leaf."""

from __future__ import annotations

from vision.health.fault import Evidence

NO_DETAIL = 0.06
"""Share of the usual detail. A covered lens measured 0.00, lights switched off 0.20 (brightness 42
of 255), a conveyor that empties 0.36: ../evaluate/README.md names the clips."""

FLAT = 0.2
"""Share of the usual contrast below which no picture is left: covered 0.0, in thick fog 0.3, out
of focus above 0.9."""

OTHER_LIGHT = 0.4
"""Likeness of the rough light below which it is not the scene out of focus that is seen."""

SUDDEN_LOOKS = 20
"""Dusk takes half an hour, a hand a second: detail must have been there ten seconds ago."""


class Covered:
    """Suddenly next to no detail, and either no contrast or light from elsewhere."""

    kind = "camera_covered"
    looks, enough, few = 8, 6, 2

    def __init__(self) -> None:
        self._since_detail = SUDDEN_LOOKS
        self._covered = False

    def suspect(self, evidence: Evidence) -> float:
        if evidence.detail >= NO_DETAIL:
            # Fading light passes through the range between; what falls through it is a cover.
            self._since_detail = 0 if evidence.detail >= 2 * NO_DETAIL else self._since_detail + 1
            self._covered = False
            return 0.0
        flat = evidence.contrast < FLAT or evidence.same_light < OTHER_LIGHT
        self._covered = flat and (self._covered or self._since_detail < SUDDEN_LOOKS)
        return 1 - evidence.detail / NO_DETAIL if self._covered else 0.0

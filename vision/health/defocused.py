"""The picture is out of focus, or the lens is dirty or dewed all over."""

from __future__ import annotations

from vision.health.covered import OTHER_LIGHT
from vision.health.fault import Evidence

BLURRED = 0.12
"""Share of the usual sharpness. Measured: out of focus 0.01, lights switched off 0.7, a conveyor
that empties 0.4, all other looks at the public clips above 0.5."""

SCENE = 0.35
"""Share of the usual contrast that a scene out of focus keeps at least."""


class Defocused:
    """The light is where it always was, but nothing fine is left in it."""

    kind = "camera_defocused"
    looks, enough, few = 8, 6, 2

    def suspect(self, evidence: Evidence) -> float:
        blurred = evidence.sharpness < BLURRED and evidence.detail < 2 * BLURRED
        scene = evidence.contrast >= SCENE and evidence.same_light >= OTHER_LIGHT
        return 1 - evidence.sharpness / BLURRED if blurred and scene else 0.0

"""The camera shows another place: it was turned, it sank, a slope slid, something hides it."""

from __future__ import annotations

from vision.health.fault import Evidence

OTHER_VIEW = 0.3
"""Likeness of the edges to the usual ones. Turned by a tenth of the width a camera measured 0.0 to
0.2, by a twenty-fifth 0.2 to 0.5; a steady and right view 0.46 and more on the public clips.
Lorries that fill the picture reach 0.1, but they pass: see `STEADY_VIEW`."""

STEADY_VIEW = 0.7
"""Likeness to the last seconds from which on the new view is a place and not a passage. Scenes
without texture and scenes at night never reach it, so nothing is said about them."""

LEAST_DETAIL = 0.25
"""Share of the usual detail: a picture without any shows no other place."""


class Moved:
    """A steady view that is not the usual one."""

    kind = "camera_moved"
    looks, enough, few = 10, 7, 2

    def suspect(self, evidence: Evidence) -> float:
        if evidence.steady < STEADY_VIEW or evidence.same_view >= OTHER_VIEW:
            return 0.0
        if evidence.detail < LEAST_DETAIL or evidence.contrast < LEAST_DETAIL:
            return 0.0
        return min(1.0, 1 - evidence.same_view)

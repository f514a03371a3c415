"""The camera is blinded: by the sun, a lamp or a torch."""

from __future__ import annotations

from vision.health.fault import Evidence

MORE_WHITE = 0.08
"""More of the picture saturated than usual. Glare measured 0.20 more; a white lorry that fills
the road 0.06, a house on fire 0.01."""

VEIL = 12.0
"""Stray light lifts the shadows too, 0..255: measured 34. A fire, a white wall or headlights on
the road do not."""


class Glare:
    """Much more white than usual, and a veil over the shadows."""

    kind = "camera_glare"
    looks, enough, few = 8, 6, 2

    def suspect(self, evidence: Evidence) -> float:
        more = evidence.view.saturated - evidence.usual.saturated
        veil = evidence.view.shadow - evidence.usual.shadow
        if more < MORE_WHITE or veil < VEIL:
            return 0.0
        return min(1.0, 0.5 + more)

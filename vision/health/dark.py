"""It is too dark to see: no lamp, no infra-red light, or an iris that stays shut."""

from __future__ import annotations

from vision.health.fault import Evidence

DARK, DARK_EVERYWHERE = 14.0, 40.0
"""Mean brightness, and brightness of the brightest hundredth: a single lamp in the night is not
seeing, a lit street is. Lights switched off in a room with a window measured 42 and 95."""


class Dark:
    """Next to no light anywhere, for half a minute."""

    kind = "camera_dark"
    looks, enough, few = 60, 54, 20

    def suspect(self, evidence: Evidence) -> float:
        view = evidence.view
        if view.mean >= DARK or view.highlight >= DARK_EVERYWHERE:
            return 0.0
        return 1 - view.mean / (2 * DARK)

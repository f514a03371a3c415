"""Camera health: whether a camera still shows what it was put up to show.

Pure logic for one camera: it is fed with masked frames and says when a fault opens and closes.
A fault is one file and one line in `FAULTS`. Two faults come from elsewhere and share only their
names' pattern: `camera_lost` from the capture, and a wrong camera clock from the clock's keeper.
"""

from __future__ import annotations

from vision.health.camera import FAULTS, CameraHealth, HealthFinding, HealthPhase
from vision.health.step import HealthStep

__all__ = ["FAULTS", "CameraHealth", "HealthFinding", "HealthPhase", "HealthStep"]

"""The pipeline's health step: a camera's faults as incidents, with the picture that shows them."""

from __future__ import annotations

import logging
from collections.abc import Callable

from vision.errors import VisionError
from vision.evidence import draw_evidence
from vision.frames import Frame
from vision.health.camera import CameraHealth, HealthFinding, HealthPhase
from vision.packets import PacketEvidence
from vision.reports import IncidentReport, Phase
from vision.settings import CameraSpec

log = logging.getLogger(__name__)


class HealthStep:
    """Watches the health of one camera and reports what opens and closes.

    Args:
        camera: Its id, name and masks.
        jpeg_quality: Of the evidence, 1..100.
        on_fault: Told once, in a sentence, if watching the health itself breaks; then it is
            switched off, and the camera is watched on.
        packets: Gives what the stream's packets say; None where nobody listens to them.
    """

    def __init__(
        self,
        camera: CameraSpec,
        *,
        jpeg_quality: int,
        on_fault: Callable[[str], None],
        packets: Callable[[], PacketEvidence | None] = lambda: None,
    ) -> None:
        self._packets = packets
        self._camera = camera
        self._quality = jpeg_quality
        self._on_fault = on_fault
        self._health: CameraHealth | None = CameraHealth(camera.privacy_masks)
        self._opened = 0
        self._keys: dict[str, str] = {}

    @property
    def undecided(self) -> bool:
        """More looks would soon tell."""
        return self._health is not None and self._health.undecided

    def look(self, frame: Frame) -> list[IncidentReport]:
        """Consider one frame, masks applied."""
        if self._health is None:
            return []
        try:
            findings = self._health.look(frame, self._packets())
        except Exception:
            # What watches the camera must not blind it; it is named, reported and left out.
            log.exception("health_failed camera=%s", self._camera.id)
            self._health = None
            self._on_fault(
                f"The health of camera {self._camera.name!r} can no longer be judged and is not "
                "watched until the camera is started again. Please report it."
            )
            return []
        return [self._report(finding, frame) for finding in findings]

    def _report(self, finding: HealthFinding, frame: Frame) -> IncidentReport:
        opened = finding.phase is HealthPhase.OPENED
        if opened:
            self._opened += 1
            self._keys[finding.kind] = f"{self._camera.id}.{finding.kind}.{self._opened}"
        return IncidentReport(
            key=self._keys[finding.kind],
            phase=Phase.OPENED if opened else Phase.CLOSED,
            camera=self._camera.id,
            kind=finding.kind,
            zone="",
            zone_name="",
            label=finding.kind,
            score=finding.score,
            count=1,
            dwell_s=round(frame.mono_s - finding.since_s, 3),
            box=(0.0, 0.0, 1.0, 1.0),
            frame_mono_s=frame.mono_s,
            first_mono_s=finding.since_s,
            jpeg=self._evidence(finding, frame) if opened else b"",
        )

    def _evidence(self, finding: HealthFinding, frame: Frame) -> bytes:
        text = f"{finding.kind} {finding.score:.2f} {self._camera.id}"
        whole = (0.0, 0.0, float(frame.width), float(frame.height))
        try:
            return draw_evidence(frame, whole, text, self._quality)
        except VisionError:
            # The incident counts more than its picture.
            log.exception("evidence_failed camera=%s", self._camera.id)
            return b""

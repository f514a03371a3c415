"""The recorders of a worker's cameras and the one writer behind them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vision.errors import RuleError
from vision.masks import Mask
from vision.recording.clip import ClipStore
from vision.recording.recorder import Recorder
from vision.recording.writer import ClipWriter
from vision.reports import ClipReport, IncidentReport, Phase
from vision.settings import WorkerSpec


class ClipDesk:
    """Nothing at all where the settings want no clips.

    Args:
        spec: Cameras, their masks, and where clips go.
        tell: Is told what became of each clip.
    """

    def __init__(self, spec: WorkerSpec, tell: Callable[[ClipReport], None]) -> None:
        self._recorders: dict[str, Recorder] = {}
        self._writer: ClipWriter | None = None
        if not spec.clips.folder:
            return
        masks: dict[str, Mask] = {}
        self._writer = ClipWriter(ClipStore(Path(spec.clips.folder)), masks, tell)
        for camera in spec.cameras:
            if camera.privacy_masks:
                try:
                    masks[camera.id] = Mask(camera.privacy_masks)
                except RuleError:
                    continue  # such a camera is not watched either, and that is told
            self._recorders[camera.id] = Recorder(camera.id, spec.clips, self._writer.take)

    def recorder(self, camera: str) -> Recorder | None:
        """Of one camera; None where nothing is recorded."""
        return self._recorders.get(camera)

    def start(self) -> None:
        if self._writer is not None:
            self._writer.start()

    def take(self, report: IncidentReport) -> None:
        """An incident was reported; its opening is worth a clip."""
        recorder = self._recorders.get(report.camera)
        if recorder is not None and report.phase is Phase.OPENED:
            recorder.want(report.key, report.frame_mono_s)

    def check(self, now_s: float) -> None:
        """About once a second, at monotonic `now_s`."""
        for recorder in self._recorders.values():
            recorder.check(now_s)

    def stop(self) -> None:
        if self._writer is not None:
            self._writer.stop()

"""The seam between the pipeline and whatever recognises objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vision.boxes import Box
from vision.detections import Detections
from vision.frames import Frame


class Detector(Protocol):
    """Finds objects in a frame.

    Called from one thread at a time. Two kinds fit: networks that read the whole frame, and
    classifiers that only judge the regions where something moved or is being followed.
    """

    @property
    def name(self) -> str:
        """What the log and the report call it."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of `vision.detections.LABELS` that it can give."""
        ...

    @property
    def threshold(self) -> float:
        """The score above which it believes itself; a camera may ask for another one."""
        ...

    @property
    def needs_regions(self) -> bool:
        """True: it looks only at `regions`; without any there is nothing to look at."""
        ...

    def detect(self, frame: Frame, regions: Sequence[Box]) -> Detections:
        """Look at one frame.

        Args:
            frame: The picture, masks applied.
            regions: Boxes in pixels where something moved, merged and padded, and the boxes of
                the objects being followed. Whole-frame networks ignore them.

        Returns:
            What was found, also below `threshold` (down to about a third of it: the tracker
            holds an object on weak evidence but never starts one).

        Raises:
            ModelError: The model fails while running.
        """
        ...

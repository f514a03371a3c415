"""What the box sees at one camera, for somebody who looks at its page: only when asked.

The picture is the masked frame, small; nothing else of a frame leaves the worker but evidence.
"""

from __future__ import annotations

from threading import Event, Lock

import cv2

from vision.boxes import Box
from vision.errors import VisionError
from vision.frames import Frame
from vision.reports import SeenObject, SightReport
from vision.restless import COLUMNS, Restlessness
from vision.thumbnails import thumbnail
from vision.tracking import Track

MOST_BYTES = 28 * 1024
MOST_OBJECTS = 32


class Sight:
    """The latest look of one camera, made up for its page when one was asked for.

    `ask` and `take` are called by another thread than `look`.
    """

    def __init__(self, camera: str) -> None:
        self._camera = camera
        self._asked = Event()
        self._picture = False
        self._lock = Lock()
        self._made: SightReport | None = None

    def ask(self, *, picture: bool = True) -> None:
        """The next look is wanted, with its picture or only the numbers."""
        self._picture = self._picture or picture
        self._asked.set()

    def take(self) -> SightReport | None:
        """What was made since the last call, once."""
        with self._lock:
            made, self._made = self._made, None
            return made

    def look(
        self,
        frame: Frame,
        tracks: tuple[Track, ...],
        regions: tuple[Box, ...],
        restless: Restlessness,
    ) -> None:
        """Make one of this look, if it was asked for; pictures cost otherwise nothing."""
        if not self._asked.is_set():
            return
        self._asked.clear()
        picture, self._picture = self._picture, False
        proven = [track for track in tracks if track.proven][:MOST_OBJECTS]
        made = SightReport(
            camera=self._camera,
            mono_s=frame.mono_s,
            width=frame.width,
            height=frame.height,
            objects=tuple(_object(track, frame) for track in proven),
            regions=tuple(_part(box, frame) for box in regions),
            time_in_motion=round(restless.time_in_motion, 4),
            watched_s=round(restless.watched_s, 1),
            columns=COLUMNS,
            shares=restless.shares,
            jpeg=_picture(frame) if picture else b"",
        )
        with self._lock:
            self._made = made


def _object(track: Track, frame: Frame) -> SeenObject:
    return SeenObject(
        label=track.label,
        score=round(track.usual_score, 3),
        box=_part(track.box, frame),
        seen=track.seen,
        lasted_s=round(max(0.0, frame.mono_s - track.first_s), 1),
    )


def _part(box: Box, frame: Frame) -> Box:
    left, top, right, bottom = box
    return (
        round(min(1.0, max(0.0, left / frame.width)), 4),
        round(min(1.0, max(0.0, top / frame.height)), 4),
        round(min(1.0, max(0.0, right / frame.width)), 4),
        round(min(1.0, max(0.0, bottom / frame.height)), 4),
    )


def _picture(frame: Frame) -> bytes:
    done, data = cv2.imencode(".jpg", frame.image, [cv2.IMWRITE_JPEG_QUALITY, 80])
    try:
        return thumbnail(data.tobytes(), most_bytes=MOST_BYTES) if done else b""
    except VisionError:
        return b""

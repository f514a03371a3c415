"""Make an evidence picture small enough for a thin uplink."""

from __future__ import annotations

import cv2
import numpy as np

from vision.errors import VisionError

WIDTHS = (480, 400, 320, 240, 160)
QUALITIES = (75, 60, 45)


def thumbnail(jpeg: bytes, *, most_bytes: int = 24 * 1024) -> bytes:
    """Shrink a JPEG until it is at most `most_bytes`.

    Wider is tried before finer: a monitor wants to see what it is.

    Raises:
        VisionError: The bytes are no picture.
    """
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise VisionError("The evidence picture cannot be read.")
    height, width = picture.shape[:2]
    small = b""
    for wanted in WIDTHS:
        scale = min(1.0, wanted / width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        scaled = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        for quality in QUALITIES:
            done, encoded = cv2.imencode(".jpg", scaled, [cv2.IMWRITE_JPEG_QUALITY, quality])
            small = encoded.tobytes() if done else small
            if small and len(small) <= most_bytes:
                return small
    return small

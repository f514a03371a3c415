"""The picture that goes with an incident: the masked frame with the object's box on it."""

from __future__ import annotations

import cv2

from vision.boxes import Box
from vision.errors import VisionError
from vision.frames import Frame, Image

WIDEST = 1920
COLOUR, INK = (0, 64, 255), (255, 255, 255)


def draw_evidence(frame: Frame, box: Box, text: str, quality: int) -> bytes:
    """A JPEG of the frame, at most 1920 wide, with box and text.

    Args:
        frame: The picture, masks applied.
        box: The object, pixels of the frame.
        text: One short line; what is not ASCII is left out, the drawing font has nothing else.
        quality: JPEG quality, 1..100.

    Raises:
        VisionError: The picture cannot be written as JPEG.
    """
    try:
        return _draw(frame, box, text, quality)
    except cv2.error as error:
        raise VisionError(f"The evidence picture could not be drawn ({error}).") from error


def _draw(frame: Frame, box: Box, text: str, quality: int) -> bytes:
    scale = min(1.0, WIDEST / frame.width)
    image = _copied(frame, scale)
    left, top, right, bottom = (round(value * scale) for value in box)
    thick = max(2, image.shape[0] // 240)
    cv2.rectangle(image, (left, top), (right, bottom), COLOUR, thick)
    _write(image, text.encode("ascii", "ignore").decode(), left, top, thick)
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise VisionError("The evidence picture could not be written as JPEG.")
    return data.tobytes()


def _copied(frame: Frame, scale: float) -> Image:
    if scale == 1.0:
        return frame.image.copy()
    size = (round(frame.width * scale), round(frame.height * scale))
    return cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA).astype("uint8", copy=False)


def _write(image: Image, text: str, left: int, top: int, thick: int) -> None:
    font, height = cv2.FONT_HERSHEY_SIMPLEX, image.shape[0] / 900 + 0.25
    (width, tall), base = cv2.getTextSize(text, font, height, max(1, thick // 2))
    x = max(0, min(left, image.shape[1] - width - 6))
    y = max(tall + base + 4, top)
    cv2.rectangle(image, (x, y - tall - base - 4), (x + width + 6, y), COLOUR, cv2.FILLED)
    cv2.putText(
        image, text, (x + 3, y - base - 1), font, height, INK, max(1, thick // 2), cv2.LINE_AA
    )

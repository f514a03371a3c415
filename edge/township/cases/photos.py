"""Photos from the field: bounded, decoded and encoded anew, so nothing but pixels is kept."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from edge.errors import CaseRefused

LARGEST_BYTES = 2 * 1024 * 1024
LARGEST_SIDE = 12_000
LARGEST_PIXELS = 50_000_000
KEPT_SIDE = 1600
QUALITY = 80

_NO_PHOTO = "This file is no photo that can be read. Send a JPEG or PNG picture."
_TOO_LARGE = "This photo is too large. Send one of at most 2 MB and 50 million pixels."


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo as it is kept: a JPEG of ours without any words inside."""

    jpeg: bytes
    sha256: str


def read_photo(upload: bytes) -> Photo:
    """Make a kept photo out of hostile bytes: at most 1600 pixels a side, upright, no metadata.

    Raises:
        CaseRefused: It is no JPEG or PNG, too large, or broken.
    """
    if len(upload) > LARGEST_BYTES:
        raise CaseRefused(_TOO_LARGE)
    width, height = _size(upload)
    if max(width, height) > LARGEST_SIDE or width * height > LARGEST_PIXELS:
        raise CaseRefused(_TOO_LARGE)
    import cv2  # noqa: PLC0415 - loads slowly, and most townships look at few photos
    import numpy as np  # noqa: PLC0415 - the same

    how = cv2.IMREAD_COLOR
    if max(width, height) >= 4 * KEPT_SIDE:
        how = cv2.IMREAD_REDUCED_COLOR_2
    try:
        # The decoder turns the picture upright by its EXIF before we drop that.
        picture = cv2.imdecode(np.frombuffer(upload, np.uint8), how)
    except cv2.error as error:
        raise CaseRefused(_NO_PHOTO) from error
    if picture is None:
        raise CaseRefused(_NO_PHOTO)
    scale = KEPT_SIDE / max(picture.shape[:2])
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    done, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise CaseRefused(_NO_PHOTO)
    jpeg = encoded.tobytes()
    return Photo(jpeg, hashlib.sha256(jpeg).hexdigest())


def _size(upload: bytes) -> tuple[int, int]:
    """Width and height as the file says, before a byte is decoded."""
    if upload.startswith(b"\x89PNG\r\n\x1a\n") and upload[12:16] == b"IHDR" and len(upload) > 24:
        width, height = struct.unpack(">II", upload[16:24])
    elif upload.startswith(b"\xff\xd8\xff"):
        width, height = _jpeg_size(upload)
    else:
        raise CaseRefused(_NO_PHOTO)
    if not width or not height:
        raise CaseRefused(_NO_PHOTO)
    return width, height


def _jpeg_size(upload: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 < len(upload) and upload[at] == 0xFF:
        marker = upload[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        # SOF0..SOF15 but DHT, JPG and DAC (ITU T.81, table B.1).
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", upload[at + 5 : at + 9])
            return width, height
        (length,) = struct.unpack(">H", upload[at + 2 : at + 4])
        at += 2 + max(2, length)
    raise CaseRefused(_NO_PHOTO)

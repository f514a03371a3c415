"""Output formats of detectors: a new one is a file here and a line below."""

from __future__ import annotations

from vision.detectors.formats import (
    end_to_end,
    fastestdet,
    nanodet,
    nanodet_plus,
    ultralytics,
    yolox,
)
from vision.detectors.formats.format import Format

FORMATS: tuple[Format, ...] = (
    end_to_end.FORMAT,
    ultralytics.FORMAT,
    yolox.FORMAT,
    nanodet_plus.FORMAT,
    nanodet.FORMAT,
    fastestdet.FORMAT,
)
"""In the order in which a graph is compared with them."""

"""One look at a camera's picture, reduced to the few numbers from which its health is judged."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.frames import Frame
from vision.settings import Polygon

WIDTH, HEIGHT = 320, 180
EDGES = (160, 90)
COARSE = (20, 12)
SATURATED = 245
"""From this brightness on a pixel shows nothing but light; 255 is not reached by every encoder."""

LEAST_VISIBLE = 0.2
"""With less of the picture left open by privacy masks, nothing is said about the camera."""

Grey = NDArray[np.uint8]
Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class View:
    """What one look measures; brightness is 0..255 throughout, masked pixels do not count.

    Attributes:
        mono_s: When the frame was captured.
        grey: 180×320 brightness.
        edges: 90×160 strength of edges, 0 at masks; coarse enough not to feel wind and trembling.
        coarse: 12×20 brightness: the rough distribution of light.
        mean, contrast: Mean and standard deviation.
        shadow, highlight: Brightness of the darkest 5 % and of the brightest 1 %.
        detail: Variance of the Laplacian (Pech-Pacheco et al., 2000): fine structure and noise.
        saturated: Share of pixels as bright as they can be.
    """

    mono_s: float
    grey: Grey
    edges: Plane
    coarse: Plane
    mean: float
    contrast: float
    shadow: float
    highlight: float
    detail: float
    saturated: float


class Viewer:
    """Measures frames of one camera.

    Args:
        masks: Its privacy masks, in fractions of the picture: black there means nothing.
    """

    def __init__(self, masks: tuple[Polygon, ...] = ()) -> None:
        covered = np.zeros((HEIGHT, WIDTH), np.uint8)
        for polygon in masks:
            corners = np.round(np.array(polygon) * (WIDTH, HEIGHT)).astype(np.int32)
            cv2.fillPoly(covered, [corners], 1)
        # The border of a mask is the sharpest edge of the picture and never moves.
        wide = cv2.dilate(covered, np.ones((7, 7), np.uint8))
        self._visible = 1 - float(covered.mean())
        self._open: Grey | None = None
        self._open_edges: Grey | None = None
        if masks:
            self._open = np.asarray((1 - wide) * 255, np.uint8)
            small = cv2.resize(wide, EDGES, interpolation=cv2.INTER_AREA)
            self._open_edges = np.asarray((small == 0) * 255, np.uint8)

    @property
    def blind(self) -> bool:
        """The masks leave too little open to judge."""
        return self._visible < LEAST_VISIBLE

    def look(self, frame: Frame) -> View:
        grey = frame.grey(WIDTH, HEIGHT)
        counts = cv2.calcHist([grey], [0], self._open, [256], [0, 256]).ravel()
        shares = np.cumsum(counts / max(float(counts.sum()), 1.0))
        average, deviation = cv2.meanStdDev(grey, mask=self._open)
        fine = cv2.Laplacian(grey, cv2.CV_16S)
        detail = cv2.meanStdDev(fine, mask=self._open)[1]
        return View(
            mono_s=frame.mono_s,
            grey=grey,
            edges=self._edges(grey),
            coarse=cv2.resize(grey, COARSE, interpolation=cv2.INTER_AREA).astype(np.float32),
            mean=float(average[0, 0]),
            contrast=float(deviation[0, 0]),
            shadow=float(np.searchsorted(shares, 0.05)),
            highlight=float(np.searchsorted(shares, 0.99)),
            detail=float(detail[0, 0]) ** 2,
            saturated=1 - float(shares[SATURATED - 1]),
        )

    def _edges(self, grey: Grey) -> Plane:
        half = cv2.resize(grey, EDGES, interpolation=cv2.INTER_AREA)
        across = cv2.Sobel(half, cv2.CV_32F, 1, 0)
        edges = cv2.magnitude(across, cv2.Sobel(half, cv2.CV_32F, 0, 1))
        if self._open_edges is not None:
            edges[self._open_edges == 0] = 0
        return np.asarray(edges, np.float32)


def likeness(first: Plane, second: Plane) -> float:
    """Normalised cross-correlation, -1..1; 0 where either is flat."""
    a, b = (first - first.mean()).ravel(), (second - second.mean()).ravel()
    size = float(np.sqrt(np.dot(a, a) * np.dot(b, b)))
    return float(np.dot(a, b)) / size if size > 1e-6 else 0.0

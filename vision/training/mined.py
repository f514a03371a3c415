"""Pieces that are hard: what has the colour of flames, and what a half-trained network misreads.

Only training pictures are searched. What a network is most sure of is left out: there it is mostly
right, and the label was forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from vision.detectors.crops import square_patch
from vision.flames import flame_places
from vision.training.data import (
    BACKGROUND,
    CONTEXT,
    FIRE,
    STORED_PX,
    Boxes,
    LabelledImage,
    Pieces,
    background_weight,
    covered,
    empty_squares,
    shown,
)

INSIDE = 0.6
"""A flame-coloured place that lies so far within labelled fire shows fire."""

LEAST_WARMTH = 45.0
"""Red over blue, grey levels, in the mean: what is white through and through teaches nothing."""

LEAST_PX = 10
PLACES = 2
"""Places taken from one box, or from the rest of a picture."""

LIKELY_FORGOTTEN = 0.04
"""Share of the surest mistakes that is left out."""

Read = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]
"""From (n, 3, 64, 64) RGB in 0..1 to the probability that it is background, (n,)."""


def flame_pieces(images: Sequence[LabelledImage]) -> Pieces:
    """What has the colour of flames: fire inside labelled fire, background elsewhere.

    Places that touch labelled fire without lying in it are left out, and so are other objects.
    """
    rows: list[tuple[npt.NDArray[np.uint8], int, float, float]] = []
    for image in images:
        picture = image.read()
        height, width = picture.shape[:2]
        places = np.array(flame_places(picture[..., ::-1], 12), np.float32).reshape(-1, 4)
        sides = np.maximum(places[:, 2] - places[:, 0], places[:, 3] - places[:, 1])
        objects = image.boxes[:, 1:5] * np.array([width, height, width, height], np.float32)
        fires = objects[image.boxes[:, 0] == FIRE - 1]
        taken = {FIRE: 0, BACKGROUND: 0}
        for place in places[sides >= LEAST_PX]:
            label = _shows(place, fires, objects)
            if label is None or taken[label] >= PLACES:
                continue
            if label == FIRE and _warmth(picture, place) < LEAST_WARMTH:
                continue
            taken[label] += 1
            piece = square_patch(picture, place, margin=CONTEXT, size=STORED_PX)
            rows.append((piece, label, CONTEXT, 0.7 if label == FIRE else 1.0))
    return _pieces(rows)


def _shows(place: Boxes, fires: Boxes, objects: Boxes) -> int | None:
    within = float(covered(place, fires).max(initial=0.0))
    if within >= INSIDE:
        return FIRE
    # Fire light falls on what is around it, and its piece would show the fire: neither of both.
    near = covered(_grown(place[None])[0], _grown(fires)).max(initial=0.0) > 0
    if near or covered(place, objects).max(initial=0.0) > 0.2:
        return None
    return BACKGROUND


def _warmth(picture: npt.NDArray[np.uint8], place: Boxes) -> float:
    left, top, right, bottom = (round(float(v)) for v in place)
    means = picture[top : bottom + 1, left : right + 1].reshape(-1, 3).mean(axis=0)
    return float(means[0] - means[2])


def _grown(boxes: Boxes) -> Boxes:
    sides = boxes[:, 2:] - boxes[:, :2]
    return np.concatenate([boxes[:, :2] - sides / 2, boxes[:, 2:] + sides / 2], axis=1)


def misread_backgrounds(
    images: Sequence[LabelledImage],
    read: Read,
    chance: np.random.Generator,
    *,
    each: int,
    most: int,
) -> Pieces:
    """The random squares without an object that a network takes for something, surest first.

    Args:
        images: Training pictures.
        read: The network as it is now.
        chance: Where to look.
        each: Squares looked at in one picture.
        most: Pieces to keep.
    """
    kept: list[tuple[float, npt.NDArray[np.uint8]]] = []
    waiting: list[npt.NDArray[np.uint8]] = []

    def judge() -> None:
        small = np.stack([cv2.resize(p, (64, 64), interpolation=cv2.INTER_AREA) for p in waiting])
        batch = np.ascontiguousarray(small.transpose(0, 3, 1, 2), np.float32) / np.float32(255)
        doubts = 1 - read(batch)
        kept.extend(
            (float(doubt), piece)
            for doubt, piece in zip(doubts, waiting, strict=True)
            if doubt > 0.25
        )
        waiting.clear()

    for image in images:
        picture = image.read()
        height, width = picture.shape[:2]
        boxes = image.boxes.copy()
        boxes[:, 1:5] *= np.array([width, height, width, height], np.float32)
        waiting.extend(
            square_patch(picture, square, margin=1.0, size=STORED_PX)
            for square in empty_squares(boxes, (width, height), chance, each)
            if shown(square, boxes[:, 1:5]).sum() == 0
        )
        if len(waiting) >= 512:
            judge()
    if waiting:
        judge()
    kept.sort(key=lambda row: -row[0])
    chosen = kept[round(LIKELY_FORGOTTEN * len(kept)) :][:most]
    return _pieces([(p, BACKGROUND, 1.0, 1.3 * background_weight(p)) for _, p in chosen])


def _pieces(rows: Sequence[tuple[npt.NDArray[np.uint8], int, float, float]]) -> Pieces:
    empty = np.zeros((0, STORED_PX, STORED_PX, 3), np.uint8)
    return Pieces(
        np.stack([row[0] for row in rows]) if rows else empty,
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.float32),
        np.array([row[3] for row in rows], np.float64),
    )

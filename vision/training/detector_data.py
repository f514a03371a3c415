"""Training pictures of the box detector: decoded once, and what in them counts, is ignored, is not.

A box that a person drew is right. A box that teachers saw is right if they are sure, and neither
object nor background if they are not. A class that nobody looked for in a set (smoke in the
indoor fires) is ignored in the whole picture.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from vision.training.data import LabelledImage, Rgb, read_sets

PERSON, VEHICLE, TWO_WHEELER, FIRE, SMOKE = range(5)
NAMES = ("person", "vehicle", "two-wheeler", "fire", "smoke")

LONGEST_PX = 352
"""Pictures are kept at most this large."""

SURE, DOUBTFUL = 0.30, 0.15
"""Teacher scores from which a box is an object, and from which it is at least no background. By
looking, most "people" below are flames, chairs and painted figures, to be learnt as such."""

SURE_IN = {"cctv_fire": 0.20}
"""The same where people are dark shapes in smoke, which teachers see less surely."""

BAR = 14
"""Rows and columns darker than this at the edge are the bars of a padded picture."""

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture to learn from.

    Attributes:
        pixels: RGB.
        boxes: (n, 6) class, left, top, right, bottom in pixels, weight; weight 0: to be ignored.
    """

    group: str
    pixels: Rgb
    boxes: Array

    @property
    def people(self) -> int:
        """How many sure people it shows."""
        return int(((self.boxes[:, 0] == PERSON) & (self.boxes[:, 5] > 0)).sum())


def read_scenes(
    folder: Path, teachers: Sequence[Path] = (), *, held_out: bool = False
) -> list[Scene]:
    """Decode every picture of the sets.

    Args:
        folder: The data folder.
        teachers: Files of `detector_teachers`; without them the scores in the labels are used.
        held_out: Only the pictures that training must not see, instead of all others.
    """
    seen = read_teachers(teachers)
    return [
        scene(image, seen.get((image.group, image.path.stem)))
        for image in read_sets(folder)
        if image.held_out == held_out
    ]


def read_teachers(files: Sequence[Path]) -> dict[tuple[str, str], Array]:
    """What the teachers agreed on, by set and name of the picture."""
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    rows = [json.loads(line) for line in lines]
    return {(g, name): np.array(boxes, np.float32).reshape(-1, 6) for g, name, boxes in rows}


def scene(image: LabelledImage, seen: Array | None) -> Scene:
    """One picture without its bars, at its training size, with its boxes judged."""
    picture = image.read()
    height, width = picture.shape[:2]
    boxes = judged(image.group, image.boxes, seen)
    boxes[:, 1:5] *= np.array([width, height, width, height], np.float32)
    left, top, right, bottom = inner(picture)
    picture = picture[top:bottom, left:right]
    boxes[:, 1:5] -= np.array([left, top, left, top], np.float32)
    scale = min(1.0, LONGEST_PX / max(picture.shape[:2]))
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    boxes[:, 1:5] *= scale
    boxes[:, 1:5:2] = np.clip(boxes[:, 1:5:2], 0, size[0])
    boxes[:, 2:5:2] = np.clip(boxes[:, 2:5:2], 0, size[1])
    if image.group == "indoor_fire":
        whole = np.array([[SMOKE, 0, 0, size[0], size[1], 0]], np.float32)
        boxes = np.concatenate([boxes, whole])
    return Scene(image.group, small, boxes)


def inner(picture: Rgb) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is not a dark bar; everything if hardly anything is."""
    bright = picture.max(axis=2)
    rows = np.flatnonzero((bright > BAR).mean(axis=1) > 0.1)
    columns = np.flatnonzero((bright > BAR).mean(axis=0) > 0.1)
    height, width = bright.shape
    if not len(rows) or not len(columns):
        return 0, 0, width, height
    found = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    if (found[2] - found[0]) < width / 3 or (found[3] - found[1]) < height / 3:
        return 0, 0, width, height
    return found


def judged(group: str, labelled: Array, seen: Array | None) -> Array:
    """Boxes with their class and a weight: 1 drawn by a person, 0 to be ignored."""
    drawn = labelled[labelled[:, 5] > 0.999].copy()
    guessed = (seen if seen is not None else labelled[labelled[:, 5] <= 0.999]).copy()
    guessed = guessed[(guessed[:, 5] >= DOUBTFUL) & (guessed[:, 0] < FIRE)]
    kept, least = [drawn], SURE_IN.get(group, SURE)
    for row in guessed:
        same = drawn[drawn[:, 0] == row[0]]
        inside, around = _shares(row[1:5], same[:, 1:5])
        if (np.minimum(inside, around) > 0.5).any() or (inside > 0.85).any():
            continue
        sure = row[5] >= least
        flames = drawn[drawn[:, 0] == FIRE]
        if sure and len(flames) and _shares(row[1:5], flames[:, 1:5])[0].max() > 0.3:
            sure = False
        if group == "village_road" and row[0] != PERSON and sure and (around > 0.6).any():
            sure = False
        one = row.copy()
        one[5] = min(1.0, 0.4 + 2 * (float(row[5]) - least)) if sure else 0.0
        kept.append(one[None])
    return np.concatenate(kept).astype(np.float32)


def _shares(box: Array, others: Array) -> tuple[Array, Array]:
    """Which share of `box` each of the others covers, and which of each `box` covers."""
    across = np.minimum(box[2], others[:, 2]) - np.maximum(box[0], others[:, 0])
    down = np.minimum(box[3], others[:, 3]) - np.maximum(box[1], others[:, 1])
    common = np.clip(across, 0, None) * np.clip(down, 0, None)
    own = max(float((box[2] - box[0]) * (box[3] - box[1])), 1e-9)
    size = np.maximum((others[:, 2] - others[:, 0]) * (others[:, 3] - others[:, 1]), 1e-9)
    return common / own, common / size


def draw_chances(scenes: Sequence[Scene], shares: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """How often to show each scene: sets by their share, pictures with people more often."""
    chances = np.array([1.0 + min(3, one.people) for one in scenes], np.float64)
    groups = np.array([one.group for one in scenes])
    for group, share in shares.items():
        chances[groups == group] *= share / max(chances[groups == group].sum(), 1e-9)
    return chances / chances.sum()

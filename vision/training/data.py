"""Labelled images and what a training script cuts out of them.

A data folder holds sets (`village_road/`, …), each with `images/*.jpg` and `labels/*.txt`; a line
of a label file is `class x_centre y_centre width height score`, relative to the picture. Score 1
means that a person drew the box, less that a teacher network saw it with that score. Everything
here is deterministic: files are read in the order of their names and chance comes in as an
argument. A patch classifier and a box detector can both start from `read_sets`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from vision.detectors.crops import square_patch

CLASSES = ("background", "person", "vehicle", "two-wheeler", "fire", "smoke")
BACKGROUND, PERSON, VEHICLE, TWO_WHEELER, FIRE, SMOKE = range(6)

HELD_OUT_EVERY = 20
"""One picture in so many is kept out of training, to watch it."""

TEACHER_SURE = {"village_road": 0.55, "indoor_fire": 0.6}
"""From which score on the teacher is right often enough, by looking; 0.5 in the other sets."""

CONTEXT = 2.0
"""A stored object is this many times as wide as the object, so that jitter has room."""

STORED_PX = 96
"""Side of a stored piece of picture, before jitter cuts the network's input out of it."""

Rgb = npt.NDArray[np.uint8]
Boxes = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One picture and what is in it.

    Attributes:
        group: Name of its set.
        boxes: (n, 6) class as in the label file, left, top, right, bottom in 0..1, score.
    """

    path: Path
    group: str
    boxes: Boxes

    @property
    def held_out(self) -> bool:
        """Whether training must not see it."""
        return int(self.path.stem) % HELD_OUT_EVERY == 0

    def read(self) -> Rgb:
        """The pixels, RGB."""
        picture = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        if picture is None:
            raise FileNotFoundError(self.path)
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Stored pieces of pictures, ready to be jittered.

    Attributes:
        pixels: (n, STORED_PX, STORED_PX, 3) RGB.
        labels: (n,) index into `CLASSES`.
        context: (n,) side of the piece over the longer side of what it shows; 1 for background.
        weights: (n,) how often to draw it, relative to others of its class.
    """

    pixels: Rgb
    labels: npt.NDArray[np.int64]
    context: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float64]

    def joined(self, other: Pieces) -> Pieces:
        """Both, one after the other."""
        return Pieces(
            np.concatenate([self.pixels, other.pixels]),
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.context, other.context]),
            np.concatenate([self.weights, other.weights]),
        )


def read_sets(folder: Path) -> list[LabelledImage]:
    """Every labelled picture below a data folder, in the order of names."""
    found: list[LabelledImage] = []
    for group in sorted(p for p in folder.iterdir() if (p / "labels").is_dir()):
        for label_file in sorted((group / "labels").glob("*.txt")):
            picture = group / "images" / f"{label_file.stem}.jpg"
            if picture.is_file():
                found.append(LabelledImage(picture, group.name, read_boxes(label_file)))
    if not found:
        raise FileNotFoundError(f"No labelled pictures below {folder}.")
    return found


def read_boxes(label_file: Path) -> Boxes:
    """The boxes of one label file as (n, 6): class, left, top, right, bottom, score."""
    rows = [line.split() for line in label_file.read_text().splitlines() if line.strip()]
    if not rows:
        return np.zeros((0, 6), np.float32)
    raw = np.array([[float(v) for v in row] for row in rows], np.float32)
    centre, size = raw[:, 1:3], raw[:, 3:5]
    corners = np.concatenate([centre - size / 2, centre + size / 2], axis=1)
    return np.concatenate([raw[:, :1], corners, raw[:, 5:6]], axis=1).astype(np.float32)


def cut_pieces(
    images: Sequence[LabelledImage], chance: np.random.Generator, *, backgrounds: int = 4
) -> Pieces:
    """Cut objects and, from each picture, some random background out of labelled pictures."""
    pixels, labels, context, weights = [], [], [], []
    for image in images:
        picture = image.read()
        height, width = picture.shape[:2]
        boxes = image.boxes.copy()
        boxes[:, 1:5] *= np.array([width, height, width, height], np.float32)
        for label, box, weight in wanted_objects(image.group, boxes):
            pixels.append(square_patch(picture, box, margin=CONTEXT, size=STORED_PX))
            labels.append(label)
            context.append(CONTEXT)
            weights.append(weight)
        for box in empty_squares(boxes, (width, height), chance, backgrounds):
            piece = square_patch(picture, box, margin=1.0, size=STORED_PX)
            pixels.append(piece)
            labels.append(BACKGROUND)
            context.append(1.0)
            weights.append(background_weight(piece))
    return Pieces(
        np.stack(pixels),
        np.array(labels, np.int64),
        np.array(context, np.float32),
        np.array(weights, np.float64),
    )


def wanted_objects(group: str, boxes: Boxes) -> Iterator[tuple[int, Boxes, float]]:
    """The boxes worth learning from: class in `CLASSES`, corners in pixels, weight.

    A teacher's doubtful boxes are neither objects nor background: looked at, most "people" below
    its sure score are wheels, signs and flames. A person on a two-wheeler moves as one thing with
    it, so it is no example of a person.
    """
    sure = TEACHER_SURE.get(group, 0.5)
    riders = boxes[boxes[:, 0] == 2]
    flames = boxes[boxes[:, 0] == 3]
    for row in boxes:
        label, box, score = int(row[0]) + 1, row[1:5], float(row[5])
        longer = max(box[2] - box[0], box[3] - box[1])
        if score < sure or longer < (24 if group != "city_traffic" else 18):
            continue
        if label == PERSON and covered(box, riders[:, 1:5]).max(initial=0.0) > 0.3:
            continue
        if label < FIRE and covered(box, flames[:, 1:5]).max(initial=0.0) > 0.2:
            continue
        if label == PERSON and box[3] - box[1] < 1.1 * (box[2] - box[0]) and score < 0.999:
            continue
        weight = 1.0 if score > 0.999 else 0.3 + score
        if group == "city_traffic" and label == VEHICLE:
            weight *= 0.5
        yield label, box, weight


def empty_squares(
    boxes: Boxes, size: tuple[int, int], chance: np.random.Generator, count: int
) -> Iterator[Boxes]:
    """Random squares that show no object, not even a doubtful one."""
    width, height = size
    for _ in range(count):
        for _attempt in range(8):
            side = float(np.exp(chance.uniform(np.log(28), np.log(0.6 * min(width, height)))))
            left = float(chance.uniform(-0.1 * side, width - 0.9 * side))
            top = float(chance.uniform(-0.1 * side, height - 0.9 * side))
            square = np.array([left, top, left + side, top + side], np.float32)
            if shown(square, boxes[:, 1:5]).sum() <= 0.06:
                yield square
                break


def covered(box: Boxes, others: Boxes) -> Boxes:
    """Which share of `box` each of the others covers."""
    return _overlap(box, others) / max(float((box[2] - box[0]) * (box[3] - box[1])), 1e-6)


def shown(square: Boxes, objects: Boxes) -> Boxes:
    """Which share of a square each object fills."""
    own = float((square[2] - square[0]) * (square[3] - square[1]))
    return _overlap(square, objects) / own


def _overlap(box: Boxes, others: Boxes) -> Boxes:
    across = np.minimum(box[2], others[:, 2]) - np.maximum(box[0], others[:, 0])
    down = np.minimum(box[3], others[:, 3]) - np.maximum(box[1], others[:, 1])
    result: Boxes = np.clip(across, 0, None) * np.clip(down, 0, None)
    return result


def background_weight(piece: Rgb) -> float:
    """Leaves and busy texture move in the wind, flat sky hardly ever: draw the former more."""
    small = piece[::2, ::2].astype(np.float32)
    green = float(np.mean(2 * small[..., 1] - small[..., 0] - small[..., 2]))
    busy = float(small.mean(axis=2).std())
    return float(np.clip(0.3 + busy / 60.0 + max(green, 0.0) / 40.0, 0.3, 2.0))


def made_up_backgrounds(count: int, chance: np.random.Generator) -> Pieces:
    """Drawn negatives: leaves, stripes, bottles, boxes, windows and glare on plain grounds."""
    pixels = np.stack([_made_up(chance) for _ in range(count)])
    return Pieces(
        pixels,
        np.full(count, BACKGROUND, np.int64),
        np.ones(count, np.float32),
        np.ones(count, np.float64),
    )


def _colour(chance: np.random.Generator) -> tuple[float, ...]:
    return tuple(float(v) for v in chance.uniform(15, 240, 3))


def _made_up(chance: np.random.Generator) -> Rgb:
    side = STORED_PX
    ramp = np.linspace(0, 1, side, dtype=np.float32)[:, None, None]
    low, high = (np.array(_colour(chance), np.float32) for _ in range(2))
    ground = low + ramp * (high - low) * chance.uniform(0, 1)
    canvas = np.ascontiguousarray(np.broadcast_to(ground, (side, side, 3)).astype(np.float32))
    if chance.random() < 0.5:
        canvas = np.ascontiguousarray(canvas.transpose(1, 0, 2))
    kind = chance.integers(6)
    if kind == 0:
        _leaves(canvas, chance)
    elif kind == 1:
        for _ in range(int(chance.integers(1, 7))):
            x = int(chance.integers(0, side))
            cv2.line(
                canvas,
                (x, 0),
                (x + int(chance.integers(-30, 30)), side),
                _colour(chance),
                int(chance.integers(1, 12)),
            )
    elif kind == 2:
        _bottle(canvas, chance)
    elif kind == 3:
        for _ in range(int(chance.integers(1, 5))):
            a, b = chance.integers(-10, side, 2), chance.integers(8, 70, 2)
            cv2.rectangle(
                canvas,
                (int(a[0]), int(a[1])),
                (int(a[0] + b[0]), int(a[1] + b[1])),
                _colour(chance),
                -1,
            )
    elif kind == 4:
        _windows(canvas, chance)
    else:
        centre = tuple(int(v) for v in chance.integers(0, side, 2))
        cv2.circle(canvas, centre, int(chance.integers(4, 40)), _colour(chance), -1)
        canvas = cv2.GaussianBlur(canvas, (0, 0), float(chance.uniform(2, 14)))
    canvas += chance.normal(0, chance.uniform(0, 9), canvas.shape).astype(np.float32)
    coarse = chance.normal(0, chance.uniform(0, 25), (12, 12, 1)).astype(np.float32)
    canvas += cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)[..., None]
    return np.clip(canvas, 0, 255).astype(np.uint8)


def _leaves(canvas: npt.NDArray[np.float32], chance: np.random.Generator) -> None:
    side = canvas.shape[0]
    for _ in range(int(chance.integers(60, 260))):
        where = tuple(int(v) for v in chance.integers(0, side, 2))
        axes = (int(chance.integers(2, 9)), int(chance.integers(1, 4)))
        shade = float(chance.uniform(20, 190))
        tint = (shade * chance.uniform(0.5, 0.95), shade, shade * chance.uniform(0.25, 0.7))
        cv2.ellipse(canvas, where, axes, float(chance.uniform(0, 180)), 0, 360, tint, -1)


def _bottle(canvas: npt.NDArray[np.float32], chance: np.random.Generator) -> None:
    side = canvas.shape[0]
    for _ in range(int(chance.integers(1, 4))):
        x, half = int(chance.integers(10, side - 10)), int(chance.integers(5, 18))
        top, bottom = int(chance.integers(5, 35)), int(chance.integers(55, side))
        shoulder, neck = top + (bottom - top) // 4, max(2, half // 3)
        body = _colour(chance)
        cv2.rectangle(canvas, (x - half, shoulder), (x + half, bottom), body, -1)
        cv2.ellipse(canvas, (x, shoulder), (half, half // 2 + 1), 0, 180, 360, body, -1)
        cv2.rectangle(canvas, (x - neck, top), (x + neck, shoulder), body, -1)
        cv2.line(canvas, (x - half // 2, shoulder), (x - half // 2, bottom), _colour(chance), 2)


def _windows(canvas: npt.NDArray[np.float32], chance: np.random.Generator) -> None:
    """The front of a house: panes between bars, sometimes lit from inside, under a gable."""
    side = canvas.shape[0]
    frame, pane = float(chance.uniform(120, 245)), float(chance.uniform(10, 90))
    lit = chance.random() < 0.3
    across, down = int(chance.integers(1, 5)), int(chance.integers(1, 5))
    left, top = (int(v) for v in chance.integers(-20, 30, 2))
    wide, tall = int(chance.integers(12, 40)), int(chance.integers(14, 44))
    bar = int(chance.integers(2, 8))
    glow = (255.0, float(chance.uniform(120, 200)), float(chance.uniform(40, 110)))
    for row in range(down):
        for column in range(across):
            x, y = left + column * (wide + bar), top + row * (tall + bar)
            around = (x - bar, y - bar), (x + wide + bar, y + tall + bar)
            cv2.rectangle(canvas, *around, (frame, frame, frame), -1)
    for row in range(down):
        for column in range(across):
            x, y = left + column * (wide + bar), top + row * (tall + bar)
            tint = glow if lit and chance.random() < 0.5 else (pane, pane, pane * 1.1)
            cv2.rectangle(canvas, (x, y), (x + wide, y + tall), tint, -1)
    if chance.random() < 0.4:
        peak = int(chance.integers(10, side - 10))
        roof = np.array(
            [(peak - 60, 40), (peak, -10), (peak + 60, 40), (peak + 60, -60), (peak - 60, -60)]
        )
        cv2.fillPoly(canvas, [roof.astype(np.int32)], _colour(chance))

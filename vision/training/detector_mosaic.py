"""Makes training pictures out of scenes: several at once, far away, pasted people, bad cameras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from vision.training.data import Rgb
from vision.training.detector_data import FIRE, PERSON, SMOKE, TWO_WHEELER, Array, Scene

CANVASES = ((256, 256), (224, 320), (192, 352), (256, 320), (288, 256))
"""Heights and widths to train at; one is chosen for each batch."""

LEAST_PX = 7.0
"""An object whose longer side is less teaches nothing; it is ignored."""

CLOSE, LEAST_CLOSE_PX, MOST_ZOOM = 0.35, 60, 3.0
"""How often a scene with people is shown so that one of them is near the camera, who is large
enough for that, and the largest zoom."""


@dataclass(frozen=True, slots=True)
class Stock:
    """Everything that pictures are made of.

    Attributes:
        chances: How often each scene is drawn.
        empty: Pictures without any object.
        cutouts: Pieces of scenes around one object: pixels, class, its box (4,) in the piece.
    """

    scenes: Sequence[Scene]
    chances: npt.NDArray[np.float64]
    empty: Sequence[Rgb]
    cutouts: Sequence[tuple[Rgb, int, Array]]


def cut_out(scenes: Sequence[Scene]) -> list[tuple[Rgb, int, Array]]:
    """Sure people and two-wheelers with a little of what is around them."""
    found = []
    for one in scenes:
        height, width = one.pixels.shape[:2]
        for row in one.boxes:
            label, box, tall = int(row[0]), row[1:5], float(row[4] - row[2])
            if label not in (PERSON, TWO_WHEELER) or row[5] < 0.7 or tall < 28:
                continue
            wide = float(box[2] - box[0])
            if label == PERSON and not 0.2 < wide / tall < 0.8:
                continue
            rim = 0.12 * max(wide, tall)
            left, top = max(0, int(box[0] - rim)), max(0, int(box[1] - rim))
            right, bottom = min(width, int(box[2] + rim)), min(height, int(box[3] + rim))
            piece = one.pixels[top:bottom, left:right].copy()
            inside = box - np.array([left, top, left, top], np.float32)
            found.append((piece, label, inside.astype(np.float32)))
    return found


def make_batch(
    stock: Stock, size: int, chance: np.random.Generator, *, calm: bool
) -> tuple[npt.NDArray[np.uint8], list[Array]]:
    """(size, 3, height, width) RGB bytes, and each picture's boxes as in `Scene`.

    Args:
        stock: What to choose from.
        size: Pictures of the batch.
        chance: All randomness.
        calm: Without mosaics of many tiles, as at the end of training.
    """
    height, width = CANVASES[int(chance.integers(len(CANVASES)))]
    pictures = np.empty((size, 3, height, width), np.uint8)
    boxes = []
    for row in range(size):
        picture, found = make_picture(stock, (height, width), chance, calm=calm)
        pictures[row] = picture.transpose(2, 0, 1)
        boxes.append(found)
    return pictures, boxes


def make_picture(
    stock: Stock, size: tuple[int, int], chance: np.random.Generator, *, calm: bool
) -> tuple[Rgb, Array]:
    """One training picture and its boxes."""
    dice = chance.random()
    canvas = _ground(stock, size, chance)
    boxes: list[Array] = []
    if dice < (0.5 if calm else 0.25):
        _place(canvas, boxes, stock, (0, 0, size[1], size[0]), chance, alone=True)
    else:
        cells = _cells(size, chance, many=dice > 0.88 and not calm)
        for cell in cells:
            _place(canvas, boxes, stock, cell, chance, alone=False)
    together = np.concatenate([np.zeros((0, 6), np.float32), *boxes])
    if chance.random() < 0.4:
        together = _paste(canvas, together, stock, chance)
    if chance.random() < 0.5:
        canvas = np.ascontiguousarray(canvas[:, ::-1])
        together[:, [1, 3]] = size[1] - together[:, [3, 1]]
    together = _shrink_to_view(together, size)
    return camera(canvas, chance), together


def _ground(stock: Stock, size: tuple[int, int], chance: np.random.Generator) -> Rgb:
    if chance.random() < 0.4:
        return np.full((*size, 3), chance.choice([0, 114, 114, 128]), np.uint8)
    empty = stock.empty[int(chance.integers(len(stock.empty)))]
    return np.asarray(cv2.resize(empty, (size[1], size[0])), np.uint8)


def _cells(
    size: tuple[int, int], chance: np.random.Generator, *, many: bool
) -> list[tuple[int, int, int, int]]:
    """Left, top, right, bottom of two by two or three by three cells."""
    cuts = []
    for length in (size[1], size[0]):
        if many:
            inner = [chance.uniform(0.22, 0.44), chance.uniform(0.56, 0.78)]
        else:
            inner = [chance.uniform(0.25, 0.75)]
        cuts.append([0, *(round(length * share) for share in inner), length])
    across, down = cuts
    return [
        (across[i], down[j], across[i + 1], down[j + 1])
        for j in range(len(down) - 1)
        for i in range(len(across) - 1)
    ]


def _place(
    canvas: Rgb,
    boxes: list[Array],
    stock: Stock,
    cell: tuple[int, int, int, int],
    chance: np.random.Generator,
    *,
    alone: bool,
) -> None:
    """Put one scene into a cell, scaled and shifted by chance."""
    left, top, right, bottom = cell
    wide, tall = right - left, bottom - top
    if wide < 16 or tall < 16:
        return
    if chance.random() < 0.07:
        empty = stock.empty[int(chance.integers(len(stock.empty)))]
        canvas[top:bottom, left:right] = cv2.resize(empty, (wide, tall))
        return
    one = stock.scenes[int(chance.choice(len(stock.scenes), p=stock.chances))]
    height, width = one.pixels.shape[:2]
    fit = min(wide / width, tall / height) if alone else max(wide / width, tall / height)
    zoom = fit * float(np.exp(chance.uniform(np.log(0.45), np.log(1.7))))
    close = _someone_close(one, (wide, tall), chance) if chance.random() < CLOSE else None
    if close is not None:
        zoom = close[0]
    stretch = float(np.exp(chance.uniform(-0.22, 0.22)))
    step = np.array([zoom * stretch, zoom / stretch], np.float32)
    slack = np.array([wide, tall]) - np.array([width, height]) * step
    low, high = np.minimum(slack, 0), np.maximum(slack, 0)
    shift = chance.uniform(low, high).astype(np.float32)
    if close is not None:
        aim = np.array([wide, tall]) * chance.uniform(0.3, 0.7, 2) - close[1] * step
        shift = aim.astype(np.float32)
    upside = close is None and one.group == "city_traffic" and chance.random() < 0.3
    pixels, found = one.pixels, one.boxes.copy()
    if upside:
        pixels = pixels[::-1]
        found[:, [2, 4]] = height - found[:, [4, 2]]
    if step.max() < 0.6:
        # Far below the stored size only averaging keeps what a camera would see.
        size = (max(2, round(width * step[0])), max(2, round(height * step[1])))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        scaled = np.array([size[0] / width, size[1] / height], np.float32)
        rest = step / scaled
    else:
        rest = step
    matrix = np.array([[rest[0], 0, shift[0]], [0, rest[1], shift[1]]], np.float32)
    part = np.ascontiguousarray(canvas[top:bottom, left:right])
    cv2.warpAffine(
        np.ascontiguousarray(pixels),
        matrix,
        (wide, tall),
        dst=part,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_TRANSPARENT,
    )
    canvas[top:bottom, left:right] = part
    found[:, 1:5] = found[:, 1:5] * np.tile(step, 2) + np.tile(shift, 2)
    found = _clipped(found, (0, 0, wide, tall))
    found[:, 1:5] += np.array([left, top, left, top], np.float32)
    boxes.append(found)


def _someone_close(
    one: Scene, cell: tuple[int, int], chance: np.random.Generator
) -> tuple[float, npt.NDArray[np.float32]] | None:
    """A zoom that lets one person fill much of the cell, and the person's middle."""
    people = one.boxes[(one.boxes[:, 0] == PERSON) & (one.boxes[:, 5] > 0.5)]
    people = people[people[:, 4] - people[:, 2] >= LEAST_CLOSE_PX]
    if not len(people):
        return None
    box = people[int(chance.integers(len(people))), 1:5]
    zoom = cell[1] * chance.uniform(0.4, 1.0) / float(box[3] - box[1])
    return float(min(zoom, MOST_ZOOM)), (box[:2] + box[2:]) / 2


def _clipped(boxes: Array, view: tuple[float, float, float, float]) -> Array:
    """Boxes cut to a view; those of which too little is left are ignored, or gone."""
    area = (boxes[:, 3] - boxes[:, 1]) * (boxes[:, 4] - boxes[:, 2])
    out = boxes.copy()
    out[:, 1:5:2] = np.clip(out[:, 1:5:2], view[0], view[2])
    out[:, 2:5:2] = np.clip(out[:, 2:5:2], view[1], view[3])
    left = (out[:, 3] - out[:, 1]) * (out[:, 4] - out[:, 2])
    share = left / np.maximum(area, 1e-6)
    loose = (out[:, 0] == FIRE) | (out[:, 0] == SMOKE)
    out[(share < 0.35) & ~loose, 5] = 0
    return out[left > 4]


def _shrink_to_view(boxes: Array, size: tuple[int, int]) -> Array:
    out = _clipped(boxes, (0, 0, size[1], size[0]))
    sides = np.stack([out[:, 3] - out[:, 1], out[:, 4] - out[:, 2]], 1)
    out[(sides.max(1) < LEAST_PX) | (sides.min(1) < 2.5), 5] = 0
    return out


def _paste(canvas: Rgb, boxes: Array, stock: Stock, chance: np.random.Generator) -> Array:
    """Put some small people on the picture, and pieces of nothing in the same way."""
    height, width = canvas.shape[:2]
    added = []
    for _ in range(int(chance.integers(1, 6))):
        real = chance.random() < 0.65
        if real:
            pick = int(chance.integers(len(stock.cutouts)))
            piece, label, inside = stock.cutouts[pick]
        else:
            piece, label, inside = _nothing(stock, chance), -1, np.zeros(4, np.float32)
        tall = float(np.exp(chance.uniform(np.log(14), np.log(220))))
        zoom = tall / piece.shape[0]
        size = (max(4, round(piece.shape[1] * zoom)), max(4, round(tall)))
        if size[0] >= width - 2 or size[1] >= height - 2:
            continue
        left = int(chance.integers(0, width - size[0]))
        top = int(chance.integers(0, height - size[1]))
        box = np.array([left, top, left + size[0], top + size[1]], np.float32)
        sure = np.concatenate([boxes[boxes[:, 5] > 0], *added])
        if len(sure) and _touching(box, sure[:, 1:5]) > 0.15:
            continue
        small = cv2.resize(piece, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        if chance.random() < 0.5:
            small, inside = small[:, ::-1], inside.copy()
            inside[[0, 2]] = piece.shape[1] - inside[[2, 0]]
        light = canvas[top : top + size[1], left : left + size[0]].astype(np.float32)
        small = small * chance.uniform(0.75, 1.2)
        mask = _feather(size)
        mixed = light + (small - light) * mask
        canvas[top : top + size[1], left : left + size[0]] = np.clip(mixed, 0, 255)
        if label >= 0:
            scale = np.array([size[0] / piece.shape[1], size[1] / piece.shape[0]], np.float32)
            where = inside * np.tile(scale, 2) + np.array([left, top, left, top], np.float32)
            added.append(np.concatenate([[label], where, [1.0]])[None].astype(np.float32))
    return np.concatenate([boxes, *added]) if added else boxes


def _nothing(stock: Stock, chance: np.random.Generator) -> Rgb:
    """A slim piece of a picture without objects."""
    empty = stock.empty[int(chance.integers(len(stock.empty)))]
    height, width = empty.shape[:2]
    tall = int(height * chance.uniform(0.3, 0.9))
    wide = min(width, max(6, int(tall * chance.uniform(0.3, 0.9))))
    left = int(chance.integers(0, width - wide + 1))
    top = int(chance.integers(0, height - tall + 1))
    return empty[top : top + tall, left : left + wide]


def _feather(size: tuple[int, int]) -> Array:
    def ramp(length: int) -> Array:
        steps = np.minimum(np.arange(length), np.arange(length)[::-1]) + 0.5
        return np.clip(steps / max(1.0, 0.1 * length), 0, 1).astype(np.float32)

    return (ramp(size[1])[:, None] * ramp(size[0])[None])[..., None]


def _touching(box: Array, others: Array) -> float:
    across = np.minimum(box[2], others[:, 2]) - np.maximum(box[0], others[:, 0])
    down = np.minimum(box[3], others[:, 3]) - np.maximum(box[1], others[:, 1])
    common = np.clip(across, 0, None) * np.clip(down, 0, None)
    return float(common.max() / ((box[2] - box[0]) * (box[3] - box[1])))


def camera(picture: Rgb, chance: np.random.Generator) -> Rgb:
    """What a village camera does to a picture: light, colour, night, blur, noise, compression."""
    height, width = picture.shape[:2]
    dice = chance.random(7)
    work = picture
    if dice[0] < 0.2:
        share = chance.uniform(0.4, 0.8)
        low = (max(8, int(width * share)), max(8, int(height * share)))
        small = cv2.resize(work, low, interpolation=cv2.INTER_AREA)
        work = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    elif dice[0] < 0.28:
        work = cv2.GaussianBlur(work, (0, 0), float(chance.uniform(0.4, 1.3)))
    ramp = np.arange(256, dtype=np.float32)[:, None]
    table = np.repeat(ramp, 3, axis=1)
    grey = dice[1] < 0.12
    if dice[2] < 0.12:
        table = 255 * (table / 255) ** chance.uniform(1.2, 2.0) * chance.uniform(0.3, 0.7)
    elif dice[2] < 0.85:
        middle = float(chance.uniform(90, 140))
        table = (table - middle) * chance.uniform(0.6, 1.3) + middle * chance.uniform(0.7, 1.3)
        table = 255 * np.clip(table / 255, 0, 1) ** chance.uniform(0.75, 1.3)
    if not grey and dice[3] < 0.5:
        table = table * chance.uniform(0.88, 1.12, 3)
    lookup = np.clip(table, 0, 255).astype(np.uint8).reshape(1, 256, 3)
    work = cv2.LUT(np.ascontiguousarray(work), lookup)
    if grey:
        work = cv2.cvtColor(cv2.cvtColor(work, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    elif dice[4] < 0.5:
        flat = cv2.cvtColor(cv2.cvtColor(work, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        share = float(chance.uniform(0.5, 1.5))
        work = cv2.addWeighted(work, share, flat, 1 - share, 0)
    if dice[5] < 0.2:
        noise = chance.normal(0, chance.uniform(2, 9), (height, width, 1)).astype(np.float32)
        work = np.clip(work + noise, 0, 255).astype(np.uint8)
    if dice[6] < 0.3:
        quality = int(chance.integers(25, 80))
        coded = cv2.imencode(".jpg", work, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        work = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return np.asarray(work, np.uint8)

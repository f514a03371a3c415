"""Pieces of rendered scenes: drawn villagers and vehicles, and the same places without them.

So the sample clips are recognised by what the network learnt, not by a special case. The places
are drawn with other seeds than the clips that ship.
"""

from __future__ import annotations

import math

import numpy as np

from vision.detectors.crops import square_patch
from vision.samples.courtyard import Courtyard
from vision.samples.figures import Outfit, Picture, Pose, Sprite, paste, shade, villager
from vision.samples.reservoir import Reservoir
from vision.samples.road import VillageRoad
from vision.samples.stage import HEIGHT, WIDTH
from vision.samples.vehicles import OUTLINES, View, vehicle
from vision.training.data import (
    BACKGROUND,
    CONTEXT,
    PERSON,
    STORED_PX,
    VEHICLE,
    Pieces,
    Rgb,
    background_weight,
)

FIGURE_PX = STORED_PX / CONTEXT
"""Longer side of a figure in a stored piece."""

WEIGHT = 0.45
"""A drawn figure counts less than a photographed one."""


def rendered_pieces(
    chance: np.random.Generator,
    *,
    people: int = 900,
    vehicles: int = 700,
    empty: int = 900,
    variants: int = 6,
) -> Pieces:
    """Figures in rendered places, and the places empty; each place in some variants."""
    places = [
        _bytes(kind(chance).draw(float(chance.uniform(0, 20)), actors=False))
        for kind in (Reservoir, VillageRoad, Courtyard)
        for _ in range(variants)
    ]
    pixels, labels, weights = [], [], []
    for label, count in ((PERSON, people), (VEHICLE, vehicles), (BACKGROUND, empty)):
        for _ in range(count):
            ground = _ground(places, chance)
            if label == PERSON:
                ground = _with(ground, _someone(chance), chance)
            elif label == VEHICLE:
                ground = _with(ground, _something_driving(chance), chance)
            pixels.append(ground)
            labels.append(label)
            weights.append(background_weight(ground) if label == BACKGROUND else WEIGHT)
    label_row = np.array(labels, np.int64)
    context = np.where(label_row == BACKGROUND, 1.0, CONTEXT).astype(np.float32)
    return Pieces(np.stack(pixels), label_row, context, np.array(weights, np.float64))


def _bytes(picture: Picture) -> Rgb:
    return np.clip(picture, 0, 255).astype(np.uint8)


def _ground(places: list[Rgb], chance: np.random.Generator) -> Rgb:
    place = places[int(chance.integers(len(places)))]
    side = float(np.exp(chance.uniform(math.log(26), math.log(200))))
    x, y = chance.uniform(0, WIDTH - side), chance.uniform(0, HEIGHT - side)
    return square_patch(place, (x, y, x + side, y + side), margin=1.0, size=STORED_PX)


def _colour(chance: np.random.Generator) -> tuple[float, float, float]:
    grey, tint = chance.uniform(30, 235), chance.uniform(-45, 45, 3)
    red, green, blue = (float(v) for v in np.clip(grey + tint, 12, 245))
    return red, green, blue


def _someone(chance: np.random.Generator) -> Sprite:
    skin = float(chance.uniform(0.6, 1.08))
    outfit = Outfit(
        shirt=_colour(chance),
        trousers=_colour(chance),
        skin=(196 * skin, 150 * skin, 118 * skin),
        hat=_colour(chance) if chance.random() < 0.4 else None,
    )
    pose = Pose(
        stride=float(chance.uniform(0, 2 * math.pi)),
        swing=float(chance.uniform(0, 1)),
        facing=float(chance.choice([-1.0, -0.6, 0.0, 0.6, 1.0])),
        lean=float(chance.uniform(0, 0.3)),
        reach=float(chance.choice([0.0, chance.uniform(0, 1)])),
    )
    return villager(FIGURE_PX, pose, outfit, float(chance.uniform(-1, 1)))


def _something_driving(chance: np.random.Generator) -> Sprite:
    kind = str(chance.choice(list(OUTLINES)))
    turn, pitch = float(chance.uniform(0, 2 * math.pi)), float(chance.uniform(0.08, 0.7))
    first = vehicle(kind, View(10.0, turn, pitch), _colour(chance))
    seen = np.argwhere(first.alpha > 0.3)
    longer = float((seen.max(axis=0) - seen.min(axis=0)).max()) + 1
    view = View(10.0 * FIGURE_PX / longer, turn, pitch)
    return vehicle(kind, view, _colour(chance), flashing=chance.random() < 0.3)


def _with(ground: Rgb, figure: Sprite, chance: np.random.Generator) -> Rgb:
    picture = ground.astype(np.float32)
    seen = np.argwhere(figure.alpha > 0.3)
    top, left = seen.min(axis=0)
    bottom, right = seen.max(axis=0)
    middle = STORED_PX / 2
    foot = (
        middle + figure.foot[0] - (left + right) / 2,
        middle + figure.foot[1] - (top + bottom) / 2,
    )
    if chance.random() < 0.7:
        reach = (0.6 * (right - left), 0.12 * (bottom - top))
        shade(picture, (foot[0] + 3, foot[1]), reach, float(chance.uniform(0.2, 0.6)))
    paste(picture, figure, foot, float(chance.uniform(0.7, 1.15)))
    return _bytes(picture)

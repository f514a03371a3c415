"""What every rendered scene stands on: a pinhole camera, textured ground, leaves and light."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from vision.samples.figures import Colour, Picture

WIDTH, HEIGHT = 640, 360
Field = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Camera:
    """A level camera above flat ground.

    Attributes:
        height_m: Above the ground.
        focal_px: Focal length in pixels.
        horizon_px: Row of the horizon.
    """

    height_m: float
    focal_px: float
    horizon_px: float

    def foot(self, x_m: float, z_m: float) -> tuple[float, float]:
        """The pixel of a ground point, x to the right and z away from the camera."""
        return (
            WIDTH / 2 + self.focal_px * x_m / z_m,
            self.horizon_px + self.focal_px * self.height_m / z_m,
        )

    def point(self, x_m: float, up_m: float, z_m: float) -> tuple[float, float]:
        """The pixel of a point above the ground."""
        u, v = self.foot(x_m, z_m)
        return u, v - self.focal_px * up_m / z_m

    def scale(self, z_m: float) -> float:
        """Pixels of one metre at a distance."""
        return self.focal_px / z_m

    def pitch(self, z_m: float) -> float:
        """How steeply it looks down at a distance; radians."""
        return math.atan2(self.height_m, z_m)


def clouds(chance: np.random.Generator, size: tuple[int, int], cell: int) -> Field:
    """Noise of several sizes, about -1..1, (rows, columns), that repeats at its edges."""
    rows, columns = size
    total = np.zeros(size, np.float32)
    strength, step = 1.0, cell
    while step >= 1 and strength > 0.1:
        coarse = chance.normal(0, 1, (max(2, rows // step), max(2, columns // step)))
        wrapped = np.pad(coarse.astype(np.float32), 2, mode="wrap")
        grown = cv2.resize(
            wrapped, (columns + 4 * step, rows + 4 * step), interpolation=cv2.INTER_CUBIC
        )
        total += strength * grown[2 * step : 2 * step + rows, 2 * step : 2 * step + columns]
        strength, step = strength * 0.55, step // 2
    return np.asarray(total / 2.2, np.float32)


def lay_ground(
    picture: Picture,
    camera: Camera,
    chance: np.random.Generator,
    *,
    colour: Colour,
    rough: float,
    inside: npt.NDArray[np.uint8] | None = None,
    px_per_m: float = 40.0,
) -> None:
    """Paint textured ground below the horizon, in perspective.

    `rough` is the strength of the texture in grey levels; `inside`, an H×W mask, limits it to
    where the mask is not 0.
    """
    tile = clouds(chance, (1024, 1024), 128) + 0.35 * chance.normal(0, 1, (1024, 1024))
    rows = np.arange(HEIGHT, dtype=np.float32)[:, None]
    below = np.maximum(rows - camera.horizon_px, 1.0)
    far = camera.focal_px * camera.height_m / below
    across = (np.arange(WIDTH, dtype=np.float32)[None, :] - WIDTH / 2) / camera.focal_px * far
    u = np.mod(across * px_per_m, 1024).astype(np.float32)
    v = np.mod(np.broadcast_to(far * px_per_m, u.shape), 1024).astype(np.float32)
    fine = cv2.remap(tile.astype(np.float32), u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    haze = np.clip(far / 90.0, 0, 0.55)[..., None]
    base = np.array(colour, np.float32) * (0.86 + 0.14 * np.clip(below / 200, 0, 1))[..., None]
    painted = base + (fine * rough * np.clip(12.0 / far, 0.15, 1.0))[..., None]
    painted = painted * (1 - haze) + np.array((190, 196, 200), np.float32) * haze
    where = rows > camera.horizon_px
    if inside is not None:
        where = where & (inside > 0)
    np.copyto(
        picture, painted.astype(np.float32), where=np.broadcast_to(where[..., None], picture.shape)
    )


def sky(picture: Picture, chance: np.random.Generator, down_to: int) -> None:
    """A hazy sky with soft clouds."""
    ramp = np.linspace(0, 1, down_to, dtype=np.float32)[:, None, None]
    high, low = np.array((150, 178, 205), np.float32), np.array((214, 219, 220), np.float32)
    soft = clouds(chance, (down_to, WIDTH), 64)[..., None]
    picture[:down_to] = high * (1 - ramp) + low * ramp + 9 * soft


def polygon(picture: Picture, points: Sequence[Sequence[float]], colour: Colour) -> None:
    """Fill a polygon with soft edges."""
    corners = np.round(np.array(points, np.float64) * 16).astype(np.int32)
    soft = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(soft, [corners], 255, cv2.LINE_AA, 4)
    share = (soft.astype(np.float32) / 255)[..., None]
    picture *= 1 - share
    picture += share * np.array(colour, np.float32)


def mask_of(points: Sequence[Sequence[float]]) -> npt.NDArray[np.uint8]:
    """H×W, 255 inside the polygon."""
    result = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(result, [np.round(np.array(points)).astype(np.int32)], 255)
    return result


def textured(
    picture: Picture, points: Sequence[Sequence[float]], chance: np.random.Generator, rough: float
) -> None:
    """Roughen what is inside a polygon, as plaster or stone."""
    inside = mask_of(points) > 0
    field = clouds(chance, (HEIGHT, WIDTH), 32) + 0.5 * chance.normal(0, 1, (HEIGHT, WIDTH))
    picture[inside] += (rough * field[inside])[:, None].astype(np.float32)


class Foliage:
    """Leaves that sway in the wind; the same moment of the loop always looks the same."""

    def __init__(
        self,
        chance: np.random.Generator,
        crowns: Sequence[tuple[float, float, float, float]],
        leaves: int,
        loop_s: float,
    ) -> None:
        """Scatter leaves over crowns, each (x, y, half width, half height) in pixels."""
        self._loop_s = loop_s
        which = chance.integers(0, len(crowns), leaves)
        turn, far = chance.uniform(0, 2 * math.pi, leaves), np.sqrt(chance.random(leaves))
        form = np.array(crowns, np.float64)[which]
        self._x = form[:, 0] + form[:, 2] * far * np.cos(turn)
        self._y = form[:, 1] + form[:, 3] * far * np.sin(turn)
        self._axes = np.stack([chance.integers(3, 8, leaves), chance.integers(2, 4, leaves)], 1)
        self._angle = chance.uniform(0, 180, leaves)
        self._phase = chance.uniform(0, 2 * math.pi, leaves)
        self._cycles = chance.integers(round(loop_s * 0.5), round(loop_s * 1.1) + 1, leaves)
        lit = np.clip(0.5 - 0.5 * (self._y - form[:, 1]) / form[:, 3], 0, 1)
        shade = 46 + 78 * lit + chance.normal(0, 14, leaves)
        tint = chance.uniform(0.55, 0.8, leaves)
        self._rgb = np.stack([shade * tint, shade, shade * chance.uniform(0.3, 0.5, leaves)], 1)
        self._order = np.argsort(lit)
        self._crowns = crowns

    def draw(self, picture: Picture, time_s: float, wind_px: float) -> None:
        """Draw the crowns with a gust that runs from left to right."""
        for x, y, wide, tall in self._crowns:
            size = (int(wide * 0.86), int(tall * 0.86))
            cv2.ellipse(picture, (int(x), int(y)), size, 0, 0, 360, (34, 48, 26), -1, cv2.LINE_AA)
        turn = 2 * math.pi * time_s / self._loop_s
        gust = 0.55 + 0.45 * np.sin(6 * turn - self._x / 70) * math.sin(2 * turn + 0.7)
        sway = wind_px * gust * np.sin(self._cycles * turn + self._phase)
        lean = wind_px * 1.3 * gust
        for k in self._order:
            where = (int((self._x[k] + sway[k] + lean[k]) * 8), int((self._y[k] + sway[k] / 2) * 8))
            axes = (int(self._axes[k, 0]) * 8, int(self._axes[k, 1]) * 8)
            angle = float(self._angle[k] + 6 * sway[k])
            cv2.ellipse(
                picture, where, axes, angle, 0, 360, self._rgb[k].tolist(), -1, cv2.LINE_AA, 3
            )


def flicker(picture: Picture, time_s: float, loop_s: float) -> None:
    """The light breathes a little, as under thin clouds and with a camera's exposure control."""
    turn = 2 * math.pi * time_s / loop_s
    picture *= 1 + 0.012 * math.sin(3 * turn) + 0.006 * math.sin(11 * turn + 1)

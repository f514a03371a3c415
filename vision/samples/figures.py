"""Drawn figures for rendered scenes: a villager who walks and a car seen from any side.

Nothing here is taken from a photograph. Sprites are drawn four times too large and scaled down,
so that their edges are soft like those of a lens.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.float32]
"""H×W×3 RGB, 0..255."""

Colour = tuple[float, float, float]

_FINER = 4


@dataclass(frozen=True, slots=True)
class Sprite:
    """A figure with soft edges; `foot` is the pixel that stands on the ground.

    Attributes:
        rgb: H×W×3, 0..255.
        alpha: H×W, 0..1.
    """

    rgb: Picture
    alpha: npt.NDArray[np.float32]
    foot: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Outfit:
    """What a villager wears."""

    shirt: Colour = (70, 92, 140)
    trousers: Colour = (52, 50, 56)
    skin: Colour = (196, 150, 118)
    hair: Colour = (34, 30, 30)
    hat: Colour | None = (206, 182, 120)


@dataclass(frozen=True, slots=True)
class Pose:
    """How a villager stands.

    Attributes:
        stride: Phase of the walk in radians; a full turn is two steps.
        swing: How far the legs go, 0 standing to 1 walking briskly.
        facing: -1 walks to the left, 1 to the right, 0 towards the camera or away.
        lean: Radians that the upper body leans forward.
        reach: 0..1, how far the front arm is stretched out.
    """

    stride: float = 0.0
    swing: float = 1.0
    facing: float = 1.0
    lean: float = 0.0
    reach: float = 0.0


class _Sheet:
    """An oversized canvas in units of the figure's height, origin at the feet, y up."""

    def __init__(self, height_px: float, across: float, up: float) -> None:
        self.unit = height_px * _FINER
        self.origin = (across / 2 * self.unit, up * self.unit)
        size = (math.ceil((up + 0.12) * self.unit), math.ceil(across * self.unit))
        self.rgb = np.zeros((*size, 3), np.float32)
        self.alpha = np.zeros(size, np.float32)

    def pixel(self, point: Sequence[float]) -> tuple[int, int]:
        x = self.origin[0] + point[0] * self.unit
        y = self.origin[1] - point[1] * self.unit
        return round(x), round(y)

    def polygon(self, points: Sequence[Sequence[float]], colour: Colour) -> None:
        corners = np.array([self.pixel(p) for p in points], np.int32)
        cv2.fillPoly(self.rgb, [corners], colour)
        cv2.fillPoly(self.alpha, [corners], 1.0)

    def ellipse(self, centre: Sequence[float], axes: Sequence[float], colour: Colour) -> None:
        size = (max(1, round(axes[0] * self.unit)), max(1, round(axes[1] * self.unit)))
        for sheet, ink in ((self.rgb, colour), (self.alpha, 1.0)):
            cv2.ellipse(sheet, self.pixel(centre), size, 0, 0, 360, ink, -1)

    def limb(
        self, points: Sequence[Sequence[float]], widths: Sequence[float], colour: Colour
    ) -> None:
        for start, end, wide in zip(points, points[1:], widths, strict=False):
            thick = max(1, round(wide * self.unit))
            for sheet, ink in ((self.rgb, colour), (self.alpha, 1.0)):
                cv2.line(sheet, self.pixel(start), self.pixel(end), ink, thick, cv2.LINE_8)

    def sprite(self, light: float) -> Sprite:
        """Shade from one side and from above, then scale down."""
        rows, columns = self.alpha.shape
        side = np.linspace(1 + 0.22 * light, 1 - 0.22 * light, columns, dtype=np.float32)
        above = np.linspace(1.08, 0.86, rows, dtype=np.float32)
        shaded = self.rgb * side[None, :, None] * above[:, None, None]
        size = (math.ceil(columns / _FINER), math.ceil(rows / _FINER))
        alpha = cv2.resize(self.alpha, size, interpolation=cv2.INTER_AREA)
        rgb = cv2.resize(shaded, size, interpolation=cv2.INTER_AREA)
        rgb = rgb / np.maximum(alpha, 1e-3)[..., None]
        foot = (self.origin[0] / _FINER, self.origin[1] / _FINER)
        return Sprite(np.clip(rgb, 0, 255).astype(np.float32), alpha.astype(np.float32), foot)


def _dim(colour: Colour, by: float) -> Colour:
    return colour[0] * by, colour[1] * by, colour[2] * by


def villager(height_px: float, pose: Pose, outfit: Outfit, light: float = 0.6) -> Sprite:
    """A person of a given height, head to shoe, seen from slightly above."""
    sheet = _Sheet(height_px, across=0.9, up=1.08)
    face = pose.facing
    swing = 0.48 * pose.swing
    hips = (0.0, 0.50)
    tilt = pose.lean * (face or 1.0)
    shoulders = (hips[0] + 0.33 * math.sin(tilt), hips[1] + 0.33 * math.cos(tilt))
    broad = 0.115 - 0.03 * abs(face)
    for side in (-1, 1):
        angle = swing * math.sin(pose.stride + (math.pi if side > 0 else 0))
        bend = 0.55 * pose.swing * max(0.0, math.cos(pose.stride + (0 if side > 0 else math.pi)))
        _leg(
            sheet,
            (side * (0.05 - 0.03 * abs(face)), hips[1]),
            angle,
            bend,
            face=face,
            outfit=outfit,
            side=side,
        )
    _arm(
        sheet,
        shoulders,
        -1,
        broad,
        -0.9 * swing * math.sin(pose.stride + math.pi),
        pose=pose,
        outfit=outfit,
    )
    sheet.polygon(
        [
            (shoulders[0] - broad, shoulders[1] - 0.015),
            (shoulders[0] - broad * 0.55, shoulders[1] + 0.025),
            (shoulders[0] + broad * 0.55, shoulders[1] + 0.025),
            (shoulders[0] + broad, shoulders[1] - 0.015),
            (hips[0] + broad * 0.86, hips[1] + 0.07),
            (hips[0] + broad * 0.95, hips[1] - 0.04),
            (hips[0] - broad * 0.95, hips[1] - 0.04),
            (hips[0] - broad * 0.86, hips[1] + 0.07),
        ],
        outfit.shirt,
    )
    fold = ((shoulders[0] + 0.01, shoulders[1] - 0.06), (hips[0] - 0.02, hips[1] + 0.05))
    sheet.limb(fold, (0.012,), _dim(outfit.shirt, 0.78))
    _arm(sheet, shoulders, 1, broad, -0.9 * swing * math.sin(pose.stride), pose=pose, outfit=outfit)
    _head(sheet, shoulders, tilt, face, outfit)
    return sheet.sprite(light)


def _leg(
    sheet: _Sheet,
    hip: tuple[float, float],
    angle: float,
    bend: float,
    *,
    face: float,
    outfit: Outfit,
    side: int,
) -> None:
    along = math.sin(angle) * (face or 0.12)
    knee = (hip[0] + 0.24 * along, hip[1] - 0.24 * math.cos(angle))
    below = angle - bend
    step = math.sin(below) * (face or 0.12)
    ankle = (knee[0] + 0.24 * step, max(0.03, knee[1] - 0.24 * math.cos(below)))
    shade = _dim(outfit.trousers, 0.8 if side < 0 else 1.0)
    sheet.limb((hip, knee, ankle), (0.088, 0.066), shade)
    sheet.ellipse(hip, (0.046, 0.046), shade)
    sheet.ellipse(knee, (0.036, 0.036), shade)
    sheet.ellipse((ankle[0] + 0.025 * face, ankle[1] - 0.012), (0.05, 0.024), (38, 34, 32))


def _arm(
    sheet: _Sheet,
    shoulders: tuple[float, float],
    side: int,
    broad: float,
    angle: float,
    *,
    pose: Pose,
    outfit: Outfit,
) -> None:
    face = pose.facing
    start = (shoulders[0] + side * broad * (1 - 0.6 * abs(face)), shoulders[1] - 0.01)
    raised = angle + (1.35 * pose.reach if side > 0 else 0.0)
    along = math.sin(raised) * (face or 0.3 * side)
    elbow = (start[0] + 0.16 * along + 0.02 * side, start[1] - 0.16 * math.cos(raised))
    lower = raised + 0.35
    further = math.sin(lower) * (face or 0.2 * side)
    hand = (elbow[0] + 0.15 * further, elbow[1] - 0.15 * math.cos(lower))
    sleeve = _dim(outfit.shirt, 0.82 if side < 0 else 0.94)
    sheet.limb((start, elbow), (0.06,), sleeve)
    sheet.ellipse(start, (0.032, 0.032), sleeve)
    sheet.limb((elbow, hand), (0.045,), _dim(outfit.skin, 0.92))
    sheet.ellipse(hand, (0.025, 0.028), outfit.skin)


def _head(
    sheet: _Sheet, shoulders: tuple[float, float], tilt: float, face: float, outfit: Outfit
) -> None:
    neck = (shoulders[0] + 0.02 * math.sin(tilt), shoulders[1] + 0.03)
    head = (neck[0] + 0.075 * math.sin(tilt) + 0.008 * face, neck[1] + 0.068)
    sheet.limb((shoulders, neck, head), (0.06, 0.05), _dim(outfit.skin, 0.85))
    sheet.ellipse(head, (0.05, 0.066), outfit.skin)
    sheet.ellipse((head[0] - 0.014 * face, head[1] + 0.02), (0.052, 0.05), outfit.hair)
    if face:
        sheet.ellipse((head[0] + 0.03 * face, head[1] - 0.012), (0.026, 0.036), outfit.skin)
    else:
        sheet.ellipse((head[0], head[1] - 0.018), (0.04, 0.042), outfit.skin)
    if outfit.hat is not None:
        sheet.ellipse((head[0], head[1] + 0.028), (0.115, 0.026), _dim(outfit.hat, 0.78))
        sheet.ellipse((head[0], head[1] + 0.034), (0.112, 0.022), outfit.hat)
        sheet.ellipse((head[0], head[1] + 0.052), (0.052, 0.038), _dim(outfit.hat, 0.94))


def paste(picture: Picture, sprite: Sprite, foot: tuple[float, float], light: float = 1.0) -> None:
    """Blend a sprite in with its foot at a pixel, to a fraction of one; the frame may cut it."""
    x, y = foot[0] - sprite.foot[0], foot[1] - sprite.foot[1]
    whole_x, whole_y = math.floor(x), math.floor(y)
    shift = np.array([[1, 0, x - whole_x], [0, 1, y - whole_y]], np.float32)
    rows, columns = sprite.alpha.shape
    size = (columns + 1, rows + 1)
    alpha = cv2.warpAffine(sprite.alpha, shift, size)
    rgb = cv2.warpAffine(sprite.rgb, shift, size, borderMode=cv2.BORDER_REPLICATE)
    top, left = max(whole_y, 0), max(whole_x, 0)
    bottom = min(whole_y + rows + 1, picture.shape[0])
    right = min(whole_x + columns + 1, picture.shape[1])
    if top >= bottom or left >= right:
        return
    rows_in = slice(top - whole_y, bottom - whole_y)
    columns_in = slice(left - whole_x, right - whole_x)
    share = alpha[rows_in, columns_in, None]
    under = picture[top:bottom, left:right]
    under *= 1 - share
    under += share * rgb[rows_in, columns_in] * light


def shade(
    picture: Picture, centre: tuple[float, float], axes: tuple[float, float], depth: float
) -> None:
    """Darken the ground under a figure, softly."""
    rows, columns = picture.shape[:2]
    reach = (axes[0] * 2.2, axes[1] * 2.2)
    left, right = max(0, int(centre[0] - reach[0])), min(columns, int(centre[0] + reach[0]) + 1)
    top, bottom = max(0, int(centre[1] - reach[1])), min(rows, int(centre[1] + reach[1]) + 1)
    if left >= right or top >= bottom:
        return
    x = (np.arange(left, right, dtype=np.float32) - centre[0]) / axes[0]
    y = (np.arange(top, bottom, dtype=np.float32) - centre[1]) / axes[1]
    far = x[None, :] ** 2 + y[:, None] ** 2
    dark = 1 - depth * np.exp(-far * 1.4).astype(np.float32)
    picture[top:bottom, left:right] *= dark[..., None]

"""Three places of a made-up village, each a loop: a reservoir bank, a road and a courtyard."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np

from vision.samples.figures import Colour, Outfit, Picture, Pose, paste, shade, villager
from vision.samples.stage import (
    HEIGHT,
    WIDTH,
    Camera,
    Foliage,
    clouds,
    flicker,
    lay_ground,
    mask_of,
    polygon,
    sky,
    textured,
)
from vision.samples.vehicles import View, vehicle

Way = Sequence[tuple[float, float, float]]
"""Where something is: (seconds, x_m, z_m), straight in between."""


class Scene(Protocol):
    """A place that can be drawn at any moment of its loop."""

    loop_s: float

    def draw(self, time_s: float, *, actors: bool = True) -> Picture:
        """The picture at a moment, with or without the people and cars."""
        ...


def along(way: Way, time_s: float) -> tuple[float, float, float, float] | None:
    """Position and speed (m, m, m/s, m/s) on a way; None before it starts and after it ends."""
    if not way[0][0] <= time_s < way[-1][0]:
        return None
    for (t0, x0, z0), (t1, x1, z1) in zip(way, way[1:], strict=False):
        if t0 <= time_s < t1:
            share, span = (time_s - t0) / (t1 - t0), t1 - t0
            return (
                x0 + (x1 - x0) * share,
                z0 + (z1 - z0) * share,
                (x1 - x0) / span,
                (z1 - z0) / span,
            )
    return None


def walk(
    picture: Picture, camera: Camera, way: Way, time_s: float, outfit: Outfit, tall_m: float
) -> None:
    """Draw a villager who follows a way, with a shadow."""
    here = along(way, time_s)
    if here is None:
        return
    x_m, z_m, right, away = here
    speed = math.hypot(right, away)
    foot = camera.foot(x_m, z_m)
    tall = tall_m * camera.scale(z_m)
    facing = 0.0 if abs(right) < 0.12 else math.copysign(min(1.0, abs(right) / speed * 1.2), right)
    idle = speed < 0.35
    pose = Pose(
        stride=2 * math.pi * time_s * (0.95 if not idle else 0.45),
        swing=min(1.0, 0.25 + speed * 0.6),
        facing=facing,
        lean=0.06 + (0.16 * (0.5 + 0.5 * math.sin(1.7 * time_s)) if idle else 0.02),
        reach=max(0.0, math.sin(1.1 * time_s)) if idle else 0.0,
    )
    shade(picture, (foot[0] + 0.12 * tall, foot[1]), (0.26 * tall, 0.055 * tall), 0.5)
    paste(picture, villager(tall, pose, outfit), foot)


class Reservoir:
    """水库东岸: someone comes down to the water's edge and stays there."""

    loop_s = 28.0
    camera = Camera(height_m=3.4, focal_px=560, horizon_px=96)
    way: Way = (
        (0.4, 4.6, 7.9),
        (2.6, 1.6, 9.8),
        (3.6, 0.3, 10.3),
        (6.0, 0.1, 10.4),
        (7.5, -0.8, 10.2),
        (10.0, -0.7, 10.2),
        (12.0, 0.7, 10.5),
        (14.5, 0.6, 10.4),
        (16.0, -0.3, 10.2),
        (18.5, -0.2, 10.3),
        (20.0, 1.3, 10.0),
        (22.6, 5.2, 7.8),
    )

    def __init__(self, chance: np.random.Generator) -> None:
        self._still = self._paint(chance)
        self._water = clouds(chance, (256, 1024), 32)
        self._wet = cv2.GaussianBlur(mask_of(self._lake()), (0, 0), 1.2).astype(np.float32) / 255
        self._tree = Foliage(
            chance, ((40, 92, 62, 40), (92, 66, 50, 34), (8, 60, 44, 36)), 420, self.loop_s
        )
        self._reeds = chance.uniform(0, 1, (70, 4))

    def _edge(self, x_m: float) -> float:
        return 11.6 + 0.22 * x_m + 0.25 * math.sin(0.8 * x_m)

    def _lake(self) -> list[tuple[float, float]]:
        shore = [self.camera.foot(x, self._edge(x)) for x in np.linspace(-9, 9, 40)]
        return [*shore, (WIDTH + 40, 106), (-40, 103)]

    def _paint(self, chance: np.random.Generator) -> Picture:
        picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        sky(picture, chance, 110)
        for base, high, tone in ((112, 46, 150), (116, 26, 112)):
            ridge = clouds(chance, (2, WIDTH), 128)[0] * high * 0.5
            line = [(x, base - high * 0.6 + float(ridge[x])) for x in range(0, WIDTH, 4)]
            hill = [*line, (WIDTH, 125), (0, 125)]
            polygon(picture, hill, (tone * 0.72, tone * 0.86, tone * 0.78))
            textured(picture, hill, chance, 7)
        lay_ground(picture, self.camera, chance, colour=(150, 136, 104), rough=15)
        slab = [
            *(self.camera.foot(x, self._edge(x) + 0.2) for x in np.linspace(-9, 9, 30)),
            *(self.camera.foot(x, self._edge(x) - 1.0) for x in np.linspace(9, -9, 30)),
        ]
        lay_ground(
            picture, self.camera, chance, colour=(168, 166, 158), rough=9, inside=mask_of(slab)
        )
        for x in np.arange(-8, 9, 1.5):
            joint = [self.camera.foot(x, self._edge(x) - s) for s in (0.0, 1.0)]
            cv2.line(picture, _px(joint[0]), _px(joint[1]), (132, 130, 124), 1, cv2.LINE_AA)
        _sign(picture, self.camera, -3.6, 10.6, (200, 40, 34))
        return picture

    def draw(self, time_s: float, *, actors: bool = True) -> Picture:
        picture = self._still.copy()
        self._ripple(picture, time_s)
        if actors:
            walk(picture, self.camera, self.way, time_s, Outfit(shirt=(166, 58, 46)), 1.68)
        self._tree.draw(picture, time_s, 1.6)
        for root, reach, cycle, tone in self._reeds:
            x = root * 150 + 480
            y = 352 - 26 * tone
            bend = 5 * math.sin(
                2 * math.pi * (round(10 + 12 * cycle) * time_s / self.loop_s + root)
            )
            tip = (x + bend, y - 18 - 34 * reach)
            cv2.line(
                picture,
                _px((x, y + 12)),
                _px(tip),
                (60 + 50 * tone, 92 + 50 * tone, 44),
                2,
                cv2.LINE_AA,
            )
        flicker(picture, time_s, self.loop_s)
        return picture

    def _ripple(self, picture: Picture, time_s: float) -> None:
        rows = np.arange(HEIGHT, dtype=np.float32)[:, None]
        far = 900.0 / np.maximum(rows - 92, 3.0)
        columns = np.arange(WIDTH, dtype=np.float32)[None, :]
        drift = 1024 * time_s / self.loop_s
        u = np.mod(columns * 0.5 * np.clip(far / 30, 0.35, 3) + drift, 1024).astype(np.float32)
        v = np.mod(np.broadcast_to(far * 9, u.shape), 256).astype(np.float32)
        wave = cv2.remap(self._water, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        u2 = np.mod(u * 0.7 - 2 * drift * 0.7, 1024).astype(np.float32)
        wave = wave + cv2.remap(self._water, u2, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        depth = np.clip((rows - 110) / 180, 0, 1)[..., None]
        tone = np.array((128, 152, 158), np.float32) * (1 - depth) + depth * np.array(
            (74, 102, 98), np.float32
        )
        water = tone + 6.5 * wave[..., None]
        share = self._wet[..., None]
        picture *= 1 - share
        picture += share * water


class VillageRoad:
    """村口路: a car comes down the road and stops where it must not."""

    loop_s = 27.0
    camera = Camera(height_m=4.4, focal_px=520, horizon_px=92)
    way: Way = (
        (0.2, -1.7, 62.0),
        (1.5, -1.7, 34.0),
        (2.4, -2.0, 22.0),
        (3.2, -2.7, 16.6),
        (4.0, -3.0, 15.2),
        (6.5, -3.0, 14.7),
        (9.0, -3.0, 15.3),
        (11.5, -3.0, 14.6),
        (14.0, -3.0, 15.2),
        (16.5, -3.0, 14.7),
        (19.0, -3.0, 15.1),
        (20.2, -2.6, 13.2),
        (21.2, -2.4, 9.2),
        (22.0, -2.3, 5.0),
        (22.4, -2.2, 3.4),
    )

    def __init__(self, chance: np.random.Generator) -> None:
        self._still = self._paint(chance)
        self._tree = Foliage(
            chance, ((560, 70, 66, 44), (612, 96, 52, 46), (520, 96, 40, 30)), 420, self.loop_s
        )

    def _paint(self, chance: np.random.Generator) -> Picture:
        picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        camera = self.camera
        sky(picture, chance, 110)
        ridge = clouds(chance, (2, WIDTH), 128)[0] * 12
        hill = [(x, 78 + float(ridge[x])) for x in range(0, WIDTH, 4)]
        polygon(picture, [*hill, (WIDTH, 110), (0, 110)], (112, 134, 118))
        lay_ground(picture, camera, chance, colour=(142, 132, 100), rough=16)
        lane = [camera.foot(x, z) for x, z in ((-5.0, 5), (-5.0, 150), (3.4, 150), (3.4, 5))]
        lay_ground(picture, camera, chance, colour=(126, 126, 128), rough=9, inside=mask_of(lane))
        for z in np.arange(6, 80, 6.0):
            dash = [
                camera.foot(x, s)
                for x, s in ((-0.86, z), (-0.86, z + 2.6), (-0.72, z + 2.6), (-0.72, z))
            ]
            polygon(picture, dash, (206, 204, 196))
        for x in (-4.9, 3.3):
            line = [
                camera.foot(a, z) for a, z in ((x, 5), (x, 120), (x + 0.14, 120), (x + 0.14, 5))
            ]
            polygon(picture, line, (196, 194, 186))
        for k in np.arange(12.0, 18.6, 1.1):
            hatch = [
                camera.foot(a, z)
                for a, z in ((-4.7, k), (-1.3, k + 1.3), (-1.3, k + 1.5), (-4.7, k + 0.2))
            ]
            polygon(picture, hatch, (204, 168, 52))
        frame = [camera.foot(a, z) for a, z in ((-4.7, 12), (-4.7, 19.6), (-1.3, 19.6), (-1.3, 12))]
        cv2.polylines(
            picture, [np.array([_px(p) for p in frame])], True, (204, 168, 52), 2, cv2.LINE_AA
        )
        for x, z, tall, wall in (
            (-6.4, 46, 6.6, (204, 196, 180)),
            (-6.8, 31, 5.2, (188, 152, 128)),
            (-7.2, 19, 6.2, (214, 208, 196)),
        ):
            _house(picture, camera, chance, (x, z, 9.0, tall), wall)
        for x, z, tall, wall in ((5.2, 52, 5.6, (196, 186, 170)), (5.6, 34, 4.6, (206, 178, 150))):
            _house(picture, camera, chance, (x, z, 8.0, tall), wall)
        for z in (26, 44, 70):
            low, high = camera.point(4.4, 0, z), camera.point(4.4, 6.5, z)
            cv2.line(
                picture, _px(low), _px(high), (104, 100, 96), max(1, round(150 / z)), cv2.LINE_AA
            )
        trunk = [(556, 262), (562, 100), (576, 100), (584, 262)]
        polygon(picture, trunk, (88, 70, 54))
        return picture

    def draw(self, time_s: float, *, actors: bool = True) -> Picture:
        picture = self._still.copy()
        here = along(self.way, time_s) if actors else None
        if here is not None:
            self._drive(picture, here, time_s)
        self._tree.draw(picture, time_s, 1.8)
        flicker(picture, time_s, self.loop_s)
        return picture

    def _drive(
        self, picture: Picture, here: tuple[float, float, float, float], time_s: float
    ) -> None:
        x_m, z_m, right, away = here
        camera = self.camera
        stopped = math.hypot(right, away) < 0.6
        bearing = math.atan2(x_m, z_m)
        heading = -math.pi / 2 if stopped else math.atan2(-abs(away), right)
        view = View(camera.scale(z_m), heading + bearing, camera.pitch(z_m))
        foot = camera.foot(x_m, z_m)
        bounce = 0.012 * camera.scale(z_m) * math.sin(19 * time_s)
        shade(picture, foot, (1.5 * view.px_per_m, 0.75 * view.px_per_m), 0.55)
        blink = stopped and math.sin(2 * math.pi * 1.4 * time_s) > 0
        paste(
            picture,
            vehicle("sedan", view, (186, 190, 196), flashing=blink),
            (foot[0], foot[1] + bounce),
        )


class Courtyard:
    """村委会院内: a tree in the wind, and someone who comes through the gate."""

    loop_s = 26.0
    camera = Camera(height_m=3.8, focal_px=520, horizon_px=84)
    way: Way = (
        (0.2, 6.9, 11.2),
        (2.4, 2.6, 11.6),
        (3.6, 1.3, 11.8),
        (5.5, 1.1, 11.9),
        (6.8, 0.2, 11.7),
        (8.8, 0.0, 11.8),
        (10.2, -0.9, 11.6),
        (12.0, -1.0, 11.7),
        (13.4, -2.6, 11.4),
        (15.6, -5.6, 11.2),
        (17.0, -8.2, 11.0),
    )

    def __init__(self, chance: np.random.Generator) -> None:
        self._still = self._paint(chance)
        self._tree = Foliage(
            chance,
            ((92, 96, 86, 56), (36, 140, 60, 46), (150, 140, 54, 40), (90, 50, 64, 40)),
            760,
            self.loop_s,
        )
        self._dapple = cv2.GaussianBlur(clouds(chance, (HEIGHT, WIDTH), 16), (0, 0), 1.2)

    def _paint(self, chance: np.random.Generator) -> Picture:
        picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        camera = self.camera
        sky(picture, chance, 110)
        lay_ground(picture, camera, chance, colour=(162, 158, 148), rough=10)
        ridge = clouds(chance, (2, WIDTH), 64)[0] * 9
        grove = [(x, 96 + float(ridge[x])) for x in range(0, WIDTH, 4)]
        polygon(picture, [*grove, (WIDTH, 128), (0, 128)], (104, 126, 100))
        textured(picture, [*grove, (WIDTH, 128), (0, 128)], chance, 12)
        for x in np.arange(-12, 13, 2.0):
            ends = camera.foot(x, 6.5), camera.foot(x, 22)
            cv2.line(picture, _px(ends[0]), _px(ends[1]), (142, 138, 130), 1, cv2.LINE_AA)
        for z in np.arange(7, 22, 2.0):
            ends = camera.foot(-16, z), camera.foot(16, z)
            cv2.line(picture, _px(ends[0]), _px(ends[1]), (144, 140, 132), 1, cv2.LINE_AA)
        left = _wall(picture, camera, (-16, -3.2, 22, 6.6), (212, 204, 188))
        textured(picture, left, chance, 5)
        right = _wall(picture, camera, (3.2, 16, 22, 2.4), (196, 186, 168))
        textured(picture, right, chance, 5)
        for x in (-13.5, -10.5, -7.5, -4.8):
            for up in (0.9, 3.9):
                _window(picture, camera, x, up, 22)
        for x in (-3.2, 3.2):
            post = [
                camera.point(x + a, u, 21.8)
                for a, u in ((-0.3, 0), (-0.3, 3.2), (0.3, 3.2), (0.3, 0))
            ]
            polygon(picture, post, (168, 92, 76))
        banner = [
            camera.point(x, u, 21.8) for x, u in ((-3.3, 3.1), (-3.3, 3.9), (3.3, 3.9), (3.3, 3.1))
        ]
        polygon(picture, banner, (178, 40, 36))
        board = [
            camera.point(x, u, 21) for x, u in ((6.0, 0.8), (6.0, 2.2), (9.6, 2.2), (9.6, 0.8))
        ]
        polygon(picture, board, (58, 92, 120))
        pole = camera.point(4.6, 0, 19), camera.point(4.6, 7.5, 19)
        cv2.line(picture, _px(pole[0]), _px(pole[1]), (176, 178, 180), 2, cv2.LINE_AA)
        polygon(picture, [(82, 268), (86, 110), (104, 110), (110, 268)], (84, 68, 54))
        bed = [(38, 276), (160, 276), (148, 260), (50, 260)]
        polygon(picture, bed, (138, 96, 78))
        return picture

    def draw(self, time_s: float, *, actors: bool = True) -> Picture:
        picture = self._still.copy()
        turn = 2 * math.pi * time_s / self.loop_s
        move = np.array([[1, 0, 3 * math.sin(9 * turn)], [0, 1, math.sin(14 * turn)]], np.float32)
        dapple = cv2.warpAffine(self._dapple, move, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
        rows = np.arange(HEIGHT, dtype=np.float32)[:, None] - 285
        columns = np.arange(WIDTH, dtype=np.float32)[None, :] - 150
        under = np.exp(-((rows / 30) ** 2) - (columns / 120) ** 2)
        picture *= (1 - under * np.clip(0.26 + 0.10 * dapple, 0, 0.5))[..., None]
        if actors:
            outfit = Outfit(shirt=(228, 226, 218), trousers=(48, 58, 84), hat=None)
            walk(picture, self.camera, self.way, time_s, outfit, 1.72)
        self._flag(picture, turn)
        self._tree.draw(picture, time_s, 2.6)
        flicker(picture, time_s, self.loop_s)
        return picture

    def _flag(self, picture: Picture, turn: float) -> None:
        top = self.camera.point(4.6, 7.3, 19)
        upper, lower = [], []
        for k in range(9):
            lift = 1.8 * math.sin(21 * turn - 0.8 * k) * k / 8
            upper.append((top[0] + 4.2 * k, top[1] + lift))
            lower.append((top[0] + 4.2 * k, top[1] + 22 + lift))
        polygon(picture, upper + lower[::-1], (196, 34, 32))


def _px(point: Sequence[float]) -> tuple[int, int]:
    return round(point[0]), round(point[1])


def _wall(
    picture: Picture, camera: Camera, span: tuple[float, float, float, float], colour: Colour
) -> list[tuple[float, float]]:
    left, right, z_m, tall = span
    corners = [
        camera.point(x, u, z_m) for x, u in ((left, 0), (left, tall), (right, tall), (right, 0))
    ]
    polygon(picture, corners, colour)
    foot = [camera.point(x, u, z_m) for x, u in ((left, 0), (left, 0.5), (right, 0.5), (right, 0))]
    polygon(picture, foot, (colour[0] * 0.7, colour[1] * 0.7, colour[2] * 0.72))
    return corners


def _window(picture: Picture, camera: Camera, x_m: float, up_m: float, z_m: float) -> None:
    for grow, colour in ((0.08, (232, 230, 224)), (0.0, (70, 86, 98))):
        pane = [
            camera.point(x, u, z_m)
            for x, u in (
                (x_m - grow, up_m - grow),
                (x_m - grow, up_m + 1.5 + grow),
                (x_m + 1.6 + grow, up_m + 1.5 + grow),
                (x_m + 1.6 + grow, up_m - grow),
            )
        ]
        polygon(picture, pane, colour)
    middle = camera.point(x_m + 0.8, up_m, z_m), camera.point(x_m + 0.8, up_m + 1.5, z_m)
    cv2.line(picture, _px(middle[0]), _px(middle[1]), (222, 220, 214), 1, cv2.LINE_AA)


def _sign(picture: Picture, camera: Camera, x_m: float, z_m: float, colour: Colour) -> None:
    low, high = camera.point(x_m, 0, z_m), camera.point(x_m, 1.5, z_m)
    cv2.line(picture, _px(low), _px(high), (120, 120, 122), 3, cv2.LINE_AA)
    for grow, ink in ((0.0, colour), (-0.07, (236, 232, 224))):
        plate = [
            camera.point(x_m + a, u, z_m)
            for a, u in (
                (-0.45 - grow, 1.1 - grow),
                (-0.45 - grow, 1.7 + grow),
                (0.45 + grow, 1.7 + grow),
                (0.45 + grow, 1.1 - grow),
            )
        ]
        polygon(picture, plate, ink)


def _house(
    picture: Picture,
    camera: Camera,
    chance: np.random.Generator,
    where: tuple[float, float, float, float],
    wall: Colour,
) -> None:
    """A house beside the road: its side along the road and its front towards the camera."""
    x_m, z_m, deep, tall = where
    out = math.copysign(6.0, x_m)
    side = [
        camera.point(x_m, u, z)
        for u, z in ((0, z_m), (tall, z_m), (tall, z_m + deep), (0, z_m + deep))
    ]
    front = [
        camera.point(x, u, z_m)
        for x, u in ((x_m, 0), (x_m, tall), (x_m + out, tall), (x_m + out, 0))
    ]
    polygon(picture, side, (wall[0] * 0.82, wall[1] * 0.82, wall[2] * 0.84))
    textured(picture, side, chance, 4)
    polygon(picture, front, wall)
    textured(picture, front, chance, 5)
    roof = [
        camera.point(x_m - 0.04 * out, tall, z_m - 0.3),
        camera.point(x_m, tall, z_m + deep),
        camera.point(x_m + out * 0.5, tall + 1.6, z_m + deep / 2),
        camera.point(x_m + out * 1.1, tall, z_m - 0.3),
    ]
    polygon(picture, roof, (110, 84, 78))
    for share in (0.18, 0.58):
        for up in (0.9, 3.6)[: 1 if tall < 5.5 else 2]:
            left = x_m + out * share + (0 if out > 0 else -1.6)
            _window(picture, camera, left, up, z_m)
    for start in (0.15, 0.5):
        pane = [
            camera.point(x_m, u, z_m + deep * s)
            for u, s in ((1.0, start), (2.4, start), (2.4, start + 0.2), (1.0, start + 0.2))
        ]
        polygon(picture, pane, (64, 80, 92))

"""村委会院内, a courtyard: a tree in the wind, and someone who crosses before the gate."""

from __future__ import annotations

import math

import cv2
import numpy as np

from vision.samples.figures import Outfit, Picture
from vision.samples.props import Way, px, walk, wall, window
from vision.samples.stage import (
    HEIGHT,
    WIDTH,
    Camera,
    Foliage,
    clouds,
    flicker,
    lay_ground,
    polygon,
    sky,
    textured,
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
            cv2.line(picture, px(ends[0]), px(ends[1]), (142, 138, 130), 1, cv2.LINE_AA)
        for z in np.arange(7, 22, 2.0):
            ends = camera.foot(-16, z), camera.foot(16, z)
            cv2.line(picture, px(ends[0]), px(ends[1]), (144, 140, 132), 1, cv2.LINE_AA)
        left = wall(picture, camera, (-16, -3.2, 22, 6.6), (212, 204, 188))
        textured(picture, left, chance, 5)
        right = wall(picture, camera, (3.2, 16, 22, 2.4), (196, 186, 168))
        textured(picture, right, chance, 5)
        for x in (-13.5, -10.5, -7.5, -4.8):
            for up in (0.9, 3.9):
                window(picture, camera, x, up, 22)
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
        cv2.line(picture, px(pole[0]), px(pole[1]), (176, 178, 180), 2, cv2.LINE_AA)
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
            walk(picture, self.camera, self.way, time_s, outfit=outfit, tall_m=1.72)
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

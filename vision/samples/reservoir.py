"""水库东岸, a reservoir bank: someone comes down to the water and stays there."""

from __future__ import annotations

import math

import cv2
import numpy as np

from vision.samples.figures import Outfit, Picture
from vision.samples.props import Way, px, sign, walk
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
            cv2.line(picture, px(joint[0]), px(joint[1]), (132, 130, 124), 1, cv2.LINE_AA)
        sign(picture, self.camera, -3.6, 10.6, (200, 40, 34))
        return picture

    def draw(self, time_s: float, *, actors: bool = True) -> Picture:
        picture = self._still.copy()
        self._ripple(picture, time_s)
        if actors:
            walk(
                picture,
                self.camera,
                self.way,
                time_s,
                outfit=Outfit(shirt=(166, 58, 46)),
                tall_m=1.68,
            )
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
                px((x, y + 12)),
                px(tip),
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
        across = columns * 0.5 * np.clip(far / 30, 0.35, 3)
        u = np.mod(across + drift, 1024).astype(np.float32)
        v = np.mod(np.broadcast_to(far * 9, u.shape), 256).astype(np.float32)
        wave = cv2.remap(self._water, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        u2 = np.mod(0.7 * across - drift, 1024).astype(np.float32)
        wave = wave + cv2.remap(self._water, u2, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        depth = np.clip((rows - 110) / 180, 0, 1)[..., None]
        tone = np.array((128, 152, 158), np.float32) * (1 - depth) + depth * np.array(
            (74, 102, 98), np.float32
        )
        water = tone + 6.5 * wave[..., None]
        share = self._wet[..., None]
        picture *= 1 - share
        picture += share * water

"""村口路, a village road: a car comes down it and stops where it must not."""

from __future__ import annotations

import math

import cv2
import numpy as np

from vision.samples.figures import Picture, paste, shade
from vision.samples.props import Way, along, house, px
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
)
from vision.samples.vehicles import View, vehicle


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
            picture, [np.array([px(p) for p in frame])], True, (204, 168, 52), 2, cv2.LINE_AA
        )
        for x, z, tall, wall in (
            (-6.4, 46, 6.6, (204, 196, 180)),
            (-6.8, 31, 5.2, (188, 152, 128)),
            (-7.2, 19, 6.2, (214, 208, 196)),
        ):
            house(picture, camera, chance, (x, z, 9.0, tall), wall)
        for x, z, tall, wall in ((5.2, 52, 5.6, (196, 186, 170)), (5.6, 34, 4.6, (206, 178, 150))):
            house(picture, camera, chance, (x, z, 8.0, tall), wall)
        for z in (26, 44, 70):
            low, high = camera.point(4.4, 0, z), camera.point(4.4, 6.5, z)
            cv2.line(
                picture, px(low), px(high), (104, 100, 96), max(1, round(150 / z)), cv2.LINE_AA
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

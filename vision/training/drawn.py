"""Drawn pieces of what a camera sees and nobody photographed for us: negatives, and smoke.

Fronts of houses, fences, bottles with the arm that sets them down, lamps, the setting sun, lights
of cars, clouds, bare walls; and plumes of smoke over real ground. Crude on purpose: they teach what
the colours and stripes of a fire, a person or smoke alone do not mean.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from vision.training.data import BACKGROUND, SMOKE, STORED_PX, Pieces, Rgb

Canvas = npt.NDArray[np.float32]
Chance = np.random.Generator
SIDE = STORED_PX
PLUME_WEIGHT = 0.5
"""A drawn plume counts less than a photographed one."""


def drawn_backgrounds(count: int, chance: Chance) -> Pieces:
    """Drawn negatives, each kind equally often."""
    kinds: tuple[Callable[[Chance], Canvas], ...] = (
        front_of_house,
        fence,
        arm_and_bottle,
        lamp,
        setting_sun,
        car_lights,
        sky,
        bare_wall,
        warm_ground,
    )
    pixels = np.stack([_finish(kinds[n % len(kinds)](chance), chance) for n in range(count)])
    return Pieces(
        pixels,
        np.full(count, BACKGROUND, np.int64),
        np.ones(count, np.float32),
        np.ones(count, np.float64),
    )


def drawn_smoke(grounds: Rgb, count: int, chance: Chance) -> Pieces:
    """Plumes over pieces of real pictures without anything in them, (n, SIDE, SIDE, 3)."""
    pixels = np.stack(
        [_smoky(grounds[chance.integers(len(grounds))], chance) for _ in range(count)]
    )
    return Pieces(
        pixels,
        np.full(count, SMOKE, np.int64),
        np.full(count, 1.5, np.float32),
        np.full(count, PLUME_WEIGHT, np.float64),
    )


def noise(chance: Chance, cell: int) -> npt.NDArray[np.float32]:
    """Soft noise of several sizes, 0..1, (SIDE, SIDE)."""
    total = np.zeros((SIDE, SIDE), np.float32)
    weight = 1.0
    while cell >= 2 and weight > 0.1:
        rows = max(2, SIDE // cell)
        coarse = chance.random((rows, rows)).astype(np.float32)
        total += weight * cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        cell, weight = cell // 2, weight * 0.55
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / max(high - low, 1e-6), np.float32)


def plume(chance: Chance) -> npt.NDArray[np.float32]:
    """How thick a rising cloud of smoke is, 0..1, (SIDE, SIDE): narrow below, wide above."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE
    foot, lean = chance.uniform(0.35, 0.65), chance.uniform(-0.5, 0.5)
    up = 1.0 - y
    middle = foot + lean * up + 0.08 * np.sin(up * chance.uniform(3, 9) + chance.uniform(0, 6))
    width = chance.uniform(0.05, 0.2) + chance.uniform(0.1, 0.5) * up
    soft = np.clip(1.35 - np.abs(x - middle) / width, 0, 1)
    curls = np.clip(noise(chance, int(chance.integers(12, 40))) * 1.9 - 0.35, 0, 1)
    return np.asarray(np.clip(soft * curls * chance.uniform(0.75, 1.3), 0, 1), np.float32)


def _smoky(ground: Rgb, chance: Chance) -> Rgb:
    thick = plume(chance)[..., None]
    grey = chance.uniform(25, 90) if chance.random() < 0.3 else chance.uniform(135, 240)
    tint = np.array([1.0, chance.uniform(0.97, 1.02), chance.uniform(0.93, 1.06)], np.float32)
    relief = (0.8 + 0.3 * noise(chance, 10))[..., None]
    return _bytes(ground * (1 - thick) + grey * tint * relief * thick)


def front_of_house(chance: Chance) -> Canvas:
    """Walls of plaster, brick or boards with windows, doors, dormers and a roof."""
    canvas = _wall(chance)
    base, trim = _tone(chance, 20, 120), _tone(chance, 110, 250)
    across, down = (int(v) for v in chance.integers(1, 5, 2))
    wide, tall = (int(v) for v in chance.integers(9, 34, 2))
    gap = int(chance.integers(4, 26))
    left, top = (int(v) for v in chance.integers(-12, 26, 2))
    arched = chance.random() < 0.3
    for row in range(down):
        for column in range(across):
            x, y = left + column * (wide + gap), top + row * (tall + gap)
            pane = _warm(chance) if chance.random() < 0.12 else base
            frame = int(chance.integers(1, 4))
            cv2.rectangle(
                canvas, (x - frame, y - frame), (x + wide + frame, y + tall + frame), trim, -1
            )
            if arched:
                cv2.ellipse(
                    canvas, (x + wide // 2, y), (wide // 2, wide // 2), 0, 180, 360, trim, -1
                )
            cv2.rectangle(canvas, (x, y), (x + wide, y + tall), pane, -1)
            for bar in range(1, int(chance.integers(1, 4))):
                at = x + bar * wide // 3
                cv2.line(canvas, (at, y), (at, y + tall), trim, 1)
                cv2.line(canvas, (x, y + bar * tall // 3), (x + wide, y + bar * tall // 3), trim, 1)
    if chance.random() < 0.5:
        _roof(canvas, chance)
    return canvas


def fence(chance: Chance) -> Canvas:
    """Boards, bars, trunks and posts: upright and slim as people are."""
    canvas = _ground(chance)
    step, wide = int(chance.integers(6, 40)), int(chance.integers(2, 18))
    tone = np.array(_tone(chance, 20, 230))
    for x in range(int(chance.integers(-10, 10)), SIDE, step):
        shade = tuple(float(v) for v in tone * chance.uniform(0.75, 1.15))
        top, bottom = int(chance.integers(-10, 40)), int(chance.integers(60, 120))
        lean = int(chance.integers(-6, 7))
        points = np.array(
            [(x, bottom), (x + wide, bottom), (x + wide + lean, top), (x + lean, top)]
        )
        cv2.fillPoly(canvas, [points.astype(np.int32)], shade)
    return canvas


def arm_and_bottle(chance: Chance) -> Canvas:
    """Bottles on a plain ground, some of glass, and often the arm that holds one."""
    canvas = _plain(chance)
    for _ in range(int(chance.integers(0, 4))):
        _bottle(canvas, chance)
    if chance.random() < 0.65:
        _arm(canvas, chance)
    return canvas


def lamp(chance: Chance) -> Canvas:
    """Warm and white lamps with their glow, by day and by night."""
    canvas = _ground(chance) * np.float32(chance.uniform(0.15, 1.0))
    for _ in range(int(chance.integers(1, 4))):
        _glow(canvas, chance, _warm(chance) if chance.random() < 0.7 else (250.0, 250.0, 245.0))
    return canvas


def setting_sun(chance: Chance) -> Canvas:
    """An evening sky over a dark horizon, with or without the sun."""
    ramp = np.linspace(0, 1, SIDE, dtype=np.float32)[:, None, None]
    high = np.array([chance.uniform(60, 190), chance.uniform(60, 150), chance.uniform(80, 190)])
    low = np.array([chance.uniform(220, 255), chance.uniform(120, 220), chance.uniform(20, 120)])
    canvas = np.broadcast_to(high * (1 - ramp) + low * ramp, (SIDE, SIDE, 3)).astype(np.float32)
    streaks = cv2.resize(noise(chance, 24), (SIDE, SIDE * 3))[SIDE : 2 * SIDE]
    canvas = canvas * (0.75 + 0.4 * streaks[..., None])
    if chance.random() < 0.6:
        _glow(
            canvas, chance, (255.0, float(chance.uniform(190, 250)), float(chance.uniform(60, 200)))
        )
    if chance.random() < 0.7:
        edge = int(chance.integers(50, SIDE))
        rim = edge + (12 * (noise(chance, 20)[0] - 0.5)).astype(int)
        for x in range(SIDE):
            canvas[max(0, rim[x]) :, x] *= 0.15
    return canvas


def car_lights(chance: Chance) -> Canvas:
    """White and red lights of cars in the dark, with halo and the wet road's reflection."""
    dark = float(chance.uniform(5, 60))
    canvas = np.full((SIDE, SIDE, 3), dark, np.float32) * (0.7 + 0.6 * noise(chance, 32)[..., None])
    red = chance.random() < 0.4
    tone = (
        (250.0, 40.0, 30.0)
        if red
        else (255.0, float(chance.uniform(225, 255)), float(chance.uniform(170, 255)))
    )
    y, x = chance.integers(20, 70), chance.integers(10, 50)
    apart = int(chance.integers(0, 40))
    for at in {int(x), int(x) + apart}:
        _glow(canvas, chance, tone, (at, int(y)))
        if chance.random() < 0.5:
            streak = np.zeros((SIDE, SIDE), np.float32)
            cv2.line(streak, (at, int(y)), (at, SIDE), 1.0, int(chance.integers(2, 10)))
            streak = cv2.GaussianBlur(streak, (0, 0), 3)[..., None]
            canvas += streak * np.array(tone, np.float32) * np.float32(chance.uniform(0.2, 0.8))
    return canvas


def sky(chance: Chance) -> Canvas:
    """Clouds, haze and grey skies; often with a dark edge of roofs or trees."""
    ramp = np.linspace(0, 1, SIDE, dtype=np.float32)[:, None, None]
    blue = np.array([chance.uniform(80, 200), chance.uniform(120, 215), chance.uniform(180, 250)])
    haze = np.full(3, chance.uniform(150, 245))
    ground = (blue * (1 - ramp) + haze * ramp) if chance.random() < 0.6 else haze + 0 * ramp
    cover = np.clip(noise(chance, int(chance.integers(16, 60))) * 1.6 - 0.5, 0, 1)[..., None]
    canvas = ground * (1 - cover) + chance.uniform(170, 250) * cover
    if chance.random() < 0.5:
        edge = SIDE - int(chance.integers(5, 50))
        canvas[edge:] = np.array(_tone(chance, 10, 110)) * (0.6 + noise(chance, 6)[edge:, :, None])
    return np.asarray(canvas, np.float32)


def bare_wall(chance: Chance) -> Canvas:
    """Grey walls and roads with stains and soft shadows: no smoke."""
    canvas = np.full((SIDE, SIDE, 3), 0, np.float32) + np.array(_tone(chance, 90, 225), np.float32)
    canvas *= 0.8 + 0.35 * noise(chance, int(chance.integers(20, 90)))[..., None]
    if chance.random() < 0.6:
        a, b = chance.integers(0, SIDE, 2)
        half = np.array([(0, a), (SIDE, b), (SIDE, SIDE), (0, SIDE)], np.int32)
        shadow = np.ones((SIDE, SIDE), np.float32)
        cv2.fillPoly(shadow, [half], float(chance.uniform(0.6, 0.95)))
        canvas *= cv2.GaussianBlur(shadow, (0, 0), float(chance.uniform(0.5, 12)))[..., None]
    if chance.random() < 0.4:
        y = int(chance.integers(0, SIDE))
        cv2.line(
            canvas, (0, y), (SIDE, int(y + chance.integers(-30, 30))), _tone(chance, 40, 250), 2
        )
    return canvas


def warm_ground(chance: Chance) -> Canvas:
    """Brick, red paving, tiles, autumn leaves, orange cloth: the colour of flames, no fire."""
    warm = np.array(_warm(chance), np.float32) * np.float32(chance.uniform(0.6, 1.0))
    canvas = warm * (0.65 + 0.5 * noise(chance, int(chance.integers(6, 60)))[..., None])
    kind = int(chance.integers(4))
    if kind == 0:
        step = int(chance.integers(5, 16))
        for y in range(0, SIDE, step):
            cv2.line(canvas, (0, y), (SIDE, y), _tone(chance, 120, 220), 1)
            for x in range((y // step % 2) * step, SIDE, 2 * step):
                cv2.line(canvas, (x, y), (x, y + step), _tone(chance, 120, 220), 1)
    elif kind == 1:
        for _ in range(int(chance.integers(1, 5))):
            start = tuple(int(v) for v in chance.integers(-10, SIDE, 2))
            end = tuple(int(v) for v in chance.integers(0, SIDE + 10, 2))
            cv2.line(canvas, start, end, _tone(chance, 170, 250), int(chance.integers(3, 14)))
    elif kind == 2:
        rest = _ground(chance)
        edge = chance.integers(15, 80, 4)
        rest[edge[0] // 2 : SIDE - edge[1] // 2, edge[2] // 2 : SIDE - edge[3] // 2] = canvas[
            edge[0] // 2 : SIDE - edge[1] // 2, edge[2] // 2 : SIDE - edge[3] // 2
        ]
        canvas = rest
    else:
        folds = np.sin(np.linspace(0, chance.uniform(6, 40), SIDE) + chance.uniform(0, 6))
        canvas = canvas * (0.85 + 0.15 * folds[None, :, None].astype(np.float32))
    return np.asarray(canvas, np.float32)


def _bytes(canvas: npt.NDArray[np.floating]) -> Rgb:
    return np.clip(canvas, 0, 255).astype(np.uint8)


def _finish(canvas: Canvas, chance: Chance) -> Rgb:
    rough = chance.normal(0, chance.uniform(0, 7), canvas.shape).astype(np.float32)
    soft = cv2.GaussianBlur(np.ascontiguousarray(canvas), (0, 0), float(chance.uniform(0.3, 1.4)))
    return _bytes(soft + rough)


def _tone(chance: Chance, low: float, high: float) -> tuple[float, float, float]:
    grey = chance.uniform(low, high)
    red, green, blue = (float(v) for v in np.clip(grey + chance.normal(0, 14, 3), 0, 255))
    return red, green, blue


def _warm(chance: Chance) -> tuple[float, float, float]:
    red = float(chance.uniform(185, 255))
    green = float(red * chance.uniform(0.2, 0.85))
    return red, green, float(green * chance.uniform(0.1, 0.75))


def _plain(chance: Chance) -> Canvas:
    canvas = np.zeros((SIDE, SIDE, 3), np.float32) + np.array(_tone(chance, 60, 240), np.float32)
    if chance.random() < 0.6:
        y = int(chance.integers(40, 90))
        canvas[y:] = np.array(_tone(chance, 100, 245), np.float32)
    return canvas * (0.85 + 0.2 * noise(chance, 60)[..., None])


def _ground(chance: Chance) -> Canvas:
    tone = np.array(_tone(chance, 40, 200), np.float32)
    if chance.random() < 0.4:
        tone *= np.array([0.8, 1.1, 0.6], np.float32)
    return np.asarray(tone * (0.6 + 0.8 * noise(chance, int(chance.integers(4, 40)))[..., None]))


def _wall(chance: Chance) -> Canvas:
    tone = np.array(_warm(chance) if chance.random() < 0.45 else _tone(chance, 90, 235), np.float32)
    canvas = np.asarray(tone * (0.85 + 0.25 * noise(chance, 30)[..., None]), np.float32)
    if chance.random() < 0.5:
        step = int(chance.integers(3, 12))
        line = tuple(float(v) for v in tone * 0.75)
        for y in range(0, SIDE, step):
            cv2.line(canvas, (0, y), (SIDE, y), line, 1)
    return canvas


def _roof(canvas: Canvas, chance: Chance) -> None:
    tone = _tone(chance, 40, 150)
    peak, edge = int(chance.integers(0, SIDE)), int(chance.integers(5, 45))
    slope = int(chance.integers(30, 120))
    points = np.array([(peak - slope, edge + 10), (peak, edge - 30), (peak + slope, edge + 10)])
    cv2.fillPoly(canvas, [points.astype(np.int32)], tone)
    if chance.random() < 0.5:
        x = peak + int(chance.integers(-20, 20))
        dormer = np.array([(x - 9, edge + 8), (x, edge - 8), (x + 9, edge + 8)], np.int32)
        cv2.fillPoly(canvas, [dormer], _tone(chance, 90, 230))
        cv2.rectangle(canvas, (x - 4, edge), (x + 4, edge + 8), _tone(chance, 10, 90), -1)


def _bottle(canvas: Canvas, chance: Chance) -> None:
    x, half = int(chance.integers(5, SIDE - 5)), int(chance.integers(4, 20))
    top, bottom = int(chance.integers(-5, 40)), int(chance.integers(50, SIDE + 10))
    shoulder, neck = top + (bottom - top) // 4, max(2, half // 3)
    body = np.zeros((SIDE, SIDE), np.float32)
    cv2.rectangle(body, (x - half, shoulder), (x + half, bottom), 1.0, -1)
    cv2.ellipse(body, (x, shoulder), (half, half // 2 + 1), 0, 180, 360, 1.0, -1)
    cv2.rectangle(body, (x - neck, top), (x + neck, shoulder), 1.0, -1)
    tone = np.array(_tone(chance, 60, 220), np.float32) * np.array([0.85, 1, 1.1], np.float32)
    solid = np.float32(chance.uniform(0.25, 1.0))
    canvas += (body[..., None] * solid) * (tone - canvas)
    for side in (-1, 1):
        edge = (x + side * (half - 1), shoulder), (x + side * (half - 1), bottom)
        cv2.line(canvas, *edge, _tone(chance, 20, 250), 1)
    cap = tuple(float(v) for v in chance.uniform(0, 255, 3))
    cv2.rectangle(canvas, (x - neck - 1, top - 4), (x + neck + 1, top + 2), cap, -1)
    if chance.random() < 0.6:
        y = int(chance.integers(shoulder + 1, max(shoulder + 2, bottom - 4)))
        label = tuple(float(v) for v in chance.uniform(0, 255, 3))
        cv2.rectangle(canvas, (x - half, y), (x + half, y + half), label, -1)


def _arm(canvas: Canvas, chance: Chance) -> None:
    hand = chance.uniform(0.25, 0.75, 2) * SIDE
    way = chance.uniform(0, 2 * np.pi)
    out = np.array([np.cos(way), np.sin(way)])
    thick = int(chance.integers(8, 24))
    wrist, elbow = hand + out * thick * 1.2, hand + out * SIDE * 1.5
    skin = np.array([205.0, 155.0, 125.0]) * chance.uniform(0.5, 1.15)
    skin_tone = tuple(float(v) for v in skin)
    sleeve = tuple(float(v) for v in chance.uniform(10, 230, 3))
    cv2.line(canvas, _at(wrist), _at(elbow), sleeve, thick)
    cv2.line(canvas, _at(hand), _at(wrist + out * thick * 0.4), skin_tone, max(4, thick - 3))
    cv2.circle(canvas, _at(hand), max(4, thick // 2), skin_tone, -1)
    for turn in chance.uniform(-0.9, 0.9, 4):
        finger = hand - np.array([np.cos(way + turn), np.sin(way + turn)]) * thick * 0.95
        dim = tuple(float(v) for v in skin * chance.uniform(0.85, 1.05))
        cv2.line(canvas, _at(hand), _at(finger), dim, max(2, thick // 5))


def _at(point: npt.NDArray[np.floating]) -> tuple[int, int]:
    return int(point[0]), int(point[1])


def _glow(
    canvas: Canvas,
    chance: Chance,
    tone: tuple[float, float, float],
    at: tuple[int, int] | None = None,
) -> None:
    x, y = at or tuple(int(v) for v in chance.integers(8, SIDE - 8, 2))
    radius = float(chance.uniform(2, 22))
    rows, columns = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    far = np.sqrt((columns - x) ** 2 + ((rows - y) * chance.uniform(0.7, 1.5)) ** 2)
    halo = np.exp(-far / (radius * float(chance.uniform(0.6, 2.5))))
    core = np.clip(1.5 - far / radius, 0, 1)
    colour = np.array(tone, np.float32)
    light = (halo * float(chance.uniform(0.2, 0.9)))[..., None] * colour
    canvas += light * (1 - canvas / 260).clip(0, 1)
    heart = np.minimum(colour * 1.25 + 15, 255)
    canvas += core[..., None] * (heart - canvas)

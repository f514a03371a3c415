"""What a village camera does to a picture: loose boxes, rain on the lens, night, a thin line."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from vision.detectors.crops import PATCH_PX
from vision.training.data import FIRE, Pieces, Rgb

DRESSED = 0.12
"""Share of what is no fire that is shown in the colours of fire: vests, clothes, paint, paving."""


def draw_batch(
    pieces: Pieces, picks: npt.NDArray[np.int64], chance: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Jittered network inputs, (n, 3, PATCH_PX, PATCH_PX) in 0..1."""
    out = np.empty((len(picks), PATCH_PX, PATCH_PX, 3), np.uint8)
    for row, pick in enumerate(picks):
        loose = cut(pieces.pixels[pick], float(pieces.context[pick]), chance)
        if pieces.labels[pick] < FIRE and chance.random() < DRESSED:
            loose = dressed(loose, chance)
        out[row] = weather(loose, chance)
    return np.ascontiguousarray(out.transpose(0, 3, 1, 2), np.float32) / np.float32(255)


def plain_batch(pieces: Pieces, margin: float) -> npt.NDArray[np.float32]:
    """Network inputs without jitter, as a tight box with the detector's margin would give."""
    out = np.empty((len(pieces.labels), PATCH_PX, PATCH_PX, 3), np.uint8)
    for row, (pixels, context) in enumerate(zip(pieces.pixels, pieces.context, strict=True)):
        share = 1.0 if context == 1.0 else margin / float(context)
        out[row] = _window(pixels, share, 0.0, 0.0, flip=False)
    return np.ascontiguousarray(out.transpose(0, 3, 1, 2), np.float32) / np.float32(255)


def cut(pixels: Rgb, context: float, chance: np.random.Generator) -> Rgb:
    """Cut a loose square: motion sees more or less than the object, and rarely its middle."""
    if context == 1.0:
        share = chance.uniform(0.45, 1.0)
        room = (1 - share) / 2
        across, down = chance.uniform(-room, room, 2)
    else:
        share = float(np.exp(chance.normal(np.log(1.3), 0.25))) / context
        share = float(np.clip(share, 0.7 / context, 0.95))
        across, down = np.clip(chance.normal(0, 0.10, 2), -0.22, 0.22) / context
    stretch = float(np.exp(chance.normal(0, 0.07)))
    flip = chance.random() < 0.5
    return _window(pixels, float(share), float(across), float(down), flip=flip, stretch=stretch)


def _window(
    pixels: Rgb, share: float, across: float, down: float, *, flip: bool, stretch: float = 1.0
) -> Rgb:
    """The part of a piece that the network is shown; `stretch` over 1 makes things slimmer."""
    stored = pixels.shape[0]
    wide, tall = share * stored * stretch, share * stored / stretch
    x = (0.5 + across) * stored - wide / 2
    y = (0.5 + down) * stored - tall / 2
    step_x, step_y = wide / PATCH_PX, tall / PATCH_PX
    matrix = np.array([[step_x, 0, x], [0, step_y, y]], np.float32)
    if flip:
        matrix = np.array([[-step_x, 0, x + wide - step_x], [0, step_y, y]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(
        pixels, matrix, (PATCH_PX, PATCH_PX), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, np.uint8)


def dressed(patch: Rgb, chance: np.random.Generator) -> Rgb:
    """A part of a patch, or all of it, in bright orange, red or yellow, often with pale stripes."""
    red = chance.uniform(200, 255)
    green = red * chance.uniform(0.15, 0.85)
    paint = np.array([red, green, green * chance.uniform(0.1, 0.6)], np.float32)
    x0, x1 = sorted(chance.uniform(0, PATCH_PX, 2)) if chance.random() < 0.7 else (0, PATCH_PX)
    y0, y1 = sorted(chance.uniform(0, PATCH_PX, 2)) if chance.random() < 0.7 else (0, PATCH_PX)
    cover = np.zeros((PATCH_PX, PATCH_PX), np.float32)
    cover[round(y0) : round(y1), round(x0) : round(x1)] = chance.uniform(0.6, 1.0)
    if chance.random() < 0.5:
        cover[:: int(chance.integers(6, 20))] = 0
    cover = cv2.GaussianBlur(cover, (0, 0), float(chance.uniform(0.4, 2.0)))[..., None]
    light = patch.astype(np.float32)
    grey = light.mean(axis=2, keepdims=True)
    painted = paint * (0.35 + 0.65 * grey / max(float(grey.max()), 1.0))
    return np.clip(light + cover * (painted - light), 0, 255).astype(np.uint8)


def weather(patch: Rgb, chance: np.random.Generator) -> Rgb:
    """Light, colour, blur, low resolution, noise and compression, each some of the time."""
    dice = chance.random(8)
    work = patch
    if dice[0] < 0.4:
        small = int(chance.integers(16, 48))
        low = cv2.resize(work, (small, small), interpolation=cv2.INTER_AREA)
        work = cv2.resize(low, (PATCH_PX, PATCH_PX), interpolation=cv2.INTER_LINEAR)
    if dice[1] < 0.15:
        work = cv2.GaussianBlur(work, (0, 0), float(chance.uniform(0.5, 1.4)))
    elif dice[1] < 0.25:
        length = int(chance.integers(3, 8))
        work = cv2.blur(work, (length, 1))
    light = work.astype(np.float32)
    if dice[2] < 0.12:
        light = np.repeat(light.mean(axis=2, keepdims=True), 3, axis=2)
    elif dice[2] < 0.6:
        grey = light.mean(axis=2, keepdims=True)
        light = grey + (light - grey) * chance.uniform(0.4, 1.4)
        light *= chance.uniform(0.9, 1.1, 3).astype(np.float32)
    if dice[3] < 0.12:
        light = 255 * (np.clip(light, 0, 255) / 255) ** chance.uniform(1.3, 2.2)
        light *= chance.uniform(0.25, 0.6)
        light += chance.normal(0, chance.uniform(2, 9), light.shape)
    elif dice[3] < 0.8:
        mean = light.mean()
        light = (light - mean) * chance.uniform(0.55, 1.35) + mean * chance.uniform(0.65, 1.35)
    if dice[4] < 0.2:
        light += chance.normal(0, chance.uniform(2, 8), light.shape)
    if dice[5] < 0.08:
        x, y = chance.integers(-8, PATCH_PX - 8, 2)
        wide, tall = chance.integers(8, 26, 2)
        light[max(y, 0) : y + tall, max(x, 0) : x + wide] = chance.uniform(0, 255, 3)
    work = np.clip(light, 0, 255).astype(np.uint8)
    if dice[6] < 0.35:
        quality = int(chance.integers(25, 85))
        coded = cv2.imencode(".jpg", work, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        work = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return work

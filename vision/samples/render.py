"""Render the three sample clips again: `python -m vision.samples.render [--out FOLDER]`.

Everything in them is drawn by this project; no person, car or place in them exists, and each
picture says so. The same seed and library versions give the same pictures. The encoder (x264
inside PyAV) is needed only to make the clips, never to play them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from vision.samples.courtyard import Courtyard
from vision.samples.figures import Picture
from vision.samples.props import Scene
from vision.samples.reservoir import Reservoir
from vision.samples.road import VillageRoad
from vision.samples.stage import HEIGHT, WIDTH

FPS = 15
QUALITY = 29
"""x264's constant rate factor: every clip stays below 400 kB."""

SCENES: dict[str, tuple[Callable[[np.random.Generator], Scene], int]] = {
    "reservoir": (Reservoir, 11),
    "road": (VillageRoad, 12),
    "courtyard": (Courtyard, 13),
}
"""File name, scene and seed of each clip."""

_WORDS_SHAPE = (19, 82)
_WORDS = bytes.fromhex(
    "603001c1000000003000dc0600386003fff80ffc313ffe02ff80fffe06384c08018c0e60000001"
    "8c1302006383180000006304d0bfd800c600000038f93e00000661b1ffff8e3e4cc7fe03386c7f"
    "ffe7999301ffc1981f001801e664c06030c4800006005b9930980c003000319806f44c67ff1fff"
    "fc0c6601af131980c01fc00618c060c4cc603007f00386181861331ffc032700c18706180d87fe"
    "0388f07060e18c03600003820f3818186600f1fff9c080c43c001981f47ffe0020000f00064038"
)
"""渲染示例 as a bitmap, row by row, so that no Chinese font is needed."""


def words() -> npt.NDArray[np.bool_]:
    """The Chinese half of the label, rows × columns."""
    rows, columns = _WORDS_SHAPE
    bits = np.unpackbits(np.frombuffer(_WORDS, np.uint8))[: rows * columns]
    return bits.reshape(_WORDS_SHAPE).astype(bool)


def stamp(image: npt.NDArray[np.uint8]) -> None:
    """Write into a picture that it is rendered."""
    rows, columns = _WORDS_SHAPE
    left, top = WIDTH - columns - 118, HEIGHT - rows - 8
    image[top - 5 :, left - 8 :] = image[top - 5 :, left - 8 :] // 3
    image[top : top + rows, left : left + columns][words()] = (236, 236, 236)
    where = (left + columns + 10, HEIGHT - 12)
    cv2.putText(
        image, "RENDERED", where, cv2.FONT_HERSHEY_SIMPLEX, 0.55, (236, 236, 236), 1, cv2.LINE_AA
    )


def finished(picture: Picture, chance: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Sensor noise, a slight blur of the lens, eight bits, the label."""
    soft = cv2.GaussianBlur(picture, (0, 0), 0.6)
    soft = soft + chance.normal(0, 1.6, (HEIGHT, WIDTH, 1)).astype(np.float32)
    image = np.clip(soft, 0, 255).astype(np.uint8)
    stamp(image)
    return image


def render(name: str, path: Path) -> None:
    """Draw one clip and encode it; the last picture is followed by the first without a jump."""
    kind, seed = SCENES[name]
    scene = kind(np.random.default_rng(seed))
    noise = np.random.default_rng(seed + 100)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = Fraction(1, FPS)
        stream.options = {
            "preset": "veryslow",
            "crf": str(QUALITY),
            "threads": "1",
            "g": str(4 * FPS),
            "bf": "0",
        }
        for number in range(round(scene.loop_s * FPS)):
            image = finished(scene.draw(number / FPS), noise)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def main() -> int:
    """Render all clips, or the named ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[[], *SCENES], help="clips; all without")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    asked = parser.parse_args()
    for name in asked.names or SCENES:
        path = asked.out / f"{name}.mp4"
        render(name, path)
        print(f"clip={path} bytes={path.stat().st_size}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

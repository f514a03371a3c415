"""Measure the patch classifier on pictures and clips it was not trained on.

    python -m vision.training.measure --data FOLDER [--weights vision/weights/patch.onnx]

FOLDER holds `groundtruth.json` and `public/`. The model card repeats what this prints. Pieces of
pictures say how well the classifier reads; events say what a camera with motion would report.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from vision.boxes import Box
from vision.detectors.patches import BUILT_IN, PatchDetector
from vision.frames import Frame, Image, Picture
from vision.pipeline import Pipeline
from vision.settings import CameraSpec
from vision.training.data import CLASSES, empty_squares
from vision.training.manifest import add_figures

VILLAGE = {0: "vehicle", 1: "vehicle", 2: "two-wheeler", 3: "person", 4: "vehicle"}
CCTV_FIRE = {0: "fire", 2: "smoke"}
CLIPS = (
    ("intel_one-by-one-person-detection.mp4", "person"),
    ("intel_car-detection.mp4", "vehicle"),
    ("intel_bottle-detection.mp4", "person"),
    ("furg_house6_fire.mp4", "fire"),
)
LEAST_PX = 32
LOOKS_PER_S = 5.0
WINDOW_SHARES = (1.0, 0.6, 0.35)
"""Sides of the windows over the shorter side of a picture, where nothing tells where to look."""

EDGE_S = 0.4
"""Frames this near to an object's coming or going are not scored."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many, with what they were taken for."""

    right: int
    of: int
    said: dict[str, int]

    @property
    def rate(self) -> float:
        return self.right / self.of if self.of else float("nan")

    def __str__(self) -> str:
        return f"right={self.rate:.3f} of={self.of} said={self.said}"


@dataclass(frozen=True, slots=True)
class Events:
    """What a clip gave at event level.

    Attributes:
        found: Events during which 2 of 3 successive looks saw the label.
        latency_s: Seconds from the object's first pixel to that, for each event found.
        hit_frames, frames: Looks with the object present: seen, all.
        false_frames, empty_frames: Looks with nothing present: something reported, all.
    """

    found: int
    of: int
    latency_s: tuple[float, ...]
    hit_frames: int
    frames: int
    false_frames: int
    empty_frames: int


def read_yolo(folder: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pictures (BGR) with rows class, left, top, right, bottom in pixels."""
    for label_file in sorted((folder / "labels").glob("*.txt")):
        picture = cv2.imread(str(folder / "images" / f"{label_file.stem}.jpg"))
        if picture is None:
            continue
        height, width = picture.shape[:2]
        rows = [line.split() for line in label_file.read_text().splitlines() if line.strip()]
        raw = np.array([[float(v) for v in row[:5]] for row in rows], np.float32).reshape(-1, 5)
        half = raw[:, 3:5] / 2
        corners = np.concatenate([raw[:, 1:3] - half, raw[:, 1:3] + half], axis=1)
        corners *= np.array([width, height, width, height], np.float32)
        yield picture, np.concatenate([raw[:, :1], corners], axis=1).astype(np.float32)


def measure_objects(
    detector: PatchDetector, folder: Path, meaning: dict[int, str], *, most: int | None = None
) -> dict[str, Share]:
    """Which share of the labelled objects gets its label as the most probable class."""
    said: dict[str, list[str]] = {}
    for picture, rows in list(read_yolo(folder))[:most]:
        sides = np.maximum(rows[:, 3] - rows[:, 1], rows[:, 4] - rows[:, 2])
        wanted = np.array([int(row[0]) in meaning for row in rows], bool) & (sides >= LEAST_PX)
        if not wanted.any():
            continue
        best = detector.classify(picture, rows[wanted, 1:5]).argmax(axis=1)
        for row, index in zip(rows[wanted], best, strict=True):
            said.setdefault(meaning[int(row[0])], []).append(CLASSES[index])
    return {label: _share(label, words) for label, words in sorted(said.items())}


def measure_background(
    detector: PatchDetector, folder: Path, *, most: int | None = None, each: int = 4
) -> Share:
    """How much of what shows no labelled object is reported as nothing, at the thresholds."""
    chance = np.random.default_rng(0)
    said: list[str] = []
    for picture, rows in list(read_yolo(folder))[:most]:
        height, width = picture.shape[:2]
        squares = list(empty_squares(rows, (width, height), chance, each))
        for square in squares:
            box: Box = tuple(float(v) for v in square)  # type: ignore[assignment]
            found = detector.detect(Frame(picture, 0.0, 0.0), [box])
            strong = len(found) and found.scores[0] >= detector.threshold
            said.append(found.labels[0] if strong else "background")
    return _share("background", said)


def _share(label: str, said: Sequence[str]) -> Share:
    counts = {word: said.count(word) for word in sorted(set(said))}
    return Share(counts.get(label, 0), len(said), counts)


def looks(path: Path, per_s: float = LOOKS_PER_S) -> Iterator[Frame]:
    """The frames of a clip that a camera with so many looks a second would see."""
    due = 0.0
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            at = float(frame.pts * frame.time_base)
            if at + 1e-6 >= due:
                due = max(due + 1 / per_s, at)
                yield Frame(frame.to_ndarray(format="bgr24"), at, at)


def watch(detector: PatchDetector, path: Path) -> Iterator[tuple[float, frozenset[str]]]:
    """Motion, flames, classifier, tracker on a clip: seconds and the labels seen in each look."""
    pipeline = Pipeline(CameraSpec("clip", path.name, "", health=False), detector, on_fault=print)
    for frame in looks(path):
        picture = Picture(
            frame.mono_s, frame.media_s, frame.width, frame.height, partial(_of, frame)
        )
        pipeline.look(picture)
        tracks = pipeline.tracks
        seen = frozenset(track.label for track in tracks if track.seen and track.proven)
        yield frame.mono_s, seen


def _of(frame: Frame) -> Image:
    return frame.image


def measure_events(
    detector: PatchDetector, path: Path, events: Sequence[dict[str, Any]], label: str
) -> Events:
    """Score a clip against its events of one label; any label in empty time is false."""
    seen = list(watch(detector, path))
    found, latency = 0, []
    for event in (e for e in events if e["class"] == label):
        hits = [
            (at, label in labels) for at, labels in seen if event["enter"] <= at <= event["leave"]
        ]
        for index in range(len(hits)):
            window = hits[max(0, index - 2) : index + 1]
            if sum(hit for _, hit in window) >= 2:
                found += 1
                latency.append(round(hits[index][0] - event["enter"], 2))
                break
    present = [
        at for at, _ in seen if any(_inside(at, e, -EDGE_S) for e in events if e["class"] == label)
    ]
    hit = [at for at, labels in seen if label in labels and at in set(present)]
    empty = [(at, labels) for at, labels in seen if not any(_inside(at, e, EDGE_S) for e in events)]
    return Events(
        found,
        sum(e["class"] == label for e in events),
        tuple(latency),
        len(hit),
        len(present),
        sum(bool(labels) for _, labels in empty),
        len(empty),
    )


def _inside(at: float, event: dict[str, Any], grow_s: float) -> bool:
    return bool(event["enter"] - grow_s <= at <= event["leave"] + grow_s)


def windows(width: int, height: int) -> np.ndarray:
    """Squares of three sizes that cover a picture and overlap by half, (n, 4) pixels."""
    found: list[tuple[float, float, float, float]] = []
    for share in WINDOW_SHARES:
        side = share * min(width, height)
        columns = np.linspace(0, width - side, 1 + round((width - side) / (side / 2)))
        rows = np.linspace(0, height - side, 1 + round((height - side) / (side / 2)))
        found += [
            (float(x), float(y), float(x + side), float(y + side)) for x in columns for y in rows
        ]
    return np.array(found, np.float32)


def measure_stills(
    detector: PatchDetector, folder: Path, meaning: dict[int, str], label: str, threshold: float
) -> tuple[Share, Share]:
    """Single pictures judged by the network alone, in windows.

    Returns:
        Of the pictures that show the label those in which some window says so, and of the others
        those in which none does.
    """
    column = CLASSES.index(label)
    said: dict[bool, list[str]] = {True: [], False: []}
    for picture, rows in read_yolo(folder):
        there = any(meaning.get(int(row[0])) == label for row in rows)
        odds = detector.classify(picture, windows(picture.shape[1], picture.shape[0]))[:, column]
        said[there].append(label if float(odds.max()) >= threshold else "nothing")
    return _share(label, said[True]), _share("nothing", said[False])


SAMPLE = 60
"""So many pictures of the village set are measured again by a test on every build."""


def sample_figures(detector: PatchDetector, public: Path) -> dict[str, float]:
    """The few figures that the manifest states and a test repeats."""
    village = public / "village_road_images"
    objects = measure_objects(detector, village, VILLAGE, most=SAMPLE)
    background = measure_background(detector, village, most=SAMPLE)
    rates = {label: share.rate for label, share in {**objects, "background": background}.items()}
    return {label: round(rate, 3) for label, rate in sorted(rates.items())}


def main() -> int:
    """Print every figure of the model card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=BUILT_IN)
    parser.add_argument("--write", action="store_true", help="put figures into the manifest")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    detector = PatchDetector.open(asked.weights)
    public = asked.data / "public"
    print(f"model={detector.name} threshold={detector.threshold}")
    for name, meaning in (("village_road_images", VILLAGE), ("cctv_fire_images", CCTV_FIRE)):
        for label, share in measure_objects(detector, public / name, meaning).items():
            print(f"pieces set={name} label={label} {share}")
    share = measure_background(detector, public / "village_road_images")
    print(f"pieces set=village_road_images label=background {share}")
    for label in ("fire", "smoke"):
        with_it, _ = measure_stills(detector, public / "cctv_fire_images", CCTV_FIRE, label, 0.6)
        _, without = measure_stills(detector, public / "village_road_images", VILLAGE, label, 0.6)
        print(f"stills label={label} found: {with_it} silent on village roads: {without}")
    truth = json.loads((asked.data / "groundtruth.json").read_text(encoding="utf-8"))
    known = {Path(clip["file"]).name: clip.get("events", []) for clip in truth["clips"]}
    for name, label in CLIPS:
        listed = [event for event in known.get(name, []) if event["class"] == label]
        events = measure_events(detector, public / name, listed, label)
        print(f"clip={name} label={label} {events}")
    if asked.write:
        add_figures(asked.weights, {"pictures": SAMPLE, **sample_figures(detector, public)})
    return 0


if __name__ == "__main__":
    sys.exit(main())

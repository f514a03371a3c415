"""How good the box detector is, threshold by threshold, on pictures that it was not trained on.

    python -m vision.training.detector_measure --shared FOLDER [--train FOLDER] [--model FILE]

The public pictures and the hand-checked frames of `groundtruth.json`, and the held-out twentieth
of the training pictures. What `village-hub evaluate` says about clips and events is not repeated.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import cv2
import numpy as np

from vision.boxes import Boxes, to_array
from vision.detections import LABELS, Detections
from vision.detectors.built_in import DETECTOR
from vision.detectors.network import NetworkDetector
from vision.evaluate.boxes import added, tally
from vision.evaluate.images import read_folder
from vision.frames import Frame, Image
from vision.training.data import read_sets

THRESHOLDS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)
ROADS = {0: "vehicle", 1: "vehicle", 2: "two-wheeler", 3: "person", 4: "vehicle"}
FIRES = {0: "fire", 2: "smoke"}
NAMES = {"veh": "vehicle", "two": "two-wheeler"}

Judged = tuple[Detections, Detections, Boxes]
"""Found, wanted, to be ignored."""


def open_plain(path: Path) -> NetworkDetector:
    """The detector with every class on the scale of its own network."""
    detector = NetworkDetector.open(path, 1)
    detector._threshold = 3 * 0.15  # noqa: SLF001 - whatever is above 0.15 is wanted here
    detector._scale[:] = 1  # noqa: SLF001
    detector._labels = list(LABELS)  # noqa: SLF001 - the experimental ones, too
    detector._useful[:] = True  # noqa: SLF001
    return detector


def find(detector: NetworkDetector, image: Image) -> Detections:
    """What is in one picture."""
    return detector.detect(Frame(np.ascontiguousarray(image), 0.0, 0.0), ())


def of_folder(detector: NetworkDetector, folder: Path, classes: dict[int, str]) -> list[Judged]:
    """Every picture of a folder."""
    pairs = read_folder(folder, classes)
    return [(find(detector, image), wanted, to_array([])) for image, wanted in pairs]


def of_held_out(detector: NetworkDetector, train: Path) -> dict[str, list[Judged]]:
    """The training pictures kept aside; what only teachers saw is ignored."""
    found: dict[str, list[Judged]] = {}
    for one in read_sets(train):
        if not one.held_out:
            continue
        image = np.ascontiguousarray(one.read()[..., ::-1])
        height, width = image.shape[:2]
        boxes = one.boxes[:, 1:5] * np.array([width, height, width, height], np.float32)
        drawn = one.boxes[:, 5] > 0.999
        labels = tuple(LABELS[int(row[0])] for row in one.boxes[drawn])
        wanted = Detections(boxes[drawn], np.ones(len(labels), np.float32), labels)
        found.setdefault(one.group, []).append((find(detector, image), wanted, boxes[~drawn]))
    return found


def of_checked_frames(detector: NetworkDetector, shared: Path) -> list[Judged]:
    """The frames of the clips in which people checked every box."""
    truth = json.loads((shared / "groundtruth.json").read_text(encoding="utf-8"))
    judged = []
    for clip in truth["clips"]:
        checked = sorted(clip.get("frame_boxes", ()), key=lambda frame: float(frame["t"]))
        if not checked:
            continue
        for frame, image in zip(checked, _images(shared / clip["file"], checked), strict=True):
            boxes = [tuple(one["box"]) for one in frame["objects"]]
            labels = [NAMES.get(one["cls"], one["cls"]) for one in frame["objects"]]
            wanted = Detections.of((b, 1.0, n) for b, n in zip(boxes, labels, strict=True))
            judged.append((find(detector, image), wanted, to_array(frame.get("ignore", []))))
    return judged


def _images(path: Path, checked: Sequence[dict[str, float]]) -> Iterator[Image]:
    left = [float(frame["t"]) for frame in checked]
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            while left and frame.time is not None and frame.time >= left[0] - 0.02:
                left.pop(0)
                yield np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            if not left:
                return


def table(title: str, judged: Sequence[Judged], labels: Sequence[str]) -> None:
    """Recall and precision at each threshold."""
    for label in labels:
        cells = []
        for least in THRESHOLDS:
            kept = [(f.where(f.scores >= least), w, i) for f, w, i in judged]
            one = added([tally(f, w, i, labels=[label]) for f, w, i in kept])[label]
            cells.append(f"{least}: {_share(one.recall)}/{_share(one.precision)}")
        wanted = sum(w.labels.count(label) for _, w, _ in judged)
        print(f"{title} {label} ({wanted})  {'  '.join(cells)}", flush=True)


def alarms(title: str, judged: Sequence[Judged], label: str, *, there: bool) -> None:
    """Share of the pictures with (or without) an object in which anything of its label is seen."""
    chosen = [f for f, w, _ in judged if (label in w.labels) == there]
    best = np.array([max((s for s, n in zip(f.scores, f.labels, strict=True) if n == label),
                         default=0.0) for f in chosen])  # fmt: skip
    cells = [f"{least}: {(best >= least).mean():.3f}" for least in THRESHOLDS if len(best)]
    print(f"{title} {label} in pictures ({len(best)})  {'  '.join(cells)}", flush=True)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--train", type=Path)
    parser.add_argument("--model", type=Path, default=DETECTOR)
    said = parser.parse_args()
    cv2.setNumThreads(1)
    detector = open_plain(said.model)
    table("checked frames", of_checked_frames(detector, said.shared), ("person", "vehicle"))
    roads = of_folder(detector, said.shared / "public" / "village_road_images", ROADS)
    table("village roads", roads, ("person", "vehicle", "two-wheeler"))
    fires = of_folder(detector, said.shared / "public" / "cctv_fire_images", FIRES)
    for label in ("fire", "smoke"):
        alarms("cctv, there:", fires, label, there=True)
        alarms("cctv, not there:", fires, label, there=False)
        alarms("village roads, not there:", roads, label, there=False)
    if said.train:
        for group, judged in of_held_out(detector, said.train).items():
            labels = sorted({n for _, w, _ in judged for n in w.labels})
            table(f"held out {group}", judged, labels)


if __name__ == "__main__":
    main()

"""Folders of pictures with YOLO labels: how many objects a model finds in single pictures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vision.boxes import to_array
from vision.detections import Detections
from vision.detectors.detector import Detector
from vision.errors import EvaluationError
from vision.evaluate.boxes import Tally, added, tally
from vision.evaluate.truth import LABELS
from vision.frames import Frame, Image

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
NAMES_FILES = ("classes.txt", "obj.names", "names.txt")

Classes = Mapping[int, str]
"""Class number in a label file to label of the hub; other numbers are not judged."""


@dataclass(frozen=True, slots=True)
class FolderScore:
    """One folder."""

    folder: str
    pictures: int
    boxes: dict[str, Tally]


def read_classes(given: str, folder: Path) -> Classes:
    """What the class numbers of a folder mean.

    Args:
        given: A names file (one name a line, or a JSON list or object), or the names themselves,
            as in `bus,car,person` or `0=vehicle,3=person`; empty: a names file in the folder.
        folder: The pictures' folder.

    Raises:
        EvaluationError: There is no such file, or no name in it that the hub knows.
    """
    names = _numbered(_text(given, folder))
    known = {n: label for n, name in names.items() if (label := LABELS.get(name.lower()))}
    if not known:
        raise EvaluationError(
            f"None of the classes {', '.join(names.values()) or '(none)'} is one the hub knows. "
            "Name them in the order of their numbers, for example --classes bus,car,person."
        )
    return known


def _text(given: str, folder: Path) -> str:
    if given and ("," in given or "=" in given):
        return given
    candidates = [Path(given)] if given else [folder / name for name in NAMES_FILES]
    found = next((path for path in candidates if path.is_file()), None)
    if found is None and given and "/" not in given and given.lower() in LABELS:
        return given
    if found is None:
        raise EvaluationError(
            f"What the class numbers of {folder} mean is not known: there is no "
            f"{given or ' or '.join(NAMES_FILES)}. Name them with --classes, for example "
            "--classes bus,car,motorbike,person,truck."
        )
    try:
        return found.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"The names file {found} cannot be read ({error}).") from error


def _numbered(text: str) -> dict[int, str]:
    try:
        raw = json.loads(text)
    except ValueError:
        raw = [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]
    try:
        if isinstance(raw, dict):
            return {int(number): str(name).strip() for number, name in raw.items()}
        if raw and all("=" in str(part) for part in raw):
            pairs = [str(part).split("=", 1) for part in raw]
            return {int(number): name.strip() for number, name in pairs}
        return {number: str(name).strip() for number, name in enumerate(raw)}
    except (ValueError, TypeError) as error:
        raise EvaluationError(
            f"The class names cannot be understood ({error}). Write them as bus,car,person or as "
            "0=vehicle,3=person."
        ) from error


def score_folder(
    folder: Path,
    detector: Detector,
    classes: Classes,
    *,
    on_progress: Callable[[int], None] = lambda _: None,
) -> FolderScore:
    """Look at every picture of `FOLDER/images`; its objects are in `FOLDER/labels/NAME.txt`.

    Raises:
        EvaluationError: There is no picture, a label file is damaged, or the model cannot look at
            single pictures.
        ModelError: The model failed.
    """
    if detector.needs_regions:
        raise EvaluationError(
            f"The model {detector.name} judges only what moves, and nothing moves in single "
            f"pictures: {folder} cannot be evaluated with it. Choose a detector with --model."
        )
    labels = tuple(sorted(set(classes.values())))
    tallies = []
    for image, wanted in read_folder(folder, classes):
        found = detector.detect(Frame(image, 0.0, 0.0), ())
        strong = found.where(np.asarray(found.scores >= detector.threshold, bool))
        tallies.append(tally(strong, wanted, to_array([]), labels=labels))
        on_progress(len(tallies))
    if not tallies:
        raise EvaluationError(
            f"There is no picture in {folder / 'images'}. A folder holds images/NAME.jpg and "
            "labels/NAME.txt."
        )
    return FolderScore(folder.name, len(tallies), added(tallies))


def read_folder(folder: Path, classes: Classes) -> Iterator[tuple[Image, Detections]]:
    """Pictures (BGR) with their objects in pixels, in the order of their names.

    Raises:
        EvaluationError: A picture or a label file cannot be read.
    """
    pictures = folder / "images"
    paths = sorted(p for p in pictures.iterdir()) if pictures.is_dir() else []
    for path in (p for p in paths if p.suffix.lower() in PICTURES):
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise EvaluationError(f"The picture {path} cannot be read. Remove or replace it.")
        pixels = np.asarray(image, np.uint8)
        label_file = folder / "labels" / f"{path.stem}.txt"
        yield pixels, _objects(label_file, classes, pixels.shape[1], pixels.shape[0])


def _objects(path: Path, classes: Classes, width: int, height: int) -> Detections:
    """A line is class, x and y of the centre, width and height, as fractions of the picture."""
    if not path.is_file():
        return Detections.none()
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            values = [float(word) for word in line.split()[:5]]
            if not values:
                continue
            kind, x, y, w, h = values
        except ValueError as error:
            raise EvaluationError(
                f"Line {number} of {path} is no label: {line[:60]!r}. It must be five numbers, "
                "`class x y width height`."
            ) from error
        if label := classes.get(int(kind)):
            left, top, right, bottom = x - w / 2, y - h / 2, x + w / 2, y + h / 2
            box = (left * width, top * height, right * width, bottom * height)
            found.append((box, 1.0, label))
    return Detections.of(found)

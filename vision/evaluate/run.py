"""Evaluate a model on recordings and pictures: read the truth, watch, score, report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vision.detectors import open_detector
from vision.detectors.detector import Detector
from vision.errors import EvaluationError
from vision.evaluate.images import Classes, FolderScore, read_classes, score_folder
from vision.evaluate.report import Document, build_document
from vision.evaluate.score import ClipScore, score_clip
from vision.evaluate.truth import ClipTruth, read_truth
from vision.evaluate.watch import can_judge, watch

EVERY_PICTURES = 50

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Question:
    """What to evaluate.

    Attributes:
        clips: Recordings that the truth file describes, matched by file name.
        truth: The truth file; None: only negatives and folders.
        negatives: Recordings in which there is nothing to be found.
        folders: Folders of pictures with YOLO labels.
        classes: What their class numbers mean, see `images.read_classes`.
        model: Path of an ONNX detector; empty: the built-in one.
        looks_per_s: As the setting of a camera.
    """

    clips: tuple[Path, ...] = ()
    truth: Path | None = None
    negatives: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()
    classes: str = ""
    model: str = ""
    looks_per_s: float = 5.0


def evaluate(question: Question, *, say: Say) -> Document:
    """Answer a question; everything that can be refused is refused before the long work begins.

    Args:
        question: What to evaluate.
        say: Told about progress, a line at a time.

    Raises:
        EvaluationError: A clip, folder or truth cannot be used.
        ModelError: The model cannot be used or failed.
    """
    if not (question.clips or question.negatives or question.folders):
        raise EvaluationError("There is nothing to evaluate. Name a clip or a folder of pictures.")
    known = {} if question.truth is None else read_truth(question.truth)
    pairs = _paired(question, known)
    folders = [(folder, read_classes(question.classes, folder)) for folder in question.folders]
    detector = open_detector(question.model, 1)
    say(f"model: {detector.name}")
    notes = _not_judged(truth for _, truth in pairs)
    pictures = _scored(folders, detector, say)
    clips = _watched(pairs, detector, question.looks_per_s, say, notes)
    return build_document(
        clips,
        pictures,
        model=detector.name,
        labels=detector.labels,
        looks_per_s=question.looks_per_s,
        notes=notes,
    )


def _paired(question: Question, known: dict[str, ClipTruth]) -> list[tuple[Path, ClipTruth]]:
    if question.clips and question.truth is None:
        raise EvaluationError(
            "What is in the clips is not known. Name a truth file with --truth, or give clips "
            "without anything in them with --negative."
        )
    for path in (*question.clips, *question.negatives):
        if not path.is_file():
            raise EvaluationError(f"There is no clip {path}. Check the path.")
    pairs = []
    for path in question.clips:
        truth = known.get(path.name)
        if truth is None:
            raise EvaluationError(
                f"The clip {path.name} is not in {question.truth}, which describes "
                f"{', '.join(sorted(known)) or 'no clip'}. Add it there, or give it with "
                "--negative if there is nothing in it."
            )
        pairs.append((path, truth))
    return pairs + [(path, ClipTruth(path.name)) for path in question.negatives]


def _not_judged(truths: Iterable[ClipTruth]) -> list[str]:
    notes = []
    for truth in truths:
        notes += [f"{truth.name}: the class {name!r} is not judged" for name in truth.not_judged]
        notes += [
            f"{truth.name}: the rule {rule.kind!r} is not judged"
            for rule in truth.rules
            if not can_judge(rule)
        ]
    return notes


def _watched(
    pairs: Sequence[tuple[Path, ClipTruth]],
    detector: Detector,
    looks_per_s: float,
    say: Say,
    notes: list[str],
) -> list[ClipScore]:
    labels = sorted({label for _, t in pairs for frame in t.frames for label, _ in frame.objects})
    scores = []
    for number, (path, truth) in enumerate(pairs, 1):
        say(f"clip {number}/{len(pairs)}: {path.name}")
        log = watch(path, truth, detector, looks_per_s=looks_per_s, on_fault=notes.append)
        scores.append(score_clip(truth, log, box_labels=labels))
    return scores


def _scored(
    folders: Sequence[tuple[Path, Classes]], detector: Detector, say: Say
) -> list[FolderScore]:
    scores = []
    for folder, classes in folders:

        def progress(done: int, folder: Path = folder) -> None:
            if done % EVERY_PICTURES == 0:
                say(f"pictures of {folder.name}: {done}")

        scores.append(score_folder(folder, detector, classes, on_progress=progress))
    return scores

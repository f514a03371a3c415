"""`village-hub evaluate`: how well the box sees, on recordings of which the truth is known."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from edge.cli.command import OK, Call, Command
from edge.words import Words

NOTHING = "–"


def add_arguments(parser: argparse.ArgumentParser, words: Words) -> None:
    add = parser.add_argument
    add("clips", nargs="*", metavar="CLIP", type=Path, help=words("evaluate.clips"))
    add("--truth", metavar="FILE", type=Path, help=words("evaluate.truth"))
    several: dict[str, Any] = {"action": "append", "default": [], "type": Path}
    add("--negative", metavar="CLIP", help=words("evaluate.negative"), **several)
    add("--images", metavar="FOLDER", help=words("evaluate.images"), **several)
    add("--classes", metavar="NAMES|FILE", default="", help=words("evaluate.classes"))
    add("--model", metavar="FILE.onnx", default="", help=words("evaluate.model"))
    add("--looks-per-s", metavar="N", type=_looks, default=5.0, help=words("evaluate.looks"))
    add("--json", metavar="FILE|-", default="", help=words("evaluate.json"))


def run(call: Call) -> int:
    import cv2  # noqa: PLC0415 - loads everything

    from vision.evaluate import Question, evaluate  # noqa: PLC0415

    typed = call.arguments
    # One thread, so that the figures do not depend on the machine.
    cv2.setNumThreads(1)
    document = evaluate(
        Question(
            clips=tuple(typed.clips),
            truth=typed.truth,
            negatives=tuple(typed.negative),
            folders=tuple(typed.images),
            classes=typed.classes,
            model=typed.model,
            looks_per_s=typed.looks_per_s,
        ),
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )
    if not typed.json:
        _show(document, call)
        return OK
    text = json.dumps(document, ensure_ascii=False, indent=2)
    if typed.json == "-":
        call.tell(text)
    else:
        Path(typed.json).write_text(f"{text}\n", encoding="utf-8")
        call.complain("evaluate.wrote", path=typed.json)
    return OK


def _looks(text: str) -> float:
    value = float(text)
    if not 0 < value <= 30:
        raise ValueError(text)
    return value


def _show(document: dict[str, Any], call: Call) -> None:
    call.say("evaluate.model_line", model=document["model"])
    if document["by_clip"]:
        _show_clips(document, call)
    if document["frame_boxes"]:
        call.say("evaluate.boxes")
        _show_boxes(document["frame_boxes"], call)
    for folder in document["images"]:
        call.say("evaluate.images_line", folder=folder["folder"], pictures=folder["pictures"])
        _show_boxes(folder["by_class"], call)
    for text in document["notes"]:
        call.say("evaluate.note", text=text)


def _show_clips(document: dict[str, Any], call: Call) -> None:
    call.say("evaluate.total", **_figures(document))
    call.say(
        "evaluate.false",
        count=document["false_incidents"],
        hours=f"{document['hours']:.3f}",
        rate=_said(document["false_incidents_per_hour"]),
        looks=document["false_looks"],
        empty=document["empty_looks"],
    )
    if document["rules"]["judged"]:
        call.say("evaluate.rules", **document["rules"])
    call.say("evaluate.by_class")
    for name, figures in document["by_class"].items():
        false = figures["false_incidents"]
        call.say("evaluate.class_line", name=name, false=false, **_figures(figures))
    call.say("evaluate.by_clip")
    for clip in document["by_clip"]:
        wrong = clip["false_incidents"]
        call.say("evaluate.clip_line", name=clip["file"], false=len(wrong), **_figures(clip))
        for incident in wrong:
            opened = incident["opened_s"]
            call.say(
                "evaluate.false_line", kind=incident["kind"], name=incident["class"], opened=opened
            )


def _show_boxes(boxes: dict[str, Any], call: Call) -> None:
    for name, figures in boxes.items():
        call.say(
            "evaluate.box_line",
            name=name,
            objects=figures["objects"],
            recall=_said(figures["recall"]),
            precision=_said(figures["precision"]),
        )


def _figures(of: dict[str, Any]) -> dict[str, Any]:
    return {
        "found": of["events_found"],
        "events": of["events"],
        "frames": _said(of["frame_recall"]),
        "sighted": _said(of["time_to_sighting_s"]),
        "incident": _said(of["time_to_incident_s"]),
    }


def _said(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"


COMMAND = Command("evaluate", add_arguments, run)

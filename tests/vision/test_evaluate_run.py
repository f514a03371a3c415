"""Evaluating whole clips and folders: drawn ones, and the public ones where they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from edge.cli.main import run
from tests.fakes.detecting import ColourDetector
from vision.errors import EvaluationError, ModelError
from vision.evaluate import Question, evaluate
from vision.evaluate.images import read_classes, read_folder, score_folder
from vision.sources.synthetic import drawn

SILENT = {"LANG": "en_GB.UTF-8"}


@pytest.fixture
def colour(monkeypatch: pytest.MonkeyPatch) -> ColourDetector:
    """The model of the evaluation is one that knows the answer."""
    detector = ColourDetector()
    monkeypatch.setattr("vision.evaluate.run.open_detector", lambda model, threads: detector)
    return detector


def clip(folder: Path, name: str = "yard.mp4", *, visits: bool = True, seconds: int = 16) -> Path:
    """Somebody walks in at 4 s and is gone at 10 s."""
    path = folder / name
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.bit_rate = 4_000_000
        for number in range(seconds * 10):
            at_s = number / 10
            x = min(0.3, (at_s - 4) * 0.1)
            box = (x, 0.3, x + 0.15, 0.9) if visits and 4 <= at_s < 10 else None
            frame = av.VideoFrame.from_ndarray(drawn(box, 320, 180), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def truth(folder: Path, name: str = "yard.mp4", **more: object) -> Path:
    events = [{"class": "person", "enter": 4.0, "leave": 10.0}]
    path = folder / "truth.json"
    path.write_text(
        json.dumps({"clips": [{"file": f"far/{name}", "events": events, **more}]}),
        encoding="utf-8",
    )
    return path


@pytest.mark.usefixtures("colour")
def test_a_clip_is_evaluated_through_the_whole_pipeline(tmp_path: Path) -> None:
    """Event, incident, rule, checked frame; and the same again gives the same document."""
    rule = {
        "type": "intrusion",
        "zone": [[0, 0], [320, 0], [320, 180], [0, 180]],
        "expect_alarms": 1,
    }
    frame = {
        "t": 8.0,
        "size": [640, 360],
        "objects": [{"cls": "person", "box": [192, 108, 288, 324]}],
    }
    path = truth(tmp_path, suggested_rules=[rule], frame_boxes=[frame])
    said: list[str] = []
    question = Question(
        (clip(tmp_path),), path, negatives=(clip(tmp_path, "no.mp4", visits=False),)
    )
    told = evaluate(question, say=said.append)
    assert (told["event_recall"], told["false_incidents"]) == (1.0, 0)
    assert told["frame_recall"] == 1.0
    assert 1.0 < told["time_to_incident_s"] < 3.5
    assert told["rules"]["right"] == 1
    assert told["frame_boxes"]["person"]["recall"] == 1.0
    assert told["frame_boxes"]["person"]["precision"] == 1.0
    assert [line for line in said if "yard.mp4" in line]
    assert evaluate(question, say=said.append) == told


@pytest.mark.usefixtures("colour")
def test_who_is_not_in_the_truth_is_a_false_incident(tmp_path: Path) -> None:
    """The clip given as one in which there is nothing."""
    told = evaluate(Question(negatives=(clip(tmp_path),)), say=lambda _: None)
    assert told["event_recall"] is None
    assert told["by_class"]["person"]["false_incidents"] == 1
    assert told["false_incidents_per_hour"] > 100


@pytest.mark.usefixtures("colour")
def test_what_cannot_be_evaluated_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """Before any long work: not in the truth, without truth, missing, nothing asked, damaged."""
    path, video = truth(tmp_path, "other.mp4"), clip(tmp_path, seconds=1)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(b"no video")
    refused = [
        (Question((video,), path), "not in"),
        (Question((video,)), "--truth"),
        (Question((tmp_path / "gone.mp4",), path), r"gone\.mp4"),
        (Question(), "nothing to evaluate"),
        (Question(negatives=(damaged,)), r"damaged\.mp4 cannot be read"),
    ]
    for question, words in refused:
        with pytest.raises(EvaluationError, match=words):
            evaluate(question, say=lambda _: None)


def test_a_wrong_model_is_refused(tmp_path: Path) -> None:
    """As everywhere else in vision."""
    model = tmp_path / "model.onnx"
    model.write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"model\.onnx"):
        evaluate(Question(negatives=(clip(tmp_path),), model=str(model)), say=lambda _: None)


def folder(tmp_path: Path, *, boxes: tuple[tuple[float, ...], ...], label: str = "") -> Path:
    """Pictures with the rectangle in each box, and labels that say so."""
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    for number, (left, top, right, bottom) in enumerate(boxes):
        image = drawn((left, top, right, bottom), 320, 180)
        cv2.imwrite(str(tmp_path / "images" / f"{number}.png"), image)
        middle = f"{(left + right) / 2} {(top + bottom) / 2} {right - left} {bottom - top}"
        text = label or f"3 {middle}\n7 0.5 0.5 0.1 0.1\n\n"
        (tmp_path / "labels" / f"{number}.txt").write_text(text)
    return tmp_path


def test_a_folder_of_pictures_gives_recall_and_precision(tmp_path: Path) -> None:
    """Classes without a meaning are left out; a picture without a label file shows nothing."""
    pictures = folder(tmp_path, boxes=((0.1, 0.1, 0.4, 0.8), (0.5, 0.2, 0.9, 0.9)))
    classes = read_classes("3=person", pictures)
    score = score_folder(pictures, ColourDetector(), classes)
    counts = score.boxes["person"]
    assert (score.pictures, counts.recall, counts.precision) == (2, 1.0, 1.0)
    (pictures / "labels" / "1.txt").unlink()
    assert score_folder(pictures, ColourDetector(), classes).boxes["person"].precision == 0.5
    _, wanted = next(read_folder(pictures, classes))
    np.testing.assert_allclose(wanted.boxes, [[32, 18, 128, 144]], atol=0.1)


def test_classes_are_named_in_many_ways(tmp_path: Path) -> None:
    """In order, by number, in a text file, in JSON, or in the folder's own file."""
    wanted = {0: "vehicle", 2: "person"}
    assert read_classes("car, elephant, person", tmp_path) == wanted
    assert read_classes("0=Car,2=person", tmp_path) == wanted
    names = tmp_path / "classes.txt"
    names.write_text("car\nelephant\nperson\n")
    assert read_classes("", tmp_path) == read_classes(str(names), Path()) == wanted
    names.write_text('{"0": "car", "2": "person"}')
    assert read_classes(str(names), tmp_path) == wanted
    assert read_classes("person", Path()) == {0: "person"}


@pytest.mark.parametrize("given", ["", "gone.txt", "elephant,lion", "a=person,b=car"])
def test_classes_without_a_meaning_are_refused(tmp_path: Path, given: str) -> None:
    """With the remedy."""
    with pytest.raises(EvaluationError, match="bus,car"):
        read_classes(given, tmp_path)


def test_folders_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    """No pictures, a damaged label, a damaged picture, a model that needs movement."""
    classes = {3: "person"}
    with pytest.raises(EvaluationError, match="no picture"):
        score_folder(tmp_path / "gone", ColourDetector(), classes)
    pictures = folder(tmp_path, boxes=((0.1, 0.1, 0.4, 0.8),), label="3 0.5 x")
    with pytest.raises(EvaluationError, match="Line 1"):
        score_folder(pictures, ColourDetector(), classes)
    with pytest.raises(EvaluationError, match="--model"):
        score_folder(pictures, ColourDetector(needs_regions=True), classes)
    (pictures / "images" / "0.png").write_bytes(b"no picture")
    with pytest.raises(EvaluationError, match=r"0\.png"):
        score_folder(pictures, ColourDetector(), classes)


@pytest.mark.usefixtures("colour")
def test_the_command_gives_a_table_or_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table for people, the document for scripts, progress aside."""
    typed = ["evaluate", str(clip(tmp_path)), "--truth", str(truth(tmp_path))]
    assert run([*typed, "--lang", "en"], SILENT) == 0
    shown = capsys.readouterr()
    assert "Events found 1/1" in shown.out
    assert "yard.mp4" in shown.err
    assert run([*typed, "--lang", "zh"], SILENT) == 0
    assert "找到事件 1/1" in capsys.readouterr().out
    assert run([*typed, "--json", "-"], SILENT) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert document["event_recall"] == 1.0
    out = tmp_path / "figures.json"
    assert run([*typed, "--json", str(out)], SILENT) == 0
    assert capsys.readouterr().out == ""
    assert json.loads(out.read_text(encoding="utf-8")) == document


@pytest.mark.usefixtures("colour")
def test_the_command_shows_pictures_and_complains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder's figures; a sentence and a status where something is wrong."""
    pictures = folder(tmp_path, boxes=((0.1, 0.1, 0.4, 0.8),))
    typed = ["evaluate", "--images", str(pictures), "--lang", "en"]
    assert run([*typed, "--classes", "3=person"], SILENT) == 0
    assert "recall 1.00" in capsys.readouterr().out
    assert run(typed, SILENT) == 1
    assert "--classes" in capsys.readouterr().err
    assert run([*typed, "--looks-per-s", "0"], SILENT) == 2


TAMPER = {
    "cover": "camera_covered",
    "defocus": "camera_defocused",
    "freeze": "camera_frozen",
    "glare": "camera_glare",
    "moved": "camera_moved",
    "lights_off_not_tamper": "",
}


@pytest.mark.shared
def test_every_tamper_clip_is_told_rightly(shared: Path) -> None:
    """Each fault in its time, nothing else, and nothing at all where the lights went off."""
    names = tuple(shared / "public" / f"synth_tamper_{name}.mp4" for name in TAMPER)
    question = Question(names, shared / "groundtruth.json")
    told = evaluate(question, say=lambda _: None)
    assert told["event_recall"] == 1.0
    assert told["false_incidents"] == 0
    assert set(told["by_class"]) == {kind for kind in TAMPER.values() if kind}


@pytest.mark.shared
def test_ordinary_clips_show_no_fault_of_the_camera(shared: Path) -> None:
    """Cars that fill the picture, a conveyor, a fire, a GIF: the camera is well."""
    public = shared / "public"
    clips = (
        *("intel_car-detection.mp4", "furg_house6_fire.mp4"),
        "intel_preview_worker-zone-detection.gif",
    )
    told = evaluate(
        Question(
            tuple(public / name for name in clips),
            shared / "groundtruth.json",
            (public / "intel_bottle-detection.mp4",),
        ),
        say=lambda _: None,
    )
    assert not [name for name in told["by_class"] if name.startswith("camera_")]
    assert told["by_class"]["vehicle"]["event_recall"] == 1.0

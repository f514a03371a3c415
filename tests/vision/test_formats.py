"""Output formats: recognised from the graph, decoded to the right pixel, refused with a remedy."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fakes.onnx_files import FLOAT16, UINT8, write_constant_network
from vision.detections import Detections
from vision.detectors import open_detector
from vision.detectors.labels import COCO, names_in
from vision.detectors.network import NetworkDetector
from vision.detectors.preparation import Colour, Fit, Preparation, place, prepare
from vision.detectors.suppression import strongest
from vision.errors import ModelError
from vision.frames import Frame

SIZE = 64
CELLS = 64 + 16 + 4
FRAME = Frame(np.full((180, 320, 3), 100, np.uint8), 0.0, 0.0)
"""16:9 into a square of 64: scale 0.2, 36 lines of picture, 28 spare."""

PERSON, CAR, DOG = COCO.index("person"), COCO.index("car"), COCO.index("dog")
SHAPE = (1, 3, SIZE, SIZE)


def logit(value: float) -> float:
    return math.log(value / (1 - value))


def found_in(path: Path) -> Detections:
    return NetworkDetector.open(path, 1).detect(FRAME, ())


def check(found: Detections, box: tuple[float, float, float, float], label: str) -> None:
    assert found.labels == (label,)
    np.testing.assert_allclose(found.boxes[0], box, atol=1.0)
    assert found.scores[0] == pytest.approx(0.8, abs=0.03)


def v8(box: tuple[float, ...], number: int, classes: int = 80) -> NDArray[np.float32]:
    out = np.zeros((1, 4 + classes, CELLS), np.float32)
    out[0, :4, 7] = box
    out[0, 4 + number, 7] = 0.8
    return out


def test_yolox_raw(tmp_path: Path) -> None:
    """Cells and logarithms become pixels of the frame; the letterbox is at the top left."""
    out = np.zeros((1, CELLS, 85), np.float32)
    cell = 64 + 1 * 4 + 2  # stride 16, row 1, column 2: its corner is (32, 16)
    out[0, cell, :4] = (0.5, 0.25, math.log(1.0), math.log(0.5))
    out[0, cell, 4] = 1.0
    out[0, cell, 5 + PERSON] = 0.8
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, {"output": out})
    check(found_in(path), (160, 80, 240, 120), "person")


def test_yolox_already_decoded(tmp_path: Path) -> None:
    """The export that does the sums itself is told from the raw one by its sizes."""
    out = np.zeros((1, CELLS, 85), np.float32)
    out[0, :, 2:4] = 20
    out[0, 9] = 0
    out[0, 9, :5] = (40, 20, 16, 8, 1.0)
    out[0, 9, 5 + CAR] = 0.8
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, {"output": out})
    check(found_in(path), (160, 80, 240, 120), "vehicle")


def bins(*cells: float) -> NDArray[np.float32]:
    """Scores of bins whose expectation is the given whole number of cells, each side."""
    out = np.full((4, 8), -20.0, np.float32)
    for side, distance in enumerate(cells):
        out[side, int(distance)] = 20.0
    return out.ravel()


def test_nanodet_plus(tmp_path: Path) -> None:
    """Distances around the grid point itself, four strides."""
    out = np.zeros((1, CELLS + 1, 112), np.float32)
    cell = 64 + 1 * 4 + 2  # stride 16: point (32, 16)
    out[0, cell, PERSON] = 0.8
    out[0, cell, 80:] = bins(1, 1, 1, 1)
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, {"output": out})
    check(found_in(path), (80, 0, 240, 160), "person")


def test_nanodet_m(tmp_path: Path) -> None:
    """Six tensors in any order; the point is the middle of the cell."""
    outputs = {}
    for name, cells in (("c", 4), ("a", 64), ("b", 16)):
        outputs[f"{name}_cls"] = np.zeros((1, cells, 80), np.float32)
        outputs[f"{name}_box"] = np.zeros((1, cells, 32), np.float32)
    outputs["b_cls"][0, 6, PERSON] = 0.8
    outputs["b_box"][0, 6] = bins(1, 1, 1, 0)
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, outputs)
    check(found_in(path), (120, 40, 280, 120), "person")


def test_fastestdet(tmp_path: Path) -> None:
    """One level, a stretched picture, and a score of two parts."""
    out = np.full((1, 85, 4, 4), -0.0, np.float32)
    out[0, 1:5] = -20
    out[0, :, 1, 2] = 0
    out[0, 0, 1, 2] = 0.8
    out[0, 1:3, 1, 2] = 0
    out[0, 3, 1, 2] = logit(0.25)
    out[0, 4, 1, 2] = logit(0.5)
    out[0, 5 + PERSON, 1, 2] = 0.8
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, {"758": out})
    check(found_in(path), (120, 0, 200, 90), "person")


def test_ultralytics_with_names_of_its_own(tmp_path: Path) -> None:
    """Metadata names the classes; the letterbox is in the middle."""
    meta = {"names": "{0: 'smoke', 1: 'Fire'}", "task": "detect", "stride": "32"}
    out = v8((32, 32, 16, 8), 1, classes=2)
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, {"output0": out}, meta)
    detector = NetworkDetector.open(path, 1)
    assert set(detector.labels) == {"fire", "smoke"}
    check(detector.detect(FRAME, ()), (120, 70, 200, 110), "fire")


def test_end_to_end(tmp_path: Path) -> None:
    """Finished boxes; empty rows are padding."""
    out = np.zeros((1, 300, 6), np.float32)
    out[0, 0] = (24, 28, 40, 36, 0.8, CAR)
    out[0, 1] = (24, 28, 40, 36, 0.8, DOG)
    out[0, 2] = (24, 28, 40, 36, 0.8, 99)
    meta = {"names": str(dict(enumerate(COCO))), "end2end": "True"}
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, {"output0": out}, meta)
    check(found_in(path), (120, 70, 200, 110), "vehicle")


@pytest.mark.parametrize("element", [UINT8, FLOAT16])
def test_inputs_of_other_types_are_served(tmp_path: Path, element: int) -> None:
    """Half floats and bytes."""
    out = v8((32, 32, 16, 8), PERSON)
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, {"o": out}, element=element)
    check(found_in(path), (120, 70, 200, 110), "person")


def test_a_free_input_size_becomes_a_wide_one(tmp_path: Path) -> None:
    """Where the file leaves the size open we take 416 by 256."""
    cells = 32 * 52 + 16 * 26 + 8 * 13
    out = np.zeros((1, 84, cells), np.float32)
    path = write_constant_network(tmp_path / "x.onnx", (1, 3, "h", "w"), {"o": out})
    assert "416x256" in NetworkDetector.open(path, 1).name


def test_a_side_file_wins(tmp_path: Path) -> None:
    """Names, labels, threshold and fit as somebody wrote them beside the model."""
    out = v8((32, 32, 16, 8), 1, classes=2)
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, {"o": out})
    side = {"names": ["a", "b"], "classes": {"b": "fire"}, "threshold": 0.6, "fit": "stretch"}
    path.with_suffix(".json").write_text(json.dumps(side), encoding="utf-8")
    detector = NetworkDetector.open(path, 1)
    assert detector.threshold == 0.6
    check(detector.detect(FRAME, ()), (120, 78.75, 200, 101.25), "fire")


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        NetworkDetector.open(path, 1)
    sentence = str(caught.value)
    assert str(path.with_suffix("")) in sentence
    assert sentence.endswith(".")
    return sentence


def test_a_classifier_is_refused_with_its_shapes(tmp_path: Path) -> None:
    """It loads and runs, but what comes out are no boxes."""
    out = np.zeros((1, 1000), np.float32)
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, {"probabilities": out})
    sentence = refused(path)
    assert "probabilities [1, 1000]" in sentence
    assert "yolox" in sentence
    assert "leave `model` empty" in sentence


def test_a_network_for_something_else_is_refused(tmp_path: Path) -> None:
    """It does not take a colour picture."""
    out = np.zeros((1, 10), np.float32)
    assert "[1, 40]" in refused(write_constant_network(tmp_path / "x.onnx", (1, 40), {"o": out}))
    grey = write_constant_network(tmp_path / "y.onnx", (1, 1, 64, 64), {"o": out})
    assert "colour picture" in refused(grey)


@pytest.mark.parametrize("content", [b"", b"this is a text\n" * 50, bytes(range(256))])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    """Empty, a text, noise."""
    path = tmp_path / "x.onnx"
    path.write_bytes(content)
    refused(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """The sentence names the path to check."""
    assert "does not exist" in refused(tmp_path / "gone.onnx")


def test_classes_nobody_named_are_refused(tmp_path: Path) -> None:
    """Without names the labels would be guesses."""
    out = v8((32, 32, 16, 8), 1, classes=7)
    assert "side file" in refused(write_constant_network(tmp_path / "x.onnx", SHAPE, {"o": out}))


def test_a_model_of_useless_classes_is_refused(tmp_path: Path) -> None:
    """It would never find anything the hub knows."""
    out = v8((32, 32, 16, 8), 1, classes=2)
    meta = {"names": "['cat', 'dog']"}
    assert "cat" in refused(write_constant_network(tmp_path / "x.onnx", SHAPE, {"o": out}, meta))


@pytest.mark.parametrize("side", ["{", '{"formt": "yolox"}', '{"classes": {"a": "dragon"}}'])
def test_a_wrong_side_file_is_refused(tmp_path: Path, side: str) -> None:
    """The sentence names the side file."""
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, {"o": v8((0, 0, 0, 0), 0)})
    path.with_suffix(".json").write_text(side, encoding="utf-8")
    assert "x.json" in refused(path)


@pytest.mark.parametrize("text", ["__import__('os').getcwd()", "{", "{'a': 1}", "7", "(" * 9999])
def test_metadata_is_never_executed(text: str) -> None:
    """Names that are no literal are no names."""
    assert names_in({"names": text}) == ()


@pytest.mark.parametrize("fit", list(Fit))
def test_there_and_back(fit: Fit) -> None:
    """A box of the frame, placed into the input and taken back, is where it was."""
    placement = place(fit, (1280, 720), (416, 256))
    scale = np.array([placement.scale_x, placement.scale_y] * 2, np.float32)
    offset = np.array([placement.offset_x, placement.offset_y] * 2, np.float32)
    box = np.array([[100, 50, 700, 600]], np.float32)
    np.testing.assert_allclose(placement.to_frame(box * scale + offset), box, atol=0.01)


def test_the_tensor_is_what_the_network_learnt() -> None:
    """Colour order, scale, mean and deviation; grey around a letterbox."""
    image = np.zeros((10, 20, 3), np.uint8)
    image[:] = (0, 128, 255)
    how = Preparation(Fit.CENTRE, Colour.RGB, scale=255.0, mean=(0.5, 0, 0), deviation=(0.5, 1, 1))
    tensor, _ = prepare(image, how, (20, 20), np.float32)
    assert tensor.shape == (1, 3, 20, 20)
    np.testing.assert_allclose(tensor[0, :, 10, 10], [1.0, 128 / 255, 0.0], atol=1e-5)
    np.testing.assert_allclose(tensor[0, 1, 0, 0], 114 / 255, atol=1e-5)


def test_the_best_of_many_boxes_is_kept() -> None:
    """Same object, same label: one; another label or place: kept."""
    found = Detections.of(
        [
            ((0, 0, 10, 10), 0.6, "person"),
            ((1, 0, 11, 10), 0.9, "person"),
            ((0, 0, 10, 10), 0.5, "vehicle"),
            ((50, 50, 60, 60), 0.4, "person"),
        ]
    )
    kept = strongest(found)
    pairs = {(round(float(s), 1), name) for s, name in zip(kept.scores, kept.labels, strict=True)}
    assert pairs == {(0.4, "person"), (0.5, "vehicle"), (0.9, "person")}
    assert len(kept) == 3


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("yolox_nano.onnx", "yolox"),
        ("nanodet_plus_m_416.onnx", "nanodet-plus"),
        ("nanodet_m.onnx", "nanodet"),
        ("FastestDet.onnx", "fastestdet"),
    ],
)
def test_real_models_find_a_real_person(shared: Path, name: str, family: str) -> None:
    """Each public model, recognised by itself, finds the person where the ground truth has him."""
    import av

    detector = open_detector(str(shared / "models" / name), 1)
    assert family in detector.name
    with av.open(str(shared / "public" / "intel_one-by-one-person-detection.mp4")) as video:
        image = next(f for f in video.decode(video=0) if f.time and f.time >= 7.0)
        frame = Frame(image.to_ndarray(format="bgr24"), 0.0, 0.0)
    found = detector.detect(frame, ())
    sure = found.where(found.scores >= detector.threshold)
    assert sure.labels == ("person",)
    np.testing.assert_allclose(sure.boxes[0], [346.2, 92.8, 504.0, 430.7], atol=20)

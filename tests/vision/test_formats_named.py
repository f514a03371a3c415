"""Families that are known by the names or the number of their tensors, decoded to the pixel."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.fakes.onnx_files import FLOAT, FLOAT16, INT64, UINT8, write_constant_network
from vision.detections import Detections
from vision.detectors.labels import COCO, COCO_NUMBERS
from vision.detectors.network import NetworkDetector
from vision.errors import ModelError
from vision.frames import Frame

SIZE = 64
CELLS = 64 + 16 + 4
SHAPE = (1, 3, SIZE, SIZE)
FRAME = Frame(np.full((180, 320, 3), 100, np.uint8), 0.0, 0.0)
"""16:9 into a square of 64: a letterbox scales by 0.2 and leaves 28 lines free."""

INPUT = (24, 28, 40, 36)
"""What the networks below give, in pixels of their input, …"""
STRETCHED = (120, 78.75, 200, 101.25)
CENTRED = (120, 70, 200, 110)
TOP_LEFT = (120, 140, 200, 180)
"""… and where that is in the frame."""

SHARES = tuple(value / SIZE for value in INPUT)
CENTRE_SHARES = (0.5, 0.5, 0.25, 0.125)
PERSON, CAR, DOG = COCO.index("person"), COCO.index("car"), COCO.index("dog")


def logit(value: float) -> float:
    return math.log(value / (1 - value))


def opened(path: Path, family: str) -> NetworkDetector:
    detector = NetworkDetector.open(path, 1)
    assert f"({family}, " in detector.name
    return detector


def check(found: Detections, box: tuple[float, ...], label: str = "vehicle") -> None:
    assert found.labels == (label,)
    np.testing.assert_allclose(found.boxes[0], box, atol=0.6)
    assert found.scores[0] == pytest.approx(0.8, abs=0.01)


def rows(*given: tuple[float, ...], count: int = 300) -> NDArray[np.float32]:
    out = np.zeros((1, count, len(given[0])), np.float32)
    out[0, : len(given)] = given
    return out


def three(boxes: NDArray[np.float32]) -> dict[str, NDArray[np.float32] | NDArray[np.int64]]:
    labels = np.zeros(boxes.shape[:2], np.int64)
    scores = np.zeros(boxes.shape[:2], np.float32)
    labels[0, :3], scores[0, :3] = (CAR, DOG, 400), 0.8
    return {"labels": labels, "boxes": boxes, "scores": scores}


@pytest.mark.parametrize("shape", [SHAPE, ("N", 3, "h", "w")])
def test_detr_as_its_authors_export_it(tmp_path: Path, shape: tuple[int | str, ...]) -> None:
    """RT-DETR, D-FINE: the network is told the size of its input, and width comes first."""
    path = write_constant_network(
        tmp_path / "x.onnx",
        shape,
        three(rows(SHARES, SHARES, SHARES)),
        beside={"orig_target_sizes": INT64},
        scaled_by={"boxes": "orig_target_sizes"},
    )
    check(opened(path, "detr").detect(FRAME, ()), STRETCHED)


def test_detr_without_the_question_for_the_size(tmp_path: Path) -> None:
    """The three names alone are enough; the boxes are then in pixels of the input."""
    outputs = three(rows(INPUT, INPUT, INPUT))
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, outputs)
    check(opened(path, "detr").detect(FRAME, ()), STRETCHED)


@pytest.mark.parametrize("finished", [False, True])
def test_detr_queries(tmp_path: Path, finished: bool) -> None:
    """Raw heads: logits, or chances that must not be squashed a second time."""
    logits = np.full((1, 300, 80), 0.001 if finished else -9.0, np.float32)
    logits[0, 5, CAR] = 0.8 if finished else logit(0.8)
    boxes = np.full((1, 300, 4), 0.2, np.float32)
    boxes[0, 5] = CENTRE_SHARES
    outputs = {"pred_logits": logits, "pred_boxes": boxes}
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, outputs)
    check(opened(path, "detr-queries").detect(FRAME, ()), STRETCHED)


def test_the_first_detr_is_not_misread(tmp_path: Path) -> None:
    """Its 92nd class means "nothing here", which we do not read: refused, not guessed."""
    outputs = {
        "pred_logits": np.zeros((1, 100, 92), np.float32),
        "pred_boxes": np.zeros((1, 100, 4), np.float32),
    }
    with pytest.raises(ModelError, match="pred_logits"):
        NetworkDetector.open(write_constant_network(tmp_path / "x.onnx", SHAPE, outputs), 1)


def test_rf_detr(tmp_path: Path) -> None:
    """Logits by COCO's own numbers, in which 3 is a car."""
    logits = np.full((1, 300, 91), -9.0, np.float32)
    logits[0, 5, 3] = logit(0.8)
    boxes = np.full((1, 300, 4), 0.2, np.float32)
    boxes[0, 5] = CENTRE_SHARES
    path = write_constant_network(
        tmp_path / "x.onnx", SHAPE, {"dets": boxes, "labels": logits}, name="input"
    )
    check(opened(path, "rf-detr").detect(FRAME, ()), STRETCHED)


def test_mmdeploy(tmp_path: Path) -> None:
    """Corners and score together, the classes as whole numbers beside them."""
    labels = np.zeros((1, 100), np.int64)
    labels[0, :2] = (CAR, DOG)
    dets = rows((*INPUT, 0.8), (*INPUT, 0.8), count=100)
    path = write_constant_network(
        tmp_path / "x.onnx", SHAPE, {"dets": dets, "labels": labels}, name="input"
    )
    check(opened(path, "mmdeploy").detect(FRAME, ()), TOP_LEFT)


@pytest.mark.parametrize("shape", [(1, SIZE, SIZE, 3), ("b", "h", "w", 3)])
@pytest.mark.parametrize("suffix", ["", ":0"])
def test_ssd_of_tensorflow(tmp_path: Path, shape: tuple[int | str, ...], suffix: str) -> None:
    """Bytes with the channels last, top before left, classes counted from 1 with COCO's gaps."""
    left, top, right, bottom = SHARES
    outputs = {
        "detection_boxes": rows((top, left, bottom, right), (0, 0, 1, 1), count=10),
        "detection_scores": np.array([[0.8, 0.8] + [0] * 8], np.float32),
        "detection_classes": np.array([[3.0, 18] + [1] * 8], np.float32),
        "num_detections": np.array([2], np.float32),
    }
    path = write_constant_network(
        tmp_path / "x.onnx",
        shape,
        {f"{name}{suffix}": value for name, value in outputs.items()},
        element=UINT8,
        name="image_tensor",
        least_mean=90,  # of bytes as they are; anything scaled stays dark
    )
    check(opened(path, "ssd").detect(FRAME, ()), STRETCHED)


def test_picodet_raw(tmp_path: Path) -> None:
    """Eight tensors in any order; a stretched picture and the middle of the cell."""
    outputs = {}
    for name, cells in (("c", 4), ("a", 64), ("d", 1), ("b", 16)):
        outputs[f"{name}_cls"] = np.zeros((1, cells, 80), np.float32)
        outputs[f"{name}_box"] = np.zeros((1, cells, 32), np.float32)
    bins = np.full((4, 8), -20.0, np.float32)
    bins[[0, 1, 2, 3], [1, 0, 1, 1]] = 20.0
    outputs["b_cls"][0, 6, CAR] = 0.8
    outputs["b_box"][0, 6] = bins.ravel()
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, outputs, name="image")
    # Row 1, column 2 of stride 16: middle (40, 24), one cell to the left, right and below.
    check(opened(path, "picodet").detect(FRAME, ()), (120, 67.5, 280, 112.5))


def test_paddle_finished(tmp_path: Path) -> None:
    """Class and score first; asked for boxes as large as the input; empty rows are minus one."""
    found = np.array([(CAR, 0.8, *INPUT), (DOG, 0.8, *INPUT), (-1,) * 6], np.float32)
    path = write_constant_network(
        tmp_path / "x.onnx",
        SHAPE,
        {"multiclass_nms3_0.tmp_0": found, "count": np.array([2], np.int64)},
        name="image",
        beside={"scale_factor": FLOAT, "im_shape": FLOAT},
    )
    check(opened(path, "paddle").detect(FRAME, ()), STRETCHED)


def test_yolov7_finished_by_names(tmp_path: Path) -> None:
    """As many rows as the count says; what is behind it is old memory."""
    outputs: dict[str, NDArray[np.float32] | NDArray[np.int64]] = {
        "num_dets": np.array([[1]], np.int64),
        "det_boxes": rows(INPUT, (0, 0, 60, 60), count=100),
        "det_scores": np.full((1, 100), 0.8, np.float32),
        "det_classes": np.full((1, 100), CAR, np.int64),
    }
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, outputs)
    check(opened(path, "yolov7-end-to-end").detect(FRAME, ()), CENTRED)


@pytest.mark.parametrize("tail", [(CAR, 0.8), (0.8, CAR)])
def test_rows_of_seven(tmp_path: Path, tail: tuple[float, float]) -> None:
    """YOLOv7 writes class and score, YOLO-NAS score and class; the whole number is the class."""
    out = np.array([(0, *INPUT, *tail)], np.float32)
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, {"output": out})
    check(opened(path, "yolov7-end-to-end").detect(FRAME, ()), CENTRED)


@pytest.mark.parametrize("levels", [3, 4])
@pytest.mark.parametrize("raw_too", [False, True])
def test_yolov5(tmp_path: Path, levels: int, raw_too: bool) -> None:
    """Three boxes a cell, objectness times class; older files give the raw levels as well."""
    out = np.zeros((1, 3 * (CELLS + (levels == 4)), 85), np.float32)
    out[0, 7, :5] = (32, 32, 16, 8, 0.9)
    out[0, 8, :5] = (32.5, 32, 16, 8, 0.9)
    out[0, 7, 5 + CAR], out[0, 8, 5 + CAR] = 0.8 / 0.9, 0.6
    outputs = {"output0": out}
    if raw_too:
        outputs["raw"] = np.zeros((1, 3, 8, 8, 85), np.float32)
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, outputs)
    check(opened(path, "yolov5").detect(FRAME, ()), CENTRED)


def test_yolov5_of_one_class_is_no_finished_detector(tmp_path: Path) -> None:
    """Rows of six either way; the count of the rows decides."""
    out = np.zeros((1, 3 * CELLS, 6), np.float32)
    out[0, 7] = (32, 32, 16, 8, 1.0, 0.8)
    meta = {"names": "{0: 'person'}"}
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, {"output0": out}, meta)
    check(opened(path, "yolov5").detect(FRAME, ()), CENTRED, "person")


def test_rt_detr_of_ultralytics(tmp_path: Path) -> None:
    """Shares of a stretched picture, classes behind them."""
    out = np.full((1, 300, 84), 0.001, np.float32)
    out[0, 5, :4] = CENTRE_SHARES
    out[0, 5, 4 + CAR] = 0.8
    path = write_constant_network(tmp_path / "x.onnx", (1, 3, 128, 128), {"output0": out})
    check(opened(path, "rt-detr-ultralytics").detect(FRAME, ()), STRETCHED)


def test_rt_detr_of_two_classes_is_no_finished_detector(tmp_path: Path) -> None:
    """Rows of six again: where the last column numbers no class, it is a score."""
    out = np.full((1, 300, 6), 0.001, np.float32)
    out[0, 5] = (*CENTRE_SHARES, 0.01, 0.8)
    meta = {"names": "['smoke', 'fire']", "task": "detect"}
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, {"output0": out}, meta)
    check(opened(path, "rt-detr-ultralytics").detect(FRAME, ()), STRETCHED, "fire")


@pytest.mark.parametrize(("element", "least_mean"), [(FLOAT, 0.3), (FLOAT16, 0.3), (UINT8, 90.0)])
def test_each_type_of_input_gets_the_picture_in_its_own_scale(
    tmp_path: Path, element: int, least_mean: float
) -> None:
    """Fractions for floats, bytes as they are for bytes; wrongly scaled ones would be dark."""
    out = np.zeros((1, 84, CELLS), np.float32)
    out[0, :4, 7] = (32, 32, 16, 8)
    out[0, 4 + CAR, 7] = 0.8
    path = write_constant_network(
        tmp_path / "x.onnx", SHAPE, {"o": out}, element=element, least_mean=least_mean
    )
    check(opened(path, "ultralytics").detect(FRAME, ()), CENTRED)


def test_a_quantised_graph_is_read_like_any_other(tmp_path: Path) -> None:
    """QuantizeLinear and DequantizeLinear are the run-time library's business."""
    out = np.zeros((1, 84, CELLS), np.float32)
    out[0, :4, 7] = (32, 32, 16, 8)
    out[0, 4 + CAR, 7] = 0.8
    path = write_constant_network(
        tmp_path / "x.onnx", SHAPE, {"o": out}, least_mean=0.3, quantised=True
    )
    check(opened(path, "ultralytics").detect(FRAME, ()), CENTRED)


def test_names_beside_a_finished_detector_count_its_classes(tmp_path: Path) -> None:
    """Its tensors do not tell how many there are; two names in the side file are enough."""
    path = write_constant_network(
        tmp_path / "x.onnx", SHAPE, {"o": rows((*INPUT, 0.8, 1), (*INPUT, 0.8, 2))}
    )
    path.with_suffix(".json").write_text('{"names": ["smoke", "fire"]}', encoding="utf-8")
    check(opened(path, "end-to-end").detect(FRAME, ()), CENTRED, "fire")


def test_an_input_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    """What to put there would be a guess."""
    path = write_constant_network(
        tmp_path / "x.onnx", SHAPE, {"o": rows((0,) * 6)}, beside={"prompt": FLOAT}
    )
    with pytest.raises(ModelError, match="prompt"):
        NetworkDetector.open(path, 1)


def test_coco_counts_with_gaps() -> None:
    """The numbers of COCO itself: 80 names among 91 places."""
    assert len(COCO_NUMBERS) == 91
    assert [name for name in COCO_NUMBERS if name] == list(COCO)
    places = {"person": 1, "stop sign": 13, "bottle": 44, "chair": 62, "toothbrush": 90}
    assert {name: COCO_NUMBERS.index(name) for name in places} == places


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_left_out(tmp_path: Path, bad: float) -> None:
    """A broken network finds nothing; it never gives a box that is no box."""
    out = np.full((1, 84, CELLS), bad, np.float32)
    path = write_constant_network(tmp_path / "x.onnx", SHAPE, {"o": out})
    found = NetworkDetector.open(path, 1).detect(FRAME, ())
    assert np.isfinite(found.boxes).all()
    assert np.isfinite(found.scores).all()


NAMES = st.sampled_from(
    ["labels", "boxes", "scores", "dets", "pred_logits", "pred_boxes", "detection_boxes",
     "detection_scores", "detection_classes", "num_dets", "det_boxes", "det_scores",
     "det_classes", "output", "x"]
)  # fmt: skip
SIDES = st.sampled_from([0, 1, 4, 5, 6, 7, 16, 32, 64, 80, 84, 85, 91, 112, 252, 300])
SHAPES = st.lists(SIDES, min_size=0, max_size=4).map(tuple)


@settings(max_examples=80, deadline=None)
@given(shapes=st.dictionaries(NAMES, SHAPES, min_size=1, max_size=8), value=st.floats(-2, 90))
def test_whatever_comes_out_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, shapes: dict[str, tuple[int, ...]], value: float
) -> None:
    """Any tensors under any names: a detector that looks, or a sentence; nothing else."""
    outputs = {name: np.full(shape, value, np.float32) for name, shape in shapes.items()}
    outputs = {name: tensor for name, tensor in outputs.items() if tensor.size < 1 << 20}
    path = tmp_path_factory.mktemp("any") / "x.onnx"
    write_constant_network(path, SHAPE, outputs)
    try:
        detector = NetworkDetector.open(path, 1)
    except ModelError:
        return
    found = detector.detect(FRAME, ())
    assert found.boxes.shape == (len(found), 4)
    assert np.isfinite(found.boxes).all()
    assert ((found.scores > 0) & (found.scores <= 1)).all()


def test_tensors_that_do_not_fit_each_other_are_refused(tmp_path: Path) -> None:
    """The right names with other counts: told when it is opened, not at the first look."""
    outputs = {
        "labels": np.zeros((1, 7), np.int64),
        "boxes": np.zeros((1, 300, 4), np.float32),
        "scores": np.zeros((1, 300), np.float32),
    }
    with pytest.raises(ModelError, match=r"do not fit together: .*labels \[1, 7\]"):
        NetworkDetector.open(write_constant_network(tmp_path / "x.onnx", SHAPE, outputs), 1)

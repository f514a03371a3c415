"""Output formats of detectors: a new one is a file here and a line below."""

from __future__ import annotations

from vision.detectors.formats import (
    detr,
    detr_queries,
    end_to_end,
    fastestdet,
    mmdeploy,
    nanodet,
    nanodet_plus,
    paddle,
    picodet,
    rf_detr,
    rt_detr_ultralytics,
    ssd,
    ultralytics,
    yolov5,
    yolov7_end_to_end,
    yolox,
)
from vision.detectors.formats.format import Format

FORMATS: tuple[Format, ...] = (
    # Known by the names of their inputs and outputs,
    paddle.FORMAT,
    detr.FORMAT,
    rf_detr.FORMAT,
    mmdeploy.FORMAT,
    detr_queries.FORMAT,
    ssd.FORMAT,
    # by how many tensors come out,
    nanodet.FORMAT,
    picodet.FORMAT,
    # and by shapes: those first that fit the input size to the cell.
    ultralytics.FORMAT,
    yolox.FORMAT,
    nanodet_plus.FORMAT,
    yolov5.FORMAT,
    fastestdet.FORMAT,
    end_to_end.FORMAT,
    rt_detr_ultralytics.FORMAT,
    yolov7_end_to_end.FORMAT,
)
"""In the order in which a graph is compared with them."""

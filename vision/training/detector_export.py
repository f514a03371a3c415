"""Writes a trained box detector as `detector.onnx`, in bytes, with its manifest.

    python -m vision.training.detector_export --weights detector.pt --data FOLDER \
        --out vision/weights/detector.onnx

The file is of Ultralytics' layout, which every tool reads: `images` RGB 0..1 to `output0`
[1, 4 + classes, cells], boxes as centre and size in pixels, scores after the sigmoid. Convolutions,
sums, maxima and enlargements work in 8-bit integers (QDQ, calibrated on training pictures); the
last layers and the boxes stay in floating point. `--float` leaves everything so.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from vision.training.detector_data import NAMES, Array, read_scenes
from vision.training.detector_network import Network, centres, corners, flatten
from vision.training.manifest import write_json

OPSET = 17
CALIBRATION = 160
"""Pictures that tell how large the numbers inside become."""

GREY = 114

THRESHOLDS = {"person": 0.6, "vehicle": 0.45, "two-wheeler": 0.5, "fire": 0.36, "smoke": 0.5}
EXPERIMENTAL = ("smoke",)
"""Learnt, but not well enough to wake somebody; the hub does not report them."""


class Deployed(nn.Module):
    """The network with its boxes decoded."""

    def __init__(self, network: Network, size: tuple[int, int]) -> None:
        super().__init__()
        self.network = network
        with torch.no_grad():
            points, strides = centres(network(torch.zeros(1, 3, *size)))
        self.register_buffer("points", points)
        self.register_buffer("strides", strides)

    def forward(self, images: Tensor) -> Tensor:
        """[1, 4 + classes, cells]."""
        raw, logits = flatten(self.network(images))
        boxes = corners(raw, self.points, self.strides)
        middle = (boxes[..., :2] + boxes[..., 2:]) / 2
        sides = boxes[..., 2:] - boxes[..., :2]
        return torch.cat([middle, sides, logits.sigmoid()], -1).transpose(1, 2)


def fused(network: Network) -> Network:
    """The same network, normalisation worked into the convolutions."""
    network.eval()
    for part in network.modules():
        if isinstance(part, nn.Sequential) and len(part) == 3 and isinstance(part[0], nn.Conv2d):
            part[0] = fuse_conv_bn_eval(part[0], part[1])
            part[1] = nn.Identity()
    return network


def write_float(path: Path, network: Network, size: tuple[int, int], version: str) -> None:
    """Write the network as it is.

    Args:
        path: The file to write.
        network: With its averaged weights.
        size: Height and width of the input.
        version: Of the weights.
    """
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    torch.onnx.export(
        Deployed(fused(network), size).eval(),
        (torch.zeros(1, 3, *size),),
        str(path),
        input_names=["images"],
        output_names=["output0"],
        opset_version=OPSET,
        dynamo=False,
    )
    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, metadata(size, version))
    model.producer_name, model.producer_version = "village-hub", ""
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


def metadata(size: tuple[int, int], version: str) -> dict[str, str]:
    """What a reader of the file wants to know."""
    return {
        "task": "detect",
        "names": str(dict(enumerate(NAMES))),
        "stride": "32",
        "imgsz": str(list(size)),
        "version": version,
        "author": "Village Hub",
        "license": "Apache-2.0",
    }


class Pictures(CalibrationDataReader):
    """Letterboxed pictures, one after the other."""

    def __init__(self, pictures: list[Array]) -> None:
        self._rest = iter(pictures)

    def get_next(self) -> dict[str, Array] | None:
        """The next picture, or None at the end."""
        picture = next(self._rest, None)
        return None if picture is None else {"images": picture}


def letterboxed(picture: np.ndarray, size: tuple[int, int]) -> Array:
    """[1, 3, height, width] in 0..1, the picture in the middle of grey."""
    height, width = picture.shape[:2]
    scale = min(size[0] / height, size[1] / width)
    wide, tall = round(width * scale), round(height * scale)
    canvas = np.full((*size, 3), GREY, np.uint8)
    top, left = (size[0] - tall) // 2, (size[1] - wide) // 2
    canvas[top : top + tall, left : left + wide] = cv2.resize(picture, (wide, tall))
    return np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], np.float32) / np.float32(255)


def write_bytes(source: Path, path: Path, pictures: list[Array]) -> None:
    """Turn a float file into one that counts in bytes."""
    model = onnx.load(source)
    heads = [n.name for n in model.graph.node if "distances" in n.name or "logits" in n.name]
    quantize_static(
        str(source),
        str(path),
        Pictures(pictures),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv", "Relu", "Add", "MaxPool", "Resize", "Concat"],
        nodes_to_exclude=[*heads, *decoding(model)],
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax,
    )
    made = onnx.load(path)
    del made.metadata_props[:]
    for entry in model.metadata_props:
        made.metadata_props.add(key=entry.key, value=entry.value)
    made.producer_name, made.producer_version = "village-hub", ""
    path.write_bytes(made.SerializeToString(deterministic=True))


def decoding(model: onnx.ModelProto) -> list[str]:
    """The nodes after the last convolutions: they count pixels, which bytes cannot."""
    late: set[str] = set()
    names = []
    for node in model.graph.node:
        if node.op_type == "Conv":
            if "distances" in node.name or "logits" in node.name:
                late |= set(node.output)
        elif late & set(node.input):
            late |= set(node.output)
            names.append(node.name)
    return names


def main() -> None:
    """Read the command line and write the weights and the manifest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, nargs=2, default=(256, 448), help="height and width")
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("--averaged", action="store_true", help="the slow average of the weights")
    parser.add_argument("--float", action="store_true", dest="floating")
    said = parser.parse_args()
    cv2.setNumThreads(1)
    content = torch.load(said.weights, weights_only=True)
    network = Network(len(NAMES))
    network.load_state_dict(content["average" if said.averaged else "network"])
    size = (said.size[0], said.size[1])
    if said.floating:
        write_float(said.out, network, size, said.version)
    else:
        with tempfile.TemporaryDirectory() as folder:
            plain = Path(folder) / "float.onnx"
            write_float(plain, network, size, said.version)
            write_bytes(plain, said.out, calibration(said.data, size))
    write_json(said.out.with_suffix(".json"), manifest(said, int(content["step"])))


def calibration(data: Path, size: tuple[int, int]) -> list[Array]:
    """Held-out pictures, evenly from all sets."""
    scenes = read_scenes(data, held_out=True)
    every = max(1, len(scenes) // CALIBRATION)
    return [letterboxed(one.pixels, size) for one in scenes[::every]]


def manifest(said: argparse.Namespace, step: int) -> dict[str, Any]:
    """The side file that the hub reads, and what people want to know."""
    return {
        "name": "village-hub detector",
        "version": said.version,
        "licence": "Apache-2.0 (weights); training pictures CC BY 4.0, see MODEL_CARD.md",
        "source": "trained from scratch by this project: python -m vision.training.detector",
        "sha256": hashlib.sha256(said.out.read_bytes()).hexdigest(),
        "format": "ultralytics",
        "sizes": [[said.size[1], said.size[0]]],
        "threshold": THRESHOLDS["person"],
        "thresholds": THRESHOLDS,
        "experimental": list(EXPERIMENTAL),
        "training": {
            "seed": 1,
            "steps": step,
            "libraries": {
                "torch": torch.__version__,
                "onnxruntime": onnxruntime.__version__,
                "numpy": np.__version__,
                "opencv": cv2.__version__,
            },
            "date": datetime.now(UTC).date().isoformat(),
        },
    }


if __name__ == "__main__":
    main()

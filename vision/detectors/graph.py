"""What an ONNX file says about itself, and what comes out when it is run on a grey picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from vision.errors import ModelError

Outputs = Mapping[str, NDArray[np.float32]]
"""Output tensors by name, in the file's order."""

USUAL_HEIGHT, USUAL_WIDTH = 256, 416
"""For a network of free input size: as good as a square and 1.6 times as fast."""

OTHER_SIZES = ((640, 640), (320, 320))
"""(height, width) tried next: not every network whose input is open takes any size."""

_GREY = 114
_TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}
_WHOLE = "tensor(int64)"
_COMPANIONS = {"orig_target_sizes": "wh", "im_shape": "hw", "scale_factor": "11"}
"""Inputs beside the picture that ask how large the boxes shall be: as large as the input. The
letters say what each wants to hear: width and height, the other way round, or two ones."""


@dataclass(frozen=True, slots=True)
class Graph:
    """The facts that tell one output format from another.

    Attributes:
        path: The file, for sentences.
        height, width: Input size in pixels, chosen where the file leaves it open.
        dtype: Type of the input tensor.
        sample: The outputs for a grey picture: real shapes where the file names none.
        metadata: The exporter's remarks.
        channels_last: The picture goes in as [1, height, width, 3].
        companions: What goes into the inputs beside the picture, the same for every picture.
        free_size: The file leaves the size of the picture open.
    """

    path: Path
    input_name: str
    dtype: type[np.generic]
    height: int
    width: int
    sample: Outputs
    metadata: Mapping[str, str]
    channels_last: bool = False
    companions: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    free_size: bool = False

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        return [tensor.shape for tensor in self.sample.values()]

    def shape(self, name: str) -> tuple[int, ...] | None:
        """Of the output of that name; None: there is none."""
        return self.sample[name].shape if name in self.sample else None

    def cells(self, *strides: int) -> int:
        """Number of grid cells over the given strides."""
        return sum(-(-self.height // s) * -(-self.width // s) for s in strides)

    def feed(self, tensor: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
        """All inputs for a picture [1, 3, height, width]."""
        if self.channels_last:
            tensor = np.ascontiguousarray(tensor.transpose(0, 2, 3, 1))
        return {self.input_name: tensor, **self.companions}

    def describe(self) -> str:
        """Input and output shapes, for the sentence that refuses a file."""
        outputs = ", ".join(f"{name} {list(t.shape)}" for name, t in self.sample.items())
        size = [self.height, self.width]
        shape = [1, *size, 3] if self.channels_last else [1, 3, *size]
        beside = "".join(f", {name}" for name in self.companions)
        return f"input {self.input_name} {shape}{beside}, outputs {outputs}"


@dataclass(frozen=True, slots=True)
class _Inputs:
    """The inputs of a file: the picture, and what stands beside it by name and type."""

    name: str
    dtype: type[np.generic]
    height: int | None
    width: int | None
    channels_last: bool
    beside: Mapping[str, type[np.generic]]
    listed: str


def read_graph(
    session: ort.InferenceSession, path: Path, size: tuple[int, int] | None = None
) -> Graph:
    """Look at a loaded file and run it once.

    Args:
        session: Of the file.
        path: For sentences.
        size: (height, width) to be tried first where the file leaves it open.

    Raises:
        ModelError: It does not take one colour picture, or fails on a grey one.
    """
    inputs = _read_inputs(session, path)
    metadata = dict(session.get_modelmeta().custom_metadata_map)
    reason = ""
    for height, width in _sizes(inputs, _stride(metadata), size):
        graph = Graph(
            path,
            inputs.name,
            inputs.dtype,
            height,
            width,
            {},
            metadata,
            inputs.channels_last,
            _companions(inputs, height, width),
            free_size=inputs.height is None and inputs.width is None,
        )
        grey = np.full((1, 3, height, width), _GREY, inputs.dtype)
        try:
            return replace(graph, sample=run(session, graph.feed(grey)))
        except Exception as error:  # noqa: BLE001 - the library raises its own unrelated classes
            reason = reason or (
                f"The model {path} ({inputs.listed}) fails on a picture of {width}x{height} "
                f"({str(error).splitlines()[0][:300]}). Export it again with a fixed input size."
            )
    raise ModelError(reason)


def run(session: ort.InferenceSession, inputs: Mapping[str, NDArray[np.generic]]) -> Outputs:
    """One inference; outputs as float32."""
    names = [output.name for output in session.get_outputs()]
    values = session.run(names, inputs)
    return {
        key: np.asarray(value, np.float32)
        for key, value in zip(names, values, strict=True)
        if isinstance(value, np.ndarray)
    }


def _read_inputs(session: ort.InferenceSession, path: Path) -> _Inputs:
    inputs = session.get_inputs()
    listed = ", ".join(f"{i.name} {i.type} {i.shape}" for i in inputs)
    pictures = [i for i in inputs if i.name not in _COMPANIONS]
    first = pictures[0] if pictures else None
    if len(pictures) != 1 or first is None or len(first.shape) != 4 or first.type not in _TYPES:
        raise ModelError(
            f"The model {path} takes {listed or 'nothing'}, not one picture [1, 3, height, width]. "
            "Use an ONNX detector such as YOLOX-Nano or NanoDet."
        )
    batch, second, third, last = first.shape
    channels_last = second != 3 and last == 3
    height, width, channels = (second, third, last) if channels_last else (third, last, second)
    if (isinstance(channels, int) and channels != 3) or (isinstance(batch, int) and batch != 1):
        raise ModelError(
            f"The model {path} takes {listed}; it must take one colour picture "
            "[1, 3, height, width]. Export it again with batch 1 and channels first."
        )
    return _Inputs(
        first.name,
        _TYPES[first.type],
        height if isinstance(height, int) and height > 0 else None,
        width if isinstance(width, int) and width > 0 else None,
        channels_last,
        {i.name: np.int64 if i.type == _WHOLE else np.float32 for i in inputs if i is not first},
        listed,
    )


def _companions(inputs: _Inputs, height: int, width: int) -> dict[str, NDArray[np.generic]]:
    said = {"w": width, "h": height, "1": 1}
    return {
        name: np.array([[said[letter] for letter in _COMPANIONS[name]]], dtype)
        for name, dtype in inputs.beside.items()
    }


def _sizes(inputs: _Inputs, stride: int, first: tuple[int, int] | None) -> list[tuple[int, int]]:
    """(height, width) to try, the best first."""
    usual = (-(-USUAL_HEIGHT // stride) * stride, -(-USUAL_WIDTH // stride) * stride)
    sizes = [
        (inputs.height or height, inputs.width or width)
        for height, width in (*([first] if first else []), usual, *OTHER_SIZES)
    ]
    return list(dict.fromkeys(sizes))


def _stride(metadata: Mapping[str, str]) -> int:
    text = metadata.get("stride", "32")
    return int(text) if text.isdigit() and 0 < int(text) <= 256 else 32

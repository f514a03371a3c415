"""What an ONNX file says about itself, and what comes out when it is run on a grey picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from vision.errors import ModelError

Outputs = Mapping[str, NDArray[np.float32]]
"""Output tensors by name, in the file's order."""

USUAL_HEIGHT, USUAL_WIDTH = 256, 416
"""For a network of free input size: as good as a square and 1.6 times as fast."""

_GREY = 114
_TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}


@dataclass(frozen=True, slots=True)
class Graph:
    """The facts that tell one output format from another.

    Attributes:
        path: The file, for sentences.
        height, width: Input size in pixels, chosen where the file leaves it open.
        dtype: Type of the input tensor.
        sample: The outputs for a grey picture: real shapes where the file names none.
        metadata: The exporter's remarks.
    """

    path: Path
    input_name: str
    dtype: type[np.generic]
    height: int
    width: int
    sample: Outputs
    metadata: Mapping[str, str]

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        return [tensor.shape for tensor in self.sample.values()]

    def cells(self, *strides: int) -> int:
        """Number of grid cells over the given strides."""
        return sum(-(-self.height // s) * -(-self.width // s) for s in strides)

    def describe(self) -> str:
        """Input and output shapes, for the sentence that refuses a file."""
        outputs = ", ".join(f"{name} {list(t.shape)}" for name, t in self.sample.items())
        return f"input {self.input_name} [1, 3, {self.height}, {self.width}], outputs {outputs}"


def read_graph(session: ort.InferenceSession, path: Path) -> Graph:
    """Look at a loaded file and run it once.

    Raises:
        ModelError: It does not take one colour picture, or fails on a grey one.
    """
    inputs = session.get_inputs()
    listed = ", ".join(f"{i.name} {i.type} {i.shape}" for i in inputs)
    first = inputs[0] if inputs else None
    if len(inputs) != 1 or first is None or len(first.shape) != 4 or first.type not in _TYPES:
        raise ModelError(
            f"The model {path} takes {listed or 'nothing'}, not one picture [1, 3, height, width]. "
            "Use an ONNX detector such as YOLOX-Nano or NanoDet."
        )
    batch, channels, height, width = first.shape
    if (isinstance(channels, int) and channels != 3) or (isinstance(batch, int) and batch != 1):
        raise ModelError(
            f"The model {path} takes {listed}; it must take one colour picture "
            "[1, 3, height, width]. Export it again with batch 1 and channels first."
        )
    metadata = dict(session.get_modelmeta().custom_metadata_map)
    stride = _stride(metadata)
    rows = height if isinstance(height, int) else -(-USUAL_HEIGHT // stride) * stride
    columns = width if isinstance(width, int) else -(-USUAL_WIDTH // stride) * stride
    dtype = _TYPES[first.type]
    grey = np.full((1, 3, rows, columns), _GREY, dtype)
    try:
        sample = run(session, first.name, grey)
    except Exception as error:  # the library raises its own unrelated classes
        reason = str(error).splitlines()[0][:300]
        raise ModelError(
            f"The model {path} ({listed}) fails on a picture of {columns}x{rows} ({reason}). "
            "Export it again with a fixed input size."
        ) from error
    return Graph(path, first.name, dtype, rows, columns, sample, metadata)


def run(session: ort.InferenceSession, name: str, tensor: NDArray[np.generic]) -> Outputs:
    """One inference; outputs as float32."""
    names = [output.name for output in session.get_outputs()]
    values = session.run(names, {name: tensor})
    return {
        key: np.asarray(value, np.float32)
        for key, value in zip(names, values, strict=True)
        if isinstance(value, np.ndarray)
    }


def _stride(metadata: Mapping[str, str]) -> int:
    text = metadata.get("stride", "32")
    return int(text) if text.isdigit() and 0 < int(text) <= 256 else 32

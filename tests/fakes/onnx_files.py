"""ONNX files with a known answer, written byte by byte so that the tests need no `onnx` package.

The graph takes one picture, adds nothing of it to constants and gives those as its outputs.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Dim = int | str
FLOAT, UINT8, FLOAT16 = 1, 2, 10


def write_constant_network(
    path: Path,
    shape: Sequence[Dim],
    outputs: Mapping[str, NDArray[np.float32]],
    metadata: Mapping[str, str] | None = None,
    element: int = FLOAT,
) -> Path:
    """A network whose outputs do not depend on its input.

    Args:
        path: Where to write.
        shape: Of the input `images`; a text is a free dimension.
        outputs: Tensor of each output.
        metadata: `metadata_props`.
        element: ONNX number of the input's element type.
    """
    nodes = [
        _node("Cast", ["images"], ["floats"], [_attribute("to", FLOAT)]),
        _node("ReduceMean", ["floats"], ["mean"], [_attribute("keepdims", 0)]),
        _node("Mul", ["mean", "zero"], ["nothing"]),
        *(_node("Add", [f"{name}_constant", "nothing"], [name]) for name in outputs),
    ]
    initializers = [_tensor("zero", np.zeros((), np.float32))]
    initializers += [_tensor(f"{name}_constant", value) for name, value in outputs.items()]
    graph = (
        b"".join(_field(1, node) for node in nodes)
        + _field(2, b"test")
        + b"".join(_field(5, tensor) for tensor in initializers)
        + _field(11, _value("images", shape, element))
        + b"".join(_field(12, _value(name, v.shape, FLOAT)) for name, v in outputs.items())
    )
    props = [_field(1, k.encode()) + _field(2, v.encode()) for k, v in (metadata or {}).items()]
    model = (
        _number(1, 8)
        + _field(7, graph)
        + _field(8, _field(1, b"") + _number(2, 13))
        + b"".join(_field(14, prop) for prop in props)
    )
    path.write_bytes(model)
    return path


def _varint(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def _number(tag: int, value: int) -> bytes:
    return _varint(tag << 3) + _varint(value)


def _field(tag: int, data: bytes) -> bytes:
    return _varint(tag << 3 | 2) + _varint(len(data)) + data


def _attribute(name: str, value: int) -> bytes:
    return _field(1, name.encode()) + _number(3, value) + _number(20, 2)


def _node(
    kind: str, inputs: list[str], outputs: list[str], attributes: Sequence[bytes] = ()
) -> bytes:
    return (
        b"".join(_field(1, name.encode()) for name in inputs)
        + b"".join(_field(2, name.encode()) for name in outputs)
        + _field(4, kind.encode())
        + b"".join(_field(5, attribute) for attribute in attributes)
    )


def _tensor(name: str, value: NDArray[np.float32]) -> bytes:
    dims = b"".join(_number(1, size) for size in value.shape)
    raw = struct.pack(f"<{value.size}f", *value.ravel().tolist())
    return dims + _number(2, FLOAT) + _field(8, name.encode()) + _field(9, raw)


def _value(name: str, shape: Sequence[Dim], element: int) -> bytes:
    dims = b"".join(
        _field(1, _number(1, dim) if isinstance(dim, int) else _field(2, dim.encode()))
        for dim in shape
    )
    tensor = _number(1, element) + _field(2, dims)
    return _field(1, name.encode()) + _field(2, _field(1, tensor))

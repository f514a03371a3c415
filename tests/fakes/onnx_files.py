"""ONNX files with a known answer, written byte by byte so that the tests need no `onnx` package.

The graph takes one picture, adds nothing of it to constants and gives those as its outputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Dim = int | str
FLOAT, UINT8, INT64, FLOAT16 = 1, 2, 7, 10
_ELEMENTS = {"float32": FLOAT, "uint8": UINT8, "int64": INT64}

Constants = Mapping[str, NDArray[np.float32] | NDArray[np.int64]]


def write_constant_network(
    path: Path,
    shape: Sequence[Dim],
    outputs: Constants,
    metadata: Mapping[str, str] | None = None,
    element: int = FLOAT,
    *,
    name: str = "images",
    beside: Mapping[str, int] | None = None,
    scaled_by: Mapping[str, str] | None = None,
    least_mean: float | None = None,
    quantised: bool = False,
) -> Path:
    """A network whose outputs do not depend on its input.

    Args:
        path: Where to write.
        shape: Of the input; a text is a free dimension.
        outputs: Tensor of each output.
        metadata: `metadata_props`.
        element: ONNX number of the input's element type.
        name: Of the input.
        beside: Further inputs of shape [1, 2], with the number of their element type.
        scaled_by: Outputs [1, n, 4] that are multiplied, per axis, by such an input.
        least_mean: The outputs are all zero unless the mean of the input is above this.
        quantised: The input goes through QuantizeLinear and DequantizeLinear first.
    """
    scaled = dict(scaled_by or {})
    nodes = [_node("Cast", [name], ["floats"], [_attribute("to", FLOAT)])]
    last = "floats"
    if quantised:
        nodes.append(_node("QuantizeLinear", ["floats", "step", "origin"], ["bytes"]))
        nodes.append(_node("DequantizeLinear", ["bytes", "step", "origin"], ["seen"]))
        last = "seen"
    nodes += [
        _node("ReduceMean", [last], ["mean"], [_attribute("keepdims", 0)]),
        _node("Mul", ["mean", "zero"], ["nothing"]),
        _node("Greater", ["mean", "least"], ["is_lit"]),
        _node("Cast", ["is_lit"], ["lit"], [_attribute("to", FLOAT)]),
    ]
    for output, value in outputs.items():
        nodes += _constant(output, value, scaled.get(output))
    initializers = [
        _tensor("zero", np.zeros((), np.float32)),
        _tensor("least", np.full((), -1e9 if least_mean is None else least_mean, np.float32)),
        _tensor("step", np.full((), 1 / 255, np.float32)),
        _tensor("origin", np.zeros((), np.uint8)),
        *(_tensor(f"{o}_constant", value.astype(np.float32)) for o, value in outputs.items()),
    ]
    inputs = [_value(name, shape, element)]
    inputs += [_value(other, (1, 2), kind) for other, kind in (beside or {}).items()]
    graph = (
        b"".join(_field(1, node) for node in nodes)
        + _field(2, b"test")
        + b"".join(_field(5, tensor) for tensor in initializers)
        + b"".join(_field(11, one) for one in inputs)
        + b"".join(
            _field(12, _value(o, v.shape, _ELEMENTS[v.dtype.name])) for o, v in outputs.items()
        )
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


def _constant(name: str, value: NDArray[np.generic], scaled_by: str | None) -> list[bytes]:
    """Nodes that give the constant of an output."""
    nodes = [_node("Add", [f"{name}_constant", "nothing"], [f"{name}_sum"])]
    last = f"{name}_sum"
    if scaled_by:
        nodes += [
            _node("Cast", [scaled_by], [f"{name}_size"], [_attribute("to", FLOAT)]),
            _node(
                "Concat",
                [f"{name}_size", f"{name}_size"],
                [f"{name}_sizes"],
                [_attribute("axis", 1)],
            ),
            _node("Mul", [last, f"{name}_sizes"], [f"{name}_scaled"]),
        ]
        last = f"{name}_scaled"
    nodes.append(_node("Mul", [last, "lit"], [f"{name}_lit"]))
    kind = _ELEMENTS[value.dtype.name]
    return [*nodes, _node("Cast", [f"{name}_lit"], [name], [_attribute("to", kind)])]


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


def _tensor(name: str, value: NDArray[np.generic]) -> bytes:
    dims = b"".join(_number(1, size) for size in value.shape)
    kind = _ELEMENTS[value.dtype.name]
    raw = np.ascontiguousarray(value).tobytes()
    return dims + _number(2, kind) + _field(8, name.encode()) + _field(9, raw)


def _value(name: str, shape: Sequence[Dim], element: int) -> bytes:
    dims = b"".join(
        _field(1, _number(1, dim) if isinstance(dim, int) else _field(2, dim.encode()))
        for dim in shape
    )
    tensor = _number(1, element) + _field(2, dims)
    return _field(1, name.encode()) + _field(2, _field(1, tensor))

"""Write a chain of convolutions as an ONNX file, byte for byte repeatable."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
Array = npt.NDArray[np.float32]


def write_onnx(
    path: Path,
    layers: Sequence[tuple[Array, Array, int]],
    linear: tuple[Array, Array],
    *,
    names: Sequence[str],
    size: int,
    version: str,
) -> None:
    """Write Conv + ReLU layers, a mean over the picture and a linear layer that gives logits.

    Args:
        path: The file to write.
        layers: Weights, bias and stride of each 3×3 convolution.
        linear: Weights (classes, channels) and bias of the last layer.
        names: The classes in the order of the logits; kept in the file's metadata.
        size: Side of the square input, pixels.
        version: Of the weights; kept in the file's metadata.
    """
    nodes, stored, last = [], [], "images"
    for index, (weights, bias, stride) in enumerate(layers):
        stored += [
            numpy_helper.from_array(np.ascontiguousarray(weights), f"w{index}"),
            numpy_helper.from_array(np.ascontiguousarray(bias), f"b{index}"),
        ]
        nodes += [
            helper.make_node(
                "Conv",
                [last, f"w{index}", f"b{index}"],
                [f"c{index}"],
                kernel_shape=[3, 3],
                pads=[1, 1, 1, 1],
                strides=[stride, stride],
            ),
            helper.make_node("Relu", [f"c{index}"], [f"r{index}"]),
        ]
        last = f"r{index}"
    stored += [
        numpy_helper.from_array(np.ascontiguousarray(linear[0]), "w_out"),
        numpy_helper.from_array(np.ascontiguousarray(linear[1]), "b_out"),
    ]
    nodes += [
        helper.make_node("GlobalAveragePool", [last], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w_out", "b_out"], ["logits"], transB=1),
    ]
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, size, size])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(names)])
    graph = helper.make_graph(nodes, "patch", [images], [logits], stored)
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=8,
        producer_name="village-hub",
    )
    helper.set_model_props(
        model,
        {
            "hub.format": "patch",
            "names": str(dict(enumerate(names))),
            "version": version,
            "imgsz": str([size, size]),
        },
    )
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString(deterministic=True))

"""Open an ONNX file without letting the run-time library take the machine."""

from __future__ import annotations

from pathlib import Path

import onnxruntime as ort

from vision.errors import ModelError

MAX_BYTES = 256 << 20
_QUIET = 3


def open_session(path: Path, threads: int) -> ort.InferenceSession:
    """Load an ONNX file for the processor.

    Idle threads never spin: on a box with many cameras that costs more than it gains.

    Args:
        path: The `.onnx` file.
        threads: Threads of one inference.

    Raises:
        ModelError: The file is missing, too large, or not a model; the sentence names it.
    """
    if not path.is_file():
        raise ModelError(f"The model file {path} does not exist. Check the path in the settings.")
    size = path.stat().st_size
    if not 0 < size <= MAX_BYTES:
        raise ModelError(
            f"The model file {path} has {size} bytes, so it is not a usable detector. "
            "Copy the file again."
        )
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _QUIET
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # The library raises a dozen unrelated classes, some of them plain RuntimeError.
        reason = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
        raise ModelError(
            f"The file {path} is not a model that can be loaded ({reason}). "
            "Use an ONNX detector such as YOLOX-Nano or NanoDet, or leave `model` empty for the "
            "built-in one."
        ) from error

"""Open an ONNX file without letting the run-time library take the machine."""

from __future__ import annotations

import hashlib
from pathlib import Path

import onnxruntime as ort

from vision.errors import ModelError

MAX_BYTES = 256 << 20
_QUIET = 3


def read_model(path: Path) -> bytes:
    """The bytes of an ONNX file.

    Raises:
        ModelError: The file is missing, unreadable, empty or too large; the sentence names it.
    """
    if not path.is_file():
        raise ModelError(f"The model file {path} does not exist. Check the path in the settings.")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ModelError(
            f"The model file {path} cannot be read ({error.strerror}). "
            "Check its owner and the medium it is on."
        ) from error
    if not 0 < len(content) <= MAX_BYTES:
        raise ModelError(
            f"The model file {path} has {path.stat().st_size} bytes, so it is not a usable "
            "detector. Copy the file again."
        )
    return content


def open_session(path: Path, threads: int, *, sha256: str = "") -> ort.InferenceSession:
    """Load an ONNX file for the processor.

    Idle threads never spin: on a box with many cameras that costs more than it gains. What is
    checked is what is loaded, and weights in further files are not followed.

    Args:
        path: The `.onnx` file.
        threads: Threads of one inference.
        sha256: What its content must be, in hexadecimal; empty: anything.

    Raises:
        ModelError: The file is missing, too large, changed, or not a model; the sentence names
            it.
    """
    content = read_model(path)
    found = hashlib.sha256(content).hexdigest() if sha256 else ""
    if found != sha256.lower():
        raise ModelError(
            f"The model file {path} is not the one its manifest describes (sha256 {found[:12]}… "
            f"instead of {sha256[:12]}…). It was changed or damaged; add it again with: "
            "village-hub model add."
        )
    options = ort.SessionOptions()
    options.intra_op_num_threads = max(1, threads)
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _QUIET
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # The library raises a dozen unrelated classes, some of them plain RuntimeError.
        reason = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
        raise ModelError(
            f"The file {path} is not a model that can be loaded ({reason}). "
            "Use an ONNX detector such as YOLOX-Nano or NanoDet, or leave `model` empty for the "
            "built-in one."
        ) from error

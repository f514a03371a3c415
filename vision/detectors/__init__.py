"""Detectors: from a frame to boxes; any ONNX file, or the built-in patch classifier."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vision.detectors.detector import Detector

__all__ = ["Detector", "open_detector"]


def open_detector(
    model: str,
    threads: int,
    extra: Sequence[str] = (),
    size: tuple[int, int] | None = None,
) -> Detector:
    """The detector for a settings value.

    Args:
        model: Path of an ONNX file; empty: the built-in one.
        threads: Threads of one inference.
        extra: Further models of the same kind of value, which look at the same pictures.
        size: (height, width) of the first one's input, where its file leaves it open.

    Raises:
        ModelError: A file is no usable detector.
    """
    first = _open(model, threads, size)
    if not extra:
        return first
    from vision.detectors.combined import CombinedDetector  # noqa: PLC0415

    return CombinedDetector((first, *(_open(other, threads) for other in extra)))


def _open(model: str, threads: int, size: tuple[int, int] | None = None) -> Detector:
    # Imported here: the supervisor reads this package without loading a run-time library.
    if not model:
        from vision.detectors.built_in import BuiltInDetector  # noqa: PLC0415

        return BuiltInDetector.open(threads)
    from vision.detectors.network import NetworkDetector  # noqa: PLC0415

    return NetworkDetector.open(Path(model), threads, size)

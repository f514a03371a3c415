"""Detectors: from a frame to boxes; any ONNX file, or the built-in patch classifier."""

from __future__ import annotations

from vision.detectors.detector import Detector

__all__ = ["Detector"]

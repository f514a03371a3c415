"""What the weights file is, in words a program and a person can check: `patch.json`."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vision.detectors.crops import MARGIN, PATCH_PX
from vision.training.data import BACKGROUND, CLASSES

THRESHOLDS = {"person": 0.6, "vehicle": 0.5, "two-wheeler": 0.6, "fire": 0.6, "smoke": 0.6}
EXPERIMENTAL = frozenset({"smoke"})
"""Learnt, but not good enough to wake somebody; the detector does not report it."""


def write_manifest(weights: Path, *, version: str, training: dict[str, Any]) -> None:
    """Write the manifest beside the weights.

    Args:
        weights: The `.onnx` file.
        version: Of the weights.
        training: How to repeat them: command, seed, versions of the libraries.
    """
    manifest = {
        "name": "village-hub patch classifier",
        "version": version,
        "licence": "Apache-2.0 (weights); training pictures CC BY 4.0, see MODEL_CARD.md",
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "format": "patch",
        "input": {
            "name": "images",
            "shape": ["batch", 3, PATCH_PX, PATCH_PX],
            "colour": "RGB",
            "scale": "0..1",
            "cut": f"square around the region, side = {MARGIN} x its longer side",
        },
        "names": list(CLASSES),
        "classes": {
            name: {"threshold": THRESHOLDS[name], "experimental": name in EXPERIMENTAL}
            for name in CLASSES
            if name != CLASSES[BACKGROUND]
        },
        "training": {**training, "date": datetime.now(UTC).date().isoformat()},
    }
    write_json(weights.with_suffix(".json"), manifest)


def add_figures(weights: Path, figures: dict[str, Any]) -> None:
    """Put measured figures into the manifest."""
    path = weights.with_suffix(".json")
    write_json(path, {**json.loads(path.read_text(encoding="utf-8")), "measured": figures})


def write_json(path: Path, content: dict[str, Any]) -> None:
    """As text that a reviewer can compare."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

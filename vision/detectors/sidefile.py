"""What somebody wrote beside a model file because the file itself does not say it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vision.detections import LABELS
from vision.detectors.preparation import Colour, Fit
from vision.errors import ModelError

Triple = tuple[float, float, float]


class SideFile(BaseModel):
    """`yolo.json` beside `yolo.onnx`; every key is optional and wins over the guess."""

    model_config = ConfigDict(extra="forbid")

    format: str = ""
    names: list[str] = Field(default_factory=list)
    classes: dict[str, Literal["person", "vehicle", "two-wheeler", "fire", "smoke"]] = Field(
        default_factory=dict
    )
    threshold: float | None = Field(default=None, gt=0, lt=1)
    fit: Fit | None = None
    colour: Colour | None = None
    scale: float | None = Field(default=None, gt=0)
    mean: Triple | None = None
    deviation: Triple | None = None
    licence: str = ""
    sha256: str = ""
    source: str = ""


def read_side_file(model: Path) -> SideFile:
    """The side file of a model, or an empty one.

    Raises:
        ModelError: It is there but cannot be used; the sentence names file and key.
    """
    path = model.with_suffix(".json")
    if not path.is_file():
        return SideFile()
    try:
        return SideFile.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ModelError(
            f"The side file {path} cannot be used: {key}: {first['msg']}. "
            f"Labels of the hub are {', '.join(LABELS)}."
        ) from error
    except OSError as error:
        raise ModelError(f"The side file {path} cannot be read ({error}).") from error

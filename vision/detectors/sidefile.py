"""What somebody wrote beside a model file because the file itself does not say it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vision.detections import LABELS
from vision.detectors.preparation import Colour, Fit
from vision.errors import ModelError

Triple = tuple[float, float, float]


Label = Literal["person", "vehicle", "two-wheeler", "fire", "smoke"]
Share = Annotated[float, Field(gt=0, lt=1)]
Size = tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]]


class SideFile(BaseModel):
    """`yolo.json` beside `yolo.onnx`; every key is optional and wins over the guess.

    Attributes:
        name, version, licence, source: For people.
        sha256: What the model file must be; checked at every load.
        format: Name of one of `formats.FORMATS`.
        names: Class names in the order of their numbers.
        classes: The hub's label of a class name.
        sizes: Input sizes, width and height in pixels.
        threshold: The score from which it is trusted.
        thresholds: The same for single labels of the hub.
        experimental: Labels of the hub that it learnt but not well enough; they are not reported.
        training, measured: For people: how to repeat it, and how good it is.
        fit, colour, scale, mean, deviation: As in `Preparation`.
    """

    model_config = ConfigDict(extra="forbid")

    name: str = ""
    version: str = ""
    licence: str = ""
    source: str = ""
    sha256: Annotated[str, Field(pattern=r"^([0-9a-fA-F]{64})?$")] = ""
    format: str = ""
    names: list[str] = Field(default_factory=list)
    classes: dict[str, Label] = Field(default_factory=dict)
    sizes: list[Size] = Field(default_factory=list)
    threshold: Share | None = None
    thresholds: dict[Label, Share] = Field(default_factory=dict)
    experimental: list[Label] = Field(default_factory=list)
    training: dict[str, Any] = Field(default_factory=dict)
    measured: dict[str, Any] = Field(default_factory=dict)
    fit: Fit | None = None
    colour: Colour | None = None
    scale: float | None = Field(default=None, gt=0)
    mean: Triple | None = None
    deviation: Triple | None = None


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

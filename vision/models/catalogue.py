"""The model files that are known to be good, by the content they must have; nothing is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from vision.detectors.sidefile import Share, Size


class Entry(BaseModel):
    """One file that somebody can bring on a stick.

    Attributes:
        name: What it is called in the store.
        title: What people call it.
        file: What it is called where it comes from.
        size: Width and height of its input in pixels.
        light: A Raspberry Pi can carry it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    file: str
    bytes: int
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    licence: str
    source: str
    size: Size
    threshold: Share
    light: bool


Catalogue = Sequence[Entry]


def read_catalogue() -> Catalogue:
    """The catalogue that came with the programme."""
    text = files("vision.models").joinpath("catalogue.json").read_bytes()
    return TypeAdapter(tuple[Entry, ...]).validate_json(text)


def with_content(catalogue: Catalogue, sha256: str) -> Entry | None:
    """The entry of a file with that content."""
    return next((entry for entry in catalogue if entry.sha256 == sha256), None)


def called(catalogue: Catalogue, name: str) -> list[Entry]:
    """The entries that a file of that name claims to be, with or without its ending."""
    stem = name.lower().removesuffix(".onnx")
    return [e for e in catalogue if stem in {e.name, e.file.lower().removesuffix(".onnx")}]

"""The folder of the operator's models: each file with a manifest, its content checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vision.detectors.network import NetworkDetector
from vision.detectors.session import read_model
from vision.detectors.sidefile import SideFile, read_side_file
from vision.errors import ModelError
from vision.frames import Frame
from vision.models.catalogue import Catalogue, Entry, called, with_content

BUILT_IN = "built-in"
"""Name of the model that comes with the programme; no file may take it."""

Write = Callable[[Path, bytes], None]
"""Puts bytes into a file as a whole or not at all; `OSError` where it cannot."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,47}")
_OTHERS = re.compile(r"[^a-z0-9._-]+")
_GREY = np.full((360, 640, 3), 114, np.uint8)


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A file of the store.

    Attributes:
        manifest: What is known about it; empty where it cannot be read.
        problem: Why it cannot be used, in a sentence; empty: nothing known against it.
    """

    name: str
    path: Path
    manifest: SideFile
    problem: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the hub that it finds."""
        return tuple(dict.fromkeys(self.manifest.classes.values()))


class ModelStore:
    """Models in a folder.

    Args:
        folder: Made at need.
        catalogue: The files that are known.
    """

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        self._folder = folder
        self._catalogue = catalogue

    def models(self) -> list[StoredModel]:
        """Every model of the folder by name; contents are not read."""
        return [self._about(path) for path in sorted(self._folder.glob("*.onnx"))]

    def find(self, name: str) -> StoredModel:
        """The model of that name.

        Raises:
            ModelError: There is none.
        """
        path = self._folder / f"{name}.onnx"
        if not _NAME.fullmatch(name) or not path.is_file():
            raise ModelError(
                f"There is no model called {name!r} in {self._folder}. The names are shown by: "
                "village-hub model list."
            )
        return self._about(path)

    def add(self, source: Path, *, name: str = "", write: Write) -> StoredModel:
        """Take a file in, after looking at it and trying it on a grey picture.

        Args:
            source: An `.onnx` file; a side file `.json` beside it says what it does not.
            name: What to call it; else its name in the catalogue or that of the file.
            write: Writes into the folder, which exists by then.

        Raises:
            ModelError: It is damaged, no usable detector, or its name is taken.
            OSError: The folder cannot be written.
        """
        content = read_model(source)
        sha256 = hashlib.sha256(content).hexdigest()
        entry = with_content(self._catalogue, sha256)
        if entry is None:
            _refuse_impostor(source, content, sha256, called(self._catalogue, name or source.name))
        chosen = self._chosen(name or (entry.name if entry else _cleaned(source.stem)), sha256)
        detector = NetworkDetector.open(source, 1)
        try_out(detector)
        manifest = _manifest(detector, read_side_file(source), entry, sha256, source)
        path = self._folder / f"{chosen}.onnx"
        self._folder.mkdir(parents=True, exist_ok=True)
        # The manifest last: a file without one is never taken for a model that was checked.
        path.with_suffix(".json").unlink(missing_ok=True)
        write(path, content)
        text = manifest.model_dump_json(exclude_defaults=True, indent=2)
        write(path.with_suffix(".json"), f"{text}\n".encode())
        return self._about(path)

    def verify(self, name: str) -> NetworkDetector:
        """Open a model as the box does, and try it on a grey picture.

        Raises:
            ModelError: It was changed, has no manifest, or is no usable detector.
        """
        model = self.find(name)
        if model.problem:
            raise ModelError(model.problem)
        detector = NetworkDetector.open(model.path, 1)
        try_out(detector)
        return detector

    def _about(self, path: Path) -> StoredModel:
        try:
            manifest = read_side_file(path)
        except ModelError as error:
            return StoredModel(path.stem, path, SideFile(), str(error))
        problem = ""
        if not manifest.sha256:
            problem = (
                f"The model file {path} has no manifest, so nobody knows whether it is whole. "
                "Add it again with: village-hub model add."
            )
        return StoredModel(path.stem, path, manifest, problem)

    def _chosen(self, name: str, sha256: str) -> str:
        if name == BUILT_IN or not _NAME.fullmatch(name):
            raise ModelError(
                f"A model cannot be called {name!r}. Use small letters, digits, points and "
                "hyphens, 48 at most: --name NAME."
            )
        path = self._folder / f"{name}.onnx"
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            known = self._about(path).manifest.sha256
            if known and known != sha256:
                raise ModelError(
                    f"There is already another model called {name!r}. Give this one another name "
                    "with: --name NAME."
                )
        return name


def try_out(detector: NetworkDetector) -> None:
    """One look at a grey picture.

    Raises:
        ModelError: It fails.
    """
    detector.detect(Frame(_GREY, 0.0, 0.0), ())


def _refuse_impostor(source: Path, content: bytes, sha256: str, claimed: list[Entry]) -> None:
    if not claimed:
        return
    wanted = claimed[0]
    raise ModelError(
        f"The file {source} is called like {wanted.title} of the catalogue but has another "
        f"content ({len(content)} bytes, sha256 {sha256[:12]}… instead of {wanted.bytes} bytes, "
        f"{wanted.sha256[:12]}…). Copy it again; if it is a model of your own, give it another "
        "name with: --name NAME."
    )


def _manifest(
    detector: NetworkDetector, side: SideFile, entry: Entry | None, sha256: str, source: Path
) -> SideFile:
    """What the file, its side file and the catalogue say together."""
    said = detector.metadata
    return side.model_copy(
        update={
            "name": side.name or (entry.title if entry else source.name),
            "version": side.version or said.get("version", ""),
            "licence": entry.licence if entry else side.licence or said.get("license", ""),
            "source": entry.source if entry else side.source or said.get("author", ""),
            "sha256": sha256,
            "format": detector.family,
            "classes": detector.classes,
            "sizes": [detector.size],
            "threshold": side.threshold or (entry.threshold if entry else detector.threshold),
        }
    )


def _cleaned(stem: str) -> str:
    return _OTHERS.sub("-", stem.lower()).strip("-._")[:48]

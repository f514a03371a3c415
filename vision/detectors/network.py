"""A detector that reads the whole frame: any ONNX file of a known output format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime as ort

from vision.boxes import Box
from vision.detections import Detections
from vision.detectors.formats import FORMATS
from vision.detectors.formats.format import Candidates, Format
from vision.detectors.graph import Graph, read_graph, run
from vision.detectors.labels import hub_labels, names_in
from vision.detectors.preparation import Preparation, prepare
from vision.detectors.session import open_session
from vision.detectors.sidefile import SideFile, read_side_file
from vision.detectors.suppression import strongest
from vision.errors import ModelError
from vision.frames import Frame

WEAK = 1 / 3
"""Share of the threshold down to which a box may still hold a track."""


class NetworkDetector:
    """Runs one ONNX file. Open it with `NetworkDetector.open`."""

    def __init__(
        self,
        session: ort.InferenceSession,
        graph: Graph,
        family: Format,
        labels: Sequence[str | None],
        *,
        preparation: Preparation,
        threshold: float,
    ) -> None:
        self._session = session
        self._graph = graph
        self._family = family
        self._labels = labels
        self._useful = np.array([label is not None for label in labels])
        self._preparation = preparation
        self._threshold = threshold
        self._decode = family.decoder(graph)

    @classmethod
    def open(cls, path: Path, threads: int) -> Self:
        """Load a file, recognise its format and try it on a grey picture.

        Args:
            path: The `.onnx` file; a side file `.json` beside it wins over what it says.
            threads: Threads of one inference.

        Raises:
            ModelError: It is no usable detector; the sentence names it, lists its shapes and
                says what to do.
        """
        session = open_session(path, threads)
        side = read_side_file(path)
        graph = read_graph(session, path)
        family, classes = _recognise(graph, side)
        try:
            names = side.names or names_in(graph.metadata)
            labels = hub_labels(names, classes, side.classes, family.usual)
        except ModelError as error:
            raise ModelError(f"The model {path} cannot be used: {error}.") from error
        return cls(
            session,
            graph,
            family,
            labels,
            preparation=_preparation(family, side, graph.dtype),
            threshold=side.threshold or family.threshold,
        )

    @property
    def name(self) -> str:
        size = f"{self._graph.width}x{self._graph.height}"
        return f"{self._graph.path.name} ({self._family.name}, {size})"

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(label for label in self._labels if label))

    @property
    def threshold(self) -> float:
        return self._threshold

    @property
    def needs_regions(self) -> bool:
        return False

    def detect(self, frame: Frame, regions: Sequence[Box]) -> Detections:  # noqa: ARG002 - the whole frame is read
        graph = self._graph
        size = (graph.width, graph.height)
        tensor, placement = prepare(frame.image, self._preparation, size, graph.dtype)
        try:
            outputs = run(self._session, graph.feed(tensor))
        except Exception as error:  # the library raises its own unrelated classes
            raise ModelError(f"The model {graph.path} failed while running ({error}).") from error
        found = self._useful_ones(self._decode(outputs))
        found = Detections(placement.to_frame(found.boxes), found.scores, found.labels)
        return strongest(found) if self._family.suppress else found

    def _useful_ones(self, found: Candidates) -> Detections:
        known = (found.classes >= 0) & (found.classes < len(self._labels))
        keep = known & (found.scores >= self._threshold * WEAK)
        keep &= self._useful[np.where(known, found.classes, 0)]
        keep &= np.isfinite(found.boxes).all(1)
        labels = tuple(self._labels[number] or "" for number in found.classes[keep])
        return Detections(found.boxes[keep], found.scores[keep], labels)


def _recognise(graph: Graph, side: SideFile) -> tuple[Format, int]:
    """The format of a graph and its number of classes."""
    said = side.format or graph.metadata.get("hub.format", "")
    names = ", ".join(family.name for family in FORMATS)
    for family in FORMATS:
        if said and family.name != said:
            continue
        classes = family.classes(graph)
        if classes is not None:
            return family, classes
    raise ModelError(
        f"The model {graph.path} ({graph.describe()}) is not a detector of a known format"
        f"{f' and not {said} as it says' if said else ''}. Known formats are {names}. "
        "Choose another model file, or leave `model` empty for the built-in one."
    )


def _preparation(family: Format, side: SideFile, dtype: type[np.generic]) -> Preparation:
    usual = family.preparation
    if dtype is np.uint8:
        # A network that takes bytes does the sums itself.
        usual = Preparation(usual.fit, usual.colour)
    said = {
        "fit": side.fit,
        "colour": side.colour,
        "scale": side.scale,
        "mean": side.mean,
        "deviation": side.deviation,
    }
    given = {key: value for key, value in said.items() if value is not None}
    return replace(usual, **given)  # type: ignore[arg-type] # pydantic checked them

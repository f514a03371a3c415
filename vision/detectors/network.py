"""A detector that reads the whole frame: any ONNX file of a known output format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from vision.detectors.labels import class_names, hub_labels, names_in
from vision.detectors.preparation import Preparation, Preparer
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
        names: Sequence[str],
        preparation: Preparation,
        threshold: float,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        self._session = session
        self._graph = graph
        self._family = family
        self._labels = labels
        self._names = names
        self._useful = np.array([label is not None for label in labels])
        self._prepare = Preparer(preparation, (graph.width, graph.height), graph.dtype)
        self._threshold = threshold
        # A camera knows one threshold: the scores of a label with its own are scaled to that.
        own = thresholds or {}
        self._scale = np.array(
            [threshold / own.get(label or "", threshold) for label in labels], np.float32
        )
        self._decode = family.decoder(graph)

    @classmethod
    def open(cls, path: Path, threads: int, size: tuple[int, int] | None = None) -> Self:
        """Load a file, recognise its format and try it on a grey picture.

        Args:
            path: The `.onnx` file; a side file `.json` beside it wins over what it says.
            threads: Threads of one inference.
            size: (height, width) of its input where the file leaves that open; None: the usual.

        Raises:
            ModelError: It is no usable detector; the sentence names it, lists its shapes and
                says what to do.
        """
        side = read_side_file(path)
        session = open_session(path, threads, sha256=side.sha256)
        graph = read_graph(session, path, size)
        family, classes = _recognise(graph, side)
        try:
            told = side.names or names_in(graph.metadata)
            names = class_names(told, classes, family.usual)
            known = hub_labels(names, side.classes)
            labels = [label if label not in side.experimental else None for label in known]
        except ModelError as error:
            raise ModelError(f"The model {path} cannot be used: {error}.") from error
        detector = cls(
            session,
            graph,
            family,
            labels,
            names=names,
            preparation=_preparation(family, side, graph.dtype),
            threshold=side.threshold or family.threshold,
            thresholds={str(label): least for label, least in side.thresholds.items()},
        )
        detector._try_decoding(graph)
        return detector

    @property
    def name(self) -> str:
        size = f"{self._graph.width}x{self._graph.height}"
        return f"{self._graph.path.name} ({self._family.name}, {size})"

    @property
    def family(self) -> str:
        """The format it was recognised as."""
        return self._family.name

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its input in pixels."""
        return self._graph.width, self._graph.height

    @property
    def free_size(self) -> bool:
        """The file leaves the size of its input open."""
        return self._graph.free_size

    @property
    def classes(self) -> dict[str, str]:
        """The hub's label of each of its classes that the hub knows."""
        pairs = zip(self._names, self._labels, strict=True)
        return {name: label for name, label in pairs if label}

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the exporter wrote into the file."""
        return self._graph.metadata

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
        tensor, placement = self._prepare(frame.image)
        try:
            outputs = run(self._session, graph.feed(tensor))
        except Exception as error:  # the library raises its own unrelated classes
            raise ModelError(f"The model {graph.path} failed while running ({error}).") from error
        # A broken network may give anything; what is no number is left out below.
        with np.errstate(invalid="ignore", over="ignore"):
            found = self._useful_ones(self._decode(outputs))
        found = Detections(placement.to_frame(found.boxes), found.scores, found.labels)
        return strongest(found) if self._family.suppress else found

    def _try_decoding(self, graph: Graph) -> None:
        """Names and counts may fit a family whose tensors do not fit each other."""
        try:
            with np.errstate(all="ignore"):
                self._useful_ones(self._decode(graph.sample))
        except (ValueError, IndexError, TypeError) as error:
            reason = f"its outputs do not fit together: {graph.describe()}"
            raise ModelError(f"The model {graph.path} cannot be used: {reason}.") from error

    def _useful_ones(self, found: Candidates) -> Detections:
        known = (found.classes >= 0) & (found.classes < len(self._labels))
        numbers = np.where(known, found.classes, 0)
        scores = np.minimum(found.scores * self._scale[numbers], np.float32(1))
        keep = known & self._useful[numbers] & (scores >= self._threshold * WEAK)
        keep &= np.isfinite(found.boxes).all(1)
        labels = tuple(self._labels[number] or "" for number in numbers[keep])
        return Detections(found.boxes[keep], scores[keep], labels)


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

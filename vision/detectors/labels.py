"""From the class names of a model to the few labels the hub knows."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from vision.errors import ModelError

_COCO = """
person|bicycle|car|motorcycle|airplane|bus|train|truck|boat|traffic light|fire hydrant|
stop sign|parking meter|bench|bird|cat|dog|horse|sheep|cow|elephant|bear|zebra|giraffe|
backpack|umbrella|handbag|tie|suitcase|frisbee|skis|snowboard|sports ball|kite|
baseball bat|baseball glove|skateboard|surfboard|tennis racket|bottle|wine glass|cup|fork|
knife|spoon|bowl|banana|apple|sandwich|orange|broccoli|carrot|hot dog|pizza|donut|cake|
chair|couch|potted plant|bed|dining table|toilet|tv|laptop|mouse|remote|keyboard|
cell phone|microwave|oven|toaster|sink|refrigerator|book|clock|vase|scissors|teddy bear|
hair drier|toothbrush
"""
COCO = tuple(_COCO.replace("\n", "").split("|"))
"""The 80 classes that most public detectors were trained on, in their order."""

_NO_COCO = frozenset({0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83})
COCO_NUMBERS = tuple(
    "" if number in _NO_COCO else COCO[number - 1 - sum(gap < number for gap in _NO_COCO - {0})]
    for number in range(91)
)
"""The same classes by the numbers of COCO itself, 1 to 90 with gaps; no name for the rest."""

KNOWN = {
    "person": "person",
    "people": "person",
    "pedestrian": "person",
    "car": "vehicle",
    "bus": "vehicle",
    "truck": "vehicle",
    "van": "vehicle",
    "vehicle": "vehicle",
    "bicycle": "two-wheeler",
    "motorcycle": "two-wheeler",
    "motorbike": "two-wheeler",
    "twowheel": "two-wheeler",
    "two-wheeler": "two-wheeler",
    "fire": "fire",
    "flame": "fire",
    "smoke": "smoke",
}
"""Class name, lower case, to hub label; every other class is ignored."""


def names_in(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """The class names an exporter wrote into the file; empty where it wrote none.

    The text is a Python or JSON literal, `{0: 'person', 1: …}` or `['person', …]`.
    """
    text = metadata.get("names", "")
    try:
        names = ast.literal_eval(text) if text else ()
        if isinstance(names, dict):
            names = [names[number] for number in sorted(names, key=int)]
        return tuple(str(name) for name in names)
    except (ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError):
        return ()


def class_names(told: Sequence[str], classes: int, usual: Sequence[str] = COCO) -> tuple[str, ...]:
    """The name of each class, in the order of their numbers.

    Args:
        told: What the model's side file or metadata says; empty: unknown.
        classes: How many classes come out of the network; 0: it does not say.
        usual: What the classes are where nobody names them and there are as many.

    Raises:
        ModelError: The names are unknown or too few.
    """
    names = tuple(told)
    if not names:
        known = {0: usual, len(COCO): COCO, len(usual): usual}
        names = tuple(known.get(classes, ()))
    if len(names) < classes:
        raise ModelError(
            f"it gives {classes} classes but names {len(names)}; write a side file with "
            '{"names": ["person", …]} beside it'
        )
    return names[:classes] if classes else names


def hub_labels(names: Sequence[str], wanted: Mapping[str, str]) -> list[str | None]:
    """The hub's label of each class name; None: ignored.

    Args:
        names: Of the classes.
        wanted: The side file's own mapping; wins over `KNOWN`.

    Raises:
        ModelError: None of them is of any use.
    """
    mapping = {**KNOWN, **{name.lower(): label for name, label in wanted.items()}}
    labels = [mapping.get(name.strip().lower()) for name in names]
    if not any(labels):
        raise ModelError(f"none of its classes ({', '.join(names[:8])}) is one the hub knows")
    return labels

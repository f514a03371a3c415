"""The seam between the numbers of a look and one kind of camera fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2

from vision.health.usual import Usual
from vision.health.view import View, likeness
from vision.packets import PacketEvidence


@dataclass(frozen=True, slots=True)
class Evidence:
    """A look beside what is usual; every ratio is 1 where nothing changed.

    Attributes:
        mono_s: When the frame was captured.
        view: The numbers of this look.
        usual: What the camera usually shows.
        steady: Likeness of the edges to those of the last seconds, -1..1.
        same_view: Likeness of the edges to the usual ones, -1..1.
        same_light: Likeness of the rough distribution of light, -1..1.
        detail, contrast: Ratios to the usual.
        sharpness: Ratio of detail for the contrast that is left: dim light does not lower it.
        packets: What the stream's packets say; None where nobody asked them.
        changed, most_changed: Mean and greatest change of a pixel since the last look, 0..255.
    """

    mono_s: float
    view: View
    usual: Usual
    steady: float
    same_view: float
    same_light: float
    detail: float
    contrast: float
    sharpness: float
    changed: float
    most_changed: float
    packets: PacketEvidence | None = None


class Fault(Protocol):
    """One way in which a camera fails. One instance per camera, asked at every look in order.

    Attributes:
        kind: `camera_…`, the incident's kind.
        looks: Length of the memory in looks; a look comes every half second at most.
        enough: So many suspicious looks among them open the fault.
        few: So few close it.
    """

    kind: str
    looks: int
    enough: int
    few: int

    def suspect(self, evidence: Evidence) -> float:
        """How strongly this look shows the fault: 0 not at all, up to 1."""
        ...


def weigh(
    view: View,
    usual: Usual,
    *,
    steady: float,
    last: View,
    packets: PacketEvidence | None = None,
) -> Evidence:
    """Compare a look with what is usual and with the look before."""
    detail = view.detail / max(usual.detail, 1e-3)
    contrast = view.contrast / max(usual.contrast, 1e-3)
    change = cv2.absdiff(view.grey, last.grey)
    return Evidence(
        mono_s=view.mono_s,
        view=view,
        usual=usual,
        steady=steady,
        same_view=likeness(view.edges, usual.edges),
        same_light=likeness(view.coarse, usual.coarse),
        detail=detail,
        contrast=contrast,
        sharpness=detail / max(contrast * contrast, 1e-3),
        changed=float(cv2.mean(change)[0]),
        most_changed=float(change.max()),
        packets=packets,
    )

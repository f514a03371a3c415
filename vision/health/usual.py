"""What a camera usually shows: a slow reference that no fault may teach."""

from __future__ import annotations

import numpy as np

from vision.health.view import Plane, View, likeness

FIRST_LOOKS = 8
"""So many steady looks before anything is judged: four seconds at the usual pace."""

SLOW_LOOKS = 1200
"""From here on the mean forgets: ten minutes at the usual pace, slower than a cloud or a lorry."""

RECENT_SHARE = 0.3
"""Of each look in the recent picture: about the last two seconds."""

STEADY = 0.5
"""Likeness to the recent picture from which on a look shows a scene and not a passage."""

OWN = 0.3
"""Likeness to the usual edges from which on a look teaches; a lorry that fills the picture and a
view that turned a second ago do not."""


class Usual:
    """Running means over the looks at which nothing was wrong.

    Attributes:
        looks: How many looks are in it.
        edges, coarse, contrast, shadow, detail, saturated: Means of the same numbers of `View`.
        recent: Edges of the last seconds, whatever they showed.
    """

    def __init__(self) -> None:
        self.looks = 0
        self._strange = 0
        self.recent: Plane = np.empty((0, 0), np.float32)
        self.edges: Plane = self.recent
        self.coarse: Plane = self.recent
        self.contrast = self.shadow = self.detail = self.saturated = 0.0

    @property
    def known(self) -> bool:
        """Enough was seen to judge."""
        return self.looks >= FIRST_LOOKS

    def follow(self, view: View) -> float:
        """Take a look into the recent picture; returns its likeness to that until now, -1..1."""
        if self.recent.shape != view.edges.shape:
            self.recent = view.edges.copy()
            return 1.0
        steady = likeness(view.edges, self.recent)
        self.recent += RECENT_SHARE * (view.edges - self.recent)
        return steady

    def learn(self, view: View, *, steady: float) -> None:
        """Take a look at which nothing is wrong into the means, if it is of the usual place.

        A steady view that is neither usual nor a fault, such as the scene by infra-red light,
        becomes the usual one in the end.
        """
        if not self.known and steady < STEADY:
            return
        if self.known and likeness(view.edges, self.edges) < OWN:
            self._strange += steady >= STEADY
            if self._strange > SLOW_LOOKS:
                self.forget()
            return
        if self.looks == 0:
            self.edges, self.coarse = view.edges.copy(), view.coarse.copy()
        self.looks += 1
        self._strange = 0
        share = 1 / min(self.looks, SLOW_LOOKS)
        self.edges += share * (view.edges - self.edges)
        self.coarse += share * (view.coarse - self.coarse)
        self.contrast += share * (view.contrast - self.contrast)
        self.shadow += share * (view.shadow - self.shadow)
        self.detail += share * (view.detail - self.detail)
        self.saturated += share * (view.saturated - self.saturated)

    def forget(self) -> None:
        """Begin anew, for example when a new view is accepted."""
        self.looks = 0
        self._strange = 0

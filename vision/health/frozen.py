"""The camera sends the same picture again and again, though its stream goes on."""

from __future__ import annotations

from collections import deque

from vision.health.fault import Evidence
from vision.health.moved import LEAST_DETAIL

STILL_MEAN, STILL_MOST = 0.06, 6.0
"""Change of brightness since the last look. A frozen picture that is encoded anew still changes by
up to 0.05 in the mean and 5 at most; the stillest real clip changes by 0.1 and 5."""

LIVELY_MEAN = 0.15
"""A change that no encoder makes of a picture that stands still."""

LONGER_THAN_USUAL = 4
"""A drawn scene, and a clean one at night, stand still by themselves: the picture must stand so
many times longer than it ever did, and must have been alive just before."""

REMEMBERED_LOOKS = 7200
"""The longest standstill fades from memory in an hour."""

BEFORE_LOOKS = 6

FALLEN = 0.6
"""Packets this much smaller than usual agree that the encoder is fed the same picture again."""

UNBACKED_LOOKS = 120
"""Where packets are as large as ever, as of an encoder that fills its line, for so long at least
the pictures must stand still: that is an empty scene otherwise."""


class Frozen:
    """Alive a moment ago, and still for far longer than is usual here.

    The change of decoded pixels alone cannot tell a frozen camera from an empty, noiseless scene
    (an encoder skips what does not change), hence the memory of what this camera usually does.
    Where the packets are known they must agree: they have become small, or their own time stands
    still. Without new packets there is no look. Not seen is a camera whose encoder repaints the
    frozen picture at every key frame of a short group.
    """

    kind = "camera_frozen"
    looks, enough, few = 10, 9, 8

    def __init__(self) -> None:
        self._still = 0
        self._longest = 0.0
        self._lively: deque[bool] = deque(maxlen=BEFORE_LOOKS)
        self._was_alive = False

    def suspect(self, evidence: Evidence) -> float:
        self._longest *= 1 - 1 / REMEMBERED_LOOKS
        if evidence.changed > STILL_MEAN or evidence.most_changed > STILL_MOST:
            self._longest = max(self._longest, float(self._still))
            self._still = 0
            self._lively.append(evidence.changed >= LIVELY_MEAN)
            return 0.0
        if self._still == 0:
            self._was_alive = sum(self._lively) * 2 > BEFORE_LOOKS
        self._still += 1
        self._lively.append(False)
        if not self._was_alive or evidence.detail < LEAST_DETAIL:
            return 0.0
        packets = evidence.packets
        if packets is not None and packets.stuck:
            return 1.0
        if packets is not None and packets.size > FALLEN and self._still < UNBACKED_LOOKS:
            return 0.0
        longer = self._still / max(1.0, LONGER_THAN_USUAL * self._longest)
        return min(1.0, longer / (2 * self.looks) + 0.5) if longer >= 1 else 0.0

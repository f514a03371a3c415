"""One clock through a recording's cuts and loops, whether all its pictures are decoded or few."""

from __future__ import annotations

LONGEST_GAP_S = 5.0
"""A jump of the recording's clock beyond this, or backwards, is a cut and not a pause."""


class Timeline:
    """From the times in a recording to `media_s`, which never runs backwards.

    Where packets are told, cuts are found in their order of sending, so that pictures that are
    never decoded leave no gap; else in the pictures themselves.

    Args:
        start_s: `media_s` of the first picture.
        interval_s: Usual time between two pictures; a cut counts as one.
    """

    def __init__(self, start_s: float, interval_s: float) -> None:
        self._interval_s = interval_s
        self._offset_s: float | None = None
        self._start_s = start_s
        self._sent_s: float | None = None
        self._shown_s: float | None = None
        self._by_packets = False
        self._media_s = self._packet_s = start_s
        self._begun = False

    @property
    def end_s(self) -> float:
        """Where the next round of a loop begins."""
        return max(self._media_s, self._packet_s) + self._interval_s

    def packet(self, shown_s: float | None, sent_s: float | None) -> float:
        """A packet with its times of showing and sending; when it is due."""
        self._by_packets = True
        at = sent_s if sent_s is not None else shown_s
        if at is None:
            self._packet_s += self._interval_s
            return self._packet_s
        if self._offset_s is None:
            self._offset_s = self._start_s - (shown_s if shown_s is not None else at)
        elif self._sent_s is not None and not 0 < at - self._sent_s <= LONGEST_GAP_S:
            self._offset_s += self._sent_s + self._interval_s - at
        self._sent_s = at
        if shown_s is not None:
            self._packet_s = max(self._packet_s, self._offset_s + shown_s)
        return self._offset_s + at

    def picture(self, shown_s: float | None) -> float:
        """`media_s` of a decoded picture."""
        if self._by_packets:
            at = self._packet_s
            if shown_s is not None and self._offset_s is not None:
                at = self._offset_s + shown_s
            self._media_s = max(self._media_s, at)
            return self._media_s
        if self._begun:
            self._media_s += self._step(self._shown_s, shown_s)
        self._begun, self._shown_s = True, shown_s
        return self._media_s

    def _step(self, last: float | None, at: float | None) -> float:
        if last is None or at is None or not 0 < at - last <= LONGEST_GAP_S:
            return self._interval_s
        return at - last

"""Rows of the outbox on their way: the most urgent first, never more than the window."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from edge.errors import MessageRefused
from edge.link.complaints import of_unsent
from edge.link.envelope import seal
from edge.link.flights import Flights
from edge.link.outbox import Outbox, Row

_log = logging.getLogger(__name__)

_URGENT_LANE = 1
_URGENT_EXTRA = 16
_BULKY_LANE = 5
_BULKY_WINDOW = 2
_REFUSED = 0x80
_BACKLOG_S = 600.0

Publish = Callable[[str, bytes], int | None]


class Sender:
    """Reads rows, hands them to the connection and knows which are under way.

    Attributes:
        faults: What cannot be sent, by topic, and `row` for what cannot travel at all.
    """

    def __init__(
        self,
        outbox: Outbox,
        publish: Publish,
        *,
        township: str,
        hub: str,
        window: int,
        guard_s: float,
        allows: Callable[[int, int], bool] = lambda _lane, _size: True,
    ) -> None:
        """Args: `allows` tells whether so many bytes of a lane may be sent today."""
        self._allows = allows
        self._backlog_until = 0
        self._outbox = outbox
        self._publish = publish
        self._township = township
        self._hub = hub
        self._window = window
        self._flights = Flights(guard_s)
        self.faults: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._flights)

    def next_deadline(self) -> float | None:
        """When a row may be sent again, in monotonic seconds."""
        return self._flights.next_deadline()

    def begin(self) -> None:
        """A new connection: nothing is under way, and what still fails will be said again.

        After a long time away the newest rows go first and superseded states do not go at all:
        a fire of this minute matters more than one of yesterday.

        Raises:
            StoreError: The outbox cannot be read; it is sent as it is.
        """
        self._flights.forget()
        self.faults.clear()
        self._backlog_until = 0
        window = self._outbox.window()
        if window.oldest_age_s > _BACKLOG_S:
            self._backlog_until = window.next_seq
            gone = self._outbox.coalesce()
            _log.info("link backlog=%d superseded=%d", window.queued, gone)

    @property
    def is_calm(self) -> bool:
        """Whether nothing more urgent than a picture is under way or waits."""
        if len(self._flights) > self._flights.of_lane(_BULKY_LANE):
            return False
        rows = self._outbox.pending(1, self._flights.numbers)
        return not rows or rows[0].entry.lane >= _BULKY_LANE

    def again(self, from_seq: int = 0) -> None:
        """Send what is not acknowledged once more, from this number on."""
        self._flights.forget(from_seq)

    def acknowledged(self, ranges: Iterable[tuple[int, int]]) -> None:
        """The township has these rows."""
        self._flights.arrive(ranges)

    def published(self, mid: int, code: int) -> bool:
        """What the broker said about a message; False if it was none of ours."""
        flight = self._flights.published(mid)
        if flight is None:
            return False
        if code >= _REFUSED:
            self._fault(flight.topic, of_unsent(code, flight.topic))
        else:
            self.faults.pop(flight.topic, None)
        return True

    def send(self, now: float) -> None:
        """Hand over as much as the window allows.

        Raises:
            StoreError: The outbox cannot be read.
        """
        self._flights.release_overdue(now)
        room = self._window + _URGENT_EXTRA - len(self._flights)
        if room <= 0:
            return
        rows = self._outbox.pending(room, self._flights.numbers, backlog_until=self._backlog_until)
        if not rows and not len(self._flights):
            self._backlog_until = 0
        for row in rows:
            if not self._may_go(row.entry.lane) or not self._send(row, now):
                return

    def _may_go(self, lane: int) -> bool:
        # Rows come by lane: when one may not go, none of those after it may.
        if len(self._flights) >= self._window and lane > _URGENT_LANE:
            return False
        # Pictures are large: more than two under way would delay an alert on a thin uplink.
        return lane < _BULKY_LANE or self._flights.of_lane(_BULKY_LANE) < _BULKY_WINDOW

    def _send(self, row: Row, now: float) -> bool:
        stream = self._outbox.stream_id
        try:
            topic, payload = seal(row, township=self._township, hub=self._hub, stream=stream)
        except MessageRefused as refusal:
            self._fault("row", str(refusal))
            self._flights.depart(row.seq, row.entry.lane, row.entry.type, None, now)
            return True
        if not self._allows(row.entry.lane, len(topic) + len(payload)):
            return False
        mid = self._publish(topic, payload)
        if mid is not None:
            self._flights.depart(row.seq, row.entry.lane, topic, mid, now)
        return mid is not None

    def _fault(self, kind: str, sentence: str) -> None:
        if self.faults.get(kind) != sentence:
            self.faults[kind] = sentence
            _log.warning("link %s", sentence)

"""The thread that sends the packets of one announcement, each at its moment."""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable

from broadcast.speakers.rtp_codec import FRAME_S, Payload
from broadcast.speakers.rtp_packets import Evenness, Numbering

BUFFER_S = 0.4
"""Sound that waits to be sent: a little more than a caller writes ahead."""
LATE_S = 0.2
"""Behind by more, packets are no longer hurried after one another: the horn would drop them."""
REFUSED_LIMIT = 25
"""Half a second of packets of which every second one is refused: nothing listens there."""


class Sending:
    """Sends from the moment it is made until `end`; `line` is closed then."""

    def __init__(
        self, line: socket.socket, numbering: Numbering, evenness: Evenness, speaker_id: str
    ) -> None:
        self._line = line
        self._numbering = numbering
        self._evenness = evenness
        self._change = threading.Condition()
        self._waiting: deque[Payload] = deque()
        self._waiting_s = 0.0
        self._complete = self._ended = False
        self._refused = 0
        self.finished = False
        self.sent_s = 0.0
        self.fault: OSError | None = None
        self._thread = threading.Thread(target=self._run, name=f"rtp-{speaker_id}", daemon=True)
        self._thread.start()

    def room(self, timeout_s: float) -> bool:
        """Whether more may be added; waits a little for it."""
        with self._change:
            return self._change.wait_for(lambda: self._waiting_s < BUFFER_S, timeout_s)

    def add(self, payloads: Iterable[Payload]) -> None:
        made = list(payloads)  # encoding must not hold up the thread that sends
        with self._change:
            self._waiting.extend(made)
            self._waiting_s += sum(payload.seconds for payload in made)
            self._change.notify_all()

    def finish(self) -> None:
        """Nothing more will be added."""
        with self._change:
            self._complete = True
            self._change.notify_all()

    def wait(self, timeout_s: float) -> bool:
        """Whether all was sent; waits a little for it."""
        with self._change:
            self._change.wait_for(lambda: self.finished or self.fault is not None, timeout_s)
            return self.finished

    def end(self) -> bool:
        """Send nothing more from now on; False when it had ended before."""
        with self._change:
            if self._ended:
                return False
            self._ended = True
            self._waiting.clear()
            self._change.notify_all()
        self._thread.join(1.0)
        self._line.close()
        return True

    def _run(self) -> None:
        due_s, first = time.monotonic(), True
        while (payload := self._next(due_s)) is not None:
            now_s = time.monotonic()
            if first:
                due_s = now_s
            elif now_s - due_s > LATE_S:
                # Nothing came for a while: go on from here, the horn has heard the gap already.
                clock_hz = payload.ticks / payload.seconds
                self._numbering.pass_over(round((now_s - due_s) * clock_hz))
                self._evenness.gaps += 1
                due_s, first = now_s, True
            if not self._send(self._numbering.packet(payload.content, payload.ticks, first=first)):
                return
            self._evenness.note(now_s - due_s)
            due_s, first = due_s + payload.seconds, False
            with self._change:
                self.sent_s += payload.seconds
                self._change.notify_all()

    def _next(self, due_s: float) -> Payload | None:
        """The next payload at its moment; None at the end."""
        with self._change:
            while not self._ended:
                left_s = due_s - time.monotonic()
                if left_s > 0:
                    self._change.wait(left_s)
                elif self._waiting:
                    payload = self._waiting.popleft()
                    self._waiting_s -= payload.seconds
                    return payload
                elif self._complete:
                    self.finished = True
                    self._change.notify_all()
                    return None
                else:
                    self._change.wait(FRAME_S)
        return None

    def _send(self, packet: bytes) -> bool:
        try:
            self._line.send(packet)
        except OSError as error:
            self._evenness.lost += 1
            if error.errno in (errno.EAGAIN, errno.ENOBUFS):
                return True
            # A refusal answers the packet before, so that at most every second one brings one.
            self._refused += 2
            if error.errno != errno.ECONNREFUSED or self._refused >= REFUSED_LIMIT:
                with self._change:
                    self.fault = error
                    self._change.notify_all()
                return False
        else:
            self._refused = max(0, self._refused - 1)
        return True

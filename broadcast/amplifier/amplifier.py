"""When the amplifier is on: a little before the sound, a little after it, and not for ever."""

from __future__ import annotations

import logging
import threading
import time

from broadcast.amplifier.relay import Relay
from broadcast.errors import SpeakerError

log = logging.getLogger(__name__)

IDLE_S = 60.0


class Amplifier:
    """Switches a relay for whoever sounds; off when it is made, and when it is closed.

    Off when made: a box that lost power or was killed while it spoke comes up silent.

    Args:
        lead_s: From switching on to the first sample.
        hold_s: From the end of the last sound to switching off.
        max_on_s: At most so long at a stretch, against a fault that would burn it.
    """

    def __init__(
        self, relay: Relay, *, lead_s: float = 0.8, hold_s: float = 5.0, max_on_s: float = 3600.0
    ) -> None:
        self._relay = relay
        self._lead_s = lead_s
        self._hold_s = hold_s
        self._max_on_s = max_on_s
        self._change = threading.Condition()
        self._users: set[str] = set()
        self._on_since_s: float | None = None
        self._off_at_s = 0.0
        self._closed = False
        self.fault = ""
        self._switch(on=False)
        self._thread = threading.Thread(target=self._run, name="amplifier", daemon=True)
        self._thread.start()

    @property
    def is_on(self) -> bool:
        return self._on_since_s is not None

    def take(self, user: str) -> None:
        """Be on for this loudspeaker until it lets go."""
        with self._change:
            self._users.add(user)
            if self._on_since_s is None and not self._closed:
                self._switch(on=True)
                self._on_since_s = time.monotonic()
            self._change.notify()

    def wait_ready(self, timeout_s: float) -> bool:
        """Whether it is on for long enough; waits a little for it."""
        with self._change:
            since_s = self._on_since_s
        left_s = 0.0 if since_s is None else since_s + self._lead_s - time.monotonic()
        if left_s > 0:
            time.sleep(min(left_s, timeout_s))
        return left_s <= timeout_s

    def demand_on(self) -> None:
        """Raises SpeakerError when it was switched off for having been on too long."""
        if self._on_since_s is None:
            raise SpeakerError(
                f"The amplifier was on for {self._max_on_s:.0f} s without a pause and was switched "
                "off. Let it cool down, or allow it more time in the settings."
            )

    def let_go(self, user: str) -> None:
        """This loudspeaker is silent."""
        with self._change:
            if user in self._users:
                self._users.discard(user)
                self._off_at_s = time.monotonic() + self._hold_s
                self._change.notify()

    def close(self) -> None:
        """Off, now and for good."""
        with self._change:
            self._closed = True
            self._users.clear()
            self._off()
            self._change.notify()
        self._thread.join(1.0)

    def _run(self) -> None:
        with self._change:
            while not self._closed:
                self._change.wait(self._due_s())
                now_s = time.monotonic()
                if self._on_since_s is None or self._closed:
                    continue
                if now_s >= self._on_since_s + self._max_on_s:
                    log.error("amplifier on too long, switched off seconds=%.0f", self._max_on_s)
                    self._off()
                elif not self._users and now_s >= self._off_at_s:
                    self._off()

    def _due_s(self) -> float:
        if self._on_since_s is None:
            return IDLE_S
        at_s = self._on_since_s + self._max_on_s
        if not self._users:
            at_s = min(at_s, self._off_at_s)
        return max(0.01, min(IDLE_S, at_s - time.monotonic()))

    def _off(self) -> None:
        self._switch(on=False)
        self._on_since_s = None

    def _switch(self, *, on: bool) -> None:
        try:
            self._relay.switch(on=on)
        except SpeakerError as error:
            self.fault = str(error)
            log.error("amplifier not switched on=%s error=%s", on, error)
        else:
            self.fault = ""

"""How often somebody may try a password: by account and by address, in bounded memory."""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict, deque


class Attempts:
    """At most `allowed` attempts in `window_s` seconds for one key.

    Remembers at most `most_keys` keys; the one that was quiet for longest is forgotten first.
    """

    def __init__(self, *, allowed: int, window_s: float, most_keys: int = 2048) -> None:
        self._allowed = allowed
        self._window_s = window_s
        self._most_keys = most_keys
        self._lock = threading.Lock()
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def enter(self, key: str, mono_s: float) -> float:
        """Count an attempt; returns 0, or the seconds to wait when it was one too many."""
        with self._lock:
            times = self._times.setdefault(key, deque())
            self._times.move_to_end(key)
            while times and times[0] + self._window_s <= mono_s:
                times.popleft()
            if len(times) >= self._allowed:
                return min(self._window_s, times[0] + self._window_s - mono_s)
            times.append(mono_s)
            while len(self._times) > self._most_keys:
                self._times.popitem(last=False)
            return 0.0

    def forget(self, key: str) -> None:
        """The attempt was the right person."""
        with self._lock:
            self._times.pop(key, None)

    def __len__(self) -> int:
        return len(self._times)


def neighbourhood(address: str) -> str:
    """The address an attempt is counted under: IPv4 whole, IPv6 by its /64."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))

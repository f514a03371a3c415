"""A hand-over of one: the newest picture replaces one that nobody has looked at."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Slot(Generic[T]):
    """Between one thread that puts and one that takes.

    Args:
        on_put: Called after each put, outside the lock; wakes whoever waits.
    """

    def __init__(self, on_put: Callable[[], None] = lambda: None) -> None:
        self._lock = Lock()
        self._value: T | None = None
        self._dropped = 0
        self._on_put = on_put

    @property
    def full(self) -> bool:
        return self._value is not None

    @property
    def dropped(self) -> int:
        """How many were replaced before anybody took them."""
        return self._dropped

    def put(self, value: T) -> None:
        with self._lock:
            if self._value is not None:
                self._dropped += 1
            self._value = value
        self._on_put()

    def take(self) -> T | None:
        """The newest, once; None if there is none."""
        with self._lock:
            value, self._value = self._value, None
        return value

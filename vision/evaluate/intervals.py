"""Stretches of time: when something was there, when it was seen, and how the two compare."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SEEN_LOOKS, OF_LOOKS = 2, 3
"""Something is sighted where 2 of 3 successive looks show it: one flicker is no sighting."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From `start_s` to `end_s`, both included, in seconds of the recording."""

    start_s: float
    end_s: float

    def holds(self, at_s: float, *, grown_s: float = 0.0) -> bool:
        """Whether a moment lies inside, the interval grown (or shrunk) at both ends."""
        return self.start_s - grown_s <= at_s <= self.end_s + grown_s

    def meets(self, other: Interval, *, slack_s: float = 0.0) -> bool:
        """Whether both have a moment in common, or come as near as `slack_s`."""
        return self.start_s <= other.end_s + slack_s and other.start_s <= self.end_s + slack_s


def first_sighting(looks: Iterable[tuple[float, bool]]) -> float | None:
    """When something was sighted first.

    Args:
        looks: Time and whether it was seen, in order of time.

    Returns:
        The time of the look that made it `SEEN_LOOKS` of `OF_LOOKS`; None: never.
    """
    latest: deque[bool] = deque(maxlen=OF_LOOKS)
    for at_s, seen in looks:
        latest.append(seen)
        if sum(latest) >= SEEN_LOOKS:
            return at_s
    return None


@dataclass(frozen=True, slots=True)
class Alarms:
    """Alarms beside the moments at which they were expected.

    Attributes:
        expected: How many were expected.
        raised: How many came, without those that may come or not.
        met: How many expectations were met.
        false: How many came without any expectation, or again within one.
    """

    expected: int
    raised: int
    met: int
    false: int

    @property
    def right(self) -> bool:
        return self.met == self.expected and self.false == 0


def compare_alarms(
    alarms: Sequence[float],
    expected: Sequence[Interval],
    *,
    allowed: Sequence[Interval] = (),
    slack_s: float = 0.0,
) -> Alarms:
    """Give each alarm to the expectation it falls into that ends first.

    Args:
        alarms: When an incident opened.
        expected: One alarm is expected in each.
        allowed: Alarms here count neither for nor against.
        slack_s: So much later than an expectation's end it is still met.
    """
    waiting = sorted(expected, key=lambda interval: interval.end_s)
    met = false = 0
    for at_s in sorted(alarms):
        mine = next(
            (i for i in waiting if i.holds(at_s, grown_s=slack_s)),
            None,
        )
        if mine is not None:
            waiting.remove(mine)
            met += 1
        elif not any(interval.holds(at_s, grown_s=slack_s) for interval in allowed):
            false += 1
    return Alarms(len(expected), met + false, met, false)


def count_alarms(alarms: Sequence[float], expected: int) -> Alarms:
    """Compare by number alone, where it is not known when each alarm is due."""
    met = min(len(alarms), expected)
    return Alarms(expected, len(alarms), met, len(alarms) - met)

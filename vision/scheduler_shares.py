"""How often each camera may be looked at, when there is not time for all that is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEAST_PER_S = 1 / 8
"""Every camera is looked at so often, if it wants it and the box can do that much at all."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What one camera asks for.

    Attributes:
        wanted_per_s: Looks a second.
        cost_ms: What one of them takes.
        priority: A higher one is satisfied before a lower one gets more than the least.
    """

    wanted_per_s: float
    cost_ms: float
    priority: int = 0


def share(demands: Sequence[Demand], capacity_ms_per_s: float) -> list[float]:
    """Looks a second for each camera, in the order of the demands.

    The least goes to everybody first; the rest by priority, evenly among equals (max-min fair).
    Nobody who wants something gets nothing.
    """
    granted = [min(each.wanted_per_s, LEAST_PER_S) for each in demands]
    spent = sum(rate * each.cost_ms for rate, each in zip(granted, demands, strict=True))
    if spent > capacity_ms_per_s:
        return [rate * capacity_ms_per_s / spent for rate in granted]
    left = capacity_ms_per_s - spent
    for priority in sorted({each.priority for each in demands}, reverse=True):
        equals = [i for i, each in enumerate(demands) if each.priority == priority]
        left = _fill(granted, demands, equals, left)
    return granted


def _fill(
    granted: list[float], demands: Sequence[Demand], places: list[int], left_ms: float
) -> float:
    """Raise the rates of some evenly until satisfied or nothing is left; what is left then."""
    rising = sorted(
        (i for i in places if granted[i] < demands[i].wanted_per_s), key=lambda i: granted[i]
    )
    while rising and left_ms > 1e-9:
        low = granted[rising[0]]
        level = [i for i in rising if granted[i] <= low + 1e-12]
        stops = [demands[i].wanted_per_s for i in level]
        stops += [granted[i] for i in rising if granted[i] > low + 1e-12]
        cost = sum(demands[i].cost_ms for i in level)
        top = min(stops)
        if cost > 0:
            top = min(top, low + left_ms / cost)
        left_ms -= (top - low) * cost
        for i in level:
            granted[i] = top
        if top <= low:
            break
        rising = [i for i in rising if granted[i] < demands[i].wanted_per_s - 1e-12]
    return max(left_ms, 0.0)

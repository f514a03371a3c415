"""Who is told next when nobody acts: the duty roster, and behind it those who lead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from edge.people import Account, Right, Role


class Roster(Protocol):
    """Who is on duty."""

    def next_on_duty(self, hub: str, at: float, told: frozenset[str]) -> str | None:
        """The next person for a village at a moment who has not been told yet, or None."""
        ...


class Leaders:
    """Without a roster, or when it is used up: officials first, then administrators, by name.

    Args:
        accounts: Everybody who may sign in.
        sees: Whether somebody has to do with the village of a hub.
    """

    def __init__(
        self,
        accounts: Callable[[], Sequence[Account]],
        sees: Callable[[Account, str], bool] = lambda _account, _hub: True,
    ) -> None:
        self._accounts = accounts
        self._sees = sees

    def next_on_duty(self, hub: str, at: float, told: frozenset[str]) -> str | None:
        del at
        ladder = (Role.OFFICIAL, Role.ADMIN)
        ready = [
            one
            for one in self._accounts()
            if one.role in ladder
            and one.role.has(Right.HANDLE)
            and one.name not in told
            and self._sees(one, hub)
        ]
        ready.sort(key=lambda one: (ladder.index(one.role), one.name))
        return ready[0].name if ready else None


class Chain:
    """Rosters one after the other."""

    def __init__(self, *rosters: Roster) -> None:
        self._rosters = rosters

    def next_on_duty(self, hub: str, at: float, told: frozenset[str]) -> str | None:
        names = (one.next_on_duty(hub, at, told) for one in self._rosters)
        return next((name for name in names if name is not None), None)

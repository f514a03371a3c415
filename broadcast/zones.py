"""Which loudspeakers a zone has, when they keep quiet, and for how long a day they may speak."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time

from broadcast.announcements import Announcement, Priority

log = logging.getLogger(__name__)

EXEMPT = Priority.TALK_DOWN
"""As urgent as this or more: it sounds at night, too, and costs nothing of the day's minutes."""


@dataclass(frozen=True, slots=True)
class ZoneRule:
    """When a zone is spared.

    Attributes:
        quiet_from: Local time from which only emergencies sound.
        quiet_to: Local time until which; the same as `quiet_from` means never.
        seconds_a_day: Sound a day at most, emergencies not counted; None is no limit.
    """

    quiet_from: time = time(0)
    quiet_to: time = time(0)
    seconds_a_day: float | None = None

    def is_quiet(self, at: time) -> bool:
        """Whether this moment is in the quiet hours, which may go over midnight."""
        if self.quiet_from <= self.quiet_to:
            return self.quiet_from <= at < self.quiet_to
        return at >= self.quiet_from or at < self.quiet_to


@dataclass(slots=True)
class _Day:
    """What a zone has said on one day."""

    date: date
    seconds: float = 0.0
    admitted: set[str] = field(default_factory=set)


class Zones:
    """The zones of a village; safe to use from every loudspeaker's thread.

    Args:
        groups: Names of several zones together, and their zones.
        rules: By zone; `default` holds for the others.
        local_now: Local time; None while the clock cannot be believed, and then nothing is held
            back by the time of day.
    """

    def __init__(
        self,
        groups: Mapping[str, frozenset[str]] | None = None,
        rules: Mapping[str, ZoneRule] | None = None,
        *,
        default: ZoneRule | None = None,
        local_now: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        self._groups = dict(groups or {})
        self._rules = dict(rules or {})
        self._default = default or ZoneRule()
        self._local_now = local_now
        self._lock = threading.Lock()
        self._days: dict[str, _Day] = {}

    def serves(self, speaker_zone: str, wanted: str) -> bool:
        """Whether a loudspeaker of a zone is meant by an announcement to `wanted`."""
        if not (speaker_zone and wanted):
            return True
        return speaker_zone == wanted or speaker_zone in self._groups.get(wanted, ())

    def admit(self, zone: str, announcement: Announcement, seconds: float) -> str:
        """Why this must not sound in the zone now; empty when it may, and then it counts.

        Several loudspeakers of a zone that say the same count once.
        """
        rule = self._rules.get(zone, self._default)
        now = self._local_now()
        if now is None:
            return ""
        quiet = rule.is_quiet(now.time())
        if announcement.priority <= EXEMPT:
            if quiet:
                log.warning(
                    "quiet hours overridden zone=%s id=%s priority=%s",
                    zone or "-", announcement.id, announcement.priority.name,
                )  # fmt: skip
            return ""
        if quiet:
            return f"Only emergencies sound in the quiet hours, until {rule.quiet_to:%H:%M}."
        return self._count(zone, rule, announcement.id, seconds, now.date())

    def _count(
        self, zone: str, rule: ZoneRule, announcement: str, seconds: float, today: date
    ) -> str:
        with self._lock:
            day = self._days.get(zone)
            if day is None or day.date != today:
                day = self._days[zone] = _Day(today)
            if announcement in day.admitted:
                return ""
            limit = rule.seconds_a_day
            if limit is not None and day.seconds + seconds > limit:
                return (
                    f"The loudspeakers may speak {limit / 60:g} minutes a day, and those are used "
                    "up; only emergencies sound until tomorrow."
                )
            day.seconds += seconds
            day.admitted.add(announcement)
            return ""

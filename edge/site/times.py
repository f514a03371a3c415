"""Moments as people read them: "3 分钟前", exact on hover, honest about a clock nobody set."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from edge.clock import Clock, Stamp
from edge.site.words import Words

ZONE = ZoneInfo("Asia/Shanghai")
"""All of China keeps one time; the box itself may run on UTC."""

Moment = Stamp | datetime | float
"""A stamp, an aware datetime, or Unix seconds."""


class Times:
    """Writes moments as `<time>` elements in one language."""

    def __init__(self, clock: Clock, words: Words) -> None:
        self._now = clock.stamp()
        self._words = words

    def ago(self, moment: Moment) -> str:
        """How long ago, in words."""
        return say_age(self._age_s(moment), self._words)

    def exact(self, moment: Moment) -> str:
        """Date and time to the second, Chinese time."""
        return self._local(moment).strftime("%Y-%m-%d %H:%M:%S")

    def clock(self, moment: Moment) -> str:
        """Hour, minute and second, Chinese time."""
        return self._local(moment).strftime("%H:%M:%S")

    def now_iso(self) -> str:
        """The server's clock, for browsers whose own is wrong."""
        return datetime.fromtimestamp(self._now.wall_s, tz=UTC).isoformat(timespec="milliseconds")

    def element(self, moment: Moment) -> Markup:
        """A `<time>` that says how long ago and shows the exact time on hover."""
        title = self.exact(moment)
        if isinstance(moment, Stamp) and not moment.trusted:
            title = f"{title} {self._words.t('time.untrusted')}"
        at = datetime.fromtimestamp(self._now.wall_s - self._age_s(moment), tz=UTC)
        return Markup('<time datetime="{}" title="{}" data-ago>{}</time>').format(
            at.isoformat(timespec="seconds"), title, self.ago(moment)
        )

    def _local(self, moment: Moment) -> datetime:
        return datetime.fromtimestamp(_wall_s(moment), tz=ZONE)

    def _age_s(self, moment: Moment) -> float:
        # Within one boot the monotonic clock is right even if the wall clock was set meanwhile.
        if isinstance(moment, Stamp) and moment.boot_id == self._now.boot_id:
            return self._now.mono_s - moment.mono_s
        return self._now.wall_s - _wall_s(moment)


def say_age(age_s: float, words: Words) -> str:
    """Seconds of age in words; the future counts as now."""
    if age_s < 45:
        return words.t("ago.now")
    for limit_s, unit_s, unit in (
        (3600, 60, "ago.minutes"),
        (86400, 3600, "ago.hours"),
        (float("inf"), 86400, "ago.days"),
    ):
        if age_s < limit_s:
            return words.t(unit, n=max(1, round(age_s / unit_s)))
    raise AssertionError


def _wall_s(moment: Moment) -> float:
    if isinstance(moment, Stamp):
        return moment.wall_s
    return moment.timestamp() if isinstance(moment, datetime) else moment

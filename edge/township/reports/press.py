"""Where reports are made: on a wish, and by themselves when a span has ended, missed ones too."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.clock import Clock
from edge.site.words import Words
from edge.township.cases.deadlines import Deadlines
from edge.township.rates import CameraFact
from edge.township.reports.counting import Report, count
from edge.township.reports.document import write_document
from edge.township.reports.periods import Kind, Period, day_of, period_of
from edge.township.reports.sections import sections
from edge.township.reports.shelf import Shelf
from edge.township.reports.workbook import write_workbook
from edge.township.store.reporting import Reporting
from edge.township.store.sight import EVERYTHING, Sight

log = logging.getLogger(__name__)

DAY_S, HOUR_S = 86_400.0, 3600.0


@dataclass(frozen=True, slots=True)
class Plan:
    """When reports are made and how long they are kept.

    Attributes:
        hour: Of the day after a span, Chinese time.
        keep_days: After the end of a span.
    """

    hour: int = 6
    keep_days: int = 800


class Press:
    """Counts, writes and keeps reports. Errors are `StoreError`.

    Attributes:
        shelf: What was made on schedule.
    """

    def __init__(
        self,
        facts: Reporting,
        clock: Clock,
        folder: Path,
        *,
        words: Words,
        township: str,
        deadlines: Deadlines,
        cameras: Callable[[], list[CameraFact]],
        plan: Plan,
    ) -> None:
        """Nothing is made or written here.

        Args:
            facts: What is counted.
            clock: Says which spans are over; reports wait while it cannot be believed.
            folder: Of the shelf; made when the first report is.
            words: Of the language of reports made on schedule.
            township: Its name, for the heading.
            deadlines: The targets.
            cameras: The cameras as they count at this moment.
            plan: When, and for how long.
        """
        self._facts = facts
        self._clock = clock
        self._words = words
        self._township = township
        self._deadlines = deadlines
        self._cameras = cameras
        self._plan = plan
        self._sampled = -1
        self.shelf = Shelf(folder)

    def count(self, period: Period, sight: Sight = EVERYTHING) -> Report:
        """The figures of a span as they are now."""
        now = self._clock.wall()
        return count(self._facts, period, self._deadlines, now=now, sight=sight)

    def write(self, report: Report, form: str, words: Words) -> bytes:
        """A report as `xlsx` or `pdf`."""
        write = write_workbook if form == "xlsx" else write_document
        return write(report, sections(report, words), words, self._township)

    def missing(self) -> Iterator[Period]:
        """Spans that are over, are still worth keeping and were not made, the oldest first."""
        now, first_at = self._clock.wall(), self._facts.first_at()
        if first_at is None:
            return
        oldest = max(first_at, now - self._plan.keep_days * DAY_S)
        for kind in Kind:
            period = period_of(kind, day_of(oldest))
            while period.end + self._plan.hour * HOUR_S <= now:
                if period.end >= oldest and not self.shelf.has(period):
                    yield period
                period = period.following()

    def run_once(self) -> bool:
        """Take the hourly sample, and make one report that is missing; whether it made one."""
        if not self._clock.trusted():
            return False
        now = self._clock.wall()
        if (hour := int(now // HOUR_S)) != self._sampled:
            self._facts.sample(self._cameras(), now=now)
            self._sampled = hour
            kept_s = self._plan.keep_days * DAY_S
            self._facts.forget_samples(before=now - kept_s)
            self.shelf.forget(before=now - kept_s)
        period = next(self.missing(), None)
        if period is None:
            return False
        report = self.count(period)
        files = {form: self.write(report, form, self._words) for form in ("pdf", "xlsx")}
        self.shelf.put(period, files)
        log.info("report made period=%s incidents=%d", period.id, report.total)
        return True

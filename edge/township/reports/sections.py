"""A report as headings, sentences and tables in one language; screen, Excel and PDF share them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from edge.site.times import ZONE
from edge.site.words import Words
from edge.township.reports.counting import Report, Times
from edge.township.reports.periods import Kind, Period


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, 0 to 1; None where there is nothing to count."""

    value: float | None

    def __str__(self) -> str:
        return "—" if self.value is None else f"{self.value * 100:.1f}%"


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time in seconds; None where nothing was measured."""

    seconds: float | None

    def __str__(self) -> str:
        if self.seconds is None:
            return "—"
        whole = round(self.seconds)
        hours, rest = divmod(whole, 3600)
        minutes, seconds = divmod(rest, 60)
        return f"{hours}:{minutes:02}:{seconds:02}"


Cell = str | int | Share | Span


@dataclass(frozen=True, slots=True)
class Section:
    """One table of a report.

    Attributes:
        chart: How its second column is drawn over its first, if at all.
        note: A sentence about how it was counted; may be empty.
    """

    id: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    chart: Literal["", "bars", "columns"] = ""
    note: str = ""

    def bars(self, most: int = 15) -> list[tuple[str, float, str]]:
        """Label, value and written value of what a chart shows."""
        if not self.chart:
            return []
        return [(str(row[0]), _size(row[1]), str(row[1])) for row in self.rows[:most]]


def title_of(period: Period, words: Words) -> str:
    """For example “周汇报 2026-11-16 至 2026-11-22”."""
    name = words.name("report_kind", period.kind.value)
    if period.kind is Kind.MONTH:
        return f"{name} {period.first:%Y-%m}"
    return f"{name} {words.t('report.span', first=period.first, last=period.last)}"


def made_of(report: Report, words: Words) -> str:
    """When it was made, and whether the span was over."""
    at = datetime.fromtimestamp(report.made_at, tz=ZONE).strftime("%Y-%m-%d %H:%M")
    return words.t("report.made" if report.over else "report.so_far", at=at)


def headlines(report: Report, words: Words) -> list[tuple[str, str]]:
    """The few figures everybody asks for first."""
    t = words.t
    return [
        (t("report.total"), str(report.total)),
        (t("report.earlier"), str(report.earlier)),
        (t("report.in_time"), str(Share(report.response_rate))),
        (t("report.closed_in_time"), str(Share(report.closing_rate))),
        (t("report.false_rate"), str(Share(report.false_rate))),
        (t("report.online_rate"), str(Share(report.online_rate))),
    ]


def sections(report: Report, words: Words) -> list[Section]:
    """Every table, in the order of the page."""
    t = words.t
    number = t("report.number")
    kinds = tuple((words.name("kind", kind), count) for kind, count in report.by_kind)
    hours = tuple((f"{hour:02}", count) for hour, count in enumerate(report.by_hour))
    return [
        Section("kinds", t("report.by_kind"), (t("report.kind"), number), kinds, "bars"),
        Section(
            "villages",
            t("report.by_village"),
            (t("report.village"), number),
            report.by_village,
            "bars",
        ),
        Section("grids", t("report.by_grid"), (t("report.grid"), number), report.by_grid, "bars"),
        Section(
            "hours",
            t("report.by_hour"),
            (t("report.hour"), number),
            hours if report.total else (),
            "columns",
        ),
        Section(
            "response",
            t("report.response"),
            _times_head(words),
            _times_rows(report.response, words),
            note=t("report.response_note"),
        ),
        Section(
            "closing",
            t("report.closing"),
            _times_head(words),
            _times_rows(report.closing, words),
            note=t("report.closing_note"),
        ),
        Section(
            "judged",
            t("report.judged"),
            (t("report.ended"), t("report.false_alarms"), t("report.false_rate")),
            ((report.ended, report.false_alarms, Share(report.false_rate)),)
            if report.ended
            else (),
        ),
        _seen(report, words),
        _spoken(report, words),
    ]


def _seen(report: Report, words: Words) -> Section:
    t = words.t
    names = ("village", "online_rate", "networked_rate", "hd_rate", "networked", "built")
    rows = tuple(
        (
            one.village,
            Share(one.online_rate),
            Share(one.networked_rate),
            Share(one.hd_rate),
            round(one.networked),
            one.built or "—",
        )
        for one in report.seen
    )
    head = tuple(t(f"report.{name}") for name in names)
    return Section("seen", t("report.seen"), head, rows, "bars", t("report.seen_note"))


def _spoken(report: Report, words: Words) -> Section:
    t = words.t
    names = ("village", "plays", "warnings", "announcements", "finished", "failed", "sounded")
    rows = tuple(
        (
            one.village,
            one.warnings + one.announcements,
            one.warnings,
            one.announcements,
            one.finished,
            one.failed,
            Span(one.seconds),
        )
        for one in report.spoken
    )
    head = tuple(t(f"report.{name}") for name in names)
    return Section("spoken", t("report.spoken"), head, rows, "bars")


def _times_head(words: Words) -> tuple[str, ...]:
    names = ("severity", "rate", "target", "median", "slow", "on_time", "late", "running")
    return tuple(words.t(f"report.{name}") for name in names)


def _times_rows(times: Iterable[Times], words: Words) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (
            words.name("severity", one.severity),
            Share(one.rate),
            Span(one.target_s),
            Span(one.median_s),
            Span(one.slow_s),
            one.in_time,
            one.late,
            one.running,
        )
        for one in times
    )


def _size(cell: Cell) -> float:
    match cell:
        case Share(value):
            return value or 0.0
        case Span(seconds):
            return seconds or 0.0
        case int():
            return float(cell)
    return 0.0

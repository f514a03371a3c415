"""Charts as SVG that stays readable at every width: sizes in per cent, letters in pixels."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

ROW, HEIGHT = 46, 180
_BAR = Markup(
    '<text x="0" y="{text}" class="said">{label}</text>'
    '<text x="100%" y="{text}" class="value" text-anchor="end">{value}</text>'
    '<rect x="0" y="{top}" width="100%" height="14" class="track" rx="3"></rect>'
    '<rect x="0" y="{top}" width="{width:.2f}%" height="14" class="bar" rx="3"></rect>'
)
_COLUMN = Markup(
    '<rect x="{x:.2f}%" y="{top:.1f}" width="3.4%" height="{height:.1f}" class="bar"></rect>'
)
_HOUR = Markup('<text x="{x:.2f}%" y="{y}" class="said">{label}</text>')


def draw_bars(title: str, bars: Sequence[tuple[str, float, str]]) -> Markup:
    """Lying bars with a label and a value above each; the longest is as wide as the chart."""
    most = max((value for _, value, _ in bars), default=0.0) or 1.0
    drawn = Markup("").join(
        _BAR.format(
            text=ROW * number + 18,
            top=ROW * number + 25,
            label=label,
            value=written,
            width=100 * value / most,
        )
        for number, (label, value, written) in enumerate(bars)
    )
    return _svg(title, ROW * len(bars), drawn)


def draw_columns(title: str, columns: Sequence[tuple[str, float, str]]) -> Markup:
    """Standing columns, one for each hour, with every third hour written below."""
    most = max((value for _, value, _ in columns), default=0.0) or 1.0
    step = 100 / max(1, len(columns))
    drawn = Markup("").join(
        _COLUMN.format(
            x=step * number + 0.3,
            top=HEIGHT - (HEIGHT - 10) * value / most,
            height=(HEIGHT - 10) * value / most,
        )
        for number, (_, value, _) in enumerate(columns)
    )
    drawn += Markup('<rect x="0" y="{}" width="100%" height="2" class="axis"></rect>').format(
        HEIGHT
    )
    drawn += Markup("").join(
        _HOUR.format(x=step * number, y=HEIGHT + 22, label=label)
        for number, (label, _, _) in enumerate(columns)
        if number % 3 == 0
    )
    return _svg(title, HEIGHT + 28, drawn)


def _svg(title: str, height: int, drawn: Markup) -> Markup:
    frame = Markup(
        '<svg class="chart" role="img" aria-label="{}" width="100%" height="{}">{}</svg>'
    )
    return frame.format(title, height, drawn)

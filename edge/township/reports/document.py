"""A report as a PDF of A4 pages, with the Chinese font every reader brings along."""

from __future__ import annotations

import io
from collections.abc import Sequence
from html import escape
from typing import Any

from edge.site.words import Words
from edge.township.reports.counting import Report
from edge.township.reports.sections import Section, headlines, made_of, title_of

FONT = "STSong-Light"
"""One of the fonts of Adobe's Asian packs: named in the file, not carried in it."""

MOST_ROWS = 50
_ACCENT, _LINE, _SOFT = "#0b6464", "#d5dbe0", "#525b64"
_WIDTH = 480.0


def write_document(report: Report, tables: Sequence[Section], words: Words, township: str) -> bytes:
    """The pages; the same report gives the same bytes."""
    from reportlab.lib.pagesizes import A4  # noqa: PLC0415 - loads slowly, seldom needed
    from reportlab.lib.styles import ParagraphStyle  # noqa: PLC0415
    from reportlab.pdfbase import pdfmetrics  # noqa: PLC0415
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont  # noqa: PLC0415
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer  # noqa: PLC0415

    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    plain = ParagraphStyle("plain", fontName=FONT, fontSize=11, leading=17, wordWrap="CJK")
    large = ParagraphStyle("large", parent=plain, fontSize=18, leading=26)
    middle = ParagraphStyle(
        "middle", parent=plain, fontSize=14, leading=22, spaceBefore=12, keepWithNext=1
    )
    soft = ParagraphStyle("soft", parent=plain, textColor=_SOFT)

    title = title_of(report.period, words)
    story: list[Any] = [
        Paragraph(escape(f"{township} {title}"), large),
        Paragraph(escape(made_of(report, words)), soft),
        Spacer(1, 8),
        _table([(label, value) for label, value in headlines(report, words)], plain, head=False),
    ]
    for one in tables:
        story.append(Paragraph(escape(one.title), middle))
        if not one.rows:
            story.append(Paragraph(escape(words.t("report.nothing")), soft))
            continue
        if bars := one.bars():
            story += [_chart(bars, columns=one.chart == "columns"), Spacer(1, 6)]
        rows = [tuple(str(cell) for cell in row) for row in one.rows[:MOST_ROWS]]
        story.append(_table([one.head, *rows], plain, head=True))
        if len(one.rows) > MOST_ROWS:
            rest = words.t("report.rest", n=len(one.rows) - MOST_ROWS)
            story.append(Paragraph(escape(rest), soft))
        if one.note:
            story.append(Paragraph(escape(one.note), soft))
    out = io.BytesIO()
    made = SimpleDocTemplate(
        out, pagesize=A4, title=title, author=township, invariant=1, leftMargin=57, rightMargin=57
    )

    def number(canvas: Any, document: Any) -> None:
        canvas.setFont(FONT, 9)
        canvas.drawCentredString(A4[0] / 2, 30, str(document.page))

    made.build(story, onFirstPage=number, onLaterPages=number)
    return out.getvalue()


def _table(rows: Sequence[Sequence[str]], style: Any, *, head: bool) -> Any:
    from reportlab.lib.colors import HexColor  # noqa: PLC0415 - as above
    from reportlab.platypus import Paragraph, Table, TableStyle  # noqa: PLC0415

    width = _WIDTH / max(len(row) for row in rows)
    cells = [[Paragraph(escape(cell), style) for cell in row] for row in rows]
    made = Table(cells, colWidths=width, repeatRows=int(head), hAlign="LEFT")
    look = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.5, HexColor(_LINE)),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    if head:
        look.append(("LINEBELOW", (0, 0), (-1, 0), 1, HexColor(_ACCENT)))
    made.setStyle(TableStyle(look))
    return made


def _chart(bars: Sequence[tuple[str, float, str]], *, columns: bool) -> Any:
    from reportlab.graphics.shapes import Drawing, Rect, String  # noqa: PLC0415 - as above
    from reportlab.lib.colors import HexColor  # noqa: PLC0415

    most = max((value for _, value, _ in bars), default=0.0) or 1.0
    accent, ink = HexColor(_ACCENT), HexColor("#191d21")
    if columns:
        drawing, step = Drawing(_WIDTH, 110), _WIDTH / len(bars)
        for number, (label, value, _) in enumerate(bars):
            tall = 90 * value / most
            drawing.add(Rect(number * step, 14, step * 0.8, tall, fillColor=accent, strokeWidth=0))
            drawing.add(String(number * step, 2, label, fontName=FONT, fontSize=8, fillColor=ink))
        return drawing
    drawing = Drawing(_WIDTH, 18 * len(bars))
    for number, (label, value, written) in enumerate(bars):
        y = 18 * (len(bars) - 1 - number)
        wide = 270 * value / most
        drawing.add(String(0, y + 4, label[:14], fontName=FONT, fontSize=10, fillColor=ink))
        drawing.add(Rect(155, y + 1, wide, 12, fillColor=accent, strokeWidth=0))
        drawing.add(String(160 + wide, y + 4, written, fontName=FONT, fontSize=10, fillColor=ink))
    return drawing

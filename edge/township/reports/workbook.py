"""A report as an Excel file: a first sheet with the figures, then one for each table."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from edge.site.words import Words
from edge.township.places.writing import safe
from edge.township.reports.counting import Report
from edge.township.reports.sections import Cell, Section, Share, Span, headlines, made_of, title_of

DAY_S = 86_400.0
_BAD_TITLE = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


def write_workbook(report: Report, tables: Sequence[Section], words: Words, township: str) -> bytes:
    """An .xlsx; figures are numbers, words are never formulas."""
    from openpyxl import Workbook  # noqa: PLC0415 - a second to load, seldom needed

    book = Workbook()
    first = book.active
    first.title = words.t("report.summary")[:31]
    heading = f"{township} {title_of(report.period, words)}"
    _fill(first, [(heading,), (made_of(report, words),), (), *headlines(report, words)], bold=1)
    for table in tables:
        sheet = book.create_sheet(table.title.translate(_BAD_TITLE)[:31])
        note: list[tuple[Cell, ...]] = [(), (table.note,)] if table.note else []
        _fill(sheet, [table.head, *table.rows, *note], bold=1)
        sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill(sheet: Any, rows: Sequence[Sequence[Cell]], *, bold: int) -> None:
    from openpyxl.styles import Font  # noqa: PLC0415 - as above
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            _put(sheet.cell(number, column), value)
            if number <= bold:
                sheet.cell(number, column).font = Font(bold=True)
    for column in range(1, max((len(row) for row in rows), default=0) + 1):
        sheet.column_dimensions[get_column_letter(column)].width = 26 if column == 1 else 16


def _put(cell: Any, value: Cell) -> None:
    match value:
        case Share(None) | Span(None):
            cell.value = "—"
        case Share(share):
            cell.value, cell.number_format = share, "0.0%"
        case Span(seconds):
            cell.value, cell.number_format = (seconds or 0.0) / DAY_S, "[h]:mm:ss"
        case int():
            cell.value = value
        case _:
            cell.value = "".join(c if c.isprintable() else " " for c in safe(value))
            cell.data_type = "s"

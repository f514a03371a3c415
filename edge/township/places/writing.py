"""Lists going out: templates and exports as Excel or CSV, safe to open in any spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe(value: object) -> str:
    """A cell that no spreadsheet takes for a formula; read back, the mark falls off again."""
    text = "" if value is None else str(value)
    if text.startswith(_STARTS_FORMULA) and not _is_number(text):
        return f"'{text}"
    return text


def write_csv(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """CSV in UTF-8 with a mark at its beginning, without which Excel shows Chinese wrongly."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(heading)
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def write_excel(
    title: str, heading: Sequence[str], rows: Iterable[Sequence[object]], notes: Sequence[str] = ()
) -> bytes:
    """An .xlsx whose cells are all text, so that long codes keep every digit.

    Args:
        title: Of the sheet.
        heading: First row.
        rows: The rest.
        notes: What each column wants, on a second sheet.
    """
    from openpyxl import Workbook  # noqa: PLC0415 - a second to load, seldom needed
    from openpyxl.styles import Font  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    book = Workbook()
    sheet = book.active
    sheet.title = title[:31]
    sheet.append(list(heading))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for row in rows:
        sheet.append([_printable(safe(cell)) for cell in row])
    for number, name in enumerate(heading, start=1):
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = max(14, 2 * len(name) + 4)
        sheet.column_dimensions[letter].number_format = "@"
    for line in sheet.iter_rows(min_row=1):
        for cell in line:
            cell.number_format = "@"
            cell.data_type = "s"
    sheet.freeze_panes = "A2"
    if notes:
        help_sheet = book.create_sheet("说明")
        help_sheet.column_dimensions["A"].width = 100
        for note in notes:
            help_sheet.append([note])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

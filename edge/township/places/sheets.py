"""Rows out of a CSV or Excel file that somebody uploaded, however it was made or meant.

Everything is bounded before it is read: bytes, members and sizes of the archive, rows, columns,
letters of a cell. Formulas are never evaluated; a cell that holds one is marked.
"""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import islice

from edge.errors import SheetRefused

LARGEST_FILE = 4 * 1024 * 1024
LARGEST_UNPACKED = 32 * 1024 * 1024
LARGEST_RATIO = 150
MOST_MEMBERS = 500
MOST_ROWS = 20_000
MOST_COLUMNS = 40
LONGEST_CELL = 500
EXACT = 10**15
"""Excel keeps 15 digits of a number; longer codes are only whole where the cell is text."""

_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a sheet.

    Attributes:
        number: As the person sees it in Excel; the heading is usually 1.
        marks: What is wrong with a cell before anybody reads it: `formula`, `rounded` or `long`,
            by column.
    """

    number: int
    cells: tuple[str, ...]
    marks: dict[int, str] = field(default_factory=dict)


def read_sheet(data: bytes) -> list[Row]:
    """The rows of the first sheet that hold anything.

    Raises:
        SheetRefused: It is no such file, too large, or damaged; the sentence says what to do.
    """
    if len(data) > LARGEST_FILE:
        raise SheetRefused(
            f"The file is larger than {LARGEST_FILE // 2**20} MB. Split it into several files."
        )
    if data.startswith(_OLD_EXCEL):
        raise SheetRefused(
            "This is an old Excel file or one with a password. Save it as .xlsx without a password."
        )
    if not data.strip():
        raise SheetRefused("The file is empty. Choose the file with the list.")
    rows = _excel(data) if data.startswith(b"PK") else _csv(data)
    try:
        found = [row for row in islice(rows, MOST_ROWS + 2) if any(row.cells)]
    except SheetRefused:
        raise
    except Exception as error:  # a hostile file may break its reader anywhere
        raise SheetRefused(
            "The file is damaged or is not a list. Open it, save it again as .xlsx and try again."
        ) from error
    if len(found) > MOST_ROWS:
        raise SheetRefused(f"The list has more than {MOST_ROWS} rows. Split it into several files.")
    return found


def _csv(data: bytes) -> Iterator[Row]:
    text = _decoded(data)
    first = text.split("\n", 1)[0]
    delimiter = max(",\t;", key=first.count)
    for number, cells in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter), start=1):
        yield _row(number, cells)


def _decoded(data: bytes) -> str:
    if b"\0" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SheetRefused("The file is neither Excel nor CSV. Save the list as .xlsx or .csv.")
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetRefused(
        "The letters of the file cannot be read. Save it as .xlsx, or as CSV in UTF-8 or GB18030."
    )


def _excel(data: bytes) -> Iterator[Row]:
    _look_inside(data)
    from openpyxl import load_workbook  # noqa: PLC0415 - a second to load, seldom needed

    with warnings.catch_warnings():
        # It warns of decorations it leaves out; they are nothing to us.
        warnings.simplefilter("ignore")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            sheet = book.worksheets[0]
            rows: Iterable[tuple[object, ...]] = sheet.iter_rows(
                max_row=MOST_ROWS + 2, max_col=MOST_COLUMNS, values_only=True
            )
            for number, cells in enumerate(rows, start=1):
                yield _row(number, cells)
        finally:
            book.close()


def _look_inside(data: bytes) -> None:
    """Refuse archives that unpack into too much, and XML that defines its own entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            safe = _is_bounded(archive)
    except Exception as error:  # zipfile raises whatever the bytes lead it to
        raise SheetRefused(
            "The Excel file is damaged. Open it, save it again as .xlsx and try again."
        ) from error
    if not safe:
        raise SheetRefused(
            "The Excel file unpacks into far too much and was not opened. Save the list as a new "
            "file."
        )


def _is_bounded(archive: zipfile.ZipFile) -> bool:
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        return False
    left = LARGEST_UNPACKED
    for member in members:
        if member.file_size > LARGEST_RATIO * max(member.compress_size, 4096):
            return False
        with archive.open(member) as opened:
            # What the directory says of sizes is not believed.
            content = opened.read(left + 1)
        left -= len(content)
        if left < 0 or _defines_entities(content):
            return False
    return True


def _defines_entities(content: bytes) -> bool:
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in content[:64]
    xml = content.lstrip()[:1] == b"<" or wide
    return xml and (wide or b"<!DOCTYPE" in content or b"<!ENTITY" in content)


def _row(number: int, cells: Iterable[object]) -> Row:
    marks: dict[int, str] = {}
    texts: list[str] = []
    for column, cell in enumerate(islice(cells, MOST_COLUMNS)):
        text = _text(cell)
        # Our own exports put an apostrophe before what only looks like a formula.
        shielded = len(text) > 1 and text[0] == "'" and not text[1].isalnum()
        if shielded:
            text = text[1:]
        elif text.startswith("="):
            marks[column] = "formula"
        if isinstance(cell, int | float) and abs(cell) >= EXACT:
            marks[column] = "rounded"
        elif len(text) > LONGEST_CELL:
            marks[column], text = "long", text[:LONGEST_CELL]
        texts.append(text)
    return Row(number, tuple(texts), marks)


def _text(cell: object) -> str:  # noqa: PLR0911 - one line for each type
    match cell:
        case None:
            return ""
        case bool():
            return str(cell)
        case float() if cell.is_integer() and abs(cell) < EXACT:
            return str(int(cell))
        case datetime():
            return cell.strftime("%Y-%m-%d" if cell.time() == time() else "%Y-%m-%d %H:%M")
        case date():
            return cell.isoformat()
        case time():
            return cell.strftime("%H:%M")
        case str():
            clean = "".join(c if c.isprintable() else " " for c in cell[: LONGEST_CELL * 2])
            return clean.strip()
        case _:
            return str(cell)[: LONGEST_CELL * 2]

"""Lists from Excel and CSV: read however they were made, judged by row, hostile until parsed."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime, time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from edge.errors import SheetRefused
from edge.township.places import codes
from edge.township.places.judging import Bench, turn_of, village_of
from edge.township.places.lists import CAMERAS, GRIDS, KINDS, ROSTER, VILLAGES, ListKind
from edge.township.places.preview import Preview, preview
from edge.township.places.sheets import LARGEST_FILE, MOST_ROWS, read_sheet
from edge.township.places.writing import safe, write_csv, write_excel
from edge.township.store.places import Known

VILLAGE, TOWNSHIP = "330782103205", "330782103000"
KNOWN = Known({VILLAGE: "林家村"}, {f"{VILLAGE}001": VILLAGE}, {}, {})
GOOD = (TOWNSHIP, "清水镇", VILLAGE, "林家村", "120.08", "29.31", "lin-jia-cun")


def look(kind: ListKind, *rows: tuple[Any, ...], excel: bool = False) -> Preview:
    made = write_excel(kind.title, kind.heading, rows) if excel else write_csv(kind.heading, rows)
    judge = Bench(KNOWN, {"王芳", "王网格"}).judge(kind.id)
    return preview(kind, read_sheet(made), judge)


def findings(found: Preview) -> set[tuple[int, str, str]]:
    return {(problem.row, problem.column, problem.what) for problem in found.problems}


@pytest.mark.parametrize("excel", [True, False], ids=["excel", "csv"])
def test_a_good_list_is_read_whole(excel: bool) -> None:
    """Every cell becomes its value; an empty cell that need not be filled is nothing."""
    found = look(VILLAGES, GOOD, (*GOOD[:2], "330782103206", "王家村", "", "", ""), excel=excel)
    assert found.problems == ()
    first, second = (village_of(entry) for entry in found.entries)
    assert (first.code, first.lon, first.hubs) == (VILLAGE, 120.08, ("lin-jia-cun",))
    assert (second.lon, second.hubs) == (None, ())


def test_each_error_is_told_with_row_and_column() -> None:
    """The row is the one Excel shows; what is wrong is a key with its sentence in both words."""
    found = look(
        VILLAGES,
        GOOD,
        (TOWNSHIP, "清水镇", "33078210320", "短", "", "", ""),
        (TOWNSHIP, "清水镇", TOWNSHIP, "镇", "", "", ""),
        (TOWNSHIP, "清水镇", "330782104205", "外镇", "", "", ""),
        (TOWNSHIP, "清水镇", "330782103207", "", "29.3", "120.1", "Hub 1"),
        (VILLAGE, "清水镇", "990782103207", "假", "120", "", ""),
        GOOD,
    )
    assert findings(found) == {
        (3, "村代码", "twelve"),
        (4, "村代码", "village_tail"),
        (5, "村代码", "other_township"),
        (6, "村名称", "empty"),
        (6, "经度", "not_china"),
        (6, "纬度", "not_china"),
        (6, "一体机", "hub_id"),
        (7, "镇街代码", "township_tail"),
        (7, "村代码", "province"),
        (8, "", "twice"),
    }
    assert [entry.row for entry in found.entries] == [2]


def test_cameras_and_grids_are_judged_beside_what_is_kept() -> None:
    """Villages and grids must be known, channels belong to one camera, positions are whole."""
    gb = "33078210031320000001"
    found = look(
        CAMERAS,
        (VILLAGE, gb, "水库", "一类", f"{VILLAGE}001", "120", "29", "lin-jia-cun", "pond"),
        (VILLAGE, gb[:-1], "少一位", "四类", "", "", "", "", ""),
        (VILLAGE, "cam-2", "重复通道", "2", "", "", "", "lin-jia-cun", "pond"),
        ("330782103299", "cam-3", "没有的村", "三类", "330782103299001", "", "", "", ""),
        (VILLAGE, "cam-4", "半个位置", "三类", "", "120", "", "hub", ""),
    )
    assert findings(found) == {
        (3, "摄像机编码", "camera_digits"),
        (3, "类别", "no_level"),
        (4, "通道", "channel_twice"),
        (5, "村代码", "unknown_village"),
        (5, "网格编码", "unknown_grid"),
        (6, "纬度", "half_position"),
        (6, "通道", "half_channel"),
    }
    grids = look(GRIDS, (VILLAGE, "330782103206001", "别村", ""), (VILLAGE, "g-1", "自编", "无人"))
    assert findings(grids) == {(2, "网格编码", "grid_elsewhere"), (3, "网格员", "unknown_person")}


def test_a_roster_is_read_as_people_and_excel_write_it() -> None:
    """Dates and times in all their spellings; a night turn ends on the next day."""
    book = Workbook()
    book.active.append(ROSTER.heading)

    book.active.append(
        [datetime.fromisoformat("2026-12-01"), time(20), time(8), None, 1, "王芳", "1380", ""]
    )
    book.active.append([46357, 0.3333333333, "20:00", VILLAGE, 2, "王芳", None, None])
    book.active.append(["2026年12月3日", "8点30", "24：00", "", "3", "王芳", "", ""])
    book.active.append(["2026-02-30", "25:00", "8", "", "0", "无人", "", ""])
    out = io.BytesIO()
    book.save(out)
    judge = Bench(KNOWN, {"王芳"}).judge("roster")
    found = preview(ROSTER, read_sheet(out.getvalue()), judge)
    turns = [turn_of(entry) for entry in found.entries]
    assert [turn.ends_at - turn.starts_at for turn in turns] == [43200.0, 43200.0, 55800.0]
    assert turns[1].village == VILLAGE
    assert {(p.column, p.what) for p in found.problems} == {
        ("日期", "no_day"),
        ("开始", "no_hour"),
        ("结束", "no_hour"),
        ("顺序", "no_rank"),
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_of_any_office_program_is_read(encoding: str, delimiter: str) -> None:
    """Chinese offices save GB18030, others UTF-8 with a mark; some use tabs or semicolons."""
    lines = [delimiter.join(VILLAGES.heading), delimiter.join(GOOD)]
    rows = read_sheet("\r\n".join(lines).encode(encoding))
    assert rows[1].cells == GOOD


def test_a_title_above_and_unknown_columns_do_no_harm() -> None:
    """Lists of offices carry a title line, stars, remarks in brackets and columns of their own."""
    heading = [f"*{name}(必填)" for name in VILLAGES.heading]
    made = write_csv(["清水镇行政村一览表"], [[*heading, "人口"], [*GOOD, "812"]])
    found = preview(VILLAGES, read_sheet(made))
    assert (len(found.entries), found.ignored, found.problems) == (1, ("人口",), ())


def test_a_list_of_something_else_is_refused_with_the_remedy() -> None:
    """No heading, or a column missing: the template is named."""
    with pytest.raises(SheetRefused, match="no heading"):
        preview(VILLAGES, read_sheet("姓名,电话\n张三,138\n".encode()))
    with pytest.raises(SheetRefused, match="no column '村代码'"):
        preview(VILLAGES, read_sheet("镇街代码,镇街名称,村名称\n1,2,3\n".encode()))


def test_formulas_are_never_evaluated_nor_taken() -> None:
    """A cell that begins with = is an error, in Excel and in CSV."""
    book = Workbook()
    book.active.append(VILLAGES.heading)
    book.active.append([*GOOD[:3], '=HYPERLINK("http://x/","村")', *GOOD[4:]])
    out = io.BytesIO()
    book.save(out)
    for data in (
        out.getvalue(),
        f"{','.join(VILLAGES.heading)}\n{','.join(GOOD[:3])},=1+1,,,".encode(),
    ):
        found = preview(VILLAGES, read_sheet(data))
        assert findings(found) == {(2, "村名称", "formula")}


def test_a_code_that_excel_has_rounded_is_told() -> None:
    """Twenty digits in a number cell have lost their end; nobody can guess them."""
    book = Workbook()
    book.active.append(CAMERAS.heading)
    book.active.append([int(VILLAGE), 33078210031320000001, "水库", "一类"])
    out = io.BytesIO()
    book.save(out)
    assert findings(preview(CAMERAS, read_sheet(out.getvalue()))) == {(2, "摄像机编码", "rounded")}


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "＝1"])
def test_what_goes_out_is_no_formula_anywhere(text: str) -> None:
    """Exports shield what looks like a formula; sent in again it is the same text as before."""
    assert safe(text).startswith("'")
    made = write_excel("村", ["名称"], [[text]])
    cell = load_workbook(io.BytesIO(made)).active["A2"]
    assert cell.data_type == "s"
    for data in (made, write_csv(["名称"], [[text]])):
        row = read_sheet(data)[1]
        assert (row.cells[0], row.marks) == (text.strip(), {})


def test_numbers_stay_numbers() -> None:
    """A longitude below zero is no formula."""
    assert (safe("-5.5"), safe(120), safe(None)) == ("-5.5", "120", "")


@pytest.mark.parametrize("kind", KINDS)
def test_each_template_is_a_good_list_but_for_what_is_not_kept_yet(kind: str) -> None:
    """What we hand out can be read back; only places and people may be unknown."""
    one = KINDS[kind]
    rows = [[column.example for column in one.columns]]
    made = write_excel(one.title, one.heading, rows, ["说明"])
    assert preview(one, read_sheet(made)).problems == ()


def bomb(member: str = "xl/worksheets/sheet1.xml", size: int = 200_000_000) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(member, "w", force_zip64=True) as opened,
    ):
        for _ in range(size // 1_000_000):
            opened.write(b" " * 1_000_000)
    return out.getvalue()


def with_entities() -> bytes:
    made = write_excel("村", ["名称"], [["x"]])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.infolist():
            data = old.read(item)
            if item.filename.endswith("sheet1.xml"):
                data = data.replace(b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet', 1)
            new.writestr(item.filename, data)
    return out.getvalue()


def many_members() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(600):
            archive.writestr(f"{number}.xml", b"")
    return out.getvalue()


HOSTILE = {
    "zip bomb": lambda: bomb(size=60_000_000),
    "many members": many_members,
    "entities": with_entities,
    "old excel": lambda: b"\xd0\xcf\x11\xe0" + bytes(600),
    "too large": lambda: b"a," * LARGEST_FILE,
    "too many rows": lambda: b"a,b\n" * (MOST_ROWS + 2),
    "a picture": lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "no letters": lambda: b"\xff\xff\x80\x80,\xff",
    "empty": lambda: b"  \n ",
    "a zip of nothing": lambda: bomb("a.txt", 0),
    "half a file": lambda: write_excel("村", ["名称"], [["x"]])[:-400],
    "an endless cell": lambda: b'"' + b"a" * 200_000,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files_are_refused_in_a_sentence(what: str) -> None:
    """Bombs, entities, pictures and halves cost little and never reach a page as a fault."""
    with pytest.raises(SheetRefused, match=r"\.$"):
        read_sheet(HOSTILE[what]())


def test_a_row_far_below_and_a_column_far_right_cost_nothing() -> None:
    """Sparse sheets that claim a million rows are cut, not filled."""
    book = Workbook()
    book.active["A1"] = "村代码"
    book.active.cell(1_048_576, 16_384, "x")
    out = io.BytesIO()
    book.save(out)
    assert [row.number for row in read_sheet(out.getvalue())] == [1]


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
@settings(max_examples=150)
def test_any_bytes_are_rows_or_a_refusal(data: bytes) -> None:
    """Whatever is sent in, the reader answers with rows or with a sentence."""
    for wrapped in (data, b"PK\x03\x04" + data):
        try:
            rows = read_sheet(wrapped)
        except SheetRefused:
            continue
        assert all(len(cell) <= 500 for row in rows for cell in row.cells)


SPLINTERS = [b"", b"<", b'r="', b'"1e999"', b"&#0;", b"</row>", b"A999999999"]
_EXCEL = write_excel(VILLAGES.title, VILLAGES.heading, [GOOD] * 3)


@given(st.data())
@settings(max_examples=60)
def test_a_damaged_excel_file_is_rows_or_a_refusal(data: st.DataObject) -> None:
    """Bits of the archive or of the XML inside are flipped; nothing but a sentence comes out."""
    if data.draw(st.booleans()):
        broken = bytearray(_EXCEL)
        for _ in range(data.draw(st.integers(1, 8))):
            broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
        made = bytes(broken)
    else:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(_EXCEL)) as old, zipfile.ZipFile(out, "w") as new:
            for item in old.infolist():
                inside = bytearray(old.read(item))
                if data.draw(st.booleans()):
                    at = data.draw(st.integers(0, len(inside) - 1))
                    inside[at : at + data.draw(st.integers(0, 20))] = data.draw(
                        st.sampled_from(
                            [b"", b"<", b'r="', b'"1e999"', b"&#0;", b"</row>", b"A999999999"]
                        )
                    )
                new.writestr(item.filename, bytes(inside))
        made = out.getvalue()
    try:
        preview(VILLAGES, read_sheet(made))
    except SheetRefused:
        return


_CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.lists(_CELLS, min_size=1, max_size=8), min_size=1, max_size=6))
@settings(max_examples=100)
def test_any_cells_below_a_good_heading_are_entries_or_problems(rows: list[list[str]]) -> None:
    """No cell, however strange, breaks a reader or a judge."""
    for kind in KINDS.values():
        made = write_csv(kind.heading, rows)
        found = preview(kind, read_sheet(made), Bench(KNOWN, {"王芳"}).judge(kind.id))
        assert len(found.entries) + found.wrong_rows <= len(rows) * 13


def test_codes_of_the_statistics_bureau() -> None:
    """Structure is judged: digits, province, township, village."""
    assert codes.wrong_village("110101001001") == ""
    assert codes.wrong_township("110101001000") == ""
    assert codes.township_of(VILLAGE) == TOWNSHIP
    for wrong in ("", "33078210320５", "000000000001", "330000103205", "330782000205"):
        assert codes.wrong_village(wrong)

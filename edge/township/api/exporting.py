"""Cases as files for the 综治 platform: CSV or JSON lines, written while they are sent."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Literal

from edge.site.times import ZONE
from edge.site.words import Words
from edge.township.api.shapes import CaseShape
from edge.township.places.writing import safe
from edge.township.store.case_records import Case
from edge.township.store.listing import Listing, Wanted

Form = Literal["csv", "jsonl"]
MEDIA = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson; charset=utf-8"}

HEADING = (
    *("工单编号", "状态", "事件种类", "轻重", "演练", "村代码", "村", "网格编码", "地点"),
    *("发生时间", "镇里收到", "受理时间", "派遣时间", "出发时间", "反馈时间", "办结时间"),
    *("受理人", "处置人", "告警次数", "处置结果", "回访", "误报原因"),
)
"""Of the CSV; its words are those of the platforms it is sent to, whatever the page's language."""

_RESULTS = ("report", "call_back", "false_alarm")


def write_cases(listing: Listing, wanted: Wanted, form: Form, words: Words) -> Iterator[bytes]:
    """The file, piece by piece; reads a few hundred cases at a time.

    Raises:
        StoreError: The database failed; what was written so far stays.
    """
    codes = listing.village_codes()
    if form == "csv":
        yield _lines([HEADING]).encode("utf-8-sig")
    write = _csv_writer(words, codes) if form == "csv" else _json_writer(codes)
    for batch in listing.every_case(wanted):
        results = listing.results([case.id for case in batch])
        yield write(batch, results).encode()


Writer = Callable[[list[Case], dict[int, dict[str, str]]], str]


def _csv_writer(words: Words, codes: dict[str, str]) -> Writer:
    def row(case: Case, said: dict[str, str]) -> list[str]:
        happened = case.opened_at if case.clock_trusted else case.first_at
        began = happened, case.first_at, case.accepted_at, case.assigned_at
        moments = *began, case.handling_at, case.reported_at, case.ended_at
        cells: list[Any] = [
            case.id,
            words.name("case_state", case.state),
            words.name("kind", case.kind),
            words.name("severity", case.severity),
            "是" if case.drill else "否",
            codes.get(case.hub, ""),
            case.village or case.hub,
            case.grid,
            case.zone_name or case.camera_name,
            *(_local(one) for one in moments),
            case.owner,
            case.assignee,
            case.count,
            *(said.get(name, "") for name in _RESULTS),
        ]
        return [safe(cell) for cell in cells]

    return lambda batch, results: _lines([row(case, results.get(case.id, {})) for case in batch])


def _json_writer(codes: dict[str, str]) -> Writer:
    def line(case: Case, said: dict[str, str]) -> str:
        shape = CaseShape.of(case, codes).model_dump(mode="json")
        results = {f"{name}_words": said.get(name, "") for name in _RESULTS}
        return json.dumps(shape | results, ensure_ascii=False) + "\n"

    return lambda batch, results: "".join(line(case, results.get(case.id, {})) for case in batch)


def _lines(rows: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def _local(wall_s: float | None) -> str:
    if wall_s is None:
        return ""
    return datetime.fromtimestamp(wall_s, tz=ZONE).strftime("%Y-%m-%d %H:%M:%S")

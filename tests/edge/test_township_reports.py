"""Reports: spans in Chinese time, figures one can check by hand, files, and nothing missed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from edge.clock import SimulatedClock
from edge.people import Account, Role
from edge.site.words import load_words
from edge.township.cases.deadlines import Deadlines
from edge.township.outside import WORDS
from edge.township.rates import CameraFact
from edge.township.reports.counting import count
from edge.township.reports.periods import Kind, Period, day_of, period_of, read_period
from edge.township.reports.press import Plan, Press
from edge.township.store import Store
from edge.township.store.tables import cases
from edge.township.web.pages import HERE
from tests.edge.test_township_pages import House
from tests.edge.township_hub import FakeHub, Post, fresh_database, uid
from tests.fakes.postgres import Postgres

MONDAY = datetime(2026, 11, 16, 0, 0, tzinfo=UTC).timestamp() - 8 * 3600
DAY_S, HOUR_S = 86_400.0, 3600.0
KIT = HERE.parents[1] / "site" / "words"


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.sampled_from(Kind))
def test_every_day_belongs_to_exactly_one_span(day: date, kind: Kind) -> None:
    """Spans follow each other without a hole, and their ids lead back to them."""
    period = period_of(kind, day)
    assert period.first <= day <= period.last
    assert period.following().first == period.after
    assert period.following().before() == period
    assert day_of(period.start) == period.first
    assert day_of(period.end - 1) == period.last
    assert read_period(period.id) == period
    if kind is Kind.TEN_DAYS:
        assert period.first.day in {1, 11, 21}
        assert period.after.day in {1, 11, 21}


@pytest.mark.parametrize("text", ["", "week-2026-11-17", "week-x", "year-2026-01-01", "../week"])
def test_no_other_text_is_the_name_of_a_span(text: str) -> None:
    """A week does not begin on a Tuesday, and no path is a name."""
    assert read_period(text) is None


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = fresh_database(tmp_path)
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.township()
    made = Store(url, SimulatedClock())
    yield made
    made.close()


def happened(wall_s: float, **more: object) -> dict[str, object]:
    moment = datetime.fromtimestamp(wall_s, tz=UTC).isoformat()
    return {"opened_at": moment, "seen_at": moment} | more


def fill(store: Store) -> None:
    """One week: three intrusions at two hours, a fire, a drill, one before the week."""
    clock = SimulatedClock()
    post, hub = Post(store, clock), FakeHub()
    clock.jump(MONDAY + 9 * HOUR_S - clock.wall(), trusted=True)
    moments = [MONDAY - HOUR_S, *[MONDAY + 8.5 * HOUR_S] * 2, MONDAY + 20 * HOUR_S]
    rows = [hub.incident(uid(n), 1, **happened(at, camera=f"c{n}")) for n, at in enumerate(moments)]
    rows += [
        hub.incident(uid(8), 1, **happened(MONDAY + 20 * HOUR_S, kind="fire", camera="c8")),
        hub.incident(uid(9), 1, **happened(MONDAY + HOUR_S, drill=True, camera="c9")),
        hub.receipt(uid(20), "finished", seconds=12.0, incident=uid(8)),
        hub.receipt(uid(21), "failed", reason="x"),
    ]
    post.store_batch([hub.birth(), *rows])
    facts = [
        CameraFact("lin-jia-cun", str(n), online=n < 3, width=1280, height=720)
        for n in (1, 2, 3, 4)
    ]
    store.reporting.sample(facts, now=MONDAY + HOUR_S)
    store.reporting.sample(facts, now=MONDAY + HOUR_S + 5)
    with store.database.write() as connection:
        table = cases.c
        for number, (accepted, ended, state) in enumerate(
            [(60, 600, "closed"), (400, 90_000_000, "false_alarm"), (None, None, "received")]
        ):
            begun = MONDAY + 9 * HOUR_S
            values = {
                "accepted_at": accepted and begun + accepted,
                "ended_at": ended and begun + ended,
                "state": state,
            }
            same = table.incident == uid(number + 1)
            connection.execute(cases.update().where(same).values(first_at=begun, **values))


def test_the_figures_are_those_one_counts_by_hand(store: Store) -> None:
    """Kinds, hours, times against targets, false alarms, cameras, loudspeakers; drills apart."""
    fill(store)
    period = period_of(Kind.WEEK, date(2026, 11, 18))
    report = count(store.reporting, period, Deadlines(), now=MONDAY + 10 * DAY_S)
    assert (report.total, report.earlier, report.over) == (4, 1, True)
    assert report.by_kind == (("intrusion", 3), ("fire", 1))
    assert report.by_village == (("林家村", 4),)
    assert report.by_grid == (("330100-07", 4),)
    assert {hour: n for hour, n in enumerate(report.by_hour) if n} == {8: 2, 20: 2}
    [urgent] = report.response
    assert (urgent.target_s, urgent.in_time, urgent.running) == (300.0, 1, 0)
    assert urgent.late == 4  # the case before the week arrived in it, as did the fire
    assert (report.ended, report.false_alarms, report.false_rate) == (2, 1, 0.5)
    [seen] = report.seen
    assert (seen.networked, seen.online_rate, seen.hd_rate) == (4, 0.5, 1.0)
    [spoken] = report.spoken
    assert (spoken.warnings, spoken.announcements, spoken.finished, spoken.failed) == (1, 1, 1, 1)
    assert spoken.seconds == 12.0


def press(store: Store, clock: SimulatedClock, folder: Path, **plan: int) -> Press:
    words = load_words([KIT, HERE / "words", *WORDS])["zh"]
    return Press(
        store.reporting,
        clock,
        folder,
        words=words,
        township="清水镇",
        deadlines=Deadlines(),
        cameras=list,
        plan=Plan(**plan),
    )


def test_missed_reports_are_made_up_for_once(tmp_path: Path) -> None:
    """After weeks without power each span is made once; a restart makes none again."""
    clock = SimulatedClock()
    store = Store(fresh_database(tmp_path), clock)
    fill(store)
    clock.jump(MONDAY + 30 * DAY_S - clock.wall(), trusted=True)
    first = press(store, clock, tmp_path / "reports")
    made = 0
    while first.run_once():
        made += 1
    names = {one.period.id for one in first.shelf.listed()}
    assert made == len(names)
    assert {
        "week-2026-11-16",
        "week-2026-12-07",
        "ten-days-2026-11-11",
        "month-2026-11-01",
    } <= names
    assert "week-2026-12-14" not in names
    assert all(min(one.bytes_of.values()) > 1000 for one in first.shelf.listed())
    assert press(store, clock, tmp_path / "reports").run_once() is False
    clock.jump(MONDAY + 100 * DAY_S - clock.wall(), trusted=True)
    short = press(store, clock, tmp_path / "reports", keep_days=40)
    while short.run_once():
        continue
    assert all(one.period.end > clock.wall() - 40 * DAY_S for one in short.shelf.listed())
    assert short.shelf.listed()
    store.close()


def test_a_report_waits_for_its_hour_and_for_the_clock(tmp_path: Path) -> None:
    """Not before six in the morning, and never by a clock nobody believes."""
    clock = SimulatedClock()
    store = Store(fresh_database(tmp_path), clock)
    fill(store)
    works = press(store, clock, tmp_path / "reports")
    clock.jump(MONDAY + 7 * DAY_S + 5.9 * HOUR_S - clock.wall(), trusted=True)
    while works.run_once():
        continue
    week = read_period("week-2026-11-16")
    assert week is not None
    assert not works.shelf.has(week)
    clock.jump(MONDAY + 7 * DAY_S + 6.1 * HOUR_S - clock.wall(), trusted=True)
    clock.jump(0, trusted=False)
    assert works.run_once() is False
    clock.trust()
    assert works.run_once() is True
    assert works.shelf.has(week)
    store.close()


def test_a_file_holds_no_formula_and_the_right_numbers(tmp_path: Path) -> None:
    """A hostile name of a village stays words in Excel, and the PDF is a PDF."""
    clock = SimulatedClock()
    store = Store(fresh_database(tmp_path), clock)
    clock.jump(MONDAY + 9 * HOUR_S - clock.wall(), trusted=True)
    hub = FakeHub(village="=HYPERLINK(1)")
    event = hub.incident(uid(1), 1, **happened(MONDAY + HOUR_S, grid="@SUM(1)<b>&\x07"))
    Post(store, clock).store_batch([event])
    works = press(store, clock, tmp_path)
    report = works.count(period_of(Kind.WEEK, date(2026, 11, 16)))
    words = load_words([KIT, HERE / "words", *WORDS])["zh"]
    book = load_workbook(io.BytesIO(works.write(report, "xlsx", words)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert "'=HYPERLINK(1)" in {cell.value for cell in cells}
    assert book.worksheets[0]["B4"].value == "1"
    pdf = works.write(report, "pdf", words)
    assert pdf.startswith(b"%PDF-")
    assert works.write(replace(report), "pdf", words) == pdf
    store.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path).with_data()
    yield made
    made.store.close()


def test_an_empty_township_says_so(tmp_path: Path) -> None:
    """The page of a fresh installation has a sentence instead of empty charts."""
    house = House(tmp_path)
    for kind in Kind:
        text = house.browser(Role.VIEWER).get(f"/reports?kind={kind.value}").text
        assert "这段时间没有数据" in text
        assert "还没有做好的报表" in text
    house.store.close()


def test_the_page_shows_charts_with_tables_and_gives_files(house: House) -> None:
    """Each chart has its table, files are audited, nonsense in the address is refused."""
    client = house.browser(Role.STAFF)
    house.clock.advance(1)
    today = day_of(house.clock.wall())
    text = client.get("/reports", headers={"accept": "text/html"}).text
    assert text.count('<svg class="chart" role="img"') >= 3
    assert text.count("<table") >= text.count('<svg class="chart"')
    for form, start in (("xlsx", b"PK"), ("pdf", b"%PDF")):
        answer = client.get(f"/reports/file/{form}?kind=month&day={today}")
        assert answer.content.startswith(start)
        assert "attachment" in answer.headers["content-disposition"]
    assert house.store.people.audit_lines(1)[0].action == "take_report"
    for path in (
        "/reports?kind=year",
        "/reports?day=x",
        "/reports/file/exe",
        "/reports?day=0001-01-0",
    ):
        assert client.get(path).status_code == 422
    for path in ("/reports?day=0001-01-01", "/reports?day=9999-12-31"):
        assert client.get(path).status_code == 200
    assert client.get("/reports/made/week-2026-11-16/pdf").status_code == 404
    assert client.get("/reports/made/..%2f..%2fx/pdf").status_code == 404


def test_a_report_tells_nothing_of_other_villages(house: House) -> None:
    """Who has to do with one village counts only that one, and gets no file of all of them."""
    client = house.browser(Role.OFFICIAL, "外村人")
    elsewhere = frozenset({"330782103206"})
    house.store.people.put_account(Account("外村人", Role.OFFICIAL, villages=elsewhere))
    text = client.get("/reports", headers={"accept": "text/html"}).text
    assert "林家村" not in text
    assert "定期报表" not in text
    assert client.get("/reports/made/week-2026-11-16/pdf").status_code == 403


def test_spans_are_what_people_mean() -> None:
    """The last part of February, the week over New Year, a month of 31 days."""
    assert period_of(Kind.TEN_DAYS, date(2028, 2, 29)).first == date(2028, 2, 21)
    assert period_of(Kind.TEN_DAYS, date(2028, 2, 29)).after == date(2028, 3, 1)
    assert period_of(Kind.WEEK, date(2027, 1, 1)).first == date(2026, 12, 28)
    assert period_of(Kind.MONTH, date(2026, 12, 31)) == Period(
        Kind.MONTH, date(2026, 12, 1), date(2027, 1, 1)
    )

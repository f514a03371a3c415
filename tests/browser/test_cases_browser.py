"""Cases in a real Chromium: from alert to closing, by keyboard, on a phone, over a lost line."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
import sqlalchemy as sa

from edge.people import Account, Role, Session
from edge.site import Server
from edge.site.sessions import digest
from edge.township.cases.states import Action, Wish
from edge.township.store.case_records import CaseFilter
from edge.township.store.tables import cases
from edge.township.web.pages import COOKIE
from tests.browser.conftest import ENTER, TAB, Browser, Serving
from tests.browser.looking import CONTRAST, NAMELESS, SIDEWAYS, SIZES, SMALL_TARGETS
from tests.edge.test_township_pages import House
from tests.edge.township_hub import uid
from tests.waiting import wait_for

pytestmark = pytest.mark.browser

ROWS = "return [...document.querySelectorAll('#rows > li')].map(row => Number(row.dataset.case))"
DOWN = "\ue015"


@dataclass
class Town:
    """A township's pages without a broker: what hubs say is put into its store by hand."""

    url: str
    house: House
    serving: Serving

    def enter(self, browser: Browser, name: str, role: Role, path: str = "/") -> None:
        """Open a page as this person."""
        people, now = self.house.store.people, self.house.clock.wall()
        people.put_account(Account(name, role))
        cookie = f"cookie-{name.encode().hex()}"
        people.put_session(Session(digest(cookie), name, "c" * 43, now, now + 3600))
        browser.open("about:blank")
        browser.complaints()
        browser.open(f"{self.url}/sign-in")
        browser.run(f"document.cookie = '{COOKIE}={cookie}; path=/'")
        browser.open(self.url + path)

    def alert(self, number: int, **more: object) -> None:
        hub = self.house.hub
        self.house.post.store_batch(
            [hub.incident(uid(number), 1, **more), hub.evidence(uid(number), jpeg=scene(number))]
        )

    def act(self, case: int, action: Action, who: str, words: str = "", to: str = "") -> None:
        self.house.room.desk.act(case, Wish(action, who, words, to))

    def again(self) -> Serving:
        """The same pages at the same address, to be entered as a context."""
        self.house.app.state.site.closing.clear()
        return Serving(Server(self.house.app, "127.0.0.1", self.serving.server.port))


def scene(number: int) -> bytes:
    """A picture that is not the same for two alerts."""
    picture = np.full((180, 320, 3), (90 + number * 3 % 120, 130, 90), np.uint8)
    cv2.rectangle(picture, (0, 110), (320, 180), (150, 110, 60), -1)
    cv2.circle(picture, (60 + number * 23 % 200, 95), 14, (40, 60, 200), -1)
    return bytes(cv2.imencode(".jpg", picture)[1].tobytes())


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    house = House(tmp_path)
    house.post.store_batch([house.hub.birth(cameras=())])
    serving = Serving(Server(house.app, "127.0.0.1", 0))
    with serving as url:
        yield Town(url, house, serving)
    house.store.close()


def listening(town: Town) -> None:
    wait_for(lambda: town.house.bus._listeners, what="the page to listen")


def press(browser: Browser, selector: str) -> None:
    """Click where a thumb would: in the middle of the screen, not under the bar at its foot."""
    browser.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", selector)
    browser.click(selector)


def choose(browser: Browser, selector: str, value: str) -> None:
    browser.run(
        "const s = document.querySelector(arguments[0]); s.value = arguments[1];"
        "s.dispatchEvent(new Event('change', {bubbles: true}))",
        selector,
        value,
    )


def test_a_case_goes_from_its_alert_to_its_end(town: Town, browser: Browser) -> None:
    """受理、派单, the grid member's photo and feedback, checked, called back, closed."""
    town.house.store.people.put_account(Account("赵网格", Role.GRID_MEMBER))
    browser.size(1366, 900)
    town.enter(browser, "张三", Role.STAFF)
    listening(town)
    town.alert(1)
    wait_for(lambda: "闯入危险区域" in browser.text("#rows"), what="the alert")
    press(browser, "#rows h3 a")
    press(browser, "#doing button.primary")
    wait_for(lambda: "已受理，待派单" in browser.text("#story"), what="the taken case")
    choose(browser, "#f-to", "赵网格")
    press(browser, "#doing button.primary")
    wait_for(lambda: "待接单" in browser.text("#story"), what="the dispatched case")

    browser.size(390, 844)
    town.enter(browser, "赵网格", Role.GRID_MEMBER)
    assert "我的工单" in browser.text("h1"), "a grid member has no wall"
    press(browser, "#mine button.primary")
    wait_for(lambda: "正在处置" in browser.text("#story"), what="the accepted case")
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(scene(9))
        file.flush()
        browser.attach("input[type=file]", file.name)
        wait_for(
            lambda: browser.run("return document.querySelector('img.photo')?.naturalWidth"),
            what="the photo in the story",
        )
    browser.run("document.querySelector('#f-report').value = '人已劝离，插了警示牌。'")
    press(browser, "#doing form button.primary")
    wait_for(lambda: "待核实" in browser.text("#story"), what="the report")
    assert browser.run("return document.querySelectorAll('#doing form button.primary').length") == 0

    browser.size(1366, 900)
    town.enter(browser, "张三", Role.STAFF, "/cases/1")
    press(browser, "#doing button.primary")
    wait_for(lambda: "待回访" in browser.text("#story"), what="the follow-up")
    browser.run("document.querySelector('#f-call-words').value = '给村民打了电话，满意。'")
    press(browser, "button[value=call_back]")
    wait_for(lambda: "已办结" in browser.text("#story"), what="the end")
    assert "给村民打了电话，满意。" in browser.text(".timeline")
    browser.open(f"{town.url}/")
    assert browser.run(ROWS) == []
    assert browser.complaints() == []


def test_alerts_are_chosen_taken_and_judged_by_keyboard_alone(town: Town, browser: Browser) -> None:
    """Arrow, A, Enter; then the false alarm with its reason, without touching a mouse."""
    browser.size(1366, 900)
    town.enter(browser, "张三", Role.STAFF)
    listening(town)
    town.alert(1, camera="gate", severity="notice")
    town.alert(2, kind="fire", severity="life_safety")
    wait_for(lambda: browser.run(ROWS) == [2, 1], what="both, the gravest first")
    browser.keys(DOWN + DOWN)
    browser.keys("a")
    wait_for(lambda: "张三 已受理" in browser.text('[data-case="1"]'), what="the taken one")
    assert "受理" in browser.text('[data-case="2"] button')
    browser.keys(ENTER)
    wait_for(lambda: "#1" in browser.text("h1"), what="the case")
    focus = "return document.activeElement.innerText"
    for _ in range(40):
        browser.keys(TAB)
        if browser.run(focus) == "这是误报":
            break
    browser.keys(ENTER + TAB + "shu ying" + TAB + ENTER)
    wait_for(lambda: "判为误报" in browser.text(".timeline"), what="the verdict")
    [verdict] = town.house.verdicts
    assert (verdict.verdict, verdict.reason) == ("false_alarm", "shu ying")
    assert browser.complaints() == []


def test_the_wall_loses_and_doubles_nothing_over_a_lost_line(town: Town, browser: Browser) -> None:
    """What happened while the pages were gone is there afterwards, once, in the right order."""
    town.enter(browser, "张三", Role.STAFF)
    listening(town)
    for number in (1, 2, 3):
        town.alert(number, camera=f"c{number}")
    wait_for(lambda: browser.run(ROWS) == [3, 2, 1], what="three rows")
    browser.run("window.stayed = true")
    town.serving.stop()
    wait_for(lambda: not browser.run("return document.getElementById('offline').hidden"))
    town.alert(4, camera="c4", kind="fire", severity="life_safety")
    town.alert(5, camera="c2")
    town.alert(6, camera="c6")
    town.act(3, Action.ACCEPT, "李四")
    town.act(1, Action.FALSE_ALARM, "李四", "树影")
    with town.again():
        wanted = [case.id for case in town.house.store.cases.some(CaseFilter(queues=(1, 2)))]
        wait_for(lambda: browser.run(ROWS) == wanted, timeout_s=20, what="the whole wall")
        assert wanted == [4, 5, 2, 3]
        assert "2 次" in browser.text('[data-case="2"]')
        assert "李四 已受理" in browser.text('[data-case="3"]')
        assert browser.run("return window.stayed") is True
        rang = str(browser.run("return document.getElementById('alerts').dataset.rang"))
        assert rang.endswith("life_safety"), "the gravest of what is new is heard"
        town.alert(7, camera="c7")
        wait_for(lambda: browser.run(ROWS) == [4, 6, 5, 2, 3], what="life going on")
        browser.open("about:blank")
    browser.complaints()  # the refused connections are told to the console


def test_that_sound_is_off_is_seen_until_somebody_switches_it_on(
    town: Town, browser: Browser
) -> None:
    """The button says so in words and colour; a new alert asks for the tune of its severity."""
    town.enter(browser, "张三", Role.STAFF)
    assert "声音已关" in browser.text("#sound")
    assert browser.run("return document.getElementById('sound').matches('.off')")
    press(browser, "#sound")
    wait_for(lambda: "声音已开" in browser.text("#sound"))
    listening(town)
    town.alert(1, severity="notice")
    rang = "return document.getElementById('alerts').dataset.rang"
    wait_for(lambda: browser.run(rang) == "urgent notice", what="the trial tone, then the alert")
    press(browser, "#sound")
    wait_for(lambda: "声音已关" in browser.text("#sound"))


def test_filters_stand_in_the_address(town: Town, browser: Browser) -> None:
    """What one looks at can be sent to somebody else as a link, and is kept by a refresh."""
    town.enter(browser, "张三", Role.STAFF)
    town.alert(1, severity="notice")
    town.alert(2, kind="fire", severity="life_safety")
    browser.open(f"{town.url}/")
    choose(browser, "select[name=severity]", "life_safety")
    press(browser, "form.filters button")
    wait_for(lambda: browser.run(ROWS) == [2], what="the filtered wall")
    assert "severity=life_safety" in str(browser.run("return location.search"))
    listening(town)
    town.alert(3, camera="gate", severity="notice")
    town.alert(4, camera="gate", kind="smoke", severity="life_safety")
    wait_for(lambda: browser.run(ROWS) == [3 + 1, 2], what="only what was asked for")


def furnish(town: Town) -> None:
    """Something of every state, and long names."""
    house, people = town.house, town.house.store.people
    for name in ("赵网格", "王主任"):
        people.put_account(Account(name, Role.GRID_MEMBER if "网格" in name else Role.OFFICIAL))
    long = "很长的地名" * 12
    town.alert(1, camera="c1", kind="fire", severity="life_safety", label="fire")
    town.alert(2, camera="c2", zone_name=long)
    town.alert(3, camera="c2", zone_name=long)
    for number, kind in enumerate(("smoke", "loitering", "person_down", "camera_lost"), 4):
        town.alert(number, camera=f"c{number}", kind=kind, severity="notice")
    house.post.store_batch([house.hub.incident(uid(8), 1, camera="c8", drill=True)])
    house.post.store_batch(
        [house.hub.receipt("a1", "finished", incident=uid(1), seconds=6.0, text="请离开水边。")]
    )
    for case in (3, 4, 5, 6):
        town.act(case, Action.ACCEPT, "张三")
    for case in (4, 5, 6):
        town.act(case, Action.ASSIGN, "张三", "请去看看", "赵网格")
    for case in (5, 6):
        town.act(case, Action.START, "赵网格")
    town.act(6, Action.REPORT, "赵网格", "已经处理好了，" * 20)
    town.act(6, Action.APPROVE, "张三")
    house.clock.advance(200)
    for late in house.store.cases.to_escalate(now=house.clock.wall()):
        house.room.desk.escalate(late, "王主任")


@pytest.mark.parametrize("full", [False, True], ids=["empty", "full"])
def test_every_page_of_cases_at_every_size(town: Town, browser: Browser, *, full: bool) -> None:
    """Fits, is large, legible by day and night, named, and silent in the console."""
    pages = [("张三", Role.STAFF, path) for path in ("/", "/?wall=1", "/cases", "/mine")]
    pages.append(("赵网格", Role.GRID_MEMBER, "/mine"))
    if full:
        furnish(town)
        pages += [("张三", Role.STAFF, f"/cases/{n}") for n in (1, 3, 5, 6)]
        pages.append(("赵网格", Role.GRID_MEMBER, "/cases/5"))
    for name, role, path in pages:
        town.enter(browser, name, role, path)
        for width, height in SIZES:
            browser.size(width, height)
            where = f"{path} for {name} at {width}x{height}"
            assert browser.run(SIDEWAYS) <= 0, where
            assert browser.run(SMALL_TARGETS) == [], where
            assert browser.run(NAMELESS) == [], where
        for dark in (False, True):
            browser.dark(on=dark)
            assert browser.run(CONTRAST)["bad"] == [], f"{path} dark={dark}"
        browser.dark(on=False)
        if "wall=1" in path:
            small = (
                "return [...document.querySelectorAll('main *')].filter(e => e.innerText"
                " && !e.children.length && e.checkVisibility()"
                " && parseFloat(getComputedStyle(e).fontSize) < 24).map(e => e.innerText)"
            )
            assert browser.run(small) == []
        assert browser.complaints() == [], path


def test_ten_thousand_alerts_stay_quick(town: Town, browser: Browser) -> None:
    """The wall of ten thousand open cases is drawn and follows a new one in a moment."""
    town.alert(1, severity="notice")
    with town.house.store.database.write() as connection:
        row = connection.execute(sa.select(cases)).mappings().one()
        copies = [
            dict(row) | {"id": n, "open_key": str(n), "newest_at": row["newest_at"] + n / 100}
            for n in range(2, 10_001)
        ]
        connection.execute(cases.insert(), copies)
    browser.size(1920, 1080)
    town.enter(browser, "张三", Role.STAFF, "/?wall=1")
    assert len(browser.run(ROWS)) == 60
    assert "10000" in browser.text("#total")
    timing = json.loads(
        str(browser.run("return JSON.stringify(performance.getEntriesByType('navigation')[0])"))
    )
    assert timing["domContentLoadedEventEnd"] < 5000
    listening(town)
    town.alert(10_001, camera="gate", kind="fire", severity="life_safety")
    wait_for(lambda: browser.run(ROWS)[0] == 10_001, timeout_s=5, what="the fire on top")
    assert len(browser.run(ROWS)) == 60

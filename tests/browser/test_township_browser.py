"""The township's pages in a real Chromium, behind a real broker."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edge.clock import SystemClock
from edge.people import Account, Role, Session
from edge.site.sessions import digest
from edge.township.console import Township
from edge.township.web.pages import COOKIE
from tests.browser.conftest import Browser
from tests.edge.test_township_broker import Broker, Village, settings_for
from tests.edge.township_hub import FakeHub, uid
from tests.requirements import need
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.mosquitto]

SIZES = [(390, 844), (1366, 768), (1920, 1080)]


@dataclass
class Town:
    """A running township with its broker and one village on the line."""

    township: Township
    village: Village
    hub: FakeHub
    wait: Callable[[Any], None]
    kill_broker: Callable[[], None]

    def enter(self, browser: Browser, name: str, role: Role, path: str = "/") -> None:
        """Open a page as this person, without the walk through sign-in."""
        store, clock = self.township.store, SystemClock()
        store.people.put_account(Account(name, role))
        cookie = f"cookie-{role.value}-{name.encode().hex()}"
        now = clock.wall()
        store.people.put_session(Session(digest(cookie), name, "c" * 43, now, now + 3600))
        browser.open("about:blank")
        browser.complaints()  # those of the page before, whose server is gone
        browser.open(f"{self.township.url}/sign-in")
        browser.run(f"document.cookie = '{COOKIE}={cookie}; path=/'")
        browser.size(1366, 1000)
        browser.open(f"{self.township.url}{path}")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    broker = Broker(folder)
    broker.start()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def wait(work: Any) -> None:
        done: Future[Any] = asyncio.run_coroutine_threadsafe(work, loop)
        done.result(15)

    township = Township(settings_for(tmp_path, broker.port), clock=SystemClock())
    wait(township.start())
    wait_for(lambda: township.connected, what="the township's link")
    village = Village(broker.port, "lin-jia-cun")
    yield Town(township, village, FakeHub(), wait, broker.kill)
    village.close()
    wait(township.stop())
    broker.kill()
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


@pytest.fixture
def second(driver: str, tmp_path: Path) -> Iterator[Browser]:
    """Another monitor's browser."""
    one = Browser(driver, need("chromium"), tmp_path / "second")
    yield one
    one.quit()


def test_an_alert_appears_by_itself_and_one_of_two_monitors_takes_it(
    town: Town, browser: Browser, second: Browser
) -> None:
    """Published over MQTT, on the open page without a reload; who took it is on the other one."""
    town.village.say(town.hub.birth())
    town.enter(browser, "张三", Role.STAFF)
    town.enter(second, "李四", Role.STAFF)
    for one in (browser, second):
        wait_for(lambda one=one: "还没有" in one.text() or "现在没有告警" in one.text())
        one.run("window.stayed = true")
    town.village.say(town.hub.incident(uid(1), 1), town.hub.evidence(uid(1)))
    for one in (browser, second):
        wait_for(lambda one=one: "闯入危险区域" in one.text("#alerts"), timeout_s=5)
        wait_for(
            lambda one=one: (
                "林家村" in str(one.run("return document.getElementById('announcer').textContent"))
            ),
            what="the sentence for who cannot see",
        )
        wait_for(lambda one=one: one.run("return !!document.querySelector('#alerts img.picture')"))
    browser.click("#alerts li.alert button")
    wait_for(lambda: "张三 已受理" in browser.text("#alerts"), what="the taken alert")
    assert browser.run("return window.stayed") is True
    wait_for(lambda: "张三 已受理" in second.text("#alerts"), what="the other monitor's page")
    assert second.run("return window.stayed") is True
    assert second.run("return document.querySelectorAll('#alerts li.alert button').length") == 0
    assert browser.complaints() == []
    assert second.complaints() == []


def test_an_official_speaks_after_being_asked_and_sees_what_became_of_it(
    town: Town, browser: Browser
) -> None:
    """The dialog repeats village and words; then the state moves by itself."""
    town.village.say(town.hub.birth())
    wait_for(town.township.store.hubs, what="the birth")
    town.enter(browser, "李主任", Role.OFFICIAL, "/speak")
    browser.run("document.getElementById('f-text').value = '今晚停水，请提前蓄水。'")
    browser.click("[data-confirms]")
    assert "林家村" in browser.text("#sure")
    assert "今晚停水，请提前蓄水。" in browser.text("#sure")
    assert town.township.store.orders() == []
    browser.click("#sure button.primary")
    wait_for(town.village.orders, what="the order in the village")
    [command] = town.village.orders()
    wait_for(lambda: "已发出" in browser.text("#order"))
    town.village.say(town.hub.reply(command.id, "accepted"))
    wait_for(lambda: "停止播放" in browser.text("#order"))
    town.village.say(town.hub.receipt("p1", "started", command=command.id))
    wait_for(lambda: "正在播放" in browser.text("#order .badge"))
    town.village.say(town.hub.receipt("p1", "finished", command=command.id, seconds=6.8))
    wait_for(lambda: "已播完" in browser.text("#order .badge"))
    assert "7 秒" in browser.text("#order")
    assert browser.complaints() == []


def test_a_lost_connection_is_said_and_nothing_is_missed_afterwards(
    town: Town, browser: Browser
) -> None:
    """While the pages' server is gone a banner says since when; afterwards the list is whole."""
    town.village.say(town.hub.birth())
    town.enter(browser, "张三", Role.STAFF)
    wait_for(lambda: browser.run("return document.getElementById('offline').hidden"))
    server = town.township._server
    assert server is not None
    town.wait(server.stop())
    wait_for(lambda: "最后更新" in browser.text("#offline"), what="the banner")
    town.village.say(town.hub.incident(uid(1), 1))
    wait_for(town.township.store.alerts, what="the alert")
    server._app.state.site.closing.clear()
    town.wait(server.start())
    wait_for(lambda: "闯入危险区域" in browser.text("#alerts"), timeout_s=15)
    assert browser.run("return document.getElementById('offline').hidden")
    browser.complaints()  # that the server was gone is in there, and should be


@pytest.mark.parametrize("filled", [False, True], ids=["empty", "filled"])
def test_no_page_scrolls_sideways_or_complains(
    town: Town, browser: Browser, *, filled: bool
) -> None:
    """On a phone, a desk and a wall, with data and without."""
    hub = town.hub
    paths = ["/", "/?wall=1", "/villages", "/speak", "/receipts", "/people", "/audit"]
    if filled:
        long = "很长的地名" * 12
        town.village.say(
            hub.birth(),
            hub.incident(uid(1), 1, zone_name=long),
            hub.evidence(uid(1)),
            hub.receipt("a1", "failed", incident=uid(1), text=long, reason="x" * 300),
            hub.incident(uid(2), 1, severity="life_safety", kind="fire"),
            hub.heartbeat(1, faults=("w" * 300,)),
        )
        wait_for(lambda: len(town.township.store.alerts()) == 2)
        wait_for(town.township.store.receipts)
        paths.append(f"/alerts/{hub.id}/{uid(1)}")
    town.enter(browser, "管理员", Role.ADMIN)
    for path in paths:
        browser.open(town.township.url + path)
        for width, height in SIZES:
            browser.size(width, height)
            over = browser.run("return document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, f"{path} at {width}: {over} px too wide"
        if path == "/?wall=1":
            small = browser.run(
                "return [...document.querySelectorAll('main *')].filter(e => e.innerText &&"
                " !e.children.length && parseFloat(getComputedStyle(e).fontSize) < 24)"
                ".map(e => e.innerText)"
            )
            assert small == []
    assert browser.complaints() == []


def test_a_village_that_falls_silent_is_shown_without_anybody_s_message(
    town: Town, browser: Browser
) -> None:
    """Its broker says good-bye for it; the open page shows it, and that nothing is seen there."""
    town.village.say(town.hub.birth())
    wait_for(town.township.store.hubs, what="the birth")
    town.enter(browser, "张三", Role.VIEWER, "/villages")
    wait_for(lambda: "有问题" in browser.text("#villages"))
    town.village.say(town.hub.state("offline"))
    wait_for(lambda: "现在看不到这个村的情况" in browser.text("#villages"))
    town.kill_broker()
    wait_for(lambda: "现在收不到各村的告警" in browser.text("#villages"), timeout_s=15)

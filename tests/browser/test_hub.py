"""The village's pages in a real browser: by link, by keyboard, live, and for old eyes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.people import Account, Role
from edge.web.house import SpeakerView
from tests.browser.conftest import ENTER, SPACE, TAB, Browser, Village
from tests.browser.looking import (
    BODY_SIZE,
    CONTRAST,
    NAMELESS,
    SIDEWAYS,
    SIZES,
    SMALL_TARGETS,
)
from tests.fakes.house import a_picture
from tests.waiting import wait_for

pytestmark = pytest.mark.browser


def enter(browser: Browser, village: Village) -> None:
    """Come in by a one-time link, as on the first day."""
    browser.size(1366, 768)
    browser.open(village.link())
    browser.click("button.huge")
    wait_for(lambda: "运行情况" in browser.text(), what="the first page")


def furnish(village: Village) -> str:
    """A village in which something of everything is going on; returns an incident's id."""
    house = village.house
    house.furnish()
    house.happen("school", kind="camera_lost", severity="notice", zone_name="", label="")
    house.store.change(house.store.kept[0].id, closed=village.clock.stamp(), verdict="confirmed")
    village.clock.advance(600)
    house.happen("pond", kind="fire", severity="life_safety", label="fire", evidence=a_picture())
    incident = house.happen(evidence=a_picture(60))
    words = "水库东岸的请注意，这里危险，请马上离开水边。"
    states = ("queued", "started", "finished", "interrupted", "cancelled", "missed", "failed")
    for state in states:
        house.play(state, words, state, incident=incident.id, reason="声卡没有接收声音。")
    speaker = SpeakerView("yard", "alsa", healthy=True, playing=words, queue=1)
    broken = SpeakerView("tower", "alsa", healthy=False, fault="声卡被拔掉了。")
    house.view = replace(
        house.view, speakers=(speaker, broken), faults=("磁盘快满了。",), clock_trusted=False
    )
    village.accounts.put_account(Account("王主任", Role.STAFF, "x", frozenset({"pond"})))
    house.store.set_verdict(incident.id, "confirmed", "王主任")
    return incident.id


def test_first_day(browser: Browser, village: Village) -> None:
    """The link leads through a new password to the first page, and works no second time."""
    link = village.link("李四")
    browser.size(390, 844)
    browser.open(link)
    browser.click("summary")
    browser.click("#f-password")
    browser.keys("correct horse battery" + TAB + "correct horse battery" + ENTER)
    wait_for(lambda: "您的登录名是" in browser.text(), what="the new account")
    assert "李四" in browser.text()
    browser.click("a.primary")
    wait_for(lambda: "运行情况" in browser.text(), what="the first page")
    browser.open(link)
    browser.click("button.huge")
    wait_for(lambda: "已经用过" in browser.text(), what="the refusal")
    browser.complaints()  # 410 is told to the console as well


def test_incident_arrives_without_reload(browser: Browser, village: Village) -> None:
    """An open first page shows a new incident by itself and tells it to who cannot see it."""
    enter(browser, village)
    browser.run("window.stayed = true")
    wait_for(lambda: village.house.bus._listeners, what="the page to listen")
    village.house.happen(evidence=a_picture())
    wait_for(lambda: "闯入危险区域" in browser.text("#newest"), what="the incident")
    assert "人 0.82 在 水库东岸 停留 4.2 秒" in browser.text("#newest")
    assert browser.run("return window.stayed")
    wait_for(lambda: "新的告警：闯入危险区域" in browser.text("#announcer"), what="the voice")
    loaded = "return document.querySelector('#newest img')?.naturalWidth"
    wait_for(lambda: browser.run(loaded) == 640, what="the picture")
    assert browser.complaints() == []


def test_speaking_by_keyboard_alone(browser: Browser, village: Village) -> None:
    """Type, tab to the button, press; then watch the receipt change without a reload."""
    enter(browser, village)
    browser.open(f"{village.url}/say")
    focus = "return document.activeElement.id || document.activeElement.tagName"
    assert browser.run(focus) == "text"
    browser.keys("各位村民请注意")
    for _ in range(12):
        if browser.run(focus) == "speak":
            break
        browser.keys(TAB)
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert browser.run(focus) == "speak"
    assert browser.run(outline) == "solid"
    browser.keys(SPACE)
    wait_for(lambda: "等待播放" in browser.text("#outcome"), what="the outcome")
    assert village.house.orders == [("say", "各位村民请注意", "值班员", 1, True)]
    wait_for(lambda: village.house.bus._listeners, what="the page to listen")
    village.house.play("say-1", "各位村民请注意", "finished", source="staff")
    wait_for(lambda: "已播完" in browser.text("#outcome"), what="the receipt")
    assert browser.complaints() == []


def test_phrase_fills_the_field(browser: Browser, village: Village) -> None:
    """A ready phrase is put into the field to be changed or spoken."""
    enter(browser, village)
    browser.open(f"{village.url}/say")
    browser.click(".phrase")
    assert browser.run("return document.querySelector('#text').value").startswith("请注意安全")
    assert browser.run("return document.activeElement.id") == "text"
    assert village.house.orders == []


def test_stop_button_and_verdict(browser: Browser, village: Village) -> None:
    """The stop button stops; a verdict is given with one press and confirmed."""
    incident = furnish(village)
    enter(browser, village)
    browser.click("#playing button.danger")
    wait_for(lambda: village.house.orders == [("stop", None, "值班员")], what="the stop")
    browser.open(f"{village.url}/incidents/{incident}")
    browser.click("form[action$=verdict] button.primary")
    wait_for(lambda: "已记为属实" in browser.text(), what="the outcome")
    assert browser.complaints() == []


def test_cancel_changes_nothing(browser: Browser, village: Village) -> None:
    """The dialog of a person can be left without saving."""
    furnish(village)
    before = village.accounts.account("王主任")
    enter(browser, village)
    browser.open(f"{village.url}/users")
    browser.click("[data-opens='change-2']")
    browser.click("dialog[open] input[name=every_camera]")
    browser.click("dialog[open] button.quiet")
    assert not browser.text("dialog[open]")
    assert village.accounts.account("王主任") == before
    assert browser.run("return document.querySelectorAll('button:disabled').length") == 0


def test_dialog_asks_before_removing(browser: Browser, village: Village) -> None:
    """Removing a person asks first; escape leaves everything as it was."""
    furnish(village)
    enter(browser, village)
    browser.open(f"{village.url}/users")
    browser.click("[data-opens^=remove]")
    wait_for(lambda: "删除 王主任？" in browser.text("dialog[open]"), what="the question")
    browser.keys("\ue00c")
    assert not browser.text("dialog[open]")
    browser.click("[data-opens^=remove]")
    browser.click("dialog[open] button.danger")
    wait_for(lambda: "不能再登录" in browser.text(), what="the outcome")
    assert village.accounts.account("王主任") is None


def test_offline_is_said_and_healed(browser: Browser, village: Village) -> None:
    """When the box goes away the page says so; when it is back the page catches up by itself."""
    enter(browser, village)
    wait_for(lambda: village.house.bus._listeners, what="the page to listen")
    shown = "return document.querySelector('#offline').checkVisibility()"
    assert not browser.run(shown)
    village.stop()
    wait_for(lambda: browser.run(shown), what="the banner")
    assert "最后更新" in browser.text("#offline")
    village.house.happen()
    with village.again():
        wait_for(lambda: "闯入危险区域" in browser.text("#newest"), what="what was missed")
        assert not browser.run(shown)
        browser.open("about:blank")
    browser.complaints()  # the refused connections are told to the console


PAGES = ("/", "/incidents", "/say", "/plays", "/device", "/users", "/audit", "/parts", "/nothing")


@pytest.mark.parametrize("full", [False, True], ids=["empty", "full"])
def test_every_page_at_every_size(browser: Browser, village: Village, full: bool) -> None:
    """Every page fits, is large, legible by day and by night, named, and silent in the console."""
    pages = list(PAGES)
    if full:
        pages.append(f"/incidents/{furnish(village)}")
    enter(browser, village)
    browser.complaints()
    for path in pages:
        browser.open(village.url + path)
        for width, height in SIZES:
            browser.size(width, height)
            where = f"{path} at {width}×{height}"
            assert browser.run(SIDEWAYS) <= 0, where
            assert browser.run(BODY_SIZE) >= (18 if width < 800 else 16), where
            assert browser.run(SMALL_TARGETS) == [], where
            assert browser.run(NAMELESS) == [], where
        for dark in (False, True):
            browser.dark(on=dark)
            measured = browser.run(CONTRAST)
            assert measured["bad"] == [], f"{path} dark={dark}"
            assert measured["seen"] > 5, path
        browser.dark(on=False)
        complaints = browser.complaints()
        assert path == "/nothing" or complaints == [], path


def test_doors_at_every_size(browser: Browser, village: Village) -> None:
    """Sign-in and welcome are as legible as the rest."""
    browser.open(village.url + "/healthz")
    browser.forget()
    for path in ("/sign-in", village.link().removeprefix(village.url)):
        browser.open(village.url + path)
        for width, height in SIZES:
            browser.size(width, height)
            assert browser.run(SIDEWAYS) <= 0, path
            assert browser.run(SMALL_TARGETS) == [], path
        assert browser.run(CONTRAST)["bad"] == [], path


def test_the_measures_can_fail(browser: Browser, village: Village) -> None:
    """A page made ugly on purpose is found out."""
    enter(browser, village)
    browser.run(
        "const p = document.createElement('p'); p.textContent = 'pale';"
        "p.setAttribute('class', 'pale'); document.querySelector('main').append(p);"
        "p.style.color = 'rgb(200, 200, 200)'; p.style.width = '3000px';"
        "const b = document.createElement('button'); b.style.minHeight = '0';"
        "b.style.padding = '0'; document.querySelector('main').append(b);"
    )
    assert "pale" in browser.run(CONTRAST)["bad"][0]
    assert browser.run(SIDEWAYS) > 0
    assert browser.run(SMALL_TARGETS) != []
    assert browser.run(NAMELESS) != []

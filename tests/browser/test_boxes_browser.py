"""The page of the boxes' certificates in a real Chromium: a code is made, a box is thrown out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.clock import SystemClock
from edge.enrolment import certificates as x
from edge.enrolment.codes import read_code
from edge.people import Account, Role, Session
from edge.site.sessions import digest
from edge.township.console import Township
from edge.township.enrolment.office import Office
from edge.township.web.pages import COOKIE
from tests.browser.conftest import Browser
from tests.browser.looking import CONTRAST, NAMELESS, SIDEWAYS, SIZES, SMALL_TARGETS
from tests.enrolment.test_story import running
from tests.enrolment.town import Town, some_settings
from tests.waiting import wait_for

pytestmark = pytest.mark.browser


def enter(township: Township, browser: Browser) -> None:
    """As the administrator, without the walk through sign-in."""
    now = SystemClock().wall()
    township.store.people.put_account(Account("王主任", Role.ADMIN))
    township.store.people.put_session(
        Session(digest("cookie"), "王主任", "c" * 43, now, now + 3600)
    )
    browser.open(f"{township.url}/sign-in")
    browser.run(f"document.cookie = '{COOKIE}=cookie; path=/'")


def look_at(browser: Browser, name: str) -> None:
    """At every size: nothing sideways, nothing small, nothing pale, nothing without a name."""
    for width, height in SIZES:
        browser.size(width, height)
        assert browser.run(SIDEWAYS) <= 0, (name, width)
        assert browser.run(SMALL_TARGETS) == []
        assert browser.run(NAMELESS) == []
        assert browser.run(CONTRAST)["bad"] == []
        if folder := os.environ.get("VILLAGE_HUB_PICTURES"):
            Path(folder, f"{name}-{width}.png").write_bytes(browser.screenshot())


def test_a_code_is_made_and_a_box_is_thrown_out(tmp_path: Path, browser: Browser) -> None:
    """The code shown is a good one; revoking asks first and says what is happening."""
    clock = SystemClock(synchronised=lambda: True)
    with Town(tmp_path, clock) as town:
        town.enrol("wang-jia-cun", x.new_key())
    settings = some_settings(tmp_path)
    township = Township(settings, clock=clock)
    with running(township):
        enter(township, browser)
        browser.open(f"{township.url}/boxes")
        assert "证书有效" in browser.text("#boxes")
        look_at(browser, "boxes")
        browser.run("document.getElementById('f-hub').value = 'Lin Jia'")
        browser.click("form[action='/boxes/code'] button.primary")
        wait_for(lambda: "不能" in browser.text() or "编号" in browser.text(".outcome.bad"))
        browser.run("document.getElementById('f-hub').value = 'lin-jia-cun'")
        browser.run("document.getElementById('f-village').value = '林家村'")
        browser.click("form[action='/boxes/code'] button.primary")
        wait_for(lambda: "登记码" in browser.text("h2"), what="the code")
        read_code(browser.text("#code"))
        assert "等待登记" in browser.text("#boxes")
        look_at(browser, "boxes-code")
        browser.click("[data-opens='revoke-wang-jia-cun']")
        assert "马上断开" in browser.text("#revoke-wang-jia-cun")
        browser.click("#revoke-wang-jia-cun .danger")
        wait_for(lambda: "已撤销 wang-jia-cun" in browser.text(), what="the answer")
        wait_for(lambda: "正在断开" in browser.text("#boxes"), what="what is happening")
        look_at(browser, "boxes-revoked")
        assert Office(settings, township.store.database, clock).pending() == ["wang-jia-cun"]

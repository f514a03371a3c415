"""A report and a token in a real Chromium: charts, files, what is shown once; empty and filled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.clock import SystemClock
from edge.settings.schema import (
    StateSection,
    TownshipLinkSection,
    TownshipSection,
    TownshipSettings,
    TownshipWebSection,
)
from edge.township.console import Township
from edge.township.places.records import Village
from edge.township.rates import CameraFact
from tests.browser.conftest import Browser
from tests.browser.test_boxes_browser import enter, look_at
from tests.edge.township_hub import FakeHub, Post, uid
from tests.enrolment.test_story import running
from tests.waiting import wait_for

pytestmark = pytest.mark.browser

VILLAGES = ("林家村", "王家村", "大溪村")
KINDS = ("intrusion", "fire", "line_crossing", "smoke")


def fill(township: Township, clock: SystemClock) -> None:
    """Forty incidents of three villages in the last two hours, some taken, and cameras."""
    store, now = township.store, clock.wall()
    for place, village in enumerate(VILLAGES):
        hub = FakeHub(f"cun-{place}", uid(0xA0 + place), village=village)
        rows = [hub.birth()]
        for number in range(6 + 6 * place):
            at = datetime.fromtimestamp(now, tz=UTC) - timedelta(minutes=7 * number)
            moment = {"opened_at": at.isoformat(), "seen_at": at.isoformat()}
            more = {
                "kind": KINDS[number % 4],
                "camera": f"c{number}",
                "grid": f"33078210320{place}",
            }
            rows.append(hub.incident(uid(100 * place + number), 1, **more, **moment))
        Post(store, clock).store_batch(rows)  # type: ignore[arg-type]
        facts = [
            CameraFact(hub.id, str(n), online=n > place, width=1920, height=1080) for n in range(5)
        ]
        store.reporting.sample(facts, now=now)
    store.places.put_villages(
        [Village(f"33078210320{n}", name, "330782103000", "清水镇", hubs=(f"cun-{n}",))
         for n, name in enumerate(VILLAGES)]
    )  # fmt: skip


def settings_for(folder: Path) -> TownshipSettings:
    return TownshipSettings(
        township=TownshipSection(id="qingshui-zhen", name="清水镇"),
        state=StateSection(folder=folder),
        web=TownshipWebSection(port=0),
        link=TownshipLinkSection(port=9),
    )


def test_a_report_is_read_and_taken_away(tmp_path: Path, browser: Browser) -> None:
    """Empty it says what will come; filled it has charts beside tables and files to take."""
    clock = SystemClock(synchronised=lambda: True)
    township = Township(settings_for(tmp_path), clock=clock)
    with running(township):
        enter(township, browser)
        browser.open(f"{township.url}/reports")
        assert "这段时间没有数据" in browser.text("#nothing")
        look_at(browser, "reports-empty")
        fill(township, clock)
        browser.open(f"{township.url}/reports")
        assert "林家村" in browser.text("#villages")
        assert browser.run("return document.querySelectorAll('svg.chart').length") >= 5
        assert "4:00:00" in browser.text("#response") or "0:05:00" in browser.text("#response")
        look_at(browser, "reports")
        browser.click(".segments a:nth-child(3)")
        wait_for(lambda: "月调度" in browser.text("#title"), what="the month")
        taken = browser.run(
            "const answer = await fetch(document.querySelector(arguments[0]).href);"
            "return [answer.status, (await answer.blob()).size];",
            ".actions a.primary",
        )
        assert taken[0] == 200
        assert taken[1] > 5000


def test_a_token_and_a_webhook_are_made(tmp_path: Path, browser: Browser) -> None:
    """The token is shown once; a webhook that cannot be reached is refused with a reason."""
    clock = SystemClock(synchronised=lambda: True)
    township = Township(settings_for(tmp_path), clock=clock)
    with running(township):
        enter(township, browser)
        for name in ("tokens", "webhooks"):
            browser.open(f"{township.url}/{name}")
            look_at(browser, f"{name}-empty")
        fill(township, clock)
        browser.open(f"{township.url}/tokens")
        browser.run("document.getElementById('f-name').value = '县综治平台'")
        browser.click("input[value='cases']")
        browser.click("form[action='/tokens'] button.primary")
        wait_for(lambda: browser.text("#token").startswith("vht_"), what="the token")
        look_at(browser, "tokens")
        browser.open(f"{township.url}/tokens")
        assert browser.text("#token") == ""
        browser.click("[data-opens='revoke-1']")
        browser.click("#revoke-1 .danger")
        wait_for(lambda: "已作废" in browser.text("#tokens"), what="the end of the token")
        browser.open(f"{township.url}/webhooks")
        browser.run("document.getElementById('f-url').value = 'https://127.0.0.1/hook'")
        browser.click("form[action='/webhooks'] button.primary")
        wait_for(lambda: "内网" in browser.text(".outcome.bad"), what="the reason")
        give_up_a_letter(township, clock.wall())
        browser.open(f"{township.url}/webhooks")
        assert "状态 404" in browser.text("#dead")
        look_at(browser, "webhooks")


def give_up_a_letter(township: Township, now: float) -> None:
    """A hook whose one letter died; it is off, so that nothing is really sent."""
    letters, problem = township.store.letters, "The server answered with status 404."
    hook = letters.add_hook("https://county.example/hook", (), by="王主任", now=1)
    letters.add_letter(hook, "test", {}, now=now + 3600)
    letters.switch(hook, on=True, by="王主任", now=1)
    [letter] = letters.due(now=now + 3601)
    letters.switch(hook, on=False, by="王主任", now=1)
    letters.note(letter, answer=404, problem=problem, next_at=None, now=now)

"""The recording on a case's page, and the page of a village, in a real Chromium."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edge.clips import GONE
from edge.link.messages import Chunk
from edge.people import Account, Role, Session
from edge.site import Server
from edge.site.sessions import digest
from edge.township.places.records import Grid, PlacedCamera, Village
from edge.township.store.transfers import transfers_of
from edge.township.web.pages import COOKIE
from tests.browser.conftest import Browser, Serving
from tests.browser.looking import CONTRAST, NAMELESS, SIDEWAYS, SIZES, SMALL_TARGETS
from tests.edge.test_footage import with_pictures
from tests.edge.test_township_pages import House
from tests.edge.township_hub import uid
from tests.waiting import wait_for

pytestmark = pytest.mark.browser

ASK = "form[action='/cases/1/footage'] input[value='clip'] ~ button"
PLAYS = "return document.createElement('video').canPlayType('video/mp4; codecs=\"avc1.42E01E\"')"


def a_clip(path: Path) -> bytes:
    """Two seconds of H.264."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(20):
            image = np.full((180, 320, 3), (120, 140, 90), np.uint8)
            cv2.circle(image, (40 + number * 10, 90), 14, (40, 60, 200), -1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    return path.read_bytes()


def enter(url: str, house: House, browser: Browser, path: str) -> None:
    people, now = house.store.people, house.clock.wall()
    people.put_account(Account("王值班", Role.STAFF))
    people.put_session(Session(digest("cookie-w"), "王值班", "c" * 43, now, now + 3600))
    browser.open(f"{url}/sign-in")
    browser.complaints()
    browser.run(f"document.cookie = '{COOKIE}=cookie-w; path=/'")
    browser.open(url + path)


def looked_at(browser: Browser, folder: Path, name: str) -> None:
    """Without faults at all three sizes, and a picture of each."""
    for width, height in SIZES:
        browser.size(width, height)
        assert browser.run(SIDEWAYS) <= 0, (name, width)
        assert browser.run(CONTRAST)["bad"] == [], (name, width)
        assert browser.run(SMALL_TARGETS) == [], (name, width)
        assert browser.run(NAMELESS) == [], (name, width)
        (folder / f"{name}-{width}.png").write_bytes(browser.screenshot())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = with_pictures(tmp_path)
    yield made
    made.store.close()


def send(house: House, data: bytes, first: int, last: int) -> None:
    pictures = house.room.pictures
    assert pictures is not None
    with house.store.database.read() as connection:
        transfer = transfers_of(connection, house.hub.id, uid(1))[0]
    head = Chunk(offset=first, size=len(data), sha256=hashlib.sha256(data).hexdigest())
    pictures.take(house.hub.id, transfer.id, head, data[first:last])


def refuse(house: House) -> None:
    pictures = house.room.pictures
    assert pictures is not None
    with house.store.database.read() as connection:
        transfer = transfers_of(connection, house.hub.id, uid(1))[0]
    pictures.take(house.hub.id, transfer.id, Chunk(offset=0, size=0, problem=GONE), b"")


def test_a_recording_is_asked_for_and_played(
    house: House, browser: Browser, tmp_path: Path
) -> None:
    """A press, a refusal in words, a press again, progress that moves by itself, the player."""
    data = a_clip(tmp_path / "clip.mp4")
    with Serving(Server(house.app, "127.0.0.1", 0)) as url:
        enter(url, house, browser, "/cases/1")
        looked_at(browser, tmp_path, "before")
        browser.click(ASK)
        wait_for(lambda: "正在等它送来" in browser.text("#footage"), what="the order")
        refuse(house)
        wait_for(lambda: "已经没有这段录像" in browser.text("#footage"), what="the refusal")
        looked_at(browser, tmp_path, "refused")
        house.clock.advance(1)
        browser.click(ASK)
        wait_for(lambda: "正在等它送来" in browser.text("#footage"), what="the second order")
        half = len(data) // 2
        send(house, data, 0, half)
        wait_for(lambda: "已收到" in browser.text("#footage"), what="the progress")
        looked_at(browser, tmp_path, "progress")
        send(house, data, half, len(data))
        wait_for(lambda: browser.run("return !!document.querySelector('video')"), what="player")
        if browser.run(PLAYS):
            ready = "return document.querySelector('video').readyState"
            wait_for(lambda: browser.run(ready) >= 1, what="the head of the recording")
            width = browser.run("return document.querySelector('video').videoWidth")
            assert width == 320
        else:
            told = "return !document.querySelector('[data-cannot]').hidden"
            wait_for(lambda: browser.run(told), what="the advice to download")
        looked_at(browser, tmp_path, "stored")
        browser.complaints()


def test_a_village_and_the_rates_with_and_without_data(
    house: House, browser: Browser, tmp_path: Path
) -> None:
    """Readable at every size, with a list of cameras and with nothing."""
    code = "330782103205"
    with Serving(Server(house.app, "127.0.0.1", 0)) as url:
        enter(url, house, browser, f"/villages/{house.hub.id}")
        looked_at(browser, tmp_path, "village")
        browser.open(f"{url}/rates")
        looked_at(browser, tmp_path, "rates-few")
        house.store.places.put_villages(
            [Village(code, "林家村", "330782103000", "清水镇", None, None, (house.hub.id,))]
        )
        house.store.places.put_grids(
            [Grid(f"{code}00{n}", f"第{n}网格", code) for n in range(1, 4)]
        )
        house.store.places.put_cameras(
            [PlacedCamera(f"c{n}", f"机{n}", code, f"{code}00{n}", 1) for n in range(1, 4)]
        )
        browser.open(f"{url}/rates")
        looked_at(browser, tmp_path, "rates")
        assert browser.complaints() == []

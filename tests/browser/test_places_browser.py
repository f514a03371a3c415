"""Lists and map of the township in a real Chromium: a grid import, the map by keyboard."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.people import Role
from edge.site import Server
from edge.township.places.lists import KINDS
from edge.township.places.records import PlacedCamera
from edge.township.places.writing import write_csv
from edge.township.web.pages import COOKIE
from tests.browser.conftest import Browser
from tests.edge.test_township_pages import House
from tests.edge.test_township_rights import HERE, make_house
from tests.waiting import wait_for

pytestmark = pytest.mark.browser

SIZES = [(390, 844), (1366, 768), (1920, 1080)]
PAGES = ["/map", "/places", f"/places/{HERE}", "/duty", "/lists/grids", "/audit", "/people"]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path)
    camera = PlacedCamera("c2", "村口", HERE, "", 2, 120.01, 29.01, "lin-jia-cun", "reservoir")
    made.store.places.put_cameras([camera])
    yield made
    made.store.close()


@pytest.fixture
def inside(house: House, browser: Browser) -> Iterator[str]:
    """Address of the pages, with an administrator signed in."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = Server(house.app, "127.0.0.1", 0, None, None)
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(20)
    cookie = house.browser(Role.ADMIN).cookies[COOKIE]
    browser.open(f"{server.url}/sign-in")
    browser.complaints()
    browser.run(f"document.cookie = '{COOKIE}={cookie}; path=/'")
    yield server.url
    browser.open("about:blank")
    asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def test_pages_of_places_fit_every_screen(inside: str, browser: Browser) -> None:
    """Nothing sticks out, nothing to press is small, and the console has nothing to say."""
    small = """return [...document.querySelectorAll('main button, main .button, main select')]
        .filter((e) => e.offsetParent && e.getBoundingClientRect().height < 43)
        .map((e) => e.outerHTML.slice(0, 90))"""
    for width, height in SIZES:
        browser.size(width, height)
        for path in PAGES:
            browser.open(inside + path)
            wide = "return document.documentElement.scrollWidth - innerWidth"
            assert browser.run(wide) <= 0, (path, width)
            assert browser.run(small) == [], (path, width)
            assert browser.complaints() == [], (path, width)


def test_a_list_of_grids_is_looked_at_and_saved(
    house: House, inside: str, browser: Browser
) -> None:
    """The file is chosen, errors are shown by row, and the good rows are saved by one press."""
    rows = [(HERE, f"{HERE}001", "第一网格", ""), (HERE, "错 误", "第二网格", "")]
    text = write_csv(KINDS["grids"].heading, rows).decode("utf-8-sig")
    browser.size(1366, 1000)
    browser.open(f"{inside}/lists/grids")
    browser.run(
        """const chosen = new DataTransfer();
        chosen.items.add(new File([arguments[0]], "网格.csv"));
        document.getElementById("f-file").files = chosen.files;
        document.querySelector("#list form button").click()""",
        text,
    )
    wait_for(lambda: "1 行有错，1 行没有错" in browser.text("#list"), what="the preview")
    assert "网格编码只能用数字、字母和连字符" in browser.text("#list")
    assert house.store.places.grids() == []
    browser.click("form[action$='/save'] button")
    wait_for(lambda: "新增 1 行" in browser.text("main"), what="the outcome")
    assert [grid.name for grid in house.store.places.grids()] == ["第一网格"]
    assert browser.complaints() == []


def test_the_map_is_moved_by_keyboard_and_says_what_is_there(inside: str, browser: Browser) -> None:
    """Villages, cameras and cases are drawn without tiles; plus, minus and arrows move it."""
    browser.size(1366, 900)
    browser.open(f"{inside}/map")
    wait_for(lambda: browser.run("return document.getElementById('map').dataset.ready"))
    signs = "return [...document.querySelectorAll('.ground a')].map((a) => a.ariaLabel)"
    wait_for(lambda: len(browser.run(signs)) >= 3, what="the signs")
    assert "林家村" in browser.run(signs)
    assert browser.run("return document.querySelectorAll('.ground path.case').length") == 1
    where = "return document.querySelector('.ground a').getAttribute('transform')"
    browser.run("document.querySelector('.ground').focus()")
    for key in ("-", "\ue014", "+"):
        before = browser.run(where)
        browser.keys(key)
        wait_for(lambda before=before: browser.run(where) != before, what=f"the key {key!r}")
    press = "new MouseEvent('click', {bubbles: true, cancelable: true})"
    browser.run(f"document.querySelector('.ground a').dispatchEvent({press})")
    said = "return document.querySelector('#map .said a')?.textContent"
    assert browser.run(said) in browser.run(signs)
    tall = "return document.querySelector('#map .said').getBoundingClientRect().height"
    assert browser.run(tall) >= 44
    assert "深水区" in browser.text("#map-list")
    assert browser.complaints() == []

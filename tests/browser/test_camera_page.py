"""A camera's page in a real browser: sizes, contrast, targets; with everything and with nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.browser.conftest import Browser, Village
from tests.browser.looking import CONTRAST, NAMELESS, SIDEWAYS, SIZES, SMALL_TARGETS
from tests.browser.test_hub import enter, furnish
from tests.edge.test_camera_page import furnish_camera
from tests.waiting import wait_for

pytestmark = pytest.mark.browser

LOADED = "return [...document.images].every(i => i.complete && i.naturalWidth)"


@pytest.mark.parametrize("camera", ["pond", "school"])
def test_a_camera_page_is_for_old_eyes(browser: Browser, village: Village, camera: str) -> None:
    """In all sizes, by day and night: readable, reachable, named, nothing sticks out."""
    incident = furnish(village)
    furnish_camera(village.house, village.clock.stamp())
    enter(browser, village)
    for path in (f"/cameras/{camera}", f"/incidents/{incident}"):
        for width, height in SIZES:
            browser.size(width, height)
            browser.open(village.url + path)
            wait_for(lambda: browser.run(LOADED), what="the pictures")
            keep(browser, f"{path.strip('/').replace('/', '-')}-{width}.png")
            for dark in (False, True):
                browser.dark(on=dark)
                contrast = browser.run(CONTRAST)
                assert contrast["seen"] > 20
                assert contrast["bad"] == []
            browser.dark(on=False)
            assert browser.run(SMALL_TARGETS) == []
            assert browser.run(NAMELESS) == []
            assert browser.run(SIDEWAYS) <= 0
    assert browser.complaints() == []


def keep(browser: Browser, name: str) -> None:
    """The picture, where somebody wants to look at it himself."""
    if folder := os.environ.get("VILLAGE_HUB_PICTURES"):
        script = "return document.documentElement.scrollHeight"
        width = browser.run("return innerWidth")
        browser.size(width, browser.run(script))
        Path(folder, name).write_bytes(browser.screenshot())

"""A real Chromium, driven by plain WebDriver over HTTP; and a hub's pages for it to look at."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from edge.clock import SimulatedClock
from edge.people import Role
from edge.site import Server, invite
from edge.site.passwords import Passwords
from edge.web.app import build_hub_site
from tests.fakes.accounts import FakeAccounts
from tests.fakes.house import FakeHouse
from tests.requirements import need
from tests.waiting import wait_for

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
TAB, ENTER, SPACE = "\ue004", "\ue007", " "
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--lang=zh-CN",
    "--force-color-profile=srgb",
)
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Browser:
    """One WebDriver session; every method is one or two commands of the W3C protocol."""

    def __init__(self, driver: str, chromium: str, profile: Path, *flags: str) -> None:
        self._driver = driver
        options = {
            "binary": chromium,
            "args": [*FLAGS, f"--user-data-dir={profile}", *flags],
        }
        wishes = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        made = self._send("POST", "/session", {"capabilities": {"alwaysMatch": wishes}})
        self._session = f"/session/{made['sessionId']}"

    def quit(self) -> None:
        self._send("DELETE", self._session)

    def open(self, address: str) -> None:
        self._do("POST", "/url", url=address)

    def size(self, width: int, height: int) -> None:
        """Make the page exactly so large, as a phone or a monitor would."""
        self._do(
            "POST",
            "/goog/cdp/execute",
            cmd="Emulation.setDeviceMetricsOverride",
            params={"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )

    def dark(self, *, on: bool) -> None:
        feature = {"name": "prefers-color-scheme", "value": "dark" if on else "light"}
        self._do(
            "POST",
            "/goog/cdp/execute",
            cmd="Emulation.setEmulatedMedia",
            params={"features": [feature]},
        )

    def run(self, script: str, *arguments: object) -> Any:
        """Run the body of a function in the page."""
        return self._do("POST", "/execute/sync", script=script, args=list(arguments))

    def forget(self) -> None:
        """Throw every cookie of this site away."""
        self._do("DELETE", "/cookie")

    def text(self, selector: str = "body") -> str:
        script = "return document.querySelector(arguments[0])?.innerText ?? ''"
        return str(self.run(script, selector))

    def click(self, selector: str) -> None:
        found = self._do("POST", "/element", using="css selector", value=selector)
        self._do("POST", f"/element/{found[ELEMENT]}/click")

    def attach(self, selector: str, path: str) -> None:
        """Choose a file, as the dialog of the browser would."""
        found = self._do("POST", "/element", using="css selector", value=selector)
        self._do("POST", f"/element/{found[ELEMENT]}/value", text=path)

    def keys(self, text: str) -> None:
        """Press keys one after the other, wherever the focus is."""
        strokes = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        self._do("POST", "/actions", actions=[{"type": "key", "id": "k", "actions": strokes}])

    def screenshot(self) -> bytes:
        return base64.b64decode(self._do("GET", "/screenshot"))

    def complaints(self) -> list[str]:
        """What the console said since the last call, warnings and errors."""
        lines = self._do("POST", "/se/log", type="browser")
        return [line["message"] for line in lines if line["level"] in {"SEVERE", "WARNING"}]

    def _do(self, method: str, path: str, **body: object) -> Any:
        return self._send(method, self._session + path, body if method == "POST" else None)

    def _send(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - loopback
            self._driver + path, data, {"content-type": "application/json"}, method=method
        )
        try:
            with _DIRECT.open(request, timeout=30) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(json.load(error)["value"]["message"]) from None


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running chromedriver."""
    need("chromium")
    program = need("chromedriver")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("driver") / "log"
    with log.open("wb") as out:
        process = subprocess.Popen([program, f"--port={port}"], stdout=out, stderr=out)
        try:
            wait_for(lambda: _answers(port), timeout_s=20, what="chromedriver")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def chromium(driver: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all tests."""
    one = Browser(driver, need("chromium"), tmp_path_factory.mktemp("profile"))
    yield one
    one.quit()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """Chromium with an empty page and nothing to complain about."""
    yield chromium
    chromium.open("about:blank")
    chromium.complaints()


class Serving:
    """Runs a site's server in an event loop on another thread, as the hub does in its own."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="pages")

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.server.stop(), self._loop).result(10)

    def __enter__(self) -> str:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.server.start(), self._loop).result(10)
        return self.server.url

    def __exit__(self, *reason: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@dataclass(frozen=True)
class Village:
    """A hub's pages, served by a thread of their own."""

    url: str
    house: FakeHouse
    accounts: FakeAccounts
    clock: SimulatedClock
    serving: Serving

    def link(self, name: str = "值班员", role: Role = Role.ADMIN) -> str:
        return invite(self.accounts, self.clock, name, role, self.url)

    def stop(self) -> None:
        """The box goes away."""
        self.serving.stop()

    def again(self) -> Serving:
        """The same box at the same address, to be entered as a context."""
        return Serving(
            Server(
                _site(self.house, self.accounts, self.clock), "127.0.0.1", self.serving.server.port
            )
        )


def _site(house: FakeHouse, accounts: FakeAccounts, clock: SimulatedClock) -> FastAPI:
    quick = Passwords(memory_kib=64, passes=1)
    return build_hub_site(house, accounts, clock, allow_passwordless=True, passwords=quick)


@pytest.fixture
def village() -> Iterator[Village]:
    """A village's pages with nothing in them yet; the demo's entry without a password is open."""
    clock = SimulatedClock()
    house, accounts = FakeHouse(clock), FakeAccounts()
    serving = Serving(Server(_site(house, accounts, clock), "127.0.0.1", 0))
    with serving as url:
        yield Village(url, house, accounts, clock, serving)

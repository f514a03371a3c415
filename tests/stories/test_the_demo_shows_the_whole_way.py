"""One command and nothing else: what a new user sees, hears and finds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge.demo.scene import HUB
from tests.fakes.programs import HubBook, Program, TownshipBook, assert_audible, browser
from tests.waiting import wait_for

SECONDS = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that one demonstration left behind."""

    status: int
    summary: dict[str, Any]
    out: str
    log: str
    first_frame_at: float
    left_behind: dict[int, str]
    book: TownshipBook
    state: Path
    links: list[str]
    answers: dict[str, httpx.Response]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    folder = tmp_path_factory.mktemp("demo")
    state, summary = folder / "state", folder / "summary.json"
    options = (
        "--verbose",
        "--seconds",
        str(SECONDS),
        "--json",
        str(summary),
        "--state",
        str(state),
    )
    program = Program(folder, "demo", "demo", *options)
    try:
        links = wait_for(lambda: links_of(program.out), timeout_s=30, what="both links")
        answers = visit(*links)
        status = program.ended(60)
        yield Shown(
            status,
            json.loads(summary.read_text(encoding="utf-8")),
            program.out,
            program.log,
            min(program.said_at(r"camera=\S+ state=watching")),
            program.family(),
            TownshipBook(state / "township" / "township.db"),
            state,
            links,
            answers,
        )
    finally:
        program.clean_up()
        print(program.log[-4000:], program.out)  # noqa: T201 - shown when a test fails


def links_of(out: str) -> list[str]:
    """The one-time links, township first; empty until both are there."""
    found = re.findall(r"http://127\.0\.0\.1:\d+/welcome/\S+", out)
    return found if len(found) == 2 else []


def visit(township: str, village: str) -> dict[str, httpx.Response]:
    """Come in by both links, wait for an alert with its picture, look around."""
    answers = {}
    for name, link in (("township", township), ("village", village)):
        with browser(link) as client, browser(link) as stranger:
            answers[f"{name} stranger"] = stranger.get("/")
            answers[f"{name} welcome"] = client.get(link)
            answers[f"{name} entered"] = client.post(link, data={"enter": "1"})
            answers[f"{name} again"] = stranger.post(link, data={"enter": "1"})
            page = wait_for(lambda c=client: with_picture(c), timeout_s=SECONDS, what="a picture")
            answers[f"{name} page"] = page
            address = re.search(r'<img[^>]+src="(/[^"]+)"', page.text)
            assert address
            answers[f"{name} picture"] = client.get(address[1])
    return answers


def with_picture(client: httpx.Client) -> httpx.Response | None:
    page = client.get("/")
    return page if re.search(r'<img[^>]+src="/', page.text) else None


def test_it_ends_by_itself_and_says_that_it_worked(shown: Shown) -> None:
    """Exit status 0, nothing wrong in the summary, and no process left behind."""
    assert shown.status == 0
    assert shown.summary["errors"] == []
    assert shown.left_behind == {}
    assert "Traceback" not in shown.log + shown.out
    assert "level=error" not in shown.log


def test_three_cameras_are_watched_in_real_time(shown: Shown) -> None:
    """Every camera gives its pictures at its own pace and is looked at."""
    cameras = shown.summary["cameras"]
    assert len(cameras) == 3
    assert {camera["state"] for camera in cameras} == {"watching"}
    assert all(camera["fps_in"] > 8 and camera["looked_at_fps"] > 1 for camera in cameras)
    assert shown.summary["frames_analysed"] > 3 * SECONDS


def test_an_incident_opens_within_twenty_seconds_of_the_first_frame(shown: Shown) -> None:
    """Measured from the log line that says the first camera is watched."""
    opened = [seconds(incident["opened_at"]) for incident in shown.summary["incidents"]]
    assert 0 < min(opened) - shown.first_frame_at < 20


def test_the_township_stores_the_alert_with_its_picture(shown: Shown) -> None:
    """Each alert once, the summary telling the same as the database, a JPEG with each."""
    stored = shown.book.alerts()
    assert {alert["id"] for alert in stored} == {a["id"] for a in shown.summary["alerts_received"]}
    assert {alert["id"] for alert in stored} == {i["id"] for i in shown.summary["incidents"]}
    assert shown.summary["acknowledged"] == len(stored) > 0
    for alert in stored:
        assert all(jpeg.startswith(b"\xff\xd8") for jpeg in shown.book.pictures(alert["id"]))
        assert shown.book.pictures(alert["id"])


def test_a_warning_is_spoken_and_both_ends_have_the_receipt(shown: Shown) -> None:
    """A WAV file that can be played and heard; the township knows that it was finished."""
    finished = [a for a in shown.summary["announcements"] if a["state"] == "finished"]
    assert finished
    for announcement in finished:
        assert announcement["file"] is not None, "this machine has a sound card; nothing to check"
        assert announcement["started_at"]
        assert_audible(Path(announcement["file"]))
        (receipt,) = shown.book.receipts(announcement=announcement["id"], state="finished")
        assert receipt["incident"] in {i["id"] for i in shown.summary["incidents"]}
        assert receipt["seconds"] == pytest.approx(announcement["seconds"], abs=0.1)
    assert finished[-1]["file"] in shown.out or finished[0]["file"] in shown.out


def test_the_latencies_are_those_of_a_live_house(shown: Shown) -> None:
    """From frame to township and from incident to speech: there, positive, and short."""
    latency = shown.summary["latency_ms"]
    assert 0 < latency["frame_to_alert_p50"] <= latency["frame_to_alert_p95"] < 5000
    assert 0 < latency["incident_to_speech_p50"] < 5000


def test_the_one_time_links_let_in_once(shown: Shown) -> None:
    """Looking uses nothing up; entering gives a session; a second use is refused in words."""
    for name in ("township", "village"):
        assert shown.answers[f"{name} welcome"].status_code == 200
        assert 'name="enter"' in shown.answers[f"{name} welcome"].text
        assert shown.answers[f"{name} entered"].status_code == 200
        assert shown.answers[f"{name} entered"].url.path == "/"
        assert shown.answers[f"{name} again"].status_code == 410
        assert shown.answers[f"{name} stranger"].url.path == "/sign-in"


def test_both_pages_show_the_alert_with_its_picture(shown: Shown) -> None:
    """Somebody who came in by the link sees the incident where it happened."""
    alerts = {alert["id"]: alert for alert in shown.book.alerts()}
    page = shown.answers["township page"].text
    assert re.search(r'href="/cases/\d+"', page)
    linked = re.findall(rf"/pictures/{HUB}/([0-9a-f-]{{36}})/", page)
    assert linked
    assert set(linked) <= set(alerts)
    assert alerts[linked[0]]["camera_name"] in page or alerts[linked[0]]["zone_name"] in page
    assert any(a["zone_name"] in shown.answers["village page"].text for a in alerts.values())
    for name in ("township", "village"):
        assert shown.answers[f"{name} picture"].content.startswith(b"\xff\xd8")
        assert shown.answers[f"{name} picture"].headers["content-type"] == "image/jpeg"


def test_ctrl_c_ends_it_cleanly_and_json_has_stdout_for_itself(tmp_path: Path) -> None:
    """Interrupted after the first warning: a whole summary, status 0, nothing left behind."""
    state = tmp_path / "state"
    program = Program(tmp_path, "demo", "demo", "--json", "-", "--state", str(state))
    book = HubBook(state / "village" / "hub.db")
    try:
        wait_for(lambda: book.plays(state="finished"), timeout_s=60, what="a spoken warning")
        program.interrupt()
        assert program.ended() == 0, program.log[-2000:]
        summary = json.loads(program.out)
        assert summary["alerts_received"]
        assert [a for a in summary["announcements"] if a["state"] == "finished"]
        assert program.family() == {}
        assert "Traceback" not in program.log
    finally:
        program.clean_up()
        print(program.log[-4000:])  # noqa: T201 - shown when the test fails


def test_ctrl_c_before_anything_happened_is_no_success(tmp_path: Path) -> None:
    """Interrupted before an incident: ends in time, status 1, and leaves nothing behind."""
    program = Program(tmp_path, "demo", "demo", "--json", "-")
    try:
        program.until_said(r"alerts at the township 0")
        program.interrupt()
        assert program.ended() == 1
        assert json.loads(program.out)["alerts_received"] == []
        assert program.family() == {}
    finally:
        program.clean_up()


def seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()

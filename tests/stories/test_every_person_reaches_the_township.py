"""The big one: real footage, a real broker, real processes, and what can be killed is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.broker import Mosquitto, a_port
from tests.fakes.programs import Place, Program, assert_audible
from tests.fakes.rtsp import RtspCamera, units_of, write_units
from tests.requirements import need, need_gstreamer
from tests.waiting import wait_for

pytestmark = [pytest.mark.mosquitto, pytest.mark.rtsp, pytest.mark.shared]

CLIP = "public/intel_one-by-one-person-detection.mp4"
WIDTH, HEIGHT, FPS = 768, 432, 10
LOOKS_PER_S, FEWEST_FPS = 4, 3.0
DWELL_S, SLACK_S, EARLY_S = 1.5, 3.0, 0.3
LEAD_S = 5
"""The empty hall at the beginning is sent twice over the network, while the hub still starts."""
BROKER_DIES_S, BROKER_IS_BACK_S = 20.5, 40.5
"""While it is away the first person leaves and the second comes."""
WORKER_DIES_S = 79.0
"""In the middle of the fourth person's stay."""
BACK_S, LOST_S, RETURN_S = 10.0, 15.0, 15.0


@dataclass(slots=True)
class Run:
    """What happened, by the wall clock."""

    began: dict[str, float] = field(default_factory=dict)
    killed_at: float = 0.0
    stored_at_kill: int = 0


@pytest.fixture(scope="module")
def truth(shared: Path) -> dict[str, Any]:
    clips = json.loads((shared / "groundtruth.json").read_text(encoding="utf-8"))["clips"]
    return next(clip for clip in clips if clip["file"] == CLIP)


@pytest.fixture(scope="module")
def units(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clip as a camera would send it: H.264 with a key frame every second.

    One slice a picture: GStreamer repeats the parameters before every slice of a key frame, and
    then nobody can put a picture of several slices together again.
    """
    need_gstreamer()
    folder = tmp_path_factory.mktemp("clip")
    video = folder / "clip.mp4"
    encode = ("-an", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency")
    one_slice = ("-x264-params", "sliced-threads=0:slices=1")
    subprocess.run(
        [
            need("ffmpeg"),
            "-v",
            "error",
            "-i",
            shared / CLIP,
            *encode,
            *one_slice,
            "-g",
            str(FPS),
            video,
        ],
        check=True,
        timeout=100,
    )
    clip = units_of(video)
    return write_units(folder / "units", clip[: LEAD_S * FPS] + clip)


def watched(name: str, url: str, truth: dict[str, Any]) -> dict[str, Any]:
    """A camera with the zone that the ground truth suggests."""
    zone = next(r["zone"] for r in truth["suggested_rules"] if r["type"] == "intrusion")
    return {
        "id": name,
        "name": f"大厅 {name}",
        "url": url,
        "looks_per_s": LOOKS_PER_S,
        "zone": [
            {"id": "desk", "name": "柜台前", "polygon": [[x / WIDTH, y / HEIGHT] for x, y in zone]}
        ],
        "rule": [{"kind": "intrusion", "zone": "desk", "labels": ["person"], "dwell_s": DWELL_S}],
    }


@pytest.fixture
def village(
    place: Place, broker: Mosquitto, shared: Path, truth: dict[str, Any], units: Path
) -> tuple[Place, RtspCamera]:
    """A file and a live camera, each watched by a worker of its own, and a township."""
    network = RtspCamera(a_port(), units, fps=FPS, live=True)
    broker.start()
    place.settle(
        [watched("file", str(shared / CLIP), truth), watched("rtsp", network.url, truth)],
        vision={"model": str(shared / "models" / "yolox_nano.onnx"), "workers": 2},
    )
    place.start("township").until_said("township started")
    return place, network


def until(moment: float, hub: Program) -> None:
    """Let the clip run to a moment of the wall clock, and make sure that the hub does."""
    left_s = moment - time.time()
    wait_for(
        lambda: time.time() >= moment or not hub.running, timeout_s=max(0.0, left_s) + 5, what="it"
    )
    assert hub.running, hub.log[-3000:]


def watched_since(hub: Program, camera: str) -> list[float]:
    """Moments at which the hub began to watch a camera."""
    return hub.said_at(rf"camera camera={camera} state=watching")


def network_worker(hub: Program) -> int:
    """The worker that does not have the recording open."""
    workers = hub.children("vision.worker")
    assert len(workers) == 2
    (found,) = [pid for pid in workers if not any(CLIP in name for name in open_files(pid))]
    return found


def open_files(pid: int) -> list[str]:
    return [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]


@pytest.mark.timeout(300)
def test_every_person_is_one_alert_though_broker_and_worker_are_killed(
    village: tuple[Place, RtspCamera], broker: Mosquitto, truth: dict[str, Any]
) -> None:
    """Six people before two cameras are twelve alerts, each once, in time, with its picture."""
    place, network = village
    run = Run()
    with network:
        run.began["rtsp"] = time.time() + LEAD_S
        hub = place.start("hub")
        wait_for(
            lambda: watched_since(hub, "file") and watched_since(hub, "rtsp"),
            timeout_s=30,
            what="both cameras",
        )
        run.began["file"] = watched_since(hub, "file")[0]
        kill_the_broker(place, broker, hub, run)
        kill_a_worker(place, hub, run)
        until(max(run.began.values()) + truth["events"][-1]["leave"] + 2.0, hub)
        assert_every_person_is_known_once(place, truth, run)
        assert hub.stop() == 0
    assert [p for p in place.programs if p.said("Traceback|level=critical")] == []


def kill_the_broker(place: Place, broker: Mosquitto, hub: Program, run: Run) -> None:
    until(run.began["file"] + BROKER_DIES_S, hub)
    broker.kill()
    stored = len(place.township_book.alerts("intrusion"))
    wait_for(
        lambda: place.hub_book.outbox() and len(place.hub_book.incidents("intrusion")) > stored,
        timeout_s=BROKER_IS_BACK_S - BROKER_DIES_S,
        what="an incident that nobody can be told of",
    )
    until(run.began["file"] + BROKER_IS_BACK_S, hub)
    assert len(place.township_book.alerts("intrusion")) == stored
    broker.start()
    wait_for(lambda: place.hub_book.outbox() == 0, timeout_s=30, what="everything to be sent")


def kill_a_worker(place: Place, hub: Program, run: Run) -> None:
    """The one of the network camera, whose time goes on; the other must not notice."""
    until(run.began["rtsp"] + WORKER_DIES_S, hub)
    before = {camera: len(watched_since(hub, camera)) for camera in run.began}
    run.killed_at = time.time()
    os.kill(network_worker(hub), signal.SIGKILL)
    wait_for(lambda: len(watched_since(hub, "rtsp")) > before["rtsp"], what="it", timeout_s=BACK_S)
    assert hub.said_at("camera camera=rtsp state=degraded")
    assert len(watched_since(hub, "file")) == before["file"]
    assert hub.running


def assert_every_person_is_known_once(place: Place, truth: dict[str, Any], run: Run) -> None:
    book = place.township_book
    people = [event for event in truth["events"] if event["class"] == "person"]
    wait_for(lambda: place.hub_book.outbox() == 0, timeout_s=20, what="the last acknowledgement")
    for camera, began in run.began.items():
        alerts = book.alerts("intrusion", camera)
        times = [round(alert["opened_at"] - began, 1) for alert in alerts]
        assert len(alerts) == len(people) == 6, times
        assert len(book.opened("intrusion", camera)) == 6
        for opened_s, person in zip(times, people, strict=True):
            earliest, latest = person["enter"] - EARLY_S, person["enter"] + DWELL_S + SLACK_S
            assert earliest <= opened_s <= latest, times
    for alert in book.alerts("intrusion"):
        assert any(jpeg.startswith(b"\xff\xd8") for jpeg in book.pictures(alert["id"]))
    wait_for(lambda: warnings_are_receipted(place), timeout_s=40, what="a receipt of each warning")
    assert book.unfilled_gaps() == []
    others = {alert["kind"] for alert in book.alerts()} - {"intrusion"}
    assert others <= {"camera_lost", "vision_fault"}, "the end of the file, and the killed worker"
    sounds = {Path(r["proof"]).name for r in place.hub_book.plays() if r["state"] == "finished"}
    assert len(sounds) == len(place.sounds()) == 12
    for path in place.sounds():
        assert_audible(path)


def warnings_are_receipted(place: Place) -> bool:
    """Whether the township knows of each alert that its warning was spoken, once."""
    book = place.township_book
    spoken = [receipt["incident"] for receipt in book.receipts(state="finished")]
    return sorted(spoken) == sorted(alert["id"] for alert in book.alerts("intrusion"))


@pytest.mark.timeout(150)
def test_a_camera_that_is_unplugged_is_reported_and_comes_back(
    village: tuple[Place, RtspCamera],
) -> None:
    """Lost within 15 s with the reason, back within 15 s, and the other camera never notices."""
    place, network = village
    book = place.township_book
    with network:
        hub = place.start("hub")
        wait_for(lambda: place.watching("rtsp"), timeout_s=30, what="the live camera")
        wait_for(lambda: book.alerts("intrusion", "rtsp"), timeout_s=30, what="its first person")
        wait_for(lambda: looked_at_fps(place) > FEWEST_FPS, what="the other one at full speed")
    unplugged = time.time()
    lost = wait_for(lambda: book.alerts("camera_lost", "rtsp"), timeout_s=40, what="the loss")[0]
    assert lost["stored_at"] - unplugged <= LOST_S
    assert lost["label"] in {"refused", "ended", "stalled"}
    wait_for(lambda: book.cameras()["rtsp"]["state"] == "lost", what="the heartbeat to say so")
    assert book.cameras()["file"]["state"] == "watching"
    assert looked_at_fps(place) > FEWEST_FPS
    with network:
        plugged = time.time()
        wait_for(lambda: place.watching("rtsp"), timeout_s=40, what="the camera to come back")
        wait_for(
            lambda: book.alerts("camera_lost", "rtsp")[0]["phase"] == "closed",
            timeout_s=20,
            what="the end of the loss",
        )
        assert watched_since(hub, "rtsp")[-1] - plugged <= RETURN_S
        assert len(book.alerts("camera_lost")) == 1
        assert len(watched_since(hub, "file")) == 1
        assert looked_at_fps(place) > FEWEST_FPS
        assert not hub.said("worker lost")
        assert hub.stop() == 0


def looked_at_fps(place: Place) -> float:
    """How often the file is looked at, as the hub last told the township."""
    return float(place.township_book.cameras()["file"]["looked_at_fps"])

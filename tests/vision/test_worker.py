"""The worker process, whole: real cameras, real model, real descriptor."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.onnx_files import write_constant_network
from tests.fakes.rtsp import RtspCamera, encoded, write_units
from tests.fakes.videos import walking, write_video
from tests.fakes.workers import VisionWorker
from vision.reports import (
    CameraState,
    Heartbeat,
    IncidentReport,
    Phase,
    WorkerFault,
    WorkerReady,
)
from vision.settings import CameraSpec, RuleSpec, WorkerSpec, ZoneSpec

EVERYWHERE = ZoneSpec("z", "全景", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
CELLS = 64 + 16 + 4


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector that sees one person in every picture, in the same place."""
    out = np.zeros((1, 84, CELLS), np.float32)
    out[0, :4, 7] = (32, 32, 16, 16)
    out[0, 4, 7] = 0.9
    folder = tmp_path_factory.mktemp("model")
    return write_constant_network(folder / "sees-all.onnx", (1, 3, 64, 64), {"o": out})


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("video") / "walk.mp4", walking(30))


def camera(url: str | Path, name: str = "gate", **changes: object) -> CameraSpec:
    spec: dict[str, object] = {
        "loop": True,
        "zones": (EVERYWHERE,),
        "rules": (RuleSpec("intrusion", "z"),),
    }
    return CameraSpec(name, name, str(url), **{**spec, **changes})  # type: ignore[arg-type]


def spec(model: str | Path, *cameras: CameraSpec) -> WorkerSpec:
    return WorkerSpec("w1", cameras, model=str(model), heartbeat_s=0.3)


def wait_for_state(
    worker: VisionWorker, state: CameraState, name: str = "gate", timeout_s: float = 20.0
) -> float:
    """Seconds until the worker reports the state."""
    begun = time.monotonic()
    condition = lambda _: (now := worker.last(name)) is not None and now.state is state  # noqa: E731
    worker.line.until(condition, timeout_s)
    return time.monotonic() - begun


def first_incident(worker: VisionWorker, name: str = "gate") -> IncidentReport:
    def opened(seen: list[object]) -> IncidentReport | None:
        for report in seen:
            if isinstance(report, IncidentReport) and report.camera == name:
                return report
        return None

    return worker.line.until(opened)  # type: ignore[arg-type, return-value]


def test_from_a_file_to_an_incident(model: Path, video: Path) -> None:
    """Ready, watching, beating, and the person in the zone opens an incident with a picture."""
    begun = time.monotonic()
    with VisionWorker(spec(model, camera(video))) as worker:
        wait_for_state(worker, CameraState.WATCHING)
        incident = first_incident(worker)
        took_s = time.monotonic() - begun
        assert isinstance(worker.line.seen[0], WorkerReady)
        assert incident.phase is Phase.OPENED
        assert incident.jpeg.startswith(b"\xff\xd8")
        assert time.monotonic() - incident.frame_mono_s < 2.0
        assert any(isinstance(report, Heartbeat) for report in worker.line.seen)
        assert took_s < 10


def test_the_first_picture_is_analysed_soon(model: Path, video: Path) -> None:
    """Cold start to first look within five seconds."""
    begun = time.monotonic()
    with VisionWorker(spec(model, camera(video))) as worker:
        worker.line.until(lambda _: (now := worker.last("gate")) is not None and now.looked > 0)
        assert time.monotonic() - begun < 5.0


def test_end_of_file_stops_it(model: Path, video: Path) -> None:
    """The supervisor closes the line: the worker leaves in order, within two seconds."""
    with VisionWorker(spec(model, camera(video), camera("/nowhere.mp4", "b"))) as worker:
        wait_for_state(worker, CameraState.WATCHING)
        begun = time.monotonic()
        worker.hang_up()
        assert worker.process.wait(5) == 0
        assert time.monotonic() - begun < 2.0


def test_ctrl_c_is_not_its_business_and_sigterm_is(model: Path, video: Path) -> None:
    """SIGINT is ignored, SIGTERM stops it."""
    with VisionWorker(spec(model, camera(video))) as worker:
        wait_for_state(worker, CameraState.WATCHING)
        os.kill(worker.process.pid, signal.SIGINT)
        seen = len(worker.line.seen)
        worker.line.until(lambda reports: len(reports) > seen + 2)
        assert worker.process.poll() is None
        worker.process.terminate()
        assert worker.process.wait(5) == 0


def test_killed_it_leaves_an_ended_line(model: Path, video: Path) -> None:
    """After kill -9 the supervisor reads end of file, and a new worker starts as before."""
    for _ in range(2):
        with VisionWorker(spec(model, camera(video))) as worker:
            wait_for_state(worker, CameraState.WATCHING)
            worker.process.kill()
            deadline = time.monotonic() + 5
            while not worker.line.ended and time.monotonic() < deadline:
                worker.line.read(0.2)
            assert worker.line.ended
            assert worker.process.wait(5) == -signal.SIGKILL


def test_an_unreadable_video_is_lost_and_the_other_camera_works(
    model: Path, video: Path, tmp_path: Path
) -> None:
    """One camera's fault stays one camera's fault."""
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video at all" * 100)
    cameras = (camera(broken, "broken"), camera(tmp_path / "gone.mp4", "gone"), camera(video))
    with VisionWorker(spec(model, *cameras)) as worker:
        first_incident(worker)
        wait_for_state(worker, CameraState.LOST, "broken")
        wait_for_state(worker, CameraState.LOST, "gone")
        reasons = {name: worker.last(name) for name in ("broken", "gone")}
        assert {name: report.fault for name, report in reasons.items() if report} == {
            "broken": "not_a_video",
            "gone": "no_such_file",
        }


def classifier(folder: Path) -> Path:
    out = np.zeros((1, 1000), np.float32)
    return write_constant_network(folder / "classifier.onnx", (1, 3, 64, 64), {"p": out})


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("wrong", ["empty", "text", "classifier", "missing"])
def test_a_wrong_model_is_said_in_a_sentence(wrong: str, video: Path, tmp_path: Path) -> None:
    """The fault names the file and the remedy, and the status is 3."""
    path = {
        "empty": lambda: written(tmp_path / "empty.onnx", b""),
        "text": lambda: written(tmp_path / "text.onnx", b"not a model\n" * 99),
        "classifier": lambda: classifier(tmp_path),
        "missing": lambda: tmp_path / "missing.onnx",
    }[wrong]()
    with VisionWorker(spec(path, camera(video))) as worker:
        (fault,) = worker.line.until(
            lambda seen: [report for report in seen if isinstance(report, WorkerFault)]
        )
        assert fault.what == "model"
        assert path.name in fault.sentence
        assert fault.sentence.endswith(".")
        assert worker.process.wait(5) == 3


def test_a_faulty_rule_is_said_and_the_others_work(model: Path, video: Path) -> None:
    """The fault names the rule; the good rule opens its incident."""
    rules = (RuleSpec("dragon", "z"), RuleSpec("intrusion", "z"))
    with VisionWorker(spec(model, camera(video, rules=rules))) as worker:
        first_incident(worker)
        (fault,) = [r for r in worker.line.seen if isinstance(r, WorkerFault)]
        assert fault.what == "rule"
        assert "dragon" in fault.sentence


def test_a_mask_that_cannot_be_drawn_keeps_the_camera_dark(model: Path, video: Path) -> None:
    """Better no picture than an unmasked one."""
    unmasked = camera(video, privacy_masks=(((0.0, 0.0), (1.0, 1.0)),))
    with VisionWorker(spec(model, unmasked, camera(video, "other"))) as worker:
        first_incident(worker, "other")
        wait_for_state(worker, CameraState.LOST)
        report = worker.last("gate")
        assert report is not None
        assert report.frames == 0
        assert "mask" in report.detail


def test_orders_that_make_no_sense_end_it() -> None:
    """Status 2, and no traceback on the line."""
    with VisionWorker(WorkerSpec("w1", ())) as worker:
        worker.line.until(bool)
    broken = VisionWorker(WorkerSpec("w1", 7))  # type: ignore[arg-type]
    with broken as worker:
        assert worker.process.wait(10) == 2


@pytest.mark.rtsp
def test_an_unplugged_camera_is_lost_and_comes_back(
    model: Path, video: Path, tmp_path: Path, free_port: int
) -> None:
    """Lost within 15 s of the server's end, back within 15 s of its return, others undisturbed."""
    units = write_units(tmp_path / "units", encoded(walking(20), 10))
    url = f"rtsp://admin:geheim@127.0.0.1:{free_port}/live"
    with VisionWorker(spec(model, camera(url), camera(video, "file"))) as worker:
        with RtspCamera(free_port, units, auth="admin:geheim"):
            wait_for_state(worker, CameraState.WATCHING)
            first_incident(worker)
        assert wait_for_state(worker, CameraState.LOST, timeout_s=15) < 15
        lost = worker.last("gate")
        assert lost is not None
        assert lost.fault in {"refused", "ended"}
        assert "geheim" not in lost.detail
        with RtspCamera(free_port, units, auth="admin:geheim"):
            assert wait_for_state(worker, CameraState.WATCHING, timeout_s=15) < 15
        states = {
            inside.state
            for report in worker.line.seen
            if isinstance(report, Heartbeat)
            for inside in report.cameras
            if inside.camera == "file"
        }
        assert states <= {CameraState.STARTING, CameraState.WATCHING}

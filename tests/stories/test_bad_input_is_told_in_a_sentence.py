"""Whatever a person or a disk does wrong is named, with what to do about it; nothing is lost."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.broker import Mosquitto
from tests.fakes.programs import Place, Program, assert_audible
from tests.requirements import missing, need
from tests.waiting import wait_for

Mount = Callable[[Path, str], None]
MEGABYTE = 1 << 20
NOT_A_MODEL = "The file {path} is not a model that can be loaded"


@pytest.fixture
def mount() -> Iterator[Mount]:
    """Mounts a small tmpfs for the length of a test; skips where that is not allowed."""
    done: list[Path] = []

    def small(folder: Path, options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        command = [need("mount"), "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if (
            os.geteuid() != 0
            or subprocess.run(command, capture_output=True, check=False).returncode
        ):
            missing("the right to mount a small tmpfs", optional=True)
        done.append(folder)

    yield small
    for folder in done:
        subprocess.run([need("umount"), "-l", str(folder)], check=True)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts a program that is expected to end by itself."""
    started: list[Program] = []

    def start(name: str, *arguments: str, lang: str = "en") -> Program:
        started.append(Program(tmp_path / "logs", name, name, *arguments, lang=lang))
        return started[-1]

    yield start
    for program in started:
        program.clean_up()


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def last_sentence(program: Program) -> str:
    return program.log.strip().splitlines()[-1]


def test_the_demo_refuses_a_file_that_is_no_model(
    tmp_path: Path, run: Callable[..., Program]
) -> None:
    """Status 1, and the last line names the file and what would do instead."""
    model = written(tmp_path / "wrong.onnx", "this is no model")
    demo = run("demo", "--seconds", "30", "--model", str(model))
    assert demo.ended(60) == 1
    assert last_sentence(demo).startswith(NOT_A_MODEL.format(path=model))
    assert "leave `model` empty for the built-in one" in last_sentence(demo)
    assert "Traceback" not in demo.log
    assert demo.family() == {}


def test_the_demo_refuses_a_file_that_is_no_video(
    tmp_path: Path, run: Callable[..., Program]
) -> None:
    """Status 1, and the last line names the file and what to do."""
    video = written(tmp_path / "diary.mp4", "this is no video")
    demo = run("demo", "--seconds", "30", "--video", str(video))
    assert demo.ended(60) == 1
    sentence = f"The video cannot be watched. {video}: What was opened is not a video."
    assert last_sentence(demo).startswith(sentence)
    assert "Traceback" not in demo.log
    assert demo.family() == {}


@pytest.mark.mosquitto
def test_a_hub_with_a_wrong_model_watches_with_its_own_and_the_township_knows_why(
    place: Place, broker: Mosquitto, courtyard: dict[str, Any]
) -> None:
    """It runs on with the built-in model, sees the incident, and the fault is an alert."""
    model = written(place.folder / "wrong.onnx", "this is no model")
    broker.start()
    place.start("township").until_said("township started")
    place.settle([courtyard], vision={"model": str(model)})
    hub = place.start("hub")
    book = place.township_book
    (alert,) = wait_for(lambda: book.alerts("vision_fault"), timeout_s=30, what="the alert")
    assert alert["phase"] != "closed"
    wait_for(lambda: str(model) in book.faults(), timeout_s=20, what="the reason in the heartbeat")
    wait_for(lambda: book.alerts("intrusion", "courtyard"), timeout_s=60, what="the incident")
    assert len(book.alerts("vision_fault")) == 1
    assert len(book.opened("vision_fault")) == 1
    assert hub.running
    assert hub.stop() == 0


@pytest.mark.mosquitto
def test_a_video_that_cannot_be_read_is_a_lost_camera_and_the_other_goes_on(
    place: Place, broker: Mosquitto, courtyard: dict[str, Any]
) -> None:
    """The township learns which camera and why; the other one opens its incident."""
    broker.start()
    place.start("township").until_said("township started")
    video = written(place.folder / "diary.mp4", "this is no video")
    place.settle([courtyard, {"id": "diary", "name": "日记", "url": str(video)}])
    hub = place.start("hub")
    book = place.township_book
    (alert,) = wait_for(lambda: book.alerts("camera_lost"), timeout_s=30, what="the loss")
    assert (alert["camera"], alert["label"]) == ("diary", "not_a_video")
    wait_for(lambda: book.alerts("intrusion", "courtyard"), timeout_s=30, what="the other camera")
    assert hub.stop() == 0


def test_every_mistake_in_a_configuration_is_named_at_once(
    place: Place, run: Callable[..., Program]
) -> None:
    """Status 2, one sentence for each mistake with file, key and remedy; nothing is started."""
    place.settle([{"id": "gate", "name": "大门", "url": "a.mp4", "looks_per_second": 5}])
    text = place.hub_config.read_text(encoding="utf-8")
    written(place.hub_config, text.replace('village = "林家村"', 'villag = "林家村"'))
    hub = run("hub", "--config", str(place.hub_config))
    assert hub.ended(30) == 2
    assert "Did you mean `village`?" in hub.log
    assert "Did you mean `looks_per_s`?" in hub.log
    assert all(line.startswith(f"In {place.hub_config}, ") for line in hub.log.splitlines())
    assert not place.state.exists()


def test_a_configuration_that_is_no_toml_is_told_with_its_line(
    tmp_path: Path, run: Callable[..., Program]
) -> None:
    """Status 2 and the line to look at, in the reader's language."""
    config = written(tmp_path / "hub.toml", '[hub]\nid = "lin-jia-cun"\nvillage = 林家村\n')
    english = run("hub", "--config", str(config))
    chinese = run("hub", "--config", str(config), lang="zh")
    assert (english.ended(30), chinese.ended(30)) == (2, 2)
    assert f"In {config}, line 3 is not written correctly" in english.log
    assert str(config) in chinese.log
    assert "第 3 行" in chinese.log


@pytest.mark.parametrize("what", ["hub", "township"])
def test_a_port_in_use_is_named(
    place: Place, broker: Mosquitto, run: Callable[..., Program], what: str
) -> None:
    """Status 1 and a sentence with the port; no process stays."""
    place.settle([])
    config = place.hub_config if what == "hub" else place.township_config
    port = int((place.hub_url if what == "hub" else place.township_url).rpartition(":")[2])
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        program = run(what, "--config", str(config))
        assert program.ended(30) == 1
    assert str(port) in last_sentence(program)
    assert "in use" in last_sentence(program)
    assert "Traceback" not in program.log
    assert program.family() == {}


@pytest.mark.parametrize(
    ("what", "remedy"),
    [
        ("hub", "Make {folder} writable"),
        ("township", "Check the path, the rights and the free space"),
        ("demo", "The folder {folder} cannot be written"),
    ],
)
def test_a_state_folder_that_cannot_be_written_is_named(
    place: Place, mount: Mount, run: Callable[..., Program], what: str, remedy: str
) -> None:
    """Status 1 and a sentence with the folder and the remedy."""
    folder = place.folder / "township" if what == "township" else place.state
    mount(folder, "size=1m,ro")
    place.settle([])
    arguments = {
        "hub": ["--config", str(place.hub_config)],
        "township": ["--config", str(place.township_config)],
        "demo": ["--state", str(folder), "--seconds", "5"],
    }
    program = run(what, *arguments[what])
    assert program.ended(30) == 1
    assert str(folder) in last_sentence(program)
    assert remedy.format(folder=folder) in last_sentence(program)
    assert "Traceback" not in program.log
    assert program.family() == {}


@pytest.mark.mosquitto
@pytest.mark.timeout(150)
def test_a_full_disk_does_not_silence_the_danger_and_loses_nothing(
    place: Place, broker: Mosquitto, courtyard: dict[str, Any], mount: Mount
) -> None:
    """Spoken at once and once, shown as a fault, and told to the township when there is room."""
    mount(place.state, "size=8m")
    broker.start()
    place.start("township").until_said("township started")
    place.settle([courtyard], state={"free_mb": 2})
    hub = place.start("hub")
    book = place.township_book
    hub.until_said("hub started")
    filler = fill(place.state)
    wait_for(place.sounds, timeout_s=40, what="the warning in spite of it")
    wait_for(lambda: "full" in book.faults(), timeout_s=20, what="the fault in the heartbeat")
    assert place.hub_book.incidents("intrusion") == []
    assert book.alerts("intrusion") == []
    assert hub.said("incident not written")
    wait_for(lambda: sound_is_whole(place.sounds()[0]), timeout_s=30, what="the end of the warning")
    filler.unlink()
    (alert,) = wait_for(lambda: book.alerts("intrusion"), timeout_s=30, what="the incident")
    wait_for(lambda: "full" not in book.faults(), timeout_s=20, what="the end of the fault")
    wait_for(
        lambda: book.receipts(state="finished"), timeout_s=20, what="the receipt of the warning"
    )
    assert len(book.opened("intrusion")) == 1
    assert alert["stored_at"] > alert["opened_at"]
    assert book.unfilled_gaps() == []
    assert hub.running
    assert hub.stop() == 0
    assert len(place.sounds()) == 1, "the same warning was spoken twice"
    assert_audible(place.sounds()[0])


def fill(folder: Path) -> Path:
    """Take all the room there is; returns what takes it."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (MEGABYTE, 4096, 1):
            with suppress(OSError):
                while file.write(b"\0" * size):
                    pass
    return filler


def sound_is_whole(path: Path) -> bool:
    try:
        assert_audible(path)
    except (AssertionError, EOFError):
        return False
    return True

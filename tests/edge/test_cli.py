"""The command line: languages, help, exit statuses, and never a traceback."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from broadcast.errors import VoiceError
from edge import __version__
from edge.cli import run
from edge.cli.command import Call, Command
from edge.cli.commands import COMMANDS
from edge.cli.parser import build_parser
from edge.errors import SettingsError, StartError
from edge.words import Words
from tests.requirements import REPOSITORY
from vision.errors import ModelError

HUB = """\
[hub]
id = "lin-jia-cun"
village = "林家村"
township = "qing-shan"
"""


@pytest.fixture
def hub(tmp_path: Path) -> str:
    """A small configuration that is right."""
    path = tmp_path / "hub.toml"
    path.write_text(HUB, encoding="utf-8")
    return str(path)


def failing(error: BaseException) -> int:
    """Run a command that raises something."""

    def raise_it(_: Call) -> int:
        raise error

    return run(["check"], {}, (Command("check", lambda *_: None, raise_it),))


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_command_explains_itself(
    command: str, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--help` shows what it does and an example, in the language that was asked for."""
    assert run([command, "--help", "--lang", language], {}) == 0
    shown = capsys.readouterr().out
    assert f"village-hub {command}" in shown.split("\n\n", 1)[1], "an example"
    assert bool(re.search("[一-鿿]{4}", shown.replace("王芳", ""))) == (language == "zh")
    assert ("usage:" in shown.lower()) == (language == "en")


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody who types only the name gets the list of commands, and status 2 for scripts."""
    assert run([], {"LANG": "zh_CN.UTF-8"}) == 2
    shown = capsys.readouterr().err
    assert all(command.name in shown for command in COMMANDS)
    assert "用法" in shown


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints it."""
    assert run(["--version"], {}) == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "wanted"),
    [
        (["check"], "--config is missing. See: village-hub check --help"),
        (["check", "--config"], "--config needs a value"),
        (["check", "--config", "x", "--colour"], "--colour is not understood here"),
        (["chekc"], "chekc"),
        (["demo", "--seconds", "many"], "'many' is not a number"),
        (["check", "--lang", "fr", "--config", "x"], "'fr' is not possible for --lang"),
        (["user"], "ACTION is missing"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    argv: list[str], wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was typed wrongly is answered with one line and status 2."""
    assert run(argv, {}) == 2
    said = capsys.readouterr().err
    assert wanted in said
    assert said.count("\n") == 1


def test_bad_settings_are_one_sentence_per_line_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every problem of a configuration is its own line on stderr."""
    path = tmp_path / "hub.toml"
    path.write_text("[hub]\nid = 'A B'\n")
    assert run(["hub", "--config", str(path)], {}) == 2
    assert len(capsys.readouterr().err.splitlines()) == 3


@pytest.mark.parametrize(
    ("error", "status", "wanted"),
    [
        (SettingsError(["One.", "Two."]), 2, "One.\nTwo.\n"),
        (StartError("The port is taken."), 1, "The port is taken.\n"),
        (ModelError("No model."), 1, "No model.\n"),
        (VoiceError("No voice."), 1, "No voice.\n"),
        (PermissionError(13, "Permission denied", "/x"), 1, "/x cannot be used: Permission denied"),
        (OSError(28, "No space left on device"), 1, "refused: No space left on device"),
        (ModuleNotFoundError("No module named 'cv2'"), 1, "not complete: No module named 'cv2'"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_a_failure_is_a_sentence_and_a_status(
    error: BaseException,
    status: int,
    wanted: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Errors of the house, of the system and of the keyboard never show a traceback."""
    assert failing(error) == status
    said = capsys.readouterr().err
    assert wanted in said
    assert "Traceback" not in said


def test_a_reader_who_goes_away_is_no_error_message(hub: str) -> None:
    """`village-hub check … | head -0` ends without a word on stderr."""
    command = [sys.executable, "-m", "edge", "check", "--config", hub]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(timeout=30) in {0, 1}


def test_check_explains_what_will_run_and_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cameras with their rules, the link, the pages; and what was probably forgotten."""
    path = tmp_path / "hub.toml"
    path.write_text(
        HUB
        + """
[link]
host = "192.0.2.1"
[web]
host = "0.0.0.0"
[[camera]]
id = "shuiku"
name = "水库"
url = "rtsp://192.0.2.7/live"
username = "admin"
[[camera.zone]]
id = "shore"
name = "岸边"
polygon = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]
[[camera.rule]]
zone = "shore"
[[camera]]
id = "bridge"
name = "桥"
url = "gone.mp4"
[[camera]]
id = "off"
name = "停用的"
url = "x.mp4"
enabled = false
"""
    )
    assert run(["check", "--config", str(path), "--lang", "zh"], {}) == 0
    shown = capsys.readouterr().out
    for wanted in (
        "林家村村级一体机",
        "摄像机 水库（shuiku）：rtsp://192.0.2.7/live",
        "人员、车辆在岸边停留 1.5 秒；紧急",
        "摄像机 停用的（off）：已停用",
        "! 摄像机 桥（bridge）没有规则",
        f"! 摄像机 桥 的视频文件 {tmp_path}/gone.mp4 不存在",
        "! 摄像机 水库（shuiku）写了用户名",
        "! 没有设置喇叭",
        "! 没有设置 command_keys",
        "! 到 192.0.2.1 的连接没有加密",
        "! 页面对网络开放",
    ):
        assert wanted in shown, wanted
    assert "停用的 的视频" not in shown


def test_check_knows_a_township_and_an_unknown_rule(
    tmp_path: Path, hub: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both files are recognised; a kind of rule that does not exist is wrong."""
    path = tmp_path / "township.toml"
    path.write_text('[township]\nid = "qing-shan"\nname = "青山镇"\n', encoding="utf-8")
    assert run(["check", "--config", str(path)], {}) == 0
    assert "Township console qing-shan, 青山镇." in capsys.readouterr().out
    with Path(hub).open("a", encoding="utf-8") as file:
        file.write('[[camera]]\nid="a"\nname="a"\nurl="synthetic:"\n[[camera.rule]]\nkind="ufo"\n')
    assert run(["check", "--config", hub], {}) == 2
    assert "camera[a].rule[0].kind is not one of the choices" in capsys.readouterr().err


def test_a_console_needs_no_vision_and_no_sound(tmp_path: Path) -> None:
    """`check` of a township loads none of the libraries that only a hub has, nor the pages."""
    path = tmp_path / "township.toml"
    path.write_text('[township]\nid = "t"\nname = "青山镇"\n', encoding="utf-8")
    programme = (
        "import sys; from edge.cli import run; "
        f"status = run(['check', '--config', {str(path)!r}], {{}}); "
        "heavy = {'numpy', 'cv2', 'av', 'onnxruntime', 'pydub', 'fastapi'} & set(sys.modules); "
        "sys.exit(status or str(heavy or ''))"
    )
    command = [sys.executable, "-c", programme]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}
    assert done.stderr.strip() == ""


def test_check_without_any_camera_says_so(hub: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A box that will see nothing is a configuration that can be used, with a warning."""
    assert run(["check", "--config", hub], {}) == 0
    assert "! No camera is set up" in capsys.readouterr().out


def test_both_languages_say_the_same_things() -> None:
    """Every sentence is there in Chinese and English, with the same values to fill in."""
    zh, en = (Words.load("edge.cli", language) for language in ("zh", "en"))
    assert zh.keys == en.keys
    for key in zh.keys:
        holes = [set(re.findall(r"{(\w+)}", words._sentences[key])) for words in (zh, en)]
        assert holes[0] == holes[1], key


def test_no_sentence_is_unused() -> None:
    """Every key of the words files is spoken somewhere: as a whole, or as its last part."""
    files = sorted((REPOSITORY / "edge" / "cli").rglob("*.py"))
    code = "\n".join(path.read_text(encoding="utf-8") for path in files)
    code += "".join(f'"{command.name}.about" "{command.name}.examples"' for command in COMMANDS)
    code = code.replace("'", '"')
    closed = ("role.", "label.", "severity.", "usage.", "doctor.camera_")
    actions = {"user.add", "user.invite", "user.remove", "user.list"}
    for key in Words.load("edge.cli", "en").keys:
        short = key.removeprefix("doctor.").removesuffix(".found").removesuffix(".remedy")
        if key in actions:
            continue
        assert f'"{key}"' in code or f'"{short}"' in code or key.startswith(closed), key


def test_every_command_is_a_file_and_a_line() -> None:
    """The parser offers exactly the registered commands."""
    parser = build_parser(COMMANDS, Words.load("edge.cli", "en"))
    shown = parser.format_help()
    for command in COMMANDS:
        assert f"    {command.name}" in shown

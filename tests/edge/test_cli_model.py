"""`village-hub model`: a detector is brought, checked, chosen, and found by the settings."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import numpy as np
import pytest

from edge.cameras import worker_specs
from edge.cli import run
from edge.cli.commands import model as command
from edge.settings import load_hub, write_override
from tests.fakes.onnx_files import write_constant_network

HUB = """\
[hub]
id = "a"
village = "林家村"
township = "t"
[state]
folder = "s"
[[camera]]
id = "gate"
name = "大门"
url = "synthetic:"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "hub.toml"
    path.write_text(HUB, encoding="utf-8")
    return path


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """A file as somebody brings it."""
    return network(tmp_path / "usb" / "yard.onnx")


def network(path: Path, **metadata: str) -> Path:
    out = np.zeros((1, 84, 84), np.float32)
    path.parent.mkdir(exist_ok=True)
    return write_constant_network(path, (1, 3, 64, 64), {"o": out}, metadata)


def call(config: Path, *argv: str, language: str = "en") -> int:
    action, *rest = argv
    return run(["model", action, "--config", str(config), "--lang", language, *rest], {})


def test_a_model_is_added_chosen_and_used(
    config: Path, stick: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the stick to the orders of the worker, which name the file in the store."""
    assert call(config, "add", str(stick)) == 0
    said = capsys.readouterr().out
    assert "yard was checked and is kept. Format ultralytics" in said
    assert "model default yard" in said
    assert call(config, "default", "yard") == 0
    stored = config.parent / "s" / "models" / "yard.onnx"
    settings = load_hub(config)
    assert settings.vision.model == stored
    assert [spec.model for spec in worker_specs(settings)] == [str(stored)]
    capsys.readouterr()
    assert call(config, "list") == 0
    shown = capsys.readouterr().out.splitlines()
    assert any("yard " in line and "in use" in line and "64×64" in line for line in shown)
    assert not any("built-in" in line and "in use" in line for line in shown)


def test_choosing_keeps_what_the_pages_wrote(config: Path, stick: Path) -> None:
    """Only one key of the override file changes; going back to the built-in one is a choice too."""
    assert call(config, "add", str(stick)) == 0
    override = config.parent / "s" / "override.toml"
    write_override(override, {"web": {"port": 1234}, "vision": {"threads": 2}})
    assert call(config, "default", "yard") == 0
    tree = tomllib.loads(override.read_text(encoding="utf-8"))
    assert tree == {"web": {"port": 1234}, "vision": {"threads": 2, "model": "yard"}}
    assert call(config, "default", "built-in") == 0
    settings = load_hub(config)
    assert settings.vision.model is None
    assert (settings.web.port, settings.vision.threads) == (1234, 2)


def test_a_model_that_is_gone_does_not_lock_anybody_out(
    config: Path, stick: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The hub still starts (its workers watch with the built-in one); another can be chosen."""
    call(config, "add", str(stick))
    call(config, "default", "yard")
    (config.parent / "s" / "models" / "yard.onnx").unlink()
    (spec,) = worker_specs(load_hub(config))
    assert spec.model.endswith("models/yard.onnx")
    capsys.readouterr()
    assert call(config, "default", "built-in") == 0
    assert load_hub(config).vision.model is None


def test_only_a_working_model_can_be_chosen(
    config: Path, stick: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown name and a damaged file change nothing."""
    assert call(config, "default", "gone") == 1
    call(config, "add", str(stick))
    stored = config.parent / "s" / "models" / "yard.onnx"
    stored.write_bytes(stored.read_bytes()[:-7])
    assert call(config, "default", "yard") == 1
    assert "changed or damaged" in capsys.readouterr().err
    assert not (config.parent / "s" / "override.toml").exists()


def test_verify_names_the_damaged_one_and_fails(
    config: Path, stick: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every model gets its line; one bad one makes the whole call fail, for scripts."""
    call(config, "add", str(stick))
    call(config, "add", str(stick), "--name", "other")
    assert call(config, "verify") == 0
    stored = config.parent / "s" / "models" / "other.onnx"
    stored.write_bytes(b"x")
    capsys.readouterr()
    assert call(config, "verify", language="zh") == 1
    shown = capsys.readouterr().out
    assert "yard：完整，能用" in shown
    assert "other：不能用" in shown
    assert "built-in：完整，能用" in shown
    assert call(config, "verify", "yard") == 0
    assert call(config, "verify", "built-in") == 0


@pytest.mark.parametrize(
    ("licence", "said"),
    [
        ("AGPL-3.0 License", "strict conditions"),
        ("", "does not say under which licence"),
        ("MIT", "Licence: MIT"),
    ],
)
def test_the_licence_is_shown_and_a_strict_one_warned_of(
    config: Path,
    tmp_path: Path,
    licence: str,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is the operator's decision, but not an unknowing one."""
    path = network(tmp_path / "usb" / "x.onnx", **({"license": licence} if licence else {}))
    assert call(config, "add", str(path)) == 0
    shown = capsys.readouterr().out
    assert said in shown
    assert ("!" in shown) == (licence != "MIT")


def test_a_wrong_copy_of_a_known_file_is_refused_in_words(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name of the catalogue with another content: status 1, one sentence, nothing kept."""
    path = network(tmp_path / "usb" / "yolox_nano.onnx")
    assert call(config, "add", str(path), language="zh") == 1
    said = capsys.readouterr()
    assert "YOLOX-Nano" in said.err
    assert "请重新复制" in said.err
    assert said.out == ""
    assert list((config.parent / "s" / "models").glob("*")) == []


def test_bench_gives_a_line_for_each(
    config: Path, stick: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Milliseconds and looks per second; a broken model is named and does not end the table."""
    from vision.models import speed

    monkeypatch.setattr(speed.measure, "__kwdefaults__", {
        **(speed.measure.__kwdefaults__ or {}), "seconds": 0.01,
    })  # fmt: skip
    call(config, "add", str(stick))
    (config.parent / "s" / "models" / "bad.onnx").write_bytes(b"x")
    capsys.readouterr()
    assert call(config, "bench") == 1
    lines = capsys.readouterr().out.splitlines()
    assert sum("ms a look" in line for line in lines) == 2
    assert any(line.startswith("bad: cannot be used.") for line in lines)
    assert call(config, "bench", "yard") == 0


def test_the_list_shows_what_can_be_brought(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """File name, size and licence of each known file, in both languages."""
    for language, mark in (("en", "too slow for a small box"), ("zh", "小设备跑不动")):
        assert call(config, "list", language=language) == 0
        shown = capsys.readouterr().out
        assert "yolox_nano.onnx" in shown
        assert "Apache-2.0" in shown
        assert mark in shown


def test_a_broken_override_is_told_and_left_alone(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Choosing does not paper over a file that somebody edited wrongly."""
    folder = config.parent / "s"
    folder.mkdir()
    (folder / "override.toml").write_text("[vision\n", encoding="utf-8")
    assert call(config, "default", "built-in") == 2
    assert "override.toml" in capsys.readouterr().err
    assert (folder / "override.toml").read_text(encoding="utf-8") == "[vision\n"


def test_what_an_administrator_writes_belongs_to_the_hub(
    config: Path, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written as root into a folder of the hub's user, every file is given to that user."""
    given: dict[str, tuple[int, int]] = {}
    folder = config.parent / "s"
    folder.mkdir()
    found = os.stat_result((0o40755, 1, 1, 1, 1234, 1235, 0, 0, 0, 0))
    real = Path.stat

    def stat(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        return found if self == folder else real(self, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", stat)
    monkeypatch.setattr(command.os, "geteuid", lambda: 0)
    monkeypatch.setattr(
        command.os, "chown", lambda path, uid, gid: given.update({path.name: (uid, gid)})
    )
    assert call(config, "add", str(stick)) == 0
    assert call(config, "default", "yard") == 0
    wanted = {"yard.onnx", "yard.json", "models", "override.toml"}
    assert {name for name, owner in given.items() if owner == (1234, 1235)} >= wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("built-in", None),
        ("yard", "s/models/yard.onnx"),
        ("usb/yard.onnx", "usb/yard.onnx"),
        ("./usb/yard.onnx", "usb/yard.onnx"),
    ],
)
def test_a_setting_is_a_name_or_a_path(
    config: Path, stick: Path, value: str, wanted: str | None
) -> None:
    """A bare name means the store; anything with a folder or an ending means a file."""
    call(config, "add", str(stick))
    config.write_text(f'{HUB}[vision]\nmodel = "{value}"\n', encoding="utf-8")
    expected = None if wanted is None else config.parent / wanted
    assert load_hub(config).vision.model == expected


def test_further_models_reach_the_worker(config: Path, stick: Path) -> None:
    """Names, paths and the built-in one; a name that is not there keeps its place."""
    call(config, "add", str(stick))
    listed = 'extra_models = ["yard", "built-in", "usb/yard.onnx"]'
    config.write_text(f"{HUB}[vision]\n{listed}\n", encoding="utf-8")
    (spec,) = worker_specs(load_hub(config))
    stored = str(config.parent / "s" / "models" / "yard.onnx")
    assert spec.extra_models == (stored, "", str(stick))
    config.write_text(f'{HUB}[vision]\nextra_models = ["gone"]\n', encoding="utf-8")
    (spec,) = worker_specs(load_hub(config))
    assert spec.extra_models[0].endswith("models/gone.onnx")


def test_by_default_there_is_one(config: Path) -> None:
    """Nothing configured: the built-in model alone."""
    (spec,) = worker_specs(load_hub(config))
    assert (spec.model, spec.extra_models) == ("", ())

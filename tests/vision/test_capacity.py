"""What the box can do is measured once, kept, and measured again when it is another box."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.vision.test_models import network
from vision.errors import ModelError
from vision.models import capacity
from vision.models.capacity import Capacity, fitted_detector


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every measurement takes a millisecond; who was measured."""
    measured: list[str] = []

    def look_ms(detector: object) -> float:
        measured.append(str(getattr(detector, "name", "")))
        return 1.0

    monkeypatch.setattr(capacity, "look_ms", look_ms)
    return measured


def test_it_is_measured_once_and_then_known(tmp_path: Path, timed: list[str]) -> None:
    """The second start takes what the first one wrote down."""
    kept = tmp_path / "state" / "capacity.json"
    _, first = fitted_detector("", (), 1, kept)
    count = len(timed)
    _, second = fitted_detector("", (), 1, kept)
    assert count == len(timed) == 1
    assert first == second
    assert second.looks_per_s == pytest.approx(1000.0)


def test_another_library_or_processor_is_measured_anew(
    tmp_path: Path, timed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card that moves into another box does not bring its figures along."""
    kept = tmp_path / "capacity.json"
    fitted_detector("", (), 1, kept)
    monkeypatch.setattr(capacity, "_processor", lambda: "another one")
    fitted_detector("", (), 1, kept)
    assert len(timed) == 2
    assert len(json.loads(kept.read_text(encoding="utf-8"))) == 2


@pytest.mark.parametrize("damage", ["", "[", "[{}]", '{"a": 1}', '[{"key": 1, "look_ms": NaN}]'])
def test_a_damaged_memory_is_measured_again(tmp_path: Path, timed: list[str], damage: str) -> None:
    """Half a file after a power cut costs a second, not the eyes."""
    kept = tmp_path / "capacity.json"
    kept.write_text(damage, encoding="utf-8")
    fitted_detector("", (), 1, kept)
    assert len(timed) == 1
    assert json.loads(kept.read_text(encoding="utf-8"))[0]["look_ms"] == 1.0


def test_a_folder_that_cannot_be_written_is_no_reason_to_be_blind(
    tmp_path: Path, timed: list[str]
) -> None:
    """It is measured at each start, that is all."""
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    _, found = fitted_detector("", (), 1, blocked / "capacity.json")
    assert found.look_ms == 1.0
    assert timed


def test_what_is_remembered_is_bounded(tmp_path: Path, timed: list[str]) -> None:
    """A box whose models change every day does not fill its card."""
    kept = tmp_path / "capacity.json"
    for number in range(3 * capacity.MOST_KEPT):
        capacity._keep(kept, Capacity(f"key{number}", "", 1, 1.0))
    fitted_detector("", (), 1, kept)
    assert timed
    assert len(json.loads(kept.read_text(encoding="utf-8"))) == capacity.MOST_KEPT


def test_more_threads_and_small_numbers_must_be_worth_it() -> None:
    """A second thread is taken from other cameras; an int8 variant from nobody."""
    old = Capacity("k", "a.onnx", 1, 10.0)
    assert not capacity._better(replace(old, threads=2, look_ms=8.0), old)
    assert capacity._better(replace(old, threads=2, look_ms=6.0), old)
    assert not capacity._better(replace(old, model="a.int8.onnx", look_ms=9.0), old)
    assert capacity._better(replace(old, model="a.int8.onnx", look_ms=8.0), old)


def test_a_broken_variant_beside_a_model_is_passed_over(tmp_path: Path, timed: list[str]) -> None:
    """The file that was asked for is used, and the reason is in the log."""
    model = network(tmp_path / "yard.onnx")
    model.with_suffix(".int8.onnx").write_bytes(b"no model")
    _, found = fitted_detector(str(model), (), 1, None)
    assert found.model == str(model)
    assert len(timed) == 1


def test_a_model_that_is_missing_is_said(tmp_path: Path) -> None:
    """As it is where nothing is measured."""
    with pytest.raises(ModelError, match="does not exist"):
        fitted_detector(str(tmp_path / "gone.onnx"), (), 0, None)

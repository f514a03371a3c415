"""Spoken words are kept, whole or not at all, within bounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.cache import ClipCache, key_of
from broadcast.clip import Clip


def _clip(value: int = 1, length: int = 1000) -> Clip:
    return Clip(np.full(length, value, dtype=np.int16), 16_000)


def test_a_clip_outlives_the_programme(tmp_path: Path) -> None:
    """What one cache keeps, another one on the same folder finds."""
    ClipCache(tmp_path).put("k", _clip(7))
    found = ClipCache(tmp_path).get("k")
    assert found is not None
    assert found.rate_hz == 16_000
    assert np.array_equal(found.samples, _clip(7).samples)


def test_without_a_folder_memory_serves() -> None:
    """No folder is a valid choice."""
    cache = ClipCache(None)
    cache.put("k", _clip())
    assert cache.get("k") is not None
    assert cache.get("other") is None


@pytest.mark.parametrize("keep", [0, 1, 31, 32, 60, 500])
def test_half_a_file_is_never_played(tmp_path: Path, keep: int) -> None:
    """A file that a power cut shortened is thrown away."""
    ClipCache(tmp_path).put("k", _clip())
    path = next(tmp_path.glob("*.clip"))
    path.write_bytes(path.read_bytes()[:keep])
    assert ClipCache(tmp_path).get("k") is None
    assert not path.exists()


def test_one_changed_bit_is_noticed(tmp_path: Path) -> None:
    """A rotten card does not shout noise."""
    ClipCache(tmp_path).put("k", _clip())
    path = next(tmp_path.glob("*.clip"))
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    assert ClipCache(tmp_path).get("k") is None


def test_the_disk_is_bounded_and_the_least_used_goes_first(tmp_path: Path) -> None:
    """Beyond the limit the oldest clip is removed, and no temporary file stays."""
    cache = ClipCache(tmp_path, disk_bytes=5000, memory_bytes=1)
    for name in "abc":
        cache.put(name, _clip())
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["b", "c"]


def test_memory_is_bounded() -> None:
    """Memory forgets the least lately used."""
    cache = ClipCache(None, memory_bytes=4500)
    for name in "abc":
        cache.put(name, _clip())
    assert cache.get("a") is None
    assert cache.get("c") is not None


def test_a_folder_that_fails_costs_no_speech(tmp_path: Path) -> None:
    """A disk that cannot be written is no reason to fall silent."""
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    cache = ClipCache(blocked)
    cache.put("k", _clip(5))
    found = cache.get("k")
    assert found is not None
    assert found.samples[0] == 5


@given(st.lists(st.text(), min_size=1), st.lists(st.text(), min_size=1))
def test_different_parts_have_different_keys(one: list[str], other: list[str]) -> None:
    """No two lists of parts share a key, however they are cut."""
    same = [part.encode(errors="replace") for part in one] == [
        part.encode(errors="replace") for part in other
    ]
    assert (key_of(*one) == key_of(*other)) == same

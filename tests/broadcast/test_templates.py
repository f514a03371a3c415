"""Every kind of incident has words, and hostile names do no harm in them."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.errors import TemplateError
from broadcast.templates import LANGUAGES, LONGEST_VALUE, Phrases, clean, phrases


def test_both_languages_speak_of_the_same_incidents() -> None:
    """A phrase in one language is there in the other, too."""
    assert phrases("zh").keys == phrases("en").keys


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_can_be_spoken_with_a_zone_alone(language: str) -> None:
    """No shipped phrase wants a value that an incident may lack."""
    spoken = phrases(language)
    for kind, label in spoken.keys:
        assert "{" not in spoken.words(kind, label, {"zone": "水塘"})


def test_label_kind_and_fallback_are_tried_in_this_order() -> None:
    """A label's own phrase goes first, then its kind's, then that for unknown kinds."""
    spoken = phrases("zh")
    assert "车辆" in spoken.words("intrusion", "vehicle", {"zone": "水塘"})
    assert spoken.words("intrusion", "dog", {"zone": "水塘"}) == spoken.words(
        "intrusion", "", {"zone": "水塘"}
    )
    assert spoken.words("meteorite", "x", {"zone": "水塘"}) == spoken.words(
        "default", "", {"zone": "水塘"}
    )


def test_a_nameless_place_is_this_place() -> None:
    """An empty zone, or one of control characters alone, still gives a sentence."""
    assert "此处有人" in phrases("zh").words("intrusion", "person", {"zone": "\0\n"})
    assert "at this place" in phrases("en").words("intrusion", "person")


@given(st.text())
def test_a_value_is_short_and_printable(value: str) -> None:
    """Names come from people and networks: no control characters, no braces, no speeches."""
    cleaned = clean(value)
    assert len(cleaned) <= LONGEST_VALUE
    assert not any(unicodedata.category(character)[0] == "C" for character in cleaned)
    assert "{" not in cleaned
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"default": {}},
        {"default": "text"},
        {"default": {"default": " "}},
        {"default": {"default": 3}},
        {"default": {"default": "{password}"}},
        {"default": {"default": "{zone.__class__}"}},
        {"default": {"default": "{zone[0]}"}},
        {"default": {"default": "{zone!r}"}},
        {"default": {"default": "{zone:>1000000}"}},
        {"default": {"default": "{}"}},
        {"default": {"default": "{zone"}},
        {"default": {"default": "好"}, "intrusion": {"person": "好"}},
    ],
)
def test_a_bad_table_of_phrases_is_refused_when_it_is_read(table: dict[str, object]) -> None:
    """Unknown placeholders, tricks of the format language and missing defaults are told early."""
    with pytest.raises(TemplateError):
        Phrases(table, "zh")


def test_a_missing_value_is_named() -> None:
    """The error says which value the phrase wants."""
    spoken = Phrases({"default": {"default": "{zone}{camera}"}}, "zh")
    with pytest.raises(TemplateError, match="camera"):
        spoken.words("x", "", {"zone": "水塘"})


def test_a_village_may_bring_its_own_file(tmp_path: Path) -> None:
    """A file beside the settings takes the place of the shipped phrases."""
    own = tmp_path / "own.toml"
    own.write_text('[default]\ndefault = "{zone}危险"\n', encoding="utf-8")
    assert phrases("zh", own).words("x", "", {"zone": "河边"}) == "河边危险"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[default", b""])
def test_a_file_that_is_no_table_is_told(tmp_path: Path, content: bytes) -> None:
    """A broken file of phrases is a sentence, not a traceback."""
    own = tmp_path / "own.toml"
    own.write_bytes(content)
    with pytest.raises(TemplateError):
        phrases("zh", own)


def test_an_unknown_language_is_told() -> None:
    """Only the languages that are there can be asked for."""
    with pytest.raises(TemplateError, match="zh, en"):
        phrases("xx")

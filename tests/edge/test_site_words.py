"""No word is missing in a language, and none is there in vain."""

from __future__ import annotations

from pathlib import Path

import pytest

from broadcast.announcements import PlayState
from edge.errors import StartError
from edge.people import Role
from edge.site.words import LANGUAGES, load_words
from tests.requirements import REPOSITORY
from tests.words_in_use import asked_for, keys, placeholders, sources, unused
from vision.errors import SourceFault
from vision.reports import CameraState

KIT = REPOSITORY / "edge" / "site"
VILLAGE = REPOSITORY / "edge" / "web"


@pytest.mark.parametrize("folder", [KIT, VILLAGE], ids=["site", "web"])
def test_languages_say_the_same(folder: Path) -> None:
    """Both languages have the same keys with the same placeholders, and no empty sentence."""
    first, second = (keys(folder / "words" / f"{language}.toml") for language in LANGUAGES)
    assert first.keys() == second.keys()
    for key, sentence in first.items():
        assert sentence.strip(), key
        assert placeholders(sentence) == placeholders(second[key]), key


def test_every_word_asked_for_is_there() -> None:
    """Templates and modules only use keys that exist."""
    shared = set(keys(KIT / "words" / "zh.toml"))
    assert asked_for(sources(KIT)) <= shared
    assert asked_for(sources(VILLAGE)) <= shared | set(keys(VILLAGE / "words" / "zh.toml"))
    assert len(asked_for(sources(VILLAGE))) > 50


def test_no_word_is_there_in_vain() -> None:
    """Every key is used by a page of the kit or of a program."""
    both = sources(KIT) + sources(VILLAGE)
    assert unused(set(keys(KIT / "words" / "zh.toml")), both) == set()
    assert unused(set(keys(VILLAGE / "words" / "zh.toml")), sources(VILLAGE)) == set()


@pytest.mark.parametrize(
    ("family", "values"),
    [
        ("fault", list(SourceFault)),
        ("camera_state", list(CameraState)),
        ("play", list(PlayState)),
        ("role", list(Role)),
        ("severity", ["life_safety", "urgent", "notice", "done"]),
        ("label", ["person", "vehicle", "two-wheeler", "fire", "smoke"]),
        ("kind", ["intrusion", "camera_lost", "disk_full", "speaker_fault", "vision_fault"]),
    ],
)
def test_closed_sets_have_names(family: str, values: list[str]) -> None:
    """Every value that vision, broadcast and edge can give has a name in both languages."""
    for language in LANGUAGES:
        names = keys(KIT / "words" / f"{language}.toml")
        assert [v for v in values if f"{family}.{v}" not in names] == []


def test_unknown_key_is_shown_not_raised() -> None:
    """A page with a word too few is still a page."""
    words = load_words([KIT / "words"])["zh"]
    assert words.t("no.such.key") == "no.such.key"
    assert words.name("kind", "meteor") == "meteor"


def test_later_folder_wins(tmp_path: Path) -> None:
    """A program may say a sentence of the kit in its own way."""
    for language in LANGUAGES:
        (tmp_path / f"{language}.toml").write_text('more = "…"\n', encoding="utf-8")
    assert load_words([KIT / "words", tmp_path])["zh"].t("more") == "…"


def test_broken_words_file_is_named(tmp_path: Path) -> None:
    """A words file that is no TOML stops the start with its path."""
    (tmp_path / "zh.toml").write_text("not toml", encoding="utf-8")
    with pytest.raises(StartError, match=r"zh\.toml"):
        load_words([tmp_path])

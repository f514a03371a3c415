"""The sentences about settings: both languages whole, none unused, and the document up to date."""

from __future__ import annotations

import re
from pathlib import Path

from edge.settings.document import settings_reference
from edge.words import Words, language_of
from tests.requirements import REPOSITORY

DOCUMENT = REPOSITORY / "edge" / "design" / "settings.md"


def sources(folder: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py")))


def test_both_languages_say_the_same_things() -> None:
    """Every sentence is there in Chinese and English, with the same values to fill in."""
    zh, en = (Words.load("edge.settings", language) for language in ("zh", "en"))
    assert zh.keys == en.keys
    for key in zh.keys:
        holes = [set(re.findall(r"{(\w+)}", words._sentences[key])) for words in (zh, en)]
        assert holes[0] == holes[1], key


def test_no_sentence_is_unused() -> None:
    """Every key of the words files is spoken somewhere in the code."""
    code = sources(REPOSITORY / "edge" / "settings")
    for key in Words.load("edge.settings", "en").keys:
        assert f'"{key}"' in code, key


def test_the_locale_chooses_the_language() -> None:
    """LC_ALL goes before LC_MESSAGES and LANG; without any it is English."""
    assert language_of({"LANG": "zh_CN.UTF-8"}) == "zh"
    assert language_of({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}) == "en"
    assert language_of({"LC_ALL": "", "LC_MESSAGES": "zh_TW"}) == "zh"
    assert language_of({}) == "en"


def test_the_reference_of_settings_is_what_the_schema_says() -> None:
    """`edge/design/settings.md` equals what `village-hub schema --out` writes."""
    assert DOCUMENT.read_text(encoding="utf-8") == settings_reference()

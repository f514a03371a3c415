"""Every English sentence that a person may come to read is known in Chinese."""

from __future__ import annotations

import re
import time
import tomllib
from pathlib import Path
from typing import TypeGuard

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.sentences import CUT_AT, LONGEST, Found, Sentences
from edge.settings import schema
from tests.edge.spoken import spoken

ROOT = Path(__file__).parents[2]
ENTRIES: dict[str, dict[str, str]] = tomllib.loads(
    (ROOT / "edge" / "sentences.zh.toml").read_text(encoding="utf-8")
)
ALL = {english: chinese for part in ENTRIES.values() for english, chinese in part.items()}

DOCUMENTS = frozenset(
    {
        "edge/settings/schema.py",  # descriptions of settings, for the reference in English
        "edge/settings/document.py",  # writes that reference
        "edge/link/schema.py",  # the contract for programmers
        "edge/township/api/routes.py",  # the same of the API
        "edge/township/api/shapes.py",
    }
)

NOBODY_READS = {
    "edge/bench/house.py": "a note beside a figure for programmers",
}

FROM_LIBRARIES = "system"
"""The section with the words of others; no line of our code holds them."""


@pytest.fixture(scope="module")
def chinese() -> Sentences:
    return Sentences.load("zh")


def unknown_in(chinese: Sentences, text: str) -> list[str]:
    """The English of a text that would stay English."""
    found: list[str] = []
    for piece in chinese.read(text.strip()):
        if isinstance(piece, str):
            found += [piece] if re.search("[A-Za-z]", piece) else []
            continue
        for value in piece.values:
            found += unknown_in(chinese, value) if re.search("[A-Za-z]", value) else []
    return found


def test_every_sentence_of_the_code_is_known(chinese: Sentences) -> None:
    """Whoever writes a new sentence in English gives it a Chinese one."""
    sentences = [s for s in spoken(ROOT, DOCUMENTS) if s.where.split(":")[0] not in NOBODY_READS]
    unknown = [f"{s.where}: {left}" for s in sentences for left in unknown_in(chinese, s.text)]
    assert len(sentences) > 150
    assert not unknown, "\n".join(["edge/sentences.zh.toml wants:", *unknown])


def test_every_needed_setting_is_explained_in_chinese(chinese: Sentences) -> None:
    """Whoever left one out is told what belongs there."""
    sections = [one for one in vars(schema).values() if _is_section(one)]
    needed = [f.description for s in sections for f in s.model_fields.values() if f.is_required()]
    told = [about for about in needed if about]
    assert len(told) > 10
    assert [about for about in told if unknown_in(chinese, about)] == []


def _is_section(one: object) -> TypeGuard[type[schema.Section]]:
    return isinstance(one, type) and issubclass(one, schema.Section)


def test_no_entry_is_left_over(chinese: Sentences) -> None:
    """A sentence that was changed or removed takes its entry along."""
    used = {
        piece.template.english
        for text in {s.text.strip() for s in spoken(ROOT, fragments=True)}
        for piece in chinese.read(text)
        if isinstance(piece, Found)
    }
    ours = {e for part, entries in ENTRIES.items() if part != FROM_LIBRARIES for e in entries}
    left = sorted(ours - used)
    assert not left, "\n".join(["edge/sentences.zh.toml no longer needs:", *left])


@pytest.mark.parametrize(
    ("english", "said"),
    [
        ("It was stopped by hand.", "有人按了停止，没有播完。"),
        (
            "No loudspeaker serves the zone '水库'.",
            "区域“水库”没有喇叭，播不出去；请给它设置喇叭。",
        ),
        (
            "The broker at 10.0.0.1:8883 cannot be reached: [Errno 113] No route to host.",
            "连不上消息服务器 10.0.0.1:8883：网络上找不到对方。",
        ),
        (
            "Only the chime was sounded. The text contains nothing that can be spoken.",
            "只响了提示音，没有说话。这段文字里没有能念出来的字；请重写。",
        ),
        (
            "Camera 'gate' is not watched. Camera 'gate': The line has no length. Draw it again.",
            "摄像机“gate”没有在看。摄像机“gate”：警戒线的两个点重在一起了。请重新画。",
        ),
        (
            "The zone '水库' (z1) encloses nothing. Draw it again.",
            "区域“水库”（z1）没有围住任何地方。请重新画。",
        ),
        (
            "Loudspeaker horn cannot start aplay: audio open error: Device or resource busy.",
            "喇叭 horn 启动不了播放程序 aplay：声卡打不开：设备正被占用。",
        ),
        (
            "The signing key /k cannot be read: [Errno 2] No such file or directory: '/k'.",
            "签名密钥 /k 读不了：没有这个文件或文件夹：“/k”。",
        ),
        ("Read-only file system", "存储卡或磁盘是只读的"),
    ],
)
def test_a_sentence_is_said_with_its_values(chinese: Sentences, english: str, said: str) -> None:
    """Names, numbers and reasons stay in their places; a reason in it is translated, too."""
    assert chinese.say(english) == said


def test_what_is_not_known_stays(chinese: Sentences) -> None:
    """Somebody else's words are shown as they are, beside ours."""
    assert chinese.say("The moon is full. It was stopped by hand.") == (
        "The moon is full. 有人按了停止，没有播完。"
    )
    assert chinese.say("水位上涨，请立即撤离。") == "水位上涨，请立即撤离。"
    assert chinese.say("") == ""


def test_english_readers_get_english() -> None:
    """For them nothing changes."""
    english = Sentences.load("en")
    assert english.say("It was stopped by hand.") == "It was stopped by hand."


@pytest.mark.parametrize("length", CUT_AT)
def test_a_sentence_that_was_cut_on_its_way_is_still_known(chinese: Sentences, length: int) -> None:
    """Receipts carry 200 characters and replies 500; the remedy comes back."""
    whole = (
        f"Loudspeaker horn cannot write its sound into the folder /{'a' * (length - 100)}: No "
        "space left on device. Check that the folder may be written and has room."
    )
    said = chinese.say(whole[:length])
    assert said.startswith("喇叭 horn 不能把声音写进文件夹 /aaa")
    assert said.endswith("请检查这个文件夹能不能写、有没有空间。")
    assert "No space" not in said


def test_both_sides_name_the_same_values() -> None:
    """Nothing is asked for in Chinese that the English sentence does not hold."""
    for english, chinese in ALL.items():
        asked = re.findall(r"\{(\w+)\}", chinese)
        held = re.findall(r"\{(\w+)\}", english)
        assert set(asked) <= set(held), english
        assert len(set(held)) == len(held), english
        assert "}{" not in english, english


HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:!?()]|[,;:(] ?[\u4e00-\u9fff]")


def test_the_chinese_is_written_in_chinese() -> None:
    """Full-width punctuation between Chinese words, and no double space."""
    for chinese in ALL.values():
        assert not HALF_WIDTH.search(chinese), chinese
        assert "  " not in chinese


@pytest.mark.parametrize(
    "path", sorted((ROOT / "edge").rglob("zh.toml")), ids=lambda p: p.parts[-3]
)
def test_all_words_are_written_in_chinese(path: Path) -> None:
    """The same in every words file; what is to be typed stays as it is typed."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith(("#", "examples")):
            assert not HALF_WIDTH.search(line), line


PIECES = st.sampled_from(
    [piece for english in ALL for piece in re.split(r"\{\w+\}", english) if piece]
)
MIXED = st.lists(st.one_of(PIECES, st.text(max_size=12), st.just(". ")), max_size=40).map("".join)


@given(MIXED | st.text())
@settings(max_examples=300, deadline=500)
def test_translating_never_fails(text: str) -> None:
    """Whatever comes over the wire, there is an answer within half a second."""
    assert isinstance(Sentences.load("zh").say(text), str)


@pytest.mark.parametrize(
    "unit", [". ", "The broker at ", ": ", "[Errno 1] ", "a. ", " could not be used: ", "'", "}{"]
)
def test_a_hostile_text_costs_little(chinese: Sentences, unit: str) -> None:
    """A text made to be slow is answered in less than a second of this machine's work."""
    text = (unit * LONGEST)[:LONGEST]
    begin = time.process_time()
    chinese.say(text)
    assert time.process_time() - begin < 1.0
    assert chinese.say(text + "xx") == text + "xx"

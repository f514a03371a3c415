"""Figures in warnings are read as a villager reads them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.reading import DIGITS, number, quantity, read_mandarin


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("会议9:30开始", "会议九点三十分开始"),
        ("9:05", "九点零五分"),
        ("14:00", "十四点"),
        ("2:00", "两点"),
        ("20:00-21:30", "二十点到二十一点三十分"),
        ("2026年8月4日", "二零二六年八月四日"),
        ("2026-08-04", "二零二六年八月四日"),
        ("12月31日", "十二月三十一日"),
        ("火警电话119。", "火警电话幺幺九。"),
        ("请拨打110或12379", "请拨打幺幺零或幺二三七九"),
        ("请拨打１２３４５", "请拨打幺二三四五"),
        ("超过120人", "超过一百二十人"),
        ("联系13800138000", "联系幺三八零零幺三八零零零"),
        ("电话0571-88123456", "电话零五七幺八八幺二三四五六"),
        ("45%", "百分之四十五"),
        ("0.5％", "百分之零点五"),
        ("38.5℃", "三十八点五摄氏度"),
        ("-5℃", "零下五摄氏度"),
        ("-5~3℃", "零下五到三摄氏度"),
        ("10,000元", "一万元"),
        ("3-5人", "三到五人"),
        ("2人", "两人"),
        ("12人", "十二人"),
        ("201室", "二零一室"),
        ("风速12m/s", "风速十二米每秒"),
        ("水位3.2米", "水位三点二米"),
        ("007", "零零七"),
    ],
)
def test_figures_are_written_out(written: str, spoken: str) -> None:
    """Times, dates, telephone numbers, shares, temperatures and quantities have their own words."""
    assert read_mandarin(written) == spoken


@pytest.mark.parametrize("text", ["请注意，水塘边有人，请立即离开。", "A区（北门）：注意！", ""])
def test_words_without_figures_stay_as_they_are(text: str) -> None:
    """A sentence without figures is not touched."""
    assert read_mandarin(text) == text


def _value(spoken: str) -> int:
    """Read a Chinese quantity back, by another way than it was written."""
    total = section = figure = 0
    for character in spoken:
        if character in DIGITS:
            figure = DIGITS.index(character)
        elif character in "十百千":
            section += (figure or 1) * {"十": 10, "百": 100, "千": 1000}[character]
            figure = 0
        else:
            total += (section + figure) * {"万": 10**4, "亿": 10**8}[character]
            section = figure = 0
    return total + section + figure


@given(st.integers(0, 10**12 - 1))
def test_a_quantity_read_back_is_the_same_number(value: int) -> None:
    """No figure and no zero is lost between number and words."""
    assert _value(quantity(str(value))) == value


@given(st.integers(-(10**9), 10**9), st.integers(0, 99))
def test_a_decimal_keeps_its_sign_and_fraction(whole: int, fraction: int) -> None:
    """Sign and decimals are spoken."""
    spoken = number(f"{whole}.{fraction:02d}")
    assert spoken.startswith("负") == (whole < 0)
    assert len(spoken.partition("点")[2]) == 2


CLUTTER = st.text(
    st.sampled_from("0123456789０９٣-~:：.,，%％℃年月日点分号室人米m/s电话拨打 至(（")
    | st.characters(),
    max_size=40,
)


@given(CLUTTER)
def test_no_figure_ever_reaches_the_voice(text: str) -> None:
    """Whatever comes in, no digit of any script comes out, and it does not grow without bound."""
    spoken = read_mandarin(text)
    assert not re.search(r"\d", spoken)
    assert len(spoken) <= 12 * len(text) + 12


@given(CLUTTER)
def test_what_was_read_is_not_read_again(text: str) -> None:
    """Reading twice gives what reading once gives."""
    once = read_mandarin(text)
    assert read_mandarin(once) == once

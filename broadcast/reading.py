"""Write Mandarin as it is spoken, so that a voice need not guess at figures.

espeak-ng reads 12379 as a quantity, drops ℃ and says "percent" in English. This covers what
warnings and notices contain: dates, times, telephone numbers, temperatures, shares, quantities.
"""

from __future__ import annotations

import re
from collections.abc import Callable

DIGITS = "零一二三四五六七八九"
TELEPHONE_DIGITS = "零幺二三四五六七八九"
HOTLINES = frozenset(
    {
        "110", "112", "114", "117", "119", "120", "121", "122", "12110", "12119", "12121",
        "12123", "12309", "12315", "12320", "12328", "12329", "12333", "12338", "12345", "12348",
        "12350", "12355", "12356", "12369", "12379", "12388", "12389", "12393", "12395", "95598",
    }
)  # fmt: skip
UNITS = {
    "℃": "摄氏度", "°C": "摄氏度", "km/h": "公里每小时", "m/s": "米每秒", "mm": "毫米",
    "cm": "厘米", "km": "公里", "kg": "公斤", "kV": "千伏", "m": "米",
}  # fmt: skip
COUNTED = "个人名位辆户家只头次条处台部艘间天米吨升里"
"""Before these a lone 2 is 两, not 二."""
LONGEST_QUANTITY = 12
"""Digits; whatever is longer is read digit by digit."""

_WIDE = str.maketrans({chr(0xFF01 + i): chr(0x21 + i) for i in range(94) if i not in (0, 11, 30)})
_KEPT_WIDE = str.maketrans({",": "，", ":": "：", ";": "；", "(": "（", ")": "）"})
_NUMBER = r"\d+(?:\.\d+)?"
_NOT_AFTER = r"(?<![\d.])"
_NOT_BEFORE = r"(?![\d.]*\d)"


def digit_by_digit(figures: str, digits: str = DIGITS) -> str:
    """Each figure by its name; other characters fall away."""
    return "".join(digits[int(figure)] for figure in figures if figure in "0123456789")


def quantity(figures: str) -> str:
    """A whole number of ASCII digits as a quantity: 10203 → 一万零二百零三."""
    if len(figures) > LONGEST_QUANTITY or (len(figures) > 1 and figures.startswith("0")):
        return digit_by_digit(figures)
    value = int(figures)
    if value == 0:
        return DIGITS[0]
    groups: list[str] = []
    pending_zero = False
    for power, name in ((10**8, "亿"), (10**4, "万"), (1, "")):
        group = value // power % 10_000
        if not group:
            pending_zero = bool(groups)
            continue
        zero = DIGITS[0] if groups and (pending_zero or group < 1000) else ""
        groups.append(zero + _below_ten_thousand(group) + name)
        pending_zero = False
    spoken = "".join(groups)
    return spoken[1:] if spoken.startswith("一十") else spoken


def _below_ten_thousand(group: int) -> str:
    spoken, zero = "", False
    for power, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        figure = group // power % 10
        if not figure:
            zero = bool(spoken)
            continue
        spoken += (DIGITS[0] if zero else "") + DIGITS[figure] + name
        zero = False
    return spoken


def number(figures: str) -> str:
    """A number that may have a sign, thousands separators and a decimal point."""
    sign = "负" if figures.startswith("-") else ""
    whole, _, fraction = figures.lstrip("-").replace(",", "").partition(".")
    return sign + quantity(whole) + (f"点{digit_by_digit(fraction)}" if fraction else "")


def read_mandarin(text: str) -> str:
    """The text with every figure written out; no ASCII digit remains."""
    text = _to_ascii_figures(text)
    for pattern, read in _RULES:
        text = pattern.sub(read, text)
    return text


def _to_ascii_figures(text: str) -> str:
    text = re.sub(r"[！-～]", lambda found: found[0].translate(_WIDE), text)
    text = "".join(_ascii_digit(character) for character in text)
    return re.sub(r"(?<!\d)[,:;()]|[,:;()](?!\d)", lambda f: f[0].translate(_KEPT_WIDE), text)


def _ascii_digit(character: str) -> str:
    return str(int(character)) if character.isdecimal() and not character.isascii() else character


def _date(found: re.Match[str]) -> str:
    year, month, day = found["year"], found["month"], found["day"]
    spoken = f"{digit_by_digit(year)}年" if year else ""
    return f"{spoken}{quantity(str(int(month)))}月{quantity(str(int(day)))}日"


def _time(found: re.Match[str]) -> str:
    hour, minute, second = int(found["hour"]), int(found["minute"]), found["second"]
    if hour > 24 or minute > 59:
        return found[0]
    spoken = ("两" if hour == 2 else quantity(str(hour))) + "点"
    if minute or second:
        spoken += (DIGITS[0] if minute < 10 else "") + quantity(str(minute)) + "分"
    return spoken + (f"{quantity(str(int(second)))}秒" if second else "")


def _degrees(figures: str) -> str:
    below = "零下" if figures.startswith("-") else ""
    return below + number(figures.removeprefix("-"))


def _telephone(found: re.Match[str]) -> str:
    return digit_by_digit(found[0], TELEPHONE_DIGITS)


def _hotline(found: re.Match[str]) -> str:
    return _telephone(found) if found[0] in HOTLINES else found[0]


def _rule(pattern: str, read: Callable[[re.Match[str]], str]) -> tuple[re.Pattern[str], _Read]:
    return re.compile(pattern, re.ASCII), read


_Read = Callable[[re.Match[str]], str]
_RULES: tuple[tuple[re.Pattern[str], _Read], ...] = (
    _rule(
        r"(?<!\d)(?P<year>\d{4})(?:年|[-/.])(?P<month>0?[1-9]|1[0-2])(?:月|[-/.])"
        r"(?P<day>3[01]|[12]\d|0?[1-9])(?!\d)[日号]?",
        _date,
    ),
    _rule(
        r"(?<!\d)(?P<year>)(?P<month>0?[1-9]|1[0-2])月(?P<day>3[01]|[12]\d|0?[1-9])(?!\d)[日号]?",
        _date,
    ),
    _rule(r"(?<!\d)\d{4}(?=年)", lambda found: digit_by_digit(found[0])),
    _rule(r"(?<=[\d:])\s*[-~—–至]+\s*(?=\d{1,2}:\d{2})", lambda _: "到"),
    _rule(r"(?<![\d:])(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?![\d:])", _time),
    _rule(r"(?<!\d)1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)", _telephone),
    _rule(r"(?<!\d)0\d{2,3}[- ]\d{7,8}(?!\d)", _telephone),
    _rule(r"(?<=电话|拨打|热线|致电|号码|手机)[:：]?\s*\d[\d-]{2,}(?!\d*[%℃°.])", _telephone),
    _rule(
        rf"{_NOT_AFTER}(?P<low>-?{_NUMBER})(?:℃|°C)?\s*[-~—–至到]\s*(?P<high>-?{_NUMBER})(?:℃|°C)",
        lambda f: f"{_degrees(f['low'])}到{_degrees(f['high'])}摄氏度",
    ),
    _rule(
        rf"{_NOT_AFTER}(?P<figures>-?{_NUMBER})\s*(?:℃|°C|摄氏度)",
        lambda f: f"{_degrees(f['figures'])}摄氏度",
    ),
    _rule(rf"(?<=[\d%])\s*[-~—–]\s*(?={_NUMBER})", lambda _: "到"),
    _rule(rf"(?P<figures>-?{_NUMBER})\s*%", lambda f: f"百分之{number(f['figures'])}"),
    _rule(r"(?<![\d.,])\d{5}(?![\d.]*\d|[,%])", _hotline),
    _rule(
        r"(?<![\d.,])\d{3}(?=报警|急救|火警|电话|热线|[或和及求]|\s*(?![\d.,%℃°A-Za-z一-鿿]))",
        _hotline,
    ),
    _rule(r"(?<!\d)\d{2,}(?=室|号房)", lambda found: digit_by_digit(found[0])),
    _rule(rf"{_NOT_AFTER}2(?=[{COUNTED}])", lambda _: "两"),
    _rule(
        rf"(?P<figures>{_NUMBER})\s*(?P<unit>{'|'.join(map(re.escape, UNITS))})(?![A-Za-z])",
        lambda f: number(f["figures"]) + UNITS[f["unit"]],
    ),
    _rule(r"(?<![\d.])-?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)", lambda found: number(found[0])),
    _rule(rf"(?<![\d.\w-])-{_NUMBER}", lambda found: number(found[0])),
    _rule(_NUMBER, lambda found: number(found[0])),
)

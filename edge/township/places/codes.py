"""The structure of administrative codes, grid codes and camera codes.

Townships and villages have the statistics bureau's 12 digits: two each for province, prefecture and
county, three for the township (001-099 street, 100-199 town, 200-399 township, 400 and above what
counts as one) and three for the village (000 is the township itself). There is no check digit, so
only structure can be judged. GB/T 28181 camera codes have 20 digits that begin with the 8 digits of
an administrative unit.
"""

from __future__ import annotations

import re

PROVINCES = frozenset(
    number
    for first, last in (
        (11, 15),
        (21, 23),
        (31, 37),
        (41, 46),
        (50, 54),
        (61, 65),
        (71, 71),
        (81, 82),
    )
    for number in range(first, last + 1)
)
_TWELVE = re.compile(r"[0-9]{12}")
_GRID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,31}")
_CAMERA = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,47}")
_HUB = re.compile(r"[a-z0-9][a-z0-9-]{0,47}")


def township_of(village: str) -> str:
    """The code of the township a village belongs to."""
    return village[:9] + "000"


def wrong_township(code: str) -> str:
    """What is wrong with a township's code, as a key of the words; empty if nothing is."""
    if problem := _wrong_twelve(code):
        return problem
    return "" if code.endswith("000") else "township_tail"


def wrong_village(code: str) -> str:
    """What is wrong with a village's code; empty if nothing is."""
    if problem := _wrong_twelve(code):
        return problem
    return "village_tail" if code.endswith("000") else ""


def wrong_grid(code: str, village: str) -> str:
    """What is wrong with a grid's code; a code of 14 digits or more begins with its village's."""
    if not _GRID.fullmatch(code):
        return "grid_code"
    if code.isdigit() and len(code) >= 14 and not code.startswith(village):
        return "grid_elsewhere"
    return ""


def wrong_camera(code: str) -> str:
    """What is wrong with a camera's code: GB/T 28181's 20 digits, or a short id of one's own."""
    if not _CAMERA.fullmatch(code):
        return "camera_code"
    if code.isdigit() and len(code) >= 15 and (len(code) != 20 or int(code[:2]) not in PROVINCES):
        return "camera_digits"
    return ""


def wrong_hub(hub: str) -> str:
    """What is wrong with the id of a box; empty if nothing is."""
    return "" if _HUB.fullmatch(hub) else "hub_id"


def _wrong_twelve(code: str) -> str:
    if not _TWELVE.fullmatch(code):
        return "twelve"
    if int(code[:2]) not in PROVINCES:
        return "province"
    if "00" in (code[2:4], code[4:6]) or code[6:9] == "000":
        return "not_township"
    return ""

"""Where a page ended, as text that other programs pass on without looking into it."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

from fastapi.exceptions import RequestValidationError

LARGEST = 2**53


def write_place(*parts: float | str) -> str:
    """A place as text for addresses."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def read_place(text: str, *types: type[Any]) -> Any:
    """The parts of a place, of these types; None for an empty text.

    Raises:
        RequestValidationError: It is no place of such a list.
    """
    if not text:
        return None
    try:
        parts = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        fits = isinstance(parts, list) and len(parts) == len(types)
        if fits and all(_is(part, kind) for part, kind in zip(parts, types, strict=True)):
            return tuple(parts)
    except (ValueError, RecursionError):
        pass  # said below, as for every other text that is no place
    wrong = {"type": "value_error", "loc": ("query", "after"), "msg": "No page ended there."}
    raise RequestValidationError([wrong])


def _is(part: Any, kind: type[Any]) -> bool:
    if type(part) is not kind:
        return False
    return isinstance(part, str) or (math.isfinite(part) and abs(part) <= LARGEST)

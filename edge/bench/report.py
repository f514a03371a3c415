"""The figures as JSON, for scripts."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edge.bench.figures import Figure


def written(figures: Sequence[Figure], where: str, extra: Mapping[str, Any] | None = None) -> None:
    """Write the figures to a file, to the screen (`-`), or nowhere (empty).

    Args:
        figures: Each also stands at the top level under its key.
        where: A path.
        extra: Further top-level keys.
    """
    if not where:
        return
    told = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        **{figure.key: figure.value for figure in figures},
        "figures": [{**asdict(figure), "kept": figure.kept} for figure in figures],
        **(extra or {}),
    }
    text = json.dumps(told, ensure_ascii=False, indent=2) + "\n"
    if where == "-":
        sys.stdout.write(text)
    else:
        Path(where).write_text(text, encoding="utf-8")

"""The house style, as far as a machine can judge it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.requirements import REPOSITORY, need_module


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", [("check", "."), ("format", "--check", ".")])
def test_ruff_is_content(arguments: tuple[str, ...]) -> None:
    """Every rule holds but those that pyproject.toml leaves out with a reason."""
    need_module("ruff")
    done = _run("ruff", *arguments, "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(400)
def test_types_hold_everywhere(tmp_path: Path) -> None:
    """The product passes mypy in strict mode, judged afresh: an old cache has told tales."""
    need_module("mypy")
    done = _run("mypy", "--cache-dir", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr

"""What a test may need from the machine, and what to do when it is not there.

With `VILLAGE_HUB_REQUIRE=all` a missing component is a failure, so that a green build machine
never hides a test that did not run.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
SYSTEM_PYTHON = "/usr/bin/python3"


def shared_data() -> Path:
    """The folder of test videos and models; skips the test where it is absent."""
    named = os.environ.get("VILLAGE_HUB_SHARED")
    folder = Path(named) if named else REPOSITORY.parent / "shared"
    if not (folder / "data" / "groundtruth.json").is_file():
        missing("the shared test data (set VILLAGE_HUB_SHARED)", optional=True)
    return folder / "data"


def missing(what: str, *, optional: bool = False) -> None:
    """Skip with a reason, or fail where everything is required.

    Args:
        what: The component, for the sentence.
        optional: True for what a bare clone cannot install; it stays a skip.
    """
    sentence = f"{what} is not on this machine"
    if os.environ.get("VILLAGE_HUB_REQUIRE") == "all" and not optional:
        pytest.fail(f"{sentence}, and VILLAGE_HUB_REQUIRE=all")
    pytest.skip(sentence)


def need(program: str, *, at: tuple[str, ...] = ("/usr/sbin", "/usr/local/sbin")) -> str:
    """The path of a program; skips the test where it is not installed."""
    found = shutil.which(program) or shutil.which(program, path=os.pathsep.join(at))
    if found is None:
        missing(program)
    return str(found)


@cache
def _gstreamer_answers() -> bool:
    probe = (
        "import gi; gi.require_version('GstRtspServer','1.0'); "
        "from gi.repository import GstRtspServer"
    )
    if not Path(SYSTEM_PYTHON).exists():
        return False
    done = subprocess.run([SYSTEM_PYTHON, "-c", probe], capture_output=True, check=False)
    return done.returncode == 0


def need_gstreamer() -> str:
    """The interpreter that has GStreamer's RTSP server; skips where there is none."""
    if not _gstreamer_answers():
        missing("GStreamer's RTSP server for the system Python")
    return SYSTEM_PYTHON


def need_postgresql() -> Path:
    """The folder of PostgreSQL's newest programs; skips where the server is not installed."""
    if program := shutil.which("initdb"):
        return Path(program).resolve().parent
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if not found:
        missing("the PostgreSQL server")
    return found[-1].parent


def need_module(name: str) -> None:
    """Skip where a Python module is not installed."""
    if importlib.util.find_spec(name) is None:
        missing(f"the Python module {name}")

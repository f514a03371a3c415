"""Debian's `motion` on the same stream: what a camera costs there, and how often it stirs."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

WARM_UP_S = 4.0
MOVING_SHARE = 200
"""One pixel in so many must change: its own usual bound, for every size of picture."""

INSTALL_LIMIT_S = 300.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")

_SETTINGS = """daemon off
log_level 3
target_dir {folder}
netcam_url file://{stream}
framerate 25
width {width}
height {height}
picture_output off
movie_output off
webcontrol_port 0
stream_port 0
threshold {threshold}
on_event_start echo began >> {folder}/events
"""


@dataclass(frozen=True, slots=True)
class Rival:
    """What it took.

    Attributes:
        cpu_ms: CPU milliseconds for each second of the stream.
        events: How often it said that something moves, in the time measured.
    """

    cpu_ms: float
    events: int


def fetch_motion() -> str:
    """Install it if it is missing and that is allowed; the key of a sentence if it stays missing.

    Its service, which would open a camera by itself, is switched off again.
    """
    if shutil.which("motion"):
        return ""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return "no_motion"
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "motion"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(
            command, check=True, timeout=INSTALL_LIMIT_S, env=environment, capture_output=True
        )
    except (OSError, subprocess.SubprocessError):
        return "motion_refused"
    if shutil.which("systemctl"):
        stop = ["systemctl", "disable", "--now", "motion.service"]
        subprocess.run(stop, check=False, capture_output=True)
    return "" if shutil.which("motion") else "motion_refused"


def motion_cost(stream: Path, seconds: float) -> Rival | None:
    """CPU of `motion` on a file that it plays in real time; None where it does not run.

    Args:
        stream: Played from its beginning.
        seconds: How long it is measured, after a while in which it learns the picture.
    """
    width, height = (1920, 1080) if "1080p" in stream.name else (640, 360)
    with tempfile.TemporaryDirectory(prefix="village-hub-motion-") as folder:
        settings = Path(folder) / "motion.conf"
        text = _SETTINGS.format(
            folder=folder,
            stream=stream,
            width=width,
            height=height,
            threshold=width * height // MOVING_SHARE,
        )
        settings.write_text(text, encoding="utf-8")
        playing = subprocess.Popen(
            ["motion", "-n", "-c", str(settings)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            time.sleep(WARM_UP_S)
            before_s, began_s = _cpu_s(playing.pid), time.monotonic()
            time.sleep(seconds)
            if playing.poll() is not None:
                return None
            cpu_s, spent_s = _cpu_s(playing.pid) - before_s, time.monotonic() - began_s
        finally:
            playing.terminate()
            try:
                playing.wait(5.0)
            except subprocess.TimeoutExpired:
                playing.kill()
                playing.wait()
        told = Path(folder) / "events"
        events = len(told.read_text(encoding="utf-8").splitlines()) if told.is_file() else 0
    return Rival(round(cpu_s * 1000 / spent_s, 2), events)


def _cpu_s(pid: int) -> float:
    """User and system time of a process and its threads, from /proc."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    user, system = text.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / TICKS_PER_S

"""A camera on the network for tests: access units made here, served by GStreamer's RTSP server."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.bitstream import BitStreamFilterContext

from tests.requirements import need_gstreamer
from vision.frames import Image

SERVER = Path(__file__).with_name("rtsp_server.py")


def write_units(path: Path, units: Iterable[bytes]) -> Path:
    """The file format of `rtsp_server.py`."""
    path.write_bytes(b"".join(struct.pack(">I", len(unit)) + unit for unit in units))
    return path


def encoded(images: Iterable[Image], fps: int, codec: str = "libx264") -> list[bytes]:
    """Access units of H.264 (or H.265) with a key frame every second."""
    pictures = list(images)
    context = av.CodecContext.create(codec, "w")
    context.width, context.height = pictures[0].shape[1], pictures[0].shape[0]
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, fps)
    context.framerate = Fraction(fps, 1)
    quiet = {"x265-params": f"log-level=none:keyint={fps}:bframes=0:repeat-headers=1"}
    x264 = {"preset": "ultrafast", "tune": "zerolatency", "g": str(fps)}
    context.options = x264 if codec == "libx264" else quiet
    packets = []
    for number, image in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
        frame.pts = number
        packets += [bytes(packet) for packet in context.encode(frame)]
    return packets + [bytes(packet) for packet in context.encode(None)]


def units_of(video: Path) -> list[bytes]:
    """The access units of an H.264 file, not encoded again."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        annex_b = BitStreamFilterContext("h264_mp4toannexb", stream)
        out = []
        for packet in container.demux(stream):
            out += [bytes(part) for part in annex_b.filter(packet) if part.size]
        return out


class RtspCamera:
    """A server with one stream; enter to plug it in, leave to unplug it."""

    def __init__(
        self,
        port: int,
        units: Path,
        *,
        fps: int = 10,
        auth: str = "",
        codec: str = "h264",
        stall_after_s: float = 0.0,
        live: bool = False,
    ) -> None:
        """Args: `live` starts each client where the clip is now, not at its beginning."""
        self._command = [
            *(need_gstreamer(), str(SERVER), "--port", str(port), "--units", str(units)),
            *("--fps", str(fps), "--codec", codec, "--auth", auth),
            *("--stall-after", str(stall_after_s)),
            *(["--live"] if live else []),
        ]
        self._process: subprocess.Popen[str] | None = None
        self.url = f"rtsp://127.0.0.1:{port}/live"

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == "ready"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.communicate()

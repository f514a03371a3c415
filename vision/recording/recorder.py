"""One camera's recorder: fed with every packet, it cuts out what belongs to an incident."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from threading import Lock

import av
from av.packet import Packet
from av.video.stream import VideoStream

from vision.recording.ring import ClipRing, Kept
from vision.settings import ClipSpec

LONGEST_S = 60.0
"""Incidents that follow each other share a clip up to this length; then a new one begins."""

MOST_TAKE_BYTES = 24 << 20
LATE_S = 5.0
"""A camera that sends nothing any more ends its clip so long after it should have ended."""

LOOKING_S = 3.0
"""An incident is told of a little later than the picture that decided it."""

COPIED = frozenset({"h264", "hevc"})
"""What every player understands in an MP4 file."""


class StreamShape:
    """What a file must know of a stream: the codec and its head, without the stream itself.

    Args:
        stream: Of an open container; it may be closed afterwards.
    """

    def __init__(self, stream: VideoStream) -> None:
        context = stream.codec_context
        self.codec = context.name
        self.extradata = bytes(context.extradata or b"")
        self.width, self.height = context.width, context.height
        # A stream dies with its container, so the template is kept in one that is never written.
        self._shell = av.open(BytesIO(), "w", format="mp4" if self.codec in COPIED else "matroska")
        self.template = self._shell.add_stream_from_template(stream, opaque=True)

    def same_as(self, other: StreamShape | None) -> bool:
        """Whether packets of both can stand in one file."""
        return other is not None and (
            (self.codec, self.width, self.height) == (other.codec, other.width, other.height)
            and self.extradata == other.extradata
        )


@dataclass(slots=True)
class Take:
    """What becomes one clip.

    Attributes:
        keys: Of the incidents it belongs to.
        until_s: It ends here, monotonic seconds.
        shape: None if the camera had sent nothing that could be kept.
    """

    camera: str
    keys: tuple[str, ...]
    begin_s: float
    until_s: float
    shape: StreamShape | None = None
    packets: list[Kept] = field(default_factory=list)
    bytes: int = 0


class Recorder:
    """Keeps the last seconds and hands over a `Take` when one is complete.

    `opened` and `packet` are called by the thread that receives, the others by any.

    Args:
        camera: Its id.
        spec: How much before and after.
        hand: Is given every complete take, on the thread that completed it; must return at once.
    """

    def __init__(self, camera: str, spec: ClipSpec, hand: Callable[[Take], None]) -> None:
        self._camera = camera
        self._spec = spec
        self._hand = hand
        self._lock = Lock()
        self._ring = ClipRing(spec.before_s + LOOKING_S)
        self._shape: StreamShape | None = None
        self._take: Take | None = None

    def opened(self, stream: VideoStream) -> None:
        """A stream was opened, or opened again; packets of another kind cannot follow."""
        try:
            shape = StreamShape(stream)
        except (ValueError, av.FFmpegError):
            shape = None  # a coding that no file takes; an incident is told so
        with self._lock:
            if shape is not None and shape.same_as(self._shape):
                return
            self._ring.clear()
            take, self._shape = self._end(), shape
        self._give(take)

    def packet(self, packet: Packet[VideoStream], now_s: float) -> None:
        """One packet with pictures, at monotonic `now_s`."""
        base = float(packet.time_base or 0)
        kept = Kept(
            bytes(packet),
            None if packet.dts is None or not base else packet.dts * base,
            None if packet.pts is None or not base else packet.pts * base,
            now_s,
            bool(packet.is_keyframe),
        )
        self.keep(kept)

    def keep(self, kept: Kept) -> None:
        """The same with the packet as it is kept."""
        done: Take | None = None
        with self._lock:
            if self._shape is None:
                return
            take = self._take
            if take is not None and (
                kept.at_s >= take.until_s or take.bytes + len(kept.data) > MOST_TAKE_BYTES
            ):
                done = self._end()
            elif take is not None and (take.packets or kept.key):
                take.packets.append(kept)
                take.bytes += len(kept.data)
            self._ring.put(kept)
        self._give(done)

    def want(self, key: str, at_s: float) -> None:
        """An incident began at monotonic `at_s`; those close to each other share a clip."""
        until_s = at_s + self._spec.after_s
        with self._lock:
            take = self._take
            if take is not None and until_s - take.begin_s <= LONGEST_S:
                take.keys = (*take.keys, key)
                take.until_s = max(take.until_s, until_s)
                return
            done = self._end()
            packets = self._ring.since(at_s - self._spec.before_s)
            self._take = Take(
                self._camera,
                (key,),
                packets[0].at_s if packets else at_s,
                until_s,
                self._shape,
                packets,
                sum(len(packet.data) for packet in packets),
            )
        self._give(done)

    def check(self, now_s: float) -> None:
        """End a clip whose camera fell silent; call it about once a second."""
        with self._lock:
            late = self._take is not None and now_s > self._take.until_s + LATE_S
            done = self._end() if late else None
        self._give(done)

    def _end(self) -> Take | None:
        take, self._take = self._take, None
        return take

    def _give(self, take: Take | None) -> None:
        if take is not None:
            self._hand(take)

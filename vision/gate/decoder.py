"""Decodes what the gate asks for, always exact: from the last key frame on, newest picture last."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any, Protocol

import av
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vision.errors import SourceError, SourceFault
from vision.gate.controller import GateController
from vision.gate.level import Level
from vision.gate.ring import PacketRing
from vision.marks import Mark, unmarked
from vision.packets import PacketWatch

WAIT_S = 0.5
"""For a place among the decoding; after that without one, since another may hang for ever."""


class PacketListener(Protocol):
    """Is shown every packet of a stream, decoded or not."""

    def opened(self, stream: VideoStream) -> None: ...

    def packet(self, packet: Packet[VideoStream], now_s: float) -> None: ...


class Places:
    """How many streams are decoded at once: more than there are cores only get in each other's way.

    Args:
        count: Places; the machine's cores if not given.
    """

    def __init__(self, count: int | None = None) -> None:
        self._places = BoundedSemaphore(count or os.cpu_count() or 1)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold a place, or go on without one when none becomes free in time."""
        got = self._places.acquire(timeout=WAIT_S)
        try:
            yield
        finally:
            if got:
                self._places.release()


class GatedDecoder:
    """Between a demuxer and a decoder, in the thread that receives.

    Args:
        controller: Says what each packet is worth.
        places: Shared by all cameras of the process.
        watch: Is shown every packet, decoded or not.
        recorder: Likewise, to keep the last seconds.
        mark: Told while the decoder works.
    """

    def __init__(
        self,
        controller: GateController,
        places: Places,
        watch: PacketWatch | None = None,
        recorder: PacketListener | None = None,
        mark: Mark | None = None,
    ) -> None:
        self._mark = mark or unmarked()
        controller.opened()
        if watch is not None:
            watch.opened()
        self._watch = watch
        self._recorder = recorder
        self._controller = controller
        self._places = places
        self._context: VideoCodecContext | None = None
        self._ring: PacketRing[Packet[VideoStream]] = PacketRing()
        self._time_base: Any = None  # a Fraction in PyAV 18, its own kind of one in PyAV 19
        self._cold = False
        """The decoder has missed packets: it must begin with the ring's first, a key frame."""
        self.bad = 0
        """Packets in a row that could not be decoded."""

    def opened(self, stream: VideoStream) -> None:
        """Decode this stream from now on: one just opened, or opened again."""
        if self._recorder is not None:
            self._recorder.opened(stream)
        self.use(stream.codec_context)

    def use(self, context: VideoCodecContext) -> None:
        """Decode with this context from now on."""
        context.options = {**context.options, "skip_loop_filter": "noref"}
        self._context = context
        self._ring.clear()
        self._cold = False

    def take(self, packet: Packet[VideoStream], now_s: float) -> list[VideoFrame]:
        """The pictures to look at that this packet brings, usually none or one.

        After a pause only the newest is given, never one that was left out in between.
        """
        if self._watch is not None:
            self._watch.packet(packet, now_s)
        if self._recorder is not None:
            self._recorder.packet(packet, now_s)
        key = bool(packet.is_keyframe)
        self._time_base = packet.time_base
        order = self._controller.packet(now_s, packet.size, key=key)
        if key:
            skipped = self._ring.clear()
            # Behind a gap the decoder would mix two groups of pictures.
            self._cold = self._cold or skipped > 0
            self._controller.handed(decoded=0, skipped=skipped, given=0)
        self._ring.put(packet)
        if order.level >= Level.NONREF:
            return self._catch_up(order.level)
        if order.look and key:
            return self._look_at_key(packet)
        if order.look or self._ring.full:
            return self._catch_up(Level.NONREF)
        return []

    def finish(self) -> list[VideoFrame]:
        """The pictures still inside at the end of a recording that was decoded to its end."""
        if len(self._ring) or self._cold:
            return []
        return self._decode(self._opened(), None)

    def _catch_up(self, level: Level) -> list[VideoFrame]:
        """Decode all that waits; of a row only the newest picture counts."""
        count, context = len(self._ring), self._opened()
        frames: list[VideoFrame] = []
        with self._places.taken():
            self._warm(context)
            for packet in self._ring.drain():
                last = not len(self._ring)
                exact = level is Level.FULL and last
                context.skip_frame = "DEFAULT" if exact else "NONREF"
                frames = self._decode(context, packet) or frames
        given = frames if count == 1 else frames[-1:]
        self._controller.handed(decoded=count, given=len(given))
        return given

    def _look_at_key(self, packet: Packet[VideoStream]) -> list[VideoFrame]:
        """Decode one key frame; where the decoder holds pictures back, make it let go."""
        context = self._opened()
        with self._places.taken():
            self._warm(context)
            context.skip_frame = "DEFAULT"
            frames = [] if context.reorder_depth else self._decode(context, packet)
            if frames:
                self._ring.clear()
            else:
                context.flush_buffers()
                frames = [*self._decode(context, packet), *self._decode(context, None)]
                context.flush_buffers()
                # The key frame stays in the ring: the next catching up begins with it.
                self._cold = True
        self._controller.handed(decoded=1, given=len(frames[-1:]))
        return frames[-1:]

    def _opened(self) -> VideoCodecContext:
        if self._context is None:
            raise SourceError(SourceFault.OTHER, "the gate has no stream yet")
        return self._context

    def _warm(self, context: VideoCodecContext) -> None:
        if self._cold:
            context.flush_buffers()
            self._cold = False

    def _decode(
        self, context: VideoCodecContext, packet: Packet[VideoStream] | None
    ) -> list[VideoFrame]:
        try:
            with self._mark.decoding():
                frames = context.decode(packet)
        except av.InvalidDataError:
            self.bad += 1
            return []
        for frame in frames:
            self.bad = 0
            if frame.time_base is None and self._time_base is not None:
                # The library forgets it where it is made to let go of a picture.
                frame.time_base = self._time_base
        return list(frames)

"""A real RTSP server for tests: GStreamer's, playing access units in a loop without an end.

Runs under the system's Python, which has the `gi` bindings; needs nothing else of this project.
The file holds access units, each after its length in four bytes, big endian.
"""

import argparse
import struct
import sys
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402


def read_units(path):
    with open(path, "rb") as file:  # noqa: PTH123 - plain Python of another interpreter
        data = file.read()
    units, at = [], 0
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        units.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return units


def is_key_frame(unit):
    """Whether an H.264 access unit holds an IDR slice."""
    return any(part and part[0] & 31 == 5 for part in unit.split(b"\0\0\1"))


class Player:
    """Feeds one appsrc; pts = n * interval, also across the loop."""

    def __init__(self, units, fps, stall_after, first=0):
        self.units, self.fps, self.stall_after = units, fps, stall_after
        while first > 0 and not is_key_frame(units[first % len(units)]):
            first -= 1
        self.first = first
        self.number = 0

    def need_data(self, source, _):
        if self.stall_after and self.number >= self.stall_after * self.fps:
            return
        unit = self.units[(self.first + self.number) % len(self.units)]
        buffer = Gst.Buffer.new_wrapped(unit)
        buffer.pts = buffer.dts = self.number * Gst.SECOND // self.fps
        buffer.duration = Gst.SECOND // self.fps
        self.number += 1
        source.emit("push-buffer", buffer)


def configure(_, media, arguments, units, began_s):
    source = media.get_element().get_child_by_name("source")
    first = int((time.monotonic() - began_s) * arguments.fps) if arguments.live else 0
    player = Player(units, arguments.fps, arguments.stall_after, first)
    source.connect("need-data", player.need_data)


def protect(server, factory, credentials):
    user, password = credentials.split(":", 1)
    auth = GstRtspServer.RTSPAuth()
    if hasattr(auth, "set_supported_methods"):
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "watcher")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("watcher", "media.factory.access", True)
    permissions.add_permission_for_role("watcher", "media.factory.construct", True)
    factory.set_permissions(permissions)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", required=True)
    parser.add_argument("--units", required=True)
    parser.add_argument("--path", default="/live")
    parser.add_argument("--codec", default="h264", choices=["h264", "h265"])
    parser.add_argument("--fps", type=int, default=10)
    parser.add_argument("--auth", default="")
    parser.add_argument("--stall-after", type=float, default=0.0)
    parser.add_argument("--live", action="store_true", help="time goes on while nobody watches")
    arguments = parser.parse_args()
    Gst.init(None)
    units = read_units(arguments.units)
    codec = arguments.codec
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(arguments.port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        f"( appsrc name=source is-live=true do-timestamp=false format=time block=false "
        f"caps=video/x-{codec},stream-format=byte-stream,alignment=au,framerate={arguments.fps}/1 "
        f"! {codec}parse ! rtp{codec}pay name=pay0 pt=96 config-interval=-1 )"
    )
    factory.connect("media-configure", configure, arguments, units, time.monotonic())
    if arguments.auth:
        protect(server, factory, arguments.auth)
    server.get_mount_points().add_factory(arguments.path, factory)
    if not server.attach(None):
        sys.exit("the port is taken")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()

"""Whether each camera opens, and what its first picture is like; all of them at once."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator

from edge.cli.probes.finding import Finding, Probe, Subject
from edge.errors import StartError
from edge.settings.schema import CameraSection, HubSettings

Look = Callable[[Subject, CameraSection], Finding]


def look(subject: Subject, one: Look | None = None) -> Iterator[Finding]:
    settings = subject.settings
    cameras = settings.camera if isinstance(settings, HubSettings) else []
    waiting = {camera.id: camera for camera in cameras if camera.enabled}
    found: queue.SimpleQueue[tuple[str, Finding]] = queue.SimpleQueue()
    for camera in waiting.values():
        # Daemons: a camera that never answers must not keep the doctor.
        threading.Thread(
            target=_report, args=(found, subject, camera, one or look_at), daemon=True
        ).start()
    deadline = time.monotonic() + subject.limit_s
    while waiting:
        try:
            name, finding = found.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        del waiting[name]
        yield finding
    for camera in waiting.values():
        yield _bad(subject, camera, "stalled")


def _report(
    found: queue.SimpleQueue[tuple[str, Finding]],
    subject: Subject,
    camera: CameraSection,
    one: Look,
) -> None:
    try:
        finding = one(subject, camera)
    except Exception as error:  # noqa: BLE001 - it would be lost in this thread
        finding = _bad(subject, camera, "other", f"{type(error).__name__}: {error}")
    found.put((camera.id, finding))


def look_at(subject: Subject, camera: CameraSection) -> Finding:
    """Open one camera as a worker would and take its first picture."""
    from edge.cameras import camera_spec  # noqa: PLC0415 - loads the decoder
    from vision.errors import SourceError  # noqa: PLC0415
    from vision.sources import open_source  # noqa: PLC0415

    begin = time.perf_counter()
    try:
        with open_source(camera_spec(camera)) as source:
            picture = next(iter(source), None)
            codec = source.codec
    except SourceError as error:
        return _bad(subject, camera, error.fault.value, error.detail)
    except StartError as error:
        return _bad(subject, camera, "other", str(error))
    if picture is None:
        return _bad(subject, camera, "not_a_video")
    return subject.good(
        f"camera:{camera.id}",
        "camera_good",
        name=camera.name,
        codec=codec,
        width=picture.width,
        height=picture.height,
        seconds=round(time.perf_counter() - begin, 1),
    )


def _bad(subject: Subject, camera: CameraSection, fault: str, detail: str = "") -> Finding:
    return subject.bad(
        f"camera:{camera.id}", f"camera_{fault}", name=camera.name, id=camera.id, reason=detail
    )


PROBE = Probe("cameras", look, hub_only=True)
